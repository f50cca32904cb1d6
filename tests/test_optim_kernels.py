"""Every kernel equals its formula, with NaN and infinity too."""

import numpy as np
import pytest

from microtorch.kernels import optim as kernels
from microtorch.optim import adadelta, adagrad, adam, adamax, asgd, nadam, radam, rmsprop, rprop, sgd
from microtorch.optim.optimizer import together

# name -> (the formula, the state's arrays, None where an option is off, and the numbers); the state is made positive
RULES = {
    "sgd": (sgd.sgd, [None], (0.1, 0.0, 1.0, 0.0, 0.0, 1.0)),
    "sgd, decay, maximize": (sgd.sgd, [None], (0.1, 0.0, 1.0, 0.0, 0.3, -1.0)),
    "sgd, momentum": (sgd.sgd, [1], (0.1, 0.9, 0.5, 0.0, 0.3, 1.0)),
    "sgd, nesterov": (sgd.sgd, [1], (0.1, 0.9, 1.0, 1.0, 0.3, 1.0)),
    "adam": (adam.adam, [1, 1, None], (0.1, 0.9, 0.99, 1.5, 1e-6, 0.3, 1.0, 1.0)),
    "adam, amsgrad": (adam.adam, [1, 1, 1], (0.1, 0.9, 0.99, 1.5, 1e-6, 0.0, 0.9, -1.0)),
    "adamax": (adamax.adamax, [1, 1], (0.1, 0.9, 0.99, 1e-6, 0.3, 1.0)),
    "nadam": (nadam.nadam, [1, 1], (0.1, 0.2, 0.9, 0.99, 1.5, 1e-6, 0.3, 0.9, 1.0)),
    "radam": (radam.radam, [1, 1, False], (0.1, 0.9, 0.99, 1e-6, 0.3, 0.9, 1.0)),
    "radam, rectified": (radam.radam, [1, 1, True], (0.1, 0.9, 0.99, 1e-6, 0.0, 0.9, -1.0)),
    "rmsprop": (rmsprop.rmsprop, [1, None, None], (0.1, 0.9, 1e-6, 0.0, 0.3, 1.0)),
    "rmsprop, centered": (rmsprop.rmsprop, [3, 1, None], (0.1, 0.9, 1e-6, 0.0, 0.0, 1.0)),
    "rmsprop, both": (rmsprop.rmsprop, [3, 1, 1], (0.1, 0.9, 1e-6, 0.5, 0.3, -1.0)),
    "adagrad": (adagrad.adagrad, [1], (0.1, 1e-6, 0.3, 1.0)),
    "adadelta": (adadelta.adadelta, [1, 1], (0.5, 0.9, 1e-6, 0.3, 1.0)),
    "asgd": (asgd.asgd, [1], (0.1, 0.99, 0.25, 0.3, 1.0)),
    "asgd, copy": (asgd.asgd, [1], (0.1, 0.99, 1.0, 0.0, -1.0)),
    "rprop": (rprop.rprop, [1, 1], (0.5, 1.2, 1e-6, 50.0, 1.0)),
}
# Each dtype and number of dimensions is a compilation: the fewest that try both of both.
SHAPES = [((0,), np.float32), ((1,), np.float32), ((37,), np.float32), ((5, 7), np.float64)]


def test_every_kernel_is_compared():
    names = {name for name, thing in vars(kernels).items() if callable(thing) and name not in ("jit", "array_at")}
    assert names == {rule.split(",")[0] for rule in RULES} | {f"{rule}_of_each" for rule in ("sgd", "adam")}


def arguments(rule, shape, dtype, special=()):
    _, kept, numbers = RULES[rule]
    rng = np.random.default_rng(1)
    p, g = (np.asarray(rng.standard_normal(shape), dtype) for _ in range(2))
    state = [
        scale if scale is None or isinstance(scale, bool) else np.asarray(scale * rng.uniform(0.5, 1.5, shape), dtype)
        for scale in kept
    ]
    for i, value in enumerate(special):
        g[i] = value
    return p, g, *state, numbers


@pytest.mark.parametrize("shape, dtype", SHAPES)
@pytest.mark.parametrize("rule", RULES)
def test_kernel_equals_formula(rule, shape, dtype):
    tolerance = 3e-6 if dtype == np.float32 else 1e-13
    formula, theirs, ours = RULES[rule][0], arguments(rule, shape, dtype), arguments(rule, shape, dtype)
    formula(*theirs)
    getattr(kernels, formula.__name__)(*ours)
    for a, b in zip(theirs, ours, strict=True):
        if isinstance(a, np.ndarray):
            assert a.dtype == b.dtype == dtype
            np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("rule", RULES)
def test_kernel_keeps_nan_and_infinity_as_the_formula_does(rule):
    formula = RULES[rule][0]
    theirs, ours = (arguments(rule, (40,), np.float32, (np.nan, np.inf, -np.inf, 0.0)) for _ in range(2))
    formula(*theirs)
    getattr(kernels, formula.__name__)(*ours)
    assert np.isnan(ours[0][0])
    for a, b in zip(theirs, ours, strict=True):
        if isinstance(a, np.ndarray):
            np.testing.assert_allclose(b, a, rtol=3e-6, atol=3e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", ["sgd, decay, maximize", "sgd, nesterov", "adam"])
def test_one_call_for_all_parameters_equals_one_for_each(rule, dtype):
    alone, shared = ([arguments(rule, shape, dtype) for shape in ((5, 7), (7,), (0,), (1, 1))] for _ in range(2))
    name = rule.split(",")[0]
    for row in alone:
        getattr(kernels, name)(*row)
    rows = [[a for a in row if isinstance(a, np.ndarray)] for row in shared]
    together(getattr(kernels, f"{name}_of_each"), rows)(RULES[rule][2])
    for a, b in zip(alone, rows, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip((x for x in a if isinstance(x, np.ndarray)), b, strict=True))


def test_arrays_that_one_call_cannot_take():
    a, b = np.zeros((2, 3), np.float32), np.zeros((2, 3))
    for rows in ([[a, a], [b, b]], [[a, a[:, :2]]], [[a, a[:1]]]):  # two dtypes, not contiguous, another size
        assert together(kernels.sgd_of_each, rows) is None
