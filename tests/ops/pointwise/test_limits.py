"""Functions and losses far from 1, at infinity and at 0: the value that the formula has in float64, or its limit."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import microtorch
from microtorch.autograd import grad
from microtorch.nn import functional as F

INF, NAN = math.inf, math.nan
SIZES = [*10.0 ** np.arange(-38, 39), 1e-45, 2.5, 3.0, 7.0, 20.0, 45.0, 88.5, 104.0, 6142.0, 3.3e38]
GRID = np.array([0.0, *SIZES, *np.negative(SIZES), INF, -INF, NAN], np.float32)


def by_element(f):
    return lambda x: np.array([f(v) for v in x.tolist()])


def sigmoid(x):
    return np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x)))


def times(x, share):
    """x · share, where share ends before x does."""
    return np.where(share == 0, 0 * np.sign(x), x * share)


def phi(x):
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def gelu_tanh(x):
    z = np.clip(x, -40, 40)
    return np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))


def mish(x):
    return np.tanh(np.logaddexp(0, x))


below = by_element(lambda v: math.erfc(-v / math.sqrt(2)) / 2)

# The function, its formula and its derivative in float64, finite factors first where one of them is infinite.
FUNCTIONS = {
    "exp": (microtorch.exp, np.exp, np.exp),
    "sigmoid": (microtorch.sigmoid, sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "tanh": (microtorch.tanh, np.tanh, lambda x: 1 / np.cosh(np.clip(x, -400, 400)) ** 2),
    "erf": (microtorch.erf, by_element(math.erf), lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x)),
    "relu": (F.relu, lambda x: np.where(x <= 0, 0, x), lambda x: np.where(x <= 0, 0, 1)),
    "leaky_relu": (F.leaky_relu, lambda x: np.where(x <= 0, 0.01 * x, x), lambda x: np.where(x <= 0, 0.01, 1)),
    "elu": (F.elu, lambda x: np.where(x <= 0, np.expm1(x), x), lambda x: np.where(x <= 0, np.exp(x), 1)),
    "gelu": (F.gelu, lambda x: times(x, below(x)), lambda x: below(x) + times(x, phi(x))),
    "gelu_tanh": (
        lambda x: F.gelu(x, approximate="tanh"),
        lambda x: times(x, (1 + gelu_tanh(x)) / 2),
        lambda x: (
            (1 + gelu_tanh(x)) / 2
            + times(x, 1 - gelu_tanh(x) ** 2) * math.sqrt(0.5 / math.pi) * (1 + 0.134145 * np.clip(x, -40, 40) ** 2)
        ),
    ),
    "silu": (F.silu, lambda x: times(x, sigmoid(x)), lambda x: sigmoid(x) + times(x, sigmoid(x) * sigmoid(-x))),
    "mish": (
        F.mish,
        lambda x: times(x, mish(x)),
        lambda x: mish(x) + times(x, sigmoid(x) * (1 - mish(x) ** 2)),
    ),
    "softplus": (F.softplus, lambda x: np.logaddexp(0, x), sigmoid),
    "logsigmoid": (F.logsigmoid, lambda x: -np.logaddexp(0, -x), lambda x: sigmoid(-x)),
    "hardswish": (
        F.hardswish,
        lambda x: times(x, np.clip((x + 3) / 6, 0, 1)),
        lambda x: np.where(x <= -3, 0, np.where(x >= 3, 1, x / 3 + 0.5)),
    ),
    "hardsigmoid": (
        F.hardsigmoid,
        lambda x: np.clip((x + 3) / 6, 0, 1),
        lambda x: np.where((x <= -3) | (x >= 3), 0, 1 / 6),
    ),
    "log1p": (microtorch.log1p, np.log1p, lambda x: 1 / (1 + x)),
    "log10": (microtorch.log10, np.log10, lambda x: 1 / (x * math.log(10))),
    "reciprocal": (microtorch.reciprocal, lambda x: 1 / x, lambda x: -1 / (x * x)),
    "square": (microtorch.square, lambda x: x * x, lambda x: 2 * x),
}


def assert_is_the_formula(found, wanted, what):
    """To 4e-6 of the value; and to 1e-6 where x is about 1, where 1 + (a number near −1) has no more digits."""
    finite = np.abs(GRID) < 1e3
    ok = np.isclose(found, wanted, rtol=4e-6, atol=1e-43, equal_nan=True) | (
        finite & (np.abs(GRID) > 0.01) & np.isclose(found, wanted, rtol=4e-6, atol=1e-6)
    )
    bad = np.flatnonzero(~ok)
    assert not bad.size, f"{what} at {GRID[bad]}: {found[bad]}, not {wanted[bad]}"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_far_from_one(name):
    function, formula, slope = FUNCTIONS[name]
    wide = GRID.astype(np.float64)
    x = microtorch.tensor(GRID, requires_grad=True)
    y = function(x)
    assert_is_the_formula(y.detach().numpy(), formula(wide).astype(np.float32), name)
    ones, known = np.ones_like(GRID), ~np.isnan(GRID)
    (dx,) = grad(y, x, microtorch.tensor(ones), retain_graph=True)
    (recorded,) = grad(y, x, microtorch.tensor(ones), create_graph=True)
    wanted = slope(wide).astype(np.float32)
    for kind, found in (("derivative", dx), ("recorded derivative", recorded)):
        found = found.detach().numpy()
        assert_is_the_formula(np.where(known, found, 0), np.where(known, wanted, 0), f"{kind} of {name}")
    if recorded.requires_grad:
        (ddx,) = grad(recorded, x, microtorch.tensor(ones))
        smooth = np.isfinite(wanted) & np.isfinite(GRID) & np.isfinite(formula(wide).astype(np.float32))
        if name not in ("log1p", "log10", "reciprocal"):  # these have poles
            assert np.isfinite(ddx.numpy()[smooth]).all(), GRID[smooth & ~np.isfinite(ddx.numpy())]


def test_functions_far_from_one_without_the_jit():
    test = f"{__file__}::test_functions_far_from_one"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", test]
    done = subprocess.run(command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("pos_weight", [None, 2.0])
@pytest.mark.parametrize(
    "x, t, loss, slope",
    [
        (INF, 0.0, INF, 1.0),
        (INF, 0.5, INF, 0.5),
        (INF, 1.0, 0.0, 0.0),
        (-INF, 0.0, 0.0, 0.0),
        (-INF, 0.5, INF, -0.5),
        (-INF, 1.0, INF, -1.0),
        (1e30, 1.0, 0.0, 0.0),
        (-1e30, 1.0, 1e30, -1.0),
        (NAN, 0.0, NAN, NAN),
        (NAN, 1.0, NAN, NAN),
    ],
)
def test_binary_cross_entropy_at_infinite_scores(x, t, loss, slope, pos_weight):
    if pos_weight is not None and t > 0 and x < 0:  # the factor of what a positive answer costs
        loss, slope = loss * pos_weight, slope * pos_weight
    x = microtorch.tensor([x], requires_grad=True)
    w = None if pos_weight is None else microtorch.tensor([pos_weight])
    y = F.binary_cross_entropy_with_logits(x, microtorch.tensor([t]), pos_weight=w)
    y.backward()
    np.testing.assert_allclose([y.item(), x.grad.item()], [loss, slope])


@pytest.mark.parametrize(
    "options, target, loss",
    [
        ({}, [1], math.log(2)),
        ({}, [0], INF),
        ({"weight": [1.0, 2.0, 0.0]}, [1], math.log(2)),
        ({"label_smoothing": 0.1}, [1], INF),
        ({}, [[0.0, 0.5, 0.5]], math.log(2)),
        ({"weight": [1.0, 2.0, 2.0]}, [[0.0, 0.5, 0.5]], 2 * math.log(2)),
        ({}, [[0.5, 0.5, 0.0]], INF),
    ],
)
def test_cross_entropy_of_an_impossible_class(options, target, loss):
    """A class with score −∞ costs ∞ if it is the answer in part, and nothing if it is not."""
    options = {k: microtorch.tensor(v) if k == "weight" else v for k, v in options.items()}
    x = microtorch.tensor([[-INF, 1.0, 1.0]], requires_grad=True)
    y = F.cross_entropy(x, microtorch.tensor(target), **options)
    y.backward()
    np.testing.assert_allclose(y.item(), loss, rtol=1e-6)
    assert x.grad.isfinite().all().item()


def test_multi_margin_of_infinite_scores():
    x = microtorch.tensor([[-INF, 0.0, 0.5], [INF, 0.0, 0.0]], requires_grad=True)
    y = F.multi_margin_loss(x, microtorch.tensor([1, 0]), reduction="none")
    y.sum().backward()
    assert y.tolist() == [0.5, 0.0]
    np.testing.assert_allclose(x.grad.numpy(), [[0, -1 / 3, 1 / 3], [0, 0, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    "function, slope",
    [
        (lambda x: x**0.3, 0.0),
        (lambda x: x**0.5, 0.0),
        (lambda x: x ** microtorch.tensor([0.3]), 0.0),
        (microtorch.sqrt, 0.0),
        (lambda x: x**0.0, 0.0),
        (lambda x: x**1.0, 1.0),
        (lambda x: x**1.5, 0.0),
        (lambda x: x**-1.0, -INF),
        (lambda x: x**-0.5, -INF),
        (microtorch.rsqrt, -INF),
        (microtorch.log, INF),
        (lambda x: x.norm(0.5), 0.0),
        (lambda x: x.norm(1), 0.0),
        (lambda x: x.norm(), 0.0),
        (lambda x: x.norm(3), 0.0),
        (lambda x: microtorch.cat([x, x]).std(), 0.0),
        (lambda x: microtorch.hypot(x, 2 * x), 0.0),
        (lambda x: microtorch.atan2(x, 2 * x), 0.0),
    ],
)
def test_derivatives_at_zero(function, slope):
    """Roots and norms have 0, other infinite derivatives are infinite; the policy page says so."""
    for create_graph in (False, True):
        x = microtorch.zeros(1, requires_grad=True)
        (dx,) = grad(function(x).sum(), x, create_graph=create_graph)
        assert dx.tolist() == [slope]


def test_the_angle_of_a_far_point():
    for size in (1e30, 1e-30):
        x = microtorch.tensor([size, size], requires_grad=True)
        microtorch.atan2(x[0], x[1]).backward()
        np.testing.assert_allclose(x.grad.numpy(), [0.5 / size, -0.5 / size], rtol=1e-6)
