"""Sums and what is made of them keep their digits: over any dimension, in any layout, for many numbers, at any size."""

from itertools import combinations

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.kernels import reduction
from microtorch.nn import functional as F

N = 200_000  # rows of 0.1, of which numpy's sum row by row loses 0.2 %
CLOSE = {np.float32: 1e-6, np.float64: 1e-12}

LAYOUTS = {
    "C": np.array,
    "F": np.asfortranarray,
    "reversed": lambda a: np.flip(np.flip(a).copy()),
    "with gaps": lambda a: np.repeat(a, 2, -1)[..., ::2],
    "first dimension expanded": lambda a: np.broadcast_to(a[:1], a.shape),
    "last dimension expanded": lambda a: np.broadcast_to(a[..., :1], a.shape),
    "first dimension innermost": lambda a: np.moveaxis(np.ascontiguousarray(np.moveaxis(a, 0, -1)), -1, 0),
}


@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", [(70, 1, 80, 3), (2, 90, 40), (1, 5000, 1), (3, 4, 5, 20), (0, 70), (70, 0), (9,)])
def test_sum_over_any_dimensions(shape, layout, dtype):
    x = LAYOUTS[layout]((np.random.default_rng(0).random(shape) + 10).astype(dtype))
    for r in range(x.ndim + 1):
        for axes in combinations(range(x.ndim), r):
            for keepdims in (False, True):
                y, wanted = reduction.sum_over(x, axes, keepdims), np.sum(x, axes, np.float64, keepdims=keepdims)
                assert y.dtype == dtype
                assert np.shape(y) == wanted.shape
                np.testing.assert_allclose(y, wanted, rtol=CLOSE[dtype])
                out = np.empty(wanted.shape, dtype)
                reduction.sum_over(x, axes, keepdims, out)
                assert np.array_equal(out, y)
    assert np.array_equal(reduction.sum_over(x), reduction.sum_over(x, tuple(range(x.ndim))))


def columns(dtype=np.float32):
    """Long columns: equal numbers, whose roundings add up, and numbers far from 0."""
    x = np.full((N, 3), 0.1, dtype)
    x[:, 1] = np.random.default_rng(0).random(N) + 100
    x[::2, 2] = -0.3
    return x


REDUCTIONS = {
    "sum": (lambda x: x.sum(0), lambda x: x.sum(0)),
    "mean": (lambda x: x.mean(0), lambda x: x.mean(0)),
    "mean of all": (lambda x: x.mean(), lambda x: x.mean()),
    "var": (lambda x: x[:, 1:].var(0), lambda x: x[:, 1:].var(0, ddof=1)),
    "std": (lambda x: x[:, 1:].std(0), lambda x: x[:, 1:].std(0, ddof=1)),
    "var_mean": (lambda x: microtorch.var_mean(x[:, 1:], 0)[0], lambda x: x[:, 1:].var(0, ddof=1)),
    "norm": (lambda x: x.norm(dim=0), lambda x: np.sqrt((x * x).sum(0))),
    "norm 1": (lambda x: x.norm(1, 0), lambda x: np.abs(x).sum(0)),
    "norm 3": (lambda x: x.norm(3, 0), lambda x: (np.abs(x) ** 3).sum(0) ** (1 / 3)),
    "logsumexp": (lambda x: x.logsumexp(0), lambda x: np.log(np.exp(x - x.max(0)).sum(0)) + x.max(0)),
    "softmax": (lambda x: x.softmax(0)[0] * N, lambda x: N / np.exp(x - x[0]).sum(0)),
    "log_softmax": (lambda x: x.log_softmax(0)[0], lambda x: -np.log(np.exp(x - x[0]).sum(0))),
    "cumsum": (lambda x: x[:, :2].cumsum(0)[-1], lambda x: x[:, :2].sum(0)),
    "mse": (lambda x: F.mse_loss(x, x * 0), lambda x: (x * x).mean()),
    "l1": (lambda x: F.l1_loss(x, x * 0), lambda x: np.abs(x).mean()),
    "cross entropy": (
        lambda x: F.cross_entropy(x.T[:1], microtorch.tensor([0])),
        lambda x: np.log(np.exp(x[:, 0] - x[0, 0]).sum()),
    ),
}


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("layout", ["C", "F", "reversed"])
def test_reductions_of_long_columns(name, layout):
    ours, formula = REDUCTIONS[name]
    x = LAYOUTS[layout](columns())
    np.testing.assert_allclose(ours(microtorch.from_numpy(x)).numpy(), formula(x.astype(np.float64)), rtol=1e-6)


def test_products_of_many_numbers():
    x = (1 + np.random.default_rng(0).normal(0, 1e-3, (20_000, 2))).astype(np.float32)
    wanted = np.prod(x.astype(np.float64), 0)
    t = microtorch.tensor(x, requires_grad=True)
    np.testing.assert_allclose(t.prod(0).detach(), wanted, rtol=1e-6)
    y = t.cumprod(0)
    np.testing.assert_allclose(y.detach()[-1], wanted, rtol=1e-6)
    y[-1].sum().backward()
    np.testing.assert_allclose(t.grad, wanted / x, rtol=1e-6)


