"""autograd.functional and per-sample gradients."""

import numpy as np
import pytest

import microtorch as mt
from microtorch import nn
from microtorch.autograd import functional, grad, per_sample_gradients
from microtorch.errors import GraphError, ShapeError

rng = np.random.default_rng(0)
X, W = rng.standard_normal((3, 4)), rng.standard_normal((4, 2))


def outputs_of(library):
    """A function of two inputs with two outputs, in either library."""

    def f(x, w):
        y = library.tanh(x @ w)
        return y, (y * y).sum(0)

    return f


def scalar_of(library):
    return lambda x, w: (library.tanh(x @ w) ** 3).sum()


def compare(mine, theirs):
    if isinstance(theirs, tuple):
        assert isinstance(mine, tuple)
        assert len(mine) == len(theirs)
        for a, b in zip(mine, theirs, strict=True):
            compare(a, b)
    else:
        assert not mine.requires_grad
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-10, atol=1e-12)


def arguments(library):
    make = library.tensor
    return make(X), make(W), make(np.ones((3, 4)) * 0.5), make(W * 2), make(np.cos(X @ W)), make(np.ones(2))


def test_like_pytorch(torch):
    names = ["vjp", "jvp", "jacobian", "hessian", "vhp", "hvp"]
    results = []
    for library, place in ((mt, functional), (torch, torch.autograd.functional)):
        x, w, vx, vw, vy, vs = arguments(library)
        f, g = outputs_of(library), scalar_of(library)
        calls = {
            "vjp": ((x, w), (vy, vs)),
            "jvp": ((x, w), (vx, vw)),
            "jacobian": ((x, w),),
            "hessian": ((x, w),),
            "vhp": ((x, w), (vx, vw)),
            "hvp": ((x, w), (vx, vw)),
        }
        results.append({n: getattr(place, n)(g if n in ("hessian", "vhp", "hvp") else f, *calls[n]) for n in names})
    for n in names:
        compare(results[0][n], results[1][n])


def test_one_input_gives_one_tensor():
    x = mt.tensor(X)
    jacobian = functional.jacobian(mt.exp, x)
    assert jacobian.shape == (3, 4, 3, 4)
    np.testing.assert_allclose(jacobian.numpy().reshape(12, 12), np.diag(np.exp(X).ravel()))
    hessian = functional.hessian(lambda x: mt.exp(x).sum(), x)
    np.testing.assert_allclose(hessian.numpy().reshape(12, 12), np.diag(np.exp(X).ravel()))
    y, product = functional.jvp(mt.exp, x, mt.ones(3, 4, dtype=mt.float64))
    np.testing.assert_allclose(product.numpy(), np.exp(X))
    np.testing.assert_allclose(y.numpy(), np.exp(X))


def test_nothing_is_left_in_the_inputs():
    x = mt.tensor(X, requires_grad=True)
    functional.hessian(lambda x: mt.exp(x).sum(), x)
    assert x.grad is None
    with mt.no_grad():
        np.testing.assert_allclose(functional.vjp(lambda x: x.sum(), x)[1].numpy(), np.ones((3, 4)))


def test_results_can_be_differentiated():
    x = mt.tensor([0.5, 1.0], dtype=mt.float64, requires_grad=True)
    (third,) = grad(functional.hessian(lambda x: (x**4).sum(), x, create_graph=True).sum(), x)
    np.testing.assert_allclose(third.numpy(), 24 * np.array([0.5, 1.0]))
    _, product = functional.jvp(lambda x: x**3, x, mt.ones(2, dtype=mt.float64), create_graph=True)
    np.testing.assert_allclose(grad(product.sum(), x)[0].numpy(), 6 * np.array([0.5, 1.0]))


def test_hessian_is_symmetric_through_a_network():
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    hessian = functional.hessian(lambda x: net(x).sum(), mt.tensor(rng.standard_normal(3))).numpy()
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-14)
    assert np.abs(hessian).max() > 1e-6


def test_independent_inputs():
    x, w = mt.tensor(X), mt.tensor(W)
    np.testing.assert_array_equal(functional.vjp(lambda x, w: x.sum(), (x, w))[1][1].numpy(), np.zeros((4, 2)))
    with pytest.raises(GraphError, match=r"do not depend on input 1.*strict=True"):
        functional.vjp(lambda x, w: x.sum(), (x, w), strict=True)
    with pytest.raises(GraphError, match=r"output 0 does not depend.*strict=True"):
        functional.jacobian(lambda x: mt.ones(2), x, strict=True)


@pytest.mark.parametrize("value", [2.0, 0.0, np.inf, np.nan])
@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_vector_that_is_left_out_is_one(value, shape):
    """Whatever the function's value is: the derivative of an infinite or undefined sum is 1 all the same."""
    x = mt.tensor([value, 1.0], dtype=mt.float64)
    assert functional.vjp(lambda x: x.sum().reshape(shape), x)[1].tolist() == [1.0, 1.0]
    one = mt.tensor(np.full(shape, value))
    assert functional.jvp(lambda x: x * 3, one)[1].tolist() == np.full(shape, 3.0).tolist()
    assert functional.vhp(lambda x: (x * x).sum(), one)[1].tolist() == np.full(shape, 2.0).tolist()


