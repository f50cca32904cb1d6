"""Mistakes about training: the program runs, and learns nothing or the wrong thing."""

from . import asked, mistake, named
from .graph_mistakes import batch, net


def parts(torch, model, lr=0.1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    return model, batch(torch), torch.nn.functional.cross_entropy, optimizer


@mistake(
    names=("weight (3, 8)", "SGD.step"),
    remedy=("optimizer.zero_grad()",),
    source="https://github.com/pytorch/pytorch/issues/47175",
)
def gradients_never_zeroed(torch):
    """Forgetting zero_grad: each gradient is added to those before"""
    model, (x, y), loss, optimizer = parts(torch, net(torch))
    for _ in range(3):
        loss(model(x), y).backward()  # <- here
        optimizer.step()


@mistake(
    names=("softmax", "Sequential.3 (Softmax)"),
    remedy=("logits", "Remove"),
    source="https://github.com/pytorch/pytorch/issues/55902",
)
def softmax_before_cross_entropy(torch):
    """A softmax before cross_entropy, which has its own"""
    return asked(torch, "check_training", *parts(torch, torch.nn.Sequential(*net(torch), torch.nn.Softmax(1))))


@mistake(
    names=("softmax",),
    remedy=("logits", "Remove"),
    source="https://github.com/pytorch/pytorch/issues/55902",
)
def softmax_behind_a_view(torch):
    """The same behind a view, where a look at the last operation misses it"""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = net(torch)

        def forward(self, x):
            return torch.softmax(self.body(x), -1).reshape(-1, 3)  # <- here

    return asked(torch, "check_training", *parts(torch, Net()))


@mistake(
    names=("Sequential.1 (ReLU)", "0.weight"),
    remedy=("learning rate", "LeakyReLU"),
    source="https://github.com/official-stockfish/nnue-pytorch/issues/55",
)
def dead_relus(torch):
    """Units whose ReLU is zero for every sample"""
    model = net(torch)
    with torch.no_grad():
        model[0].bias.fill_(-100)
    return asked(torch, "check_training", *parts(torch, model))


@mistake(
    names=("0.weight", "Relu"),
    remedy=("zero", "bias"),
    source="https://github.com/official-stockfish/nnue-pytorch/issues/55",
)
def gradient_zero_behind_dead_relus(torch):
    """A gradient that is there and zero: every unit behind it is dead"""
    model, (x, y), loss_of, _ = parts(torch, net(torch))
    with torch.no_grad():
        model[0].bias.fill_(-100)

    def loss():
        return loss_of(model(x), y)

    loss().backward()
    return asked(torch, "why_no_grad", model[0].weight, loss, model)


@mistake(
    names=("2.weight", "2.bias"),
    remedy=("model.parameters()",),
    source="https://github.com/zjunlp/HVPNeT/issues/5",
)
def parameters_not_in_the_optimizer(torch):
    """A layer that the optimizer was not given"""
    model, data, loss, _ = parts(torch, net(torch))
    return asked(torch, "check_training", model, data, loss, torch.optim.SGD(model[0].parameters(), lr=0.1))


@mistake(
    names=("layers",),
    remedy=("ModuleList",),
    source="https://github.com/mikeizbicki/cmc-csci181-deeplearning/issues/7",
)
def layers_in_a_list(torch):
    """Layers kept in a plain list: no parameter is registered"""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)]
            self.head = torch.nn.Linear(4, 3)

        def forward(self, x):
            for layer in self.layers:
                x = torch.relu(layer(x))
            return self.head(x)

    return asked(torch, "check_training", *parts(torch, Net()))


@mistake(
    names=("0.weight", "0.bias"),
    remedy=("before", "optimizer"),
    source="https://github.com/microsoft/nni/issues/4521",
)
def optimizer_of_an_older_model(torch):
    """Replacing a layer after the optimizer was made"""
    model, data, loss, optimizer = parts(torch, net(torch))
    model[0] = torch.nn.Linear(4, 8)
    return asked(torch, "check_training", model, data, loss, optimizer)


