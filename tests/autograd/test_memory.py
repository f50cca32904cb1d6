"""The engine's memory devices never show: what somebody holds stays, and what was let go is never read.

A gradient is added into another only where nobody else uses it; memory of a dropped gradient is used again only where
nobody holds it; and large inputs that nobody saved are gone without a derivative missing them.
"""

import random
from functools import partial

import numpy as np
import pytest

import microtorch
from microtorch import nn, optim
from microtorch.autograd import grad
from microtorch.autograd.memory import has_values
from microtorch.nn import functional as F

SIZES = {"0-d": (), "small": (3,), "over 64 kB": (100, 100), "over 1 MB": (512, 300)}


# -- gradients that are added up -------------------------------------------------------------------------------------


def leaf(shape, seed=0):
    return microtorch.from_numpy(np.asarray(np.random.default_rng(seed).standard_normal(shape))).requires_grad_()


@pytest.mark.parametrize("shape", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize(
    "compute, da, db",
    [
        (lambda a, b: ((a + b) + a) * 2, 4, 2),
        (lambda a, b: (a + (a + b)) * 2, 4, 2),
        (lambda a, b: ((a + b) + (a + b)) * 2, 4, 4),
        (lambda a, b: (a - b) + a + b + a, 3, 0),
        (lambda a, b: a + b + b.reshape(b.shape) + a.clone(), 2, 2),
        (lambda a, b: (lambda h: (h + a) + (h + b))(a + b), 3, 3),
        (lambda a, b: (lambda h: h + h + h)(a + b), 3, 3),
        (lambda a, b: microtorch.stack([a, b, a + b, a]).sum(0) + a, 4, 2),
        (lambda a, b: (a + b).unsqueeze(0).expand(3, *a.shape).sum(0) + a, 4, 3),
        (lambda a, b: a.unsqueeze(0).squeeze(0) + a + (a.flatten().reshape(a.shape) + b), 3, 1),
    ],
)
def test_a_sum_never_goes_into_an_array_in_use(compute, da, db, shape):
    a, b = leaf(shape, 1), leaf(shape, 2)
    compute(a, b).sum().backward()
    assert np.array_equal(a.grad.numpy(), np.full(shape, da))
    assert np.array_equal(b.grad.numpy(), np.full(shape, db))


def random_sums(rng, shape):
    """A random graph of sums, differences, multiples and views: (leaves, nodes, operands of each node)."""
    leaves = [leaf(shape, i) for i in range(3)]
    nodes, operands = list(leaves), [()] * 3
    for _ in range(rng.randrange(3, 12)):
        i, j = rng.randrange(len(nodes)), rng.randrange(len(nodes))
        a, b, k = nodes[i], nodes[j], rng.choice([2.0, -3.0])
        made = rng.choice(
            [
                (a + b, ((i, 1), (j, 1))),
                (a - b, ((i, 1), (j, -1))),
                (a * k, ((i, k),)),
                (-a, ((i, -1),)),
                (a.reshape(-1).reshape(shape), ((i, 1),)),
                (a.unsqueeze(0)[0], ((i, 1),)),
                (microtorch.cat([a.reshape(-1), b.reshape(-1)])[: a.numel()].reshape(shape), ((i, 1),)),
                (microtorch.stack([a, b]).sum(0), ((i, 1), (j, 1))),
                (a.clone(), ((i, 1),)),
                (sum(microtorch.stack([a, b]).unbind()), ((i, 1), (j, 1))),
            ]
        )
        nodes.append(made[0])
        operands.append(made[1])
    return leaves, nodes, operands


@pytest.mark.parametrize("size", ["0-d", "small", "over 64 kB"])
@pytest.mark.parametrize("create_graph", [False, True], ids=["first order", "create_graph"])
def test_every_gradient_of_random_sums(size, create_graph):
    """All numbers are whole: what is expected comes from sums of them, and is met exactly."""
    shape = SIZES[size]
    for seed in range(20 if size == "over 64 kB" else 60):
        rng = random.Random(seed)
        leaves, nodes, operands = random_sums(rng, shape)
        expected = [0.0] * len(nodes)
        roots, weights = [len(nodes) - 1, rng.randrange(3, len(nodes))], [1.0, 5.0]
        for root, weight in zip(roots, weights):
            expected[root] += weight
        for n in reversed(range(len(nodes))):
            for i, k in operands[n]:
                expected[i] += k * expected[n]
        outputs = [nodes[r] for r in roots]
        seeds = [microtorch.full(shape, weight, dtype=microtorch.float64) for weight in weights]
        hooked = {}
        used = grad(outputs, nodes, seeds, retain_graph=True, allow_unused=True)
        for n in range(3, len(nodes)):
            nodes[n].retain_grad()
            nodes[n].register_hook(partial(hooked.__setitem__, n))
        microtorch.autograd.backward(outputs, seeds, create_graph=create_graph)
        found = list(enumerate(used))
        found += [(n, nodes[n].grad) for n in (0, 1, 2, *hooked)]
        found += list(hooked.items())
        arrays = [(n, 0.0 if g is None else g.detach().numpy()) for n, g in found]
        for n, array in arrays:
            assert np.all(array == expected[n]), f"seed {seed}, node {n}"
        for given, weight in zip(seeds, weights):
            assert (given.numpy() == weight).all(), "a gradient that was given was written into"
        for t in leaves:  # an optimizer may write into the gradient of a leaf: it is nobody else's memory
            if t.grad is not None:
                t.grad.detach().numpy().fill(77)
        of_leaves = [t.grad for t in leaves]
        for (n, g), (_, array) in zip(found, arrays):
            if not any(g is other for other in of_leaves):
                assert np.all(array == expected[n]), f"seed {seed}, node {n} shares its gradient with a leaf"


@pytest.mark.parametrize("shape", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", ["add", "clone", "reshape", "expand", "sum"])
def test_writing_into_a_gradient_changes_no_other(name, shape):
    a, b, given = leaf(shape, 1), leaf(shape, 2), microtorch.ones(shape, dtype=microtorch.float64)
    if name == "add":
        y = a + b
    elif name == "clone":
        y = a.clone() + b.clone()
    elif name == "reshape":
        y = a.reshape(shape) + b.reshape(-1).reshape(shape)
    elif name == "expand":
        y = a.expand(*shape) + b
    else:
        y = (a + b).unsqueeze(0).sum(0)
    y.backward(given)
    a.grad.fill_(7)
    assert (b.grad.numpy() == 1).all()
    assert (given.numpy() == 1).all()
    y = a + b
    y.backward(given)
    assert (a.grad.numpy() == 8).all()
    assert (b.grad.numpy() == 2).all()
    assert (given.numpy() == 1).all()


def test_gradients_of_one_call_are_separate_arrays():
    a, b = leaf((4,), 1), leaf((4,), 2)
    da, db, again = grad((a + b).sum(), [a, b, a])
    da.fill_(9)
    assert db.tolist() == [1.0] * 4
    assert again is da  # asked for twice, as in PyTorch


# -- memory that is used again ---------------------------------------------------------------------------------------

LARGE = 600  # a weight of 600 x 600 in float32 has 1.4 MB
HOLDERS = {
    "the tensor": lambda g: g,
    "a view": lambda g: g[0],
    "detached": lambda g: g.detach(),
    "transposed": lambda g: g.T,
    "an array": lambda g: g.numpy(),
    "a view of an array": lambda g: g.numpy()[1:],
    "a memoryview": lambda g: memoryview(g.numpy()),
    "an array made by asarray": lambda g: np.asarray(g),
    "a row of a list": lambda g: list(g)[3],
    "of a chain of views": lambda g: g.reshape(-1)[5:].detach().reshape(1, -1),
}
DROPS = {
    "zero_grad of the optimizer": lambda model, optimizer: optimizer.zero_grad(),
    "zero_grad of the model": lambda model, optimizer: model.zero_grad(),
    "grad = None": lambda model, optimizer: [setattr(p, "grad", None) for p in model.parameters()],
    "zeros": lambda model, optimizer: optimizer.zero_grad(set_to_none=False),
}


def values(held):
    return np.array(held.detach().numpy() if isinstance(held, microtorch.Tensor) else held)


def large_layer():
    rng = np.random.default_rng(0)
    model = nn.Linear(LARGE, LARGE)
    model.weight.data = (rng.standard_normal((LARGE, LARGE)) / 25).astype(np.float32)
    x = [microtorch.from_numpy(rng.standard_normal((2, LARGE)).astype(np.float32)) for _ in range(3)]
    return model, optim.SGD(model.parameters(), lr=0.1), x


@pytest.mark.parametrize("drop", DROPS)
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_kept_gradient_stays(holder, drop):
    model, optimizer, batches = large_layer()
    for turn, x in enumerate(batches):
        DROPS[drop](model, optimizer)
        (model(x) ** 2).sum().backward()
        dy = 2 * (x.numpy() @ model.weight.detach().numpy().T + model.bias.detach().numpy())
        np.testing.assert_allclose(model.weight.grad.numpy(), dy.T @ x.numpy(), rtol=1e-3, atol=1e-3)
        if drop == "zeros":
            continue  # they go into the gradient itself, as in PyTorch: only the new one is looked at
        if turn == 0:
            kept = HOLDERS[holder](model.weight.grad)
            before = values(kept)
        assert np.array_equal(values(kept), before), f"after {turn} more steps"


@pytest.mark.parametrize("drop", list(DROPS)[:3])
def test_a_gradient_that_a_hook_or_a_call_gave_stays(drop):
    model, optimizer, batches = large_layer()
    seen = []
    model.weight.register_hook(seen.append)
    kept = []
    for x in batches:
        DROPS[drop](model, optimizer)
        loss = (model(x) ** 2).sum()
        kept.append(grad(loss, model.weight, retain_graph=True)[0])
        loss.backward()
        kept.append(model.weight.grad)
        if len(kept) == 2:
            before = [values(g) for g in (*kept, *seen)]
            held = [*kept, *seen]
    assert all(np.array_equal(values(g), b) for g, b in zip(held, before))


@pytest.mark.parametrize("way", ["one weight twice", "two losses", "kept for a while", "gradients in two places"])
def test_memory_used_again_gives_the_same_gradients(way):
    """Against float32 of the same steps without a gradient dropped: fresh tensors each time."""
    model, optimizer, batches = large_layer()

    def gradient(model, x):
        h = model(x)
        if way == "one weight twice":
            h = model(h.tanh())
        loss = (h * h).mean()
        if way == "two losses":
            (model(x.flip(0) * 2) ** 2).mean().backward()
        loss.backward()
        return model.weight.grad

    kept = []
    for x in batches * 2:
        optimizer.zero_grad()
        g = gradient(model, x)
        fresh = nn.Linear(LARGE, LARGE)
        fresh.load_state_dict(model.state_dict())
        expected = gradient(fresh, x)
        assert np.array_equal(g.numpy(), expected.numpy())
        if way == "kept for a while":
            kept = [*kept[-1:], (g, values(g))]
            assert all(np.array_equal(values(g), before) for g, before in kept)
        elif way == "gradients in two places":
            fresh.weight.grad = g
            kept.append((fresh, values(g)))
            assert all(np.array_equal(values(f.weight.grad), before) for f, before in kept)
        del g
        optimizer.step()


def test_a_gradient_given_to_another_tensor_is_not_written_into():
    model, optimizer, batches = large_layer()
    other = nn.Linear(LARGE, LARGE)
    (model(batches[0]) ** 2).sum().backward()
    other.weight.grad = model.weight.grad
    before = values(other.weight.grad)
    optimizer.zero_grad()
    (model(batches[1]) ** 2).sum().backward()
    assert np.array_equal(values(other.weight.grad), before)


# -- what was let go -------------------------------------------------------------------------------------------------

N = 200  # 200 x 200 in float64 is 320 kB


def linear(x, w):
    return F.linear(x, w)


SECOND = {
    "product": lambda x, w: x @ w,
    "product of a sum": lambda x, w: (x + w) @ w,
    "product twice": lambda x, w: (x @ w) @ w,
    "linear": linear,
    "tanh": lambda x, w: (x @ w).tanh(),
    "sigmoid": lambda x, w: (x * w).sigmoid() @ w,
    "relu": lambda x, w: (x @ w).relu() * x,
    "relu of linear": lambda x, w: linear(linear(x, w).relu(), w),
    "exp": lambda x, w: (x * 0.1).exp() * w,
    "exp, saved by itself only": lambda x, w: (x * w).exp() + w,
    "tanh, saved by itself only": lambda x, w: ((x @ w).tanh() - x).reshape(N // 2, -1),
    "softmax, saved by itself only": lambda x, w: (x @ w).softmax(1) + (x * w).sigmoid(),
    "quotient": lambda x, w: x / (w * w + 1),
    "view": lambda x, w: (x.T @ w).reshape(-1)[1:] * 2,
    "cat": lambda x, w: microtorch.cat([x * w, w]) @ x,
    "softmax": lambda x, w: (x @ w).softmax(1),
    "log_softmax": lambda x, w: (x * w).log_softmax(0),
    "layer_norm": lambda x, w: F.layer_norm(x * w, (N,)),
    "power of a sum": lambda x, w: (x + w + x) ** 3,
    "in place": lambda x, w: (x * w).mul_(x).add_(w).tanh(),
}


@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives_of_large_arrays(name):
    """The derivative of the gradient along a direction, against the difference of two gradients."""
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal((N, N)) / 14 for _ in range(2)]
    directions = [rng.standard_normal((N, N)) / 14 for _ in range(2)]

    def loss(x, w):
        y = SECOND[name](x, w)
        return (y * y).sum()

    def gradients(at):
        leaves = [microtorch.from_numpy(a.copy()).requires_grad_() for a in at]
        loss(*leaves).backward()
        return [t.grad.numpy() for t in leaves]

    leaves = [microtorch.from_numpy(a.copy()).requires_grad_() for a in arrays]
    first = grad(loss(*leaves), leaves, create_graph=True)
    for g, plain in zip(first, gradients(arrays)):
        np.testing.assert_allclose(g.detach().numpy(), plain, rtol=1e-9, atol=1e-9)
    along = sum((g * microtorch.from_numpy(d)).sum() for g, d in zip(first, directions))
    second = grad(along, leaves)
    eps = 1e-6
    up, down = (gradients([a + s * eps * d for a, d in zip(arrays, directions)]) for s in (1, -1))
    for h, p, m in zip(second, up, down):
        expected = (p - m) / (2 * eps)
        scale = np.abs(expected).max() + 1
        assert np.abs(h.numpy() - expected).max() < 2e-6 * scale


def test_the_second_derivative_of_a_large_product_in_numbers():
    rng = np.random.default_rng(1)
    a, b = (rng.standard_normal((N, N)) for _ in range(2))
    x, w = (microtorch.from_numpy(v.copy()).requires_grad_() for v in (a, b))
    y = x @ w
    (dx,) = grad((y * y).sum(), x, create_graph=True)  # 2 (x w) w.T
    np.testing.assert_allclose(dx.detach().numpy(), 2 * a @ b @ b.T, rtol=1e-9)
    dxx, dxw = grad((dx * dx).sum() / 2, [x, w])
    g = 2 * a @ b @ b.T
    np.testing.assert_allclose(dxx.numpy(), 2 * g @ b @ b.T, rtol=1e-9)
    np.testing.assert_allclose(dxw.numpy(), 2 * (a.T @ g @ b + g.T @ a @ b), rtol=1e-7, atol=1e-5)


@pytest.mark.parametrize("name", SECOND)
def test_large_values_are_there_as_long_as_somebody_asks(name):
    """Two passes over one graph give the same, and values between keep their numbers."""
    rng = np.random.default_rng(2)
    x, w = (microtorch.from_numpy(rng.standard_normal((N, N)) / 14).requires_grad_() for _ in range(2))
    h = x * 2
    y = SECOND[name](h, w)
    z = (y * y).sum()
    shown = h.detach().numpy().copy(), y.detach().numpy().copy()
    first = [g.numpy().copy() for g in grad(z, [x, w, h], retain_graph=True)]
    z.backward(retain_graph=True)
    again = [g.detach().numpy() for g in grad(z, [x, w, h], create_graph=True)]
    for a, b in zip(first, again):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert np.array_equal(x.grad.numpy(), first[0])
    assert np.array_equal(h.detach().numpy(), shown[0])
    assert np.array_equal(y.detach().numpy(), shown[1])


def test_a_shell_knows_that_it_has_no_values():
    x = microtorch.ones(200, 200, requires_grad=True)
    large, small = (x * 2).relu(), (x[:2] * 2).relu()
    assert not has_values(large.grad_fn.inputs[0])
    assert has_values(small.grad_fn.inputs[0])


@pytest.mark.parametrize("way", ["backward", "grad"])
def test_values_are_let_go_once_the_pass_that_needed_them_has_come_by(way):
    x = microtorch.ones(200, 200, requires_grad=True)
    h = x * 2
    y = h * h
    assert has_values(y.grad_fn.inputs[0])
    if way == "grad":
        grad(y.sum(), x)
    else:
        y.sum().backward()
    assert not has_values(y.grad_fn.inputs[0])
    assert h.tolist()[0][0] == 2.0
