"""Mistakes about the graph: what is recorded, what is released, and what was changed behind its back."""

from . import asked, mistake, named


def net(torch):
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))


def batch(torch, n=6):
    torch.manual_seed(1)
    return torch.randn(n, 4), torch.arange(n) % 3


@mistake(
    names=("Mul",),
    remedy=("retain_graph=True", "anew"),
    source="https://github.com/karpathy/nn-zero-to-hero/issues/31",
)
def backward_twice(torch):
    """Calling backward twice on one loss"""
    w = torch.ones(3, requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    loss.backward()


@mistake(
    names=("shared", "Exp"),
    remedy=("inside the loop", "retain_graph=True"),
    source="https://github.com/nerfstudio-project/gsplat/issues/710",
)
def graph_built_outside_the_loop(torch):
    """Computing a part of the graph once, before the loop"""
    w = torch.ones(3, requires_grad=True)
    shared = w.exp()
    named(torch, shared, "shared")
    for _ in range(2):
        (shared * 2).sum().backward()


@mistake(
    names=("state", "Tanh"),
    remedy=(".detach()",),
    source="https://github.com/MorvanZhou/PyTorch-Tutorial/issues/57",
)
def hidden_state_carried_over(torch):
    """Carrying a hidden state over from step to step with its graph"""
    w = torch.ones(3, 3, requires_grad=True)
    state = torch.zeros(1, 3)
    for _ in range(2):
        state = torch.tanh(state @ w + 1)
        state.sum().backward()


@mistake(
    names=("add_", "Exp", "(3,)"),
    remedy=("y = y + 1", "clone()"),
    source="https://github.com/pytorch/pytorch/issues/96265",
)
def saved_value_overwritten(torch):
    """Changing a value in place that backward needs"""
    x = torch.ones(3, requires_grad=True)
    y = torch.exp(x)
    y += 1  # <- here
    y.sum().backward()


@mistake(
    names=("SGD.step", "weight"),
    remedy=("backward",),
    source="https://github.com/NVlabs/FUNIT/issues/23",
)
def step_between_two_backwards(torch):
    """Stepping the optimizer before a second loss of the same graph is differentiated"""
    model = net(torch)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    out = model(batch(torch)[0])
    out.sum().backward(retain_graph=True)
    optimizer.step()  # <- here
    (out * 2).sum().backward()


@mistake(
    names=("w", "leaf"),
    remedy=("no_grad",),
    source="https://github.com/BaiTheBest/SparseLLM/issues/13",
)
def leaf_changed_in_place(torch):
    """Updating a parameter in place while it is recorded"""
    w = torch.ones(3, requires_grad=True)
    named(torch, w, "w")
    w.sum().backward()
    w -= 0.1 * w.grad


@mistake(
    names=("w", "Sub"),
    remedy=("no_grad", "-="),
    source="https://github.com/BaiTheBest/SparseLLM/issues/13",
)
def update_makes_a_new_tensor(torch):
    """Updating a parameter with w = w - lr * w.grad: the new w is no leaf"""
    w = torch.ones(3, requires_grad=True)
    (w * w).sum().backward()
    w = w - 0.1 * w.grad
    loss = (w * w).sum()
    loss.backward()
    return asked(torch, "why_no_grad", named(torch, w, "w"), loss)


@mistake(
    names=("Mul",),
    remedy=("requires_grad_()", "retain_grad()"),
    source="https://github.com/pytorch/pytorch/issues/73697",
)
def initialised_by_an_operation(torch):
    """Scaling a parameter after requires_grad=True: torch.ones(3, requires_grad=True) * 0.1"""
    w = torch.ones(3, requires_grad=True) * 0.1
    loss = (w * w).sum()
    loss.backward()
    return asked(torch, "why_no_grad", w, loss)


@mistake(
    names=("Mul",),
    remedy=("retain_grad()",),
    source="https://github.com/pytorch/pytorch/pull/30531",
)
def grad_of_a_result(torch):
    """Reading .grad of a tensor that is not a leaf"""
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.sum().backward()
    return y.grad + 1


@mistake(
    names=("0.weight", "(8, 4)"),
    remedy=("no_grad",),
    source="https://github.com/nianticlabs/monodepth2/issues/24",
)
def forward_under_no_grad(torch):
    """Computing a part of the network under no_grad"""
    model, (x, y) = net(torch), batch(torch)

    def loss():
        with torch.no_grad():
            h = model[0](x)  # <- here
        return torch.nn.functional.cross_entropy(model[2](torch.relu(h)), y)

    loss().backward()
    return asked(torch, "why_no_grad", model[0].weight, loss, model)


@mistake(
    names=("shape ()",),
    remedy=("no_grad", "requires_grad=True"),
    source="https://github.com/ronghuaiyang/arcface-pytorch/issues/56",
)
def backward_under_no_grad(torch):
    """Computing the loss under no_grad, then calling backward"""
    model, (x, y) = net(torch), batch(torch)
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()


@mistake(
    names=("0.weight",),
    remedy=("Take the detach away",),
    source="https://github.com/microsoft/nni/issues/5299",
)
def detached_on_the_way(torch):
    """Detaching a value between the parameter and the loss"""
    model, (x, y) = net(torch), batch(torch)

    def loss():
        h = model[0](x).detach()  # <- here
        return torch.nn.functional.cross_entropy(model[2](torch.relu(h)), y)

    loss().backward()
    return asked(torch, "why_no_grad", model[0].weight, loss, model)


@mistake(
    names=("0.weight", "int64"),
    remedy=("float",),
    source="https://github.com/pytorch/pytorch/issues/73697",
)
def cast_to_integers(torch):
    """Casting to integers on the way: no gradient comes through"""
    model, (x, y) = net(torch), batch(torch)
    h = model[0](x).long().float()  # <- here
    loss = torch.nn.functional.cross_entropy(model[2](h), y)
    loss.backward()
    return asked(torch, "why_no_grad", model[0].weight, loss, model)


@mistake(
    names=("0.weight",),
    remedy=("tensor", "torch.stack"),
    source="https://github.com/DiffSharp/DiffSharp/issues/156",
)
def rebuilt_with_tensor(torch):
    """Building a new tensor from the values of others: torch.tensor([a.item(), b.item()])"""
    model, (x, y) = net(torch), batch(torch)

    def loss():
        h = model[0](x)  # <- here
        h = torch.tensor(h.tolist())
        return torch.nn.functional.cross_entropy(model[2](h), y)

    loss().backward()
    return asked(torch, "why_no_grad", model[0].weight, loss, model)


@mistake(
    names=("2.weight",),
    remedy=("optimizer", "0.weight"),
    source="https://github.com/bubbliiiing/yolov7-pytorch/issues/42",
)
def parameter_not_used(torch):
    """A layer that forward does not use"""
    model, (x, _) = net(torch), batch(torch)
    loss = model[0](x).square().mean()
    loss.backward()
    return asked(torch, "why_no_grad", model[2].weight, loss, model)


@mistake(
    names=("(8, 4)", "0.weight"),
    remedy=("optimizer", "data"),
    source="https://github.com/pytorch/pytorch/issues/14467",
)
def parameter_replaced(torch):
    """Assigning a new Parameter: the old one, which the optimizer holds, gets no gradient any more"""
    model, (x, y) = net(torch), batch(torch)
    old = model[0].weight
    model[0].weight = torch.nn.Parameter(torch.zeros(8, 4))
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    return asked(torch, "why_no_grad", old, loss, model)


@mistake(
    names=("0.weight",),
    remedy=("loss.backward()",),
    source="https://github.com/deepjavalibrary/djl/issues/3639",
)
def backward_forgotten(torch):
    """Stepping without calling backward"""
    model, (x, y) = net(torch), batch(torch)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = torch.nn.functional.cross_entropy(model(x), y)
    optimizer.step()
    return asked(torch, "why_no_grad", model[0].weight, loss, model)


@mistake(
    names=("(6,)", "backward"),
    remedy=(".mean()",),
    source="https://github.com/Animadversio/GAN-Geometry/issues/4",
)
def backward_of_a_vector(torch):
    """Calling backward on a loss for each sample"""
    model, (x, y) = net(torch), batch(torch)
    torch.nn.functional.cross_entropy(model(x), y, reduction="none").backward()


@mistake(
    names=("numpy", "weight"),
    remedy=(".detach().numpy()",),
    source="https://github.com/zhuangdizhu/FedGen/issues/15",
)
def numpy_of_a_parameter(torch):
    """Calling numpy() on a tensor that requires a gradient"""
    net(torch)[0].weight.numpy()


@mistake(
    names=("int64",),
    remedy=(".float()", "1.0"),
    source="https://github.com/pytorch/pytorch/issues/53466",
)
def integer_parameter(torch):
    """Asking for the gradient of integers"""
    torch.tensor([1, 2, 3], requires_grad=True)