@mistake(
    names=("ln 3",),
    remedy=("init", "scale"),
    source="https://cs231n.github.io/neural-networks-3/",
)
def initial_loss_too_large(torch):
    """Weights so large that the first loss is far from ln C"""
    model = net(torch)
    with torch.no_grad():
        model[2].weight.mul_(100)
    return asked(torch, "check_training", *parts(torch, model, lr=1e-4))


@mistake(
    names=("eval",),
    remedy=("model.train()",),
    source="https://github.com/udacity/deep-learning-v2-pytorch/issues/3",
)
def training_in_evaluation_mode(torch):
    """Training in evaluation mode, after a validation"""
    return asked(torch, "check_training", *parts(torch, torch.nn.Sequential(*net(torch), torch.nn.Dropout(0.1)).eval()))


@mistake(
    names=("Sequential.3 (Dropout)",),
    remedy=("model.eval()",),
    source="https://github.com/tk-rusch/coRNN/issues/1",
)
def evaluation_in_training_mode(torch):
    """Evaluating without eval(): dropout is still on"""
    model = torch.nn.Sequential(*net(torch), torch.nn.Dropout(0.5))
    with torch.no_grad():
        model(batch(torch)[0])
        return asked(torch, "check_training", *parts(torch, model))


@mistake(
    names=("Net.average",),
    remedy=(".detach()",),
    source="https://github.com/jostmey/NakedAttention/issues/1",
)
def graph_that_grows(torch):
    """Keeping tensors with their graph from step to step"""

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Linear(4, 3)
            self.average = torch.zeros(3)

        def forward(self, x):
            y = self.fc(x)
            self.average = 0.9 * self.average + 0.1 * y.mean(0)  # <- here
            return y - self.average

    return asked(torch, "check_training", *parts(torch, Net()))


@mistake(
    names=("lr",),
    remedy=("smaller", "lr"),
    source="https://cs231n.github.io/neural-networks-3/",
)
def learning_rate_too_large(torch):
    """A learning rate at which the loss explodes"""
    return asked(torch, "check_training", *parts(torch, net(torch), lr=1e4))


@mistake(
    names=("parameter", "iterator"),
    remedy=("list(",),
    source="https://github.com/YanaiEliyahu/AdasOptimizer/issues/2",
)
def parameters_used_up(torch):
    """Giving the optimizer an iterator that is used up"""
    parameters = net(torch).parameters()
    print(end="".join(str(p.ndim) for p in parameters)[:0])
    torch.optim.SGD(parameters, lr=0.1)


@mistake(
    names=("wieght", "weight", "(3, 4)"),
    remedy=("did you mean 'weight'",),
    source="https://github.com/hou-yz/MVDet/issues/7",
)
def checkpoint_with_another_name(torch):
    """A checkpoint whose names do not fit the model"""
    model = torch.nn.Linear(4, 3)
    state = model.state_dict()
    state["wieght"] = state["weight"]
    del state["weight"]
    model.load_state_dict(state)


@mistake(
    names=("Log", "-inf", "x"),
    remedy=("clamp", "eps"),
    source="https://github.com/pytorch/pytorch/issues/160016",
)
def first_infinity(torch):
    """A logarithm of zero, found with detect_anomaly"""
    x = torch.tensor([1.0, 0.0], requires_grad=True)
    named(torch, x, "x")
    with torch.autograd.detect_anomaly():
        loss = torch.log(x).mean()  # <- here
        loss.backward()


@mistake(
    names=("backward of Size", "Div made nan", "index (1,)"),
    remedy=("keep the divisor away from 0",),
    source="https://github.com/HIPS/autograd/issues/151",
)
def backward_of_ones_own_divides_by_zero(torch):
    """A backward of one's own that divides by zero, found with detect_anomaly"""

    class Size(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return abs(x)

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return dy * x / abs(x)  # <- here

    x = named(torch, torch.tensor([1.0, 0.0], requires_grad=True), "x")
    with torch.autograd.detect_anomaly():
        loss = Size.apply(x).sum()
        loss.backward()