def test_vectors_that_do_not_fit():
    x = mt.tensor(X)
    with pytest.raises(ShapeError, match=r"v\[0\] has shape \(2,\).*\(3, 4\)"):
        functional.vjp(mt.exp, x, mt.ones(2))
    with pytest.raises(GraphError, match="v may be left out only if the output is a single tensor of one element"):
        functional.vjp(mt.exp, x)
    with pytest.raises(ShapeError, match=r"must return one element, not \(3, 4\)"):
        functional.hessian(mt.exp, x)
    with pytest.raises(TypeError, match="must return Tensors; output 0 is a float"):
        functional.jacobian(lambda x: (1.0,), x)


# -- per sample ------------------------------------------------------------------------------------------------------


def one_by_one(net, x, y, loss):
    """What per_sample_gradients must give: a backward for each sample."""
    parameters = list(net.parameters())
    rows = [grad(loss(net(x[i : i + 1]), y[i : i + 1]).sum(), parameters) for i in range(len(x))]
    return [np.stack([row[k].numpy() for row in rows]) for k in range(len(parameters))]


def _squared(a, b):
    return nn.functional.mse_loss(a, b, reduction="none")


NETWORKS = {
    "mlp": lambda: nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)),
    "layer norm": lambda: nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 3, bias=False)),
    "rms norm": lambda: nn.Sequential(nn.Linear(4, 5), nn.RMSNorm(5), nn.Linear(5, 3)),
    "group norm": lambda: nn.Sequential(nn.Linear(4, 6), nn.GroupNorm(2, 6), nn.Linear(6, 3)),
    "batch norm in evaluation": lambda: nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)).eval(),
    "prelu": lambda: nn.Sequential(nn.Linear(4, 5), nn.PReLU(5), nn.Linear(5, 3)),
    "one layer twice": lambda: nn.Sequential(*[nn.Linear(4, 4)] * 2, nn.Linear(4, 3)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_per_sample_gradients_of_a_network(name):
    mt.manual_seed(0)
    net = NETWORKS[name]().double()
    for p in net.parameters():
        with mt.no_grad():
            p.add_(mt.tensor(rng.standard_normal(p.shape)) * 0.3)
    x, y = mt.tensor(rng.standard_normal((6, 4))), mt.tensor(rng.integers(0, 3, 6))
    losses = nn.functional.cross_entropy(net(x), y, reduction="none")
    mine = per_sample_gradients(losses, net.parameters())
    right = one_by_one(net, x, y, nn.functional.cross_entropy)
    for a, b in zip(mine, right, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-10, atol=1e-12)


def test_per_sample_gradients_of_a_mean_are_the_shares():
    net = nn.Linear(4, 3).double()
    x, y = mt.tensor(rng.standard_normal((6, 4))), mt.tensor(rng.integers(0, 3, 6))
    loss = nn.functional.cross_entropy(net(x), y)
    shares = per_sample_gradients(loss, net.parameters())
    loss.backward()
    for a, p in zip(shares, net.parameters(), strict=True):
        assert a.shape == (6, *p.shape)
        np.testing.assert_allclose(a.numpy().sum(0), p.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_per_sample_gradients_with_positions_in_between():
    """(N, T, D) activations: the positions of a sample add up."""
    net = nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Linear(5, 2)).double()
    x, y = mt.tensor(rng.standard_normal((3, 7, 4))), mt.tensor(rng.standard_normal((3, 7, 2)))
    losses = _squared(net(x), y).sum((1, 2))
    for a, b in zip(per_sample_gradients(losses, net.parameters()), one_by_one(net, x, y, _squared), strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-10, atol=1e-12)


def test_per_sample_gradients_of_broadcasting_and_matmul():
    w, s = mt.tensor(W, requires_grad=True), mt.tensor([0.5, 2.0], dtype=mt.float64, requires_grad=True)
    x = mt.tensor(X)
    losses = ((x @ w) * s + s).sum(1)
    dw, ds = per_sample_gradients(losses, (w, s))
    np.testing.assert_allclose(dw.numpy(), X[:, :, None] * s.detach().numpy())
    np.testing.assert_allclose(ds.numpy(), X @ W + 1)


def test_per_sample_gradients_of_an_embedding():
    net = nn.Embedding(5, 3).double()
    index = mt.tensor([[0, 1, 1], [4, 0, 2]])
    (dw,) = per_sample_gradients((net(index) ** 2).sum((1, 2)), net.parameters())
    right = np.zeros((2, 5, 3))
    table = net.weight.detach().numpy()
    for n, row in enumerate(index.tolist()):
        for i in row:
            right[n, i] += 2 * table[i]
    np.testing.assert_allclose(dw.numpy(), right)


def test_where_samples_cannot_be_told_apart():
    net = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5))
    with pytest.raises(GraphError, match=r"batch_norm in training mode mixes the samples.*model\.eval\(\)"):
        per_sample_gradients(net(mt.ones(3, 4)).sum(1), net.parameters())
    w = mt.ones(3, 4, requires_grad=True)
    with pytest.raises(GraphError, match="does not tell samples apart"):
        per_sample_gradients((w * 2).sum(1), w)
    with pytest.raises(GraphError, match=r"do not depend on a parameter of shape \(2,\)"):
        per_sample_gradients((w * 2).sum(1), mt.ones(2, requires_grad=True))
    with pytest.raises(GraphError, match=r"losses of shape \(3, 4\).*loss of each sample"):
        per_sample_gradients(w * 2, w)
