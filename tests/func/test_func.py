"""torch.func: derivatives of functions nested in any way, maps over samples, models as functions, against PyTorch."""

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import DTypeError, GraphError, ShapeError

_rng = np.random.default_rng(0)
X, Y, W = _rng.normal(size=3), _rng.normal(size=3), _rng.normal(size=(2, 3))


def scalar(lib):
    return lambda x: (x.sin() * x * x).sum()


def vector(lib):
    return lambda x: lib.stack([x.sum(), (x * x * x).sum(), x[0] * x[1]])


# Each row: a function of the library, its func module, and tensors x, y, w, to a tree of tensors.
TABLE = {
    "grad": lambda lib, f, x, y, w: f.grad(scalar(lib))(x),
    "grad, second": lambda lib, f, x, y, w: f.grad(lambda a, b: (a * b * b).sum(), argnums=1)(x, y),
    "grad, both": lambda lib, f, x, y, w: f.grad(lambda a, b: (a * b * b).sum(), argnums=(0, 1))(x, y),
    "grad, last": lambda lib, f, x, y, w: f.grad(lambda a, b: (a * b * b).sum(), argnums=(-1,))(x, y),
    "grad of a dict": lambda lib, f, x, y, w: f.grad(lambda p: (p["a"] * p["b"][0]).sum())({"a": x, "b": [y]}),
    "grad with aux": lambda lib, f, x, y, w: f.grad(lambda a: ((a * a).sum(), {"aux": a * 2}), has_aux=True)(x),
    "grad and value": lambda lib, f, x, y, w: f.grad_and_value(scalar(lib))(x),
    "grad of grad": lambda lib, f, x, y, w: f.grad(lambda a: f.grad(scalar(lib))(a).cos().sum())(x),
    "third": lambda lib, f, x, y, w: f.grad(f.grad(f.grad(lambda a: a**5)))(x[0]),
    "perturbations apart": lambda lib, f, x, y, w: f.grad(lambda a: a * f.grad(lambda b: a + b)(y[0]))(x[0]),
    "of something outside": lambda lib, f, x, y, w: f.grad(lambda b: f.grad(lambda a: (a * a * b).sum())(x).sum())(y),
    "vjp": lambda lib, f, x, y, w: f.vjp(vector(lib), x)[1](y),
    "vjp of two": lambda lib, f, x, y, w: f.vjp(lambda a, b: (a * b, a.sum()), x, y)[1]((y, x[0])),
    "vjp twice": lambda lib, f, x, y, w: [f.vjp(vector(lib), x)[1](v) for v in (x, y)],
    "vjp of grad": lambda lib, f, x, y, w: f.vjp(f.grad(scalar(lib)), x)[1](y),
    "jvp": lambda lib, f, x, y, w: f.jvp(vector(lib), (x,), (y,)),
    "jvp of two": lambda lib, f, x, y, w: f.jvp(lambda a, b: {"p": a * b, "s": a.sum()}, (x, y), (y, x)),
    "jvp of grad": lambda lib, f, x, y, w: f.jvp(f.grad(scalar(lib)), (x,), (y,)),
    "jvp of a constant": lambda lib, f, x, y, w: f.jvp(lambda a: (a * 2, lib.ones_like(y)), (x,), (y,)),
    "jacrev": lambda lib, f, x, y, w: f.jacrev(vector(lib))(x),
    "jacrev of a matrix": lambda lib, f, x, y, w: f.jacrev(lambda a: a @ x)(w),
    "jacrev of two": lambda lib, f, x, y, w: f.jacrev(lambda a, b: (a * b, (a @ b)), argnums=(0, 1))(x, y),
    "jacrev with aux": lambda lib, f, x, y, w: f.jacrev(lambda a: (a * a, a), has_aux=True)(x),
    "jacfwd": lambda lib, f, x, y, w: f.jacfwd(vector(lib))(x),
    "jacfwd of a matrix": lambda lib, f, x, y, w: f.jacfwd(lambda a: (a @ x).tanh())(w),
    "jacfwd of two": lambda lib, f, x, y, w: f.jacfwd(lambda a, b: (a * b, (a @ b)), argnums=(0, 1))(x, y),
    "hessian": lambda lib, f, x, y, w: f.hessian(scalar(lib))(x),
    "hessian of two": lambda lib, f, x, y, w: f.hessian(lambda a, b: (a * b * b).sum(), argnums=(0, 1))(x, y),
    "jacfwd of jacrev": lambda lib, f, x, y, w: f.jacfwd(f.jacrev(scalar(lib)))(x),
    "jacrev of jacfwd": lambda lib, f, x, y, w: f.jacrev(f.jacfwd(scalar(lib)))(x),
    "vmap": lambda lib, f, x, y, w: f.vmap(lambda r: r @ x)(w),
    "vmap of a column": lambda lib, f, x, y, w: f.vmap(lambda c, a: c * a, in_dims=(1, 0), out_dims=1)(w, x),
    "vmap of a dict": lambda lib, f, x, y, w: f.vmap(
        lambda p: {"s": p["a"].sum(), "b": p["b"]}, in_dims=({"a": 0, "b": None},))({"a": w, "b": x}),
    "vmap, shared": lambda lib, f, x, y, w: f.vmap(
        lambda r, v: (r * v, r.sum()), in_dims=(0, None), out_dims=(1, 0))(w, x),
    "vmap by name": lambda lib, f, x, y, w: f.vmap(lambda r, v: r + v)(w, v=w),
    "vmap of vmap": lambda lib, f, x, y, w: f.vmap(f.vmap(lambda a: a * a))(w),
    "gradients of samples": lambda lib, f, x, y, w: f.vmap(f.grad(lambda v, r: (r @ v) ** 2), in_dims=(None, 0))(x, w),
    "jacobians of samples": lambda lib, f, x, y, w: f.vmap(f.jacrev(lambda r: r * r.sum()))(w),
    "grad of vmap": lambda lib, f, x, y, w: f.grad(lambda v: f.vmap(lambda r: (r @ v).sin())(w).sum())(x),
    "samples moved": lambda lib, f, x, y, w: f.vmap(lambda r: r.sum(), chunk_size=1)(w),
}  # fmt: skip