def _normalised(layer):
    return lambda dy: layer(microtorch.rand(*dy.shape, requires_grad=True)).backward(dy) or layer.bias.grad


def _picked(pick):
    def gradient(dy):
        w = microtorch.zeros(2, dy.shape[1], requires_grad=True)
        pick(w, microtorch.zeros(len(dy), dtype=microtorch.int64)).backward(dy)
        return w.grad[0]

    return gradient


GRADIENTS = {
    "Linear": lambda dy: _normalised(nn.Linear(3, 3))(dy),
    "LayerNorm": lambda dy: _normalised(nn.LayerNorm(3))(dy),
    "BatchNorm1d": lambda dy: _normalised(nn.BatchNorm1d(3))(dy),
    "BatchNorm1d, evaluated": lambda dy: _normalised(nn.BatchNorm1d(3).eval())(dy),
    "embedding": _picked(lambda w, i: F.embedding(i, w)),
    "w[i]": _picked(lambda w, i: w[i]),
    "index_select": _picked(lambda w, i: w.index_select(0, i)),
    "gather": _picked(lambda w, i: w.gather(0, i[:, None].expand(len(i), 3))),
    "index_add": lambda dy: microtorch.zeros(2, 3).index_add(0, microtorch.zeros(len(dy), dtype=microtorch.int64), dy)[
        0
    ],
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_that_are_sums_over_the_batch(name):
    dy = columns()
    found = GRADIENTS[name](microtorch.from_numpy(dy))
    np.testing.assert_allclose(found.numpy(), dy.sum(0, dtype=np.float64), rtol=1e-6)


def test_gradients_of_weights_that_scale():
    for layer in (nn.LayerNorm(4), nn.RMSNorm(4)):
        x = np.tile(np.array([1.0, 2.0, 3.0, 5.0], np.float32), (N, 1))
        normal = layer(microtorch.tensor(x[:1])).detach().numpy()[0].astype(np.float64)
        layer(microtorch.tensor(x)).backward(microtorch.full((N, 4), 0.1))
        np.testing.assert_allclose(layer.weight.grad.numpy(), normal * N * np.float64(np.float32(0.1)), rtol=1e-6)


def test_tens_of_millions():
    x = microtorch.full((10_000_000, 2), 0.1)
    assert abs(x.mean(0).numpy() / np.float32(0.1) - 1).max() < 1e-6


@pytest.mark.parametrize(
    "dtype, sizes", [(np.float32, (1e30, 1e-30, 3e37, 1e-36)), (np.float64, (1e200, 1e-200, 1e307))]
)
def test_norms_and_deviations_stay_within_the_range(dtype, sizes):
    """Squares overflow or vanish where the root of their sum is an ordinary number."""
    plain = np.array([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0]])
    scale = np.array([sizes[0], sizes[1]])[:, None]  # rows of unlike size at once
    for x in [plain * size for size in sizes] + [plain * scale]:
        t = microtorch.tensor(x.astype(dtype), requires_grad=True)
        x = x.astype(dtype).astype(np.longdouble)
        for y, wanted in (
            (t.norm(dim=1), np.sqrt((x * x).sum(1))),
            (t.norm(3, 1), (np.abs(x) ** 3).sum(1) ** (1 / np.longdouble(3))),
            (t.std(1), x.std(1, ddof=1)),
        ):
            np.testing.assert_allclose(y.detach().numpy(), wanted.astype(dtype), rtol=4 * np.finfo(dtype).eps)
        t.norm(dim=1).sum().backward()
        np.testing.assert_allclose(t.grad, x / np.sqrt((x * x).sum(1, keepdims=True)), rtol=4 * np.finfo(dtype).eps)
        (dx,) = microtorch.autograd.grad(t.std(1).sum(), t)
        centred = x - x.mean(1, keepdims=True)
        wanted = centred / x.std(1, ddof=1, keepdims=True) / 2
        np.testing.assert_allclose(dx.numpy(), wanted.astype(dtype), rtol=1e-5, atol=4 * np.finfo(dtype).eps)


def test_a_variance_whose_sum_of_squares_overflows():
    x = np.random.default_rng(0).normal(0, 1e18, 4000).astype(np.float32)
    np.testing.assert_allclose(microtorch.tensor(x).var().item(), x.var(ddof=1, dtype=np.float64), rtol=1e-6)


def test_a_variance_far_from_zero_is_that_of_the_numbers():
    x = (np.random.default_rng(0).normal(0, 1e-2, (1000, 3)) + 1000).astype(np.float32)
    np.testing.assert_allclose(microtorch.tensor(x).var(0).numpy(), x.var(0, ddof=1, dtype=np.float64), rtol=1e-6)