def flat(tree):
    if isinstance(tree, dict):
        return [leaf for key in tree for leaf in flat(tree[key])]
    if isinstance(tree, tuple | list):
        return [leaf for item in tree for leaf in flat(item)]
    return [tree]


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # PyTorch's forward mode, about itself
@pytest.mark.parametrize("name", TABLE)
def test_values_are_pytorchs(name, torch):
    import torch.func

    ours, theirs = (
        flat(TABLE[name](lib, lib.func, lib.tensor(X), lib.tensor(Y), lib.tensor(W))) for lib in (microtorch, torch)
    )
    assert [tuple(t.shape) for t in ours] == [tuple(t.shape) for t in theirs]
    assert not any(t.requires_grad for t in ours)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # PyTorch's forward mode, about itself
@pytest.mark.parametrize("name", TABLE)
def test_results_go_on_in_a_graph_outside(name, torch):
    """Where the arguments are tracked, so are the results, and their gradients are PyTorch's."""
    import torch.func

    found = []
    for lib in (microtorch, torch):
        tensors = [lib.tensor(a, requires_grad=True) for a in (X, Y, W)]
        outputs = [t for t in flat(TABLE[name](lib, lib.func, *tensors)) if t.requires_grad]
        total = sum((t * t).sum() for t in outputs) if outputs else sum(t.sum() for t in tensors) * 0
        grads = lib.autograd.grad(total, tensors, allow_unused=True)
        found.append([np.zeros(a.shape) if g is None else g.numpy() for g, a in zip(grads, (X, Y, W), strict=True)])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


def test_no_grad_outside_leaves_no_graph():
    x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    with microtorch.no_grad():
        assert not microtorch.func.grad(lambda a: (a * a).sum())(x).requires_grad
        assert microtorch.func.grad(lambda a: (a * a).sum())(x).tolist() == [2, 4]
        assert microtorch.func.hessian(lambda a: (a**3).sum())(x).tolist() == [[6, 0], [0, 12]]
    assert x.grad is None


def networks(lib):
    net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.Tanh(), lib.nn.Linear(4, 2)).double()
    rng = np.random.default_rng(1)
    values = {name: rng.normal(size=tuple(p.shape)) for name, p in net.named_parameters()}
    return net, {name: lib.tensor(v) for name, v in values.items()}


def test_a_model_as_a_function_is_pytorchs(torch):
    import torch.func

    found = []
    for lib in (microtorch, torch):
        net, weights = networks(lib)
        before = {name: p.detach().clone() for name, p in net.named_parameters()}

        def loss(p, x, y, net=net, lib=lib):
            return ((lib.func.functional_call(net, p, (x.unsqueeze(0),)).squeeze(0) - y) ** 2).sum()

        x, y = lib.tensor(_rng_x), lib.tensor(_rng_y)
        each = lib.func.vmap(lib.func.grad(loss), in_dims=(None, 0, 0))(weights, x, y)
        found.append({name: g.numpy() for name, g in each.items()})
        assert all(bool((p == before[name]).all()) for name, p in net.named_parameters())
        assert all(p.grad is None for p in net.parameters())
    for name in found[0]:
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-10, atol=1e-12)


_rng_x, _rng_y = _rng.normal(size=(5, 3)), _rng.normal(size=(5, 2))


def test_models_stacked_are_the_models():
    models = [nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)).eval() for _ in range(4)]
    for i, model in enumerate(models):
        model[1].running_mean.fill_(float(i))
    parameters, buffers = microtorch.func.stack_module_state(models)
    assert parameters["0.weight"].shape == (4, 2, 3)
    assert parameters["0.weight"].is_leaf
    assert parameters["0.weight"].requires_grad
    x = microtorch.randn(5, 3)
    call = microtorch.func.functional_call
    y = microtorch.func.vmap(lambda p, b: call(models[0], (p, b), x))(parameters, buffers)
    for i, model in enumerate(models):
        assert microtorch.allclose(y[i], model(x))
    y.sum().backward()
    assert parameters["0.weight"].grad is not None


def test_shared_parameters_go_to_all_their_places():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(2, 2, bias=False)
            self.b = nn.Linear(2, 2, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.b(self.a(x))

    net, x = Tied(), microtorch.ones(1, 2)
    double = {"a.weight": microtorch.eye(2) * 2}
    assert microtorch.func.functional_call(net, double, (x,)).tolist() == [[4, 4]]
    once = microtorch.func.functional_call(net, double, (x,), tie_weights=False)
    assert microtorch.allclose(once, net.b(x * 2))
    with pytest.raises(ValueError, match="shared"):
        microtorch.func.functional_call(net, {**double, "b.weight": microtorch.eye(2)}, (x,))


def test_a_failing_call_puts_the_parameters_back():
    net = nn.Linear(2, 1)
    own = net.weight
    with pytest.raises(ShapeError):
        microtorch.func.functional_call(net, {"weight": microtorch.zeros(1, 5)}, microtorch.ones(1, 2))
    assert net.weight is own


def test_the_older_place_of_functional_call():
    net = nn.Linear(2, 1, bias=False)
    with pytest.warns(FutureWarning, match="func.functional_call"):
        y = nn.utils.stateless.functional_call(net, {"weight": microtorch.ones(1, 2)}, microtorch.ones(1, 2))
    assert y.tolist() == [[2]]


def test_random_numbers_in_samples():
    draw, xs = (lambda x: x + microtorch.rand(())), microtorch.zeros(4)
    with pytest.raises(RuntimeError, match="randomness='different'"):
        microtorch.func.vmap(draw)(xs)
    assert len(set(microtorch.func.vmap(draw, randomness="different")(xs).tolist())) == 4
    assert len(set(microtorch.func.vmap(draw, randomness="same")(xs).tolist())) == 1


func, one = microtorch.func, microtorch.ones(3)
REFUSED = {
    "not a scalar": (lambda: func.grad(lambda x: x * 2)(one), ShapeError, r"shape \(\), not \(3,\).*jacrev"),
    "not a tensor": (lambda: func.grad(lambda x: 3.0)(one), ShapeError, "not float"),
    "of integers": (lambda: func.grad(lambda x: x.sum())(microtorch.arange(3)), DTypeError, "int64 has no gradient"),
    "of a number": (lambda: func.grad(lambda x: x)(2.0), TypeError, "is a Tensor, not a float"),
    "argnums": (lambda: func.grad(lambda x: x.sum(), argnums=1)(one), ValueError, "argnums is 1, for 1 positional"),
    "argnums twice": (lambda: func.grad(lambda x: x.sum(), argnums=(0, -1))(one), ValueError, "twice"),
    "no aux": (lambda: func.grad(lambda x: x.sum(), has_aux=True)(one), ValueError, "returns a pair"),
    "a vector's shape": (lambda: func.vjp(lambda x: x * 2, one)[1](microtorch.ones(2)), ShapeError, r"\[\(2,\)\] for"),
    "a tangent's shape": (
        lambda: func.jvp(lambda x: x * 2, (one,), (microtorch.ones(2),)),
        ShapeError,
        r"tangents of shapes \[\(2,\)\]",
    ),
    "no tuples": (lambda: func.jvp(lambda x: x * 2, one, one), TypeError, r"jvp\(func, \(x,\), \(v,\)\)"),
    "strict": (lambda: func.jvp(lambda x: one, (one,), (one,), strict=True), GraphError, "strict=True forbids"),
    "no samples": (lambda: func.vmap(lambda x: x, in_dims=None)(one), ValueError, "in_dims is None for all"),
    "counts": (lambda: func.vmap(lambda x, y: x)(one, microtorch.ones(2)), ValueError, r"\[2, 3\] in number"),
    "none": (lambda: func.vmap(lambda x: x)(microtorch.ones(0)), ValueError, "there are no samples"),
    "a dimension": (lambda: func.vmap(lambda x: x, in_dims=1)(one), ValueError, "out of range for an argument"),
    "in_dims": (lambda: func.vmap(lambda x: x, in_dims=(0, 0))(one), ValueError, "2 entries for 1 arguments"),
    "form": (lambda: func.vmap(lambda x: x, in_dims=([0, 0],))(one), ValueError, "not of the form"),
    "a number mapped": (lambda: func.vmap(lambda x, n: x)(one, 2), ValueError, "for a int, not a Tensor. Use None"),
    "results": (lambda: func.vmap(lambda x: 3)(one), ValueError, "must return Tensors, not a int"),
    "out_dims": (lambda: func.vmap(lambda x: x, out_dims=(0, 0))(one), ValueError, "2 entries for 1 results"),
    "randomness": (lambda: func.vmap(lambda x: x, randomness="no"), ValueError, "'error', 'different' or 'same'"),
    "an unknown name": (lambda: func.functional_call(nn.Linear(3, 1), {"w": one}, one), KeyError, "has no 'w'"),
    "strict names": (
        lambda: func.functional_call(nn.Linear(3, 1), {"weight": one}, one, strict=True),
        RuntimeError,
        r"missing \['bias'\]",
    ),
    "no models": (lambda: func.stack_module_state([]), RuntimeError, "no models"),
    "models of two kinds": (
        lambda: func.stack_module_state([nn.Linear(1, 1), nn.ReLU()]),
        RuntimeError,
        "not of Linear, ReLU",
    ),
    "models of two sizes": (
        lambda: func.stack_module_state([nn.Linear(1, 1), nn.Linear(2, 1)]),
        ShapeError,
        "weight has different shapes",
    ),
}


@pytest.mark.parametrize("call, kind, words", REFUSED.values(), ids=REFUSED)
def test_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
