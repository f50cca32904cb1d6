"""A Python number that meets a float64 tensor keeps its digits and range; one that meets float32 is rounded once."""

import math
import os
import subprocess
import sys

import numpy as np
import pytest

import microtorch
from microtorch.nn import functional as F

X = np.array([[0.3, -1.2, 2.5], [0.05, 0.7, -3.0]])
MASK = np.array([[True, False, True], [False, True, False]])


def normal(x, axis, eps):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)


def put(x, where, value):
    x = x.clone() if isinstance(x, microtorch.Tensor) else x.copy()
    x[where] = value
    return x


# What is called with a tensor and a number, and its formula in numpy.
SIGNED = {
    "masked_fill": (lambda x, v: x.masked_fill(microtorch.tensor(MASK), v), lambda x, v: np.where(MASK, v, x)),
    "masked_fill_": (
        lambda x, v: x.clone().masked_fill_(microtorch.tensor(MASK), v),
        lambda x, v: np.where(MASK, v, x),
    ),
    "where": (lambda x, v: microtorch.where(microtorch.tensor(MASK), v, x), lambda x, v: np.where(MASK, v, x)),
    "clamp min": (lambda x, v: x.clamp(min=v), np.maximum),
    "clamp max": (lambda x, v: x.clamp(max=v), np.minimum),
    "clamp_": (lambda x, v: x.clone().clamp_(v), np.maximum),
    "fill_": (lambda x, v: x.clone().fill_(v), np.full_like),
    "full_like": (microtorch.full_like, np.full_like),
    "full": (lambda x, v: microtorch.full((2,), v, dtype=x.dtype), lambda x, v: np.full(2, v, x.dtype)),
    "x[0] = v": (lambda x, v: put(x, 0, v), lambda x, v: put(x, 0, v)),
    "x[mask] = v": (lambda x, v: put(x, microtorch.tensor(MASK), v), lambda x, v: put(x, MASK, v)),
    "scatter": (
        lambda x, v: x.scatter(0, microtorch.tensor([[0, 1, 0]]), v),
        lambda x, v: put(x, ([0, 1, 0], [0, 1, 2]), v),
    ),
    "pad": (lambda x, v: F.pad(x, (1, 1), value=v), lambda x, v: np.pad(x, ((0, 0), (1, 1)), constant_values=v)),
    "nan_to_num": (lambda x, v: microtorch.nan_to_num(x / 0, posinf=v, neginf=v), lambda x, v: np.full_like(x, v)),
    "threshold": (lambda x, v: F.threshold(x, 0.2, v), lambda x, v: np.where(x > 0.2, x, v)),
    "add": (lambda x, v: x + v, lambda x, v: x + v),
    "divide": (lambda x, v: v / x, lambda x, v: v / x),
    "alpha": (lambda x, v: microtorch.add(x, x, alpha=v), lambda x, v: x + x * v),
    "add_ alpha": (lambda x, v: x.clone().add_(x, alpha=v), lambda x, v: x + x * v),
    "lerp": (lambda x, v: microtorch.lerp(x, 2 * x, v), lambda x, v: x + v * x),
    "index_add": (lambda x, v: x.index_add(0, microtorch.tensor([0, 1]), x, alpha=v), lambda x, v: x + v * x),
    "leaky_relu": (lambda x, v: F.leaky_relu(x, v), lambda x, v: np.where(x > 0, x, x * v)),
}
POSITIVE = {
    "hardtanh": (lambda x, v: F.hardtanh(x, -v, v), lambda x, v: np.clip(x, -v, v)),
    "elu": (lambda x, v: F.elu(x, v), lambda x, v: np.where(x > 0, x, v * np.expm1(x))),
    "celu": (lambda x, v: F.celu(x, v), lambda x, v: np.where(x > 0, x, v * np.expm1(x / v))),
    "softplus": (lambda x, v: F.softplus(x, beta=v), lambda x, v: np.logaddexp(0, v * x) / v),
    "pow": (lambda x, v: x.abs() ** v, lambda x, v: np.abs(x) ** v),
    "huber_loss": (
        lambda x, v: F.huber_loss(x, 0 * x, reduction="none", delta=v),
        lambda x, v: np.where(np.abs(x) < v, x * x / 2, v * (np.abs(x) - v / 2)),
    ),
    "smooth_l1_loss": (
        lambda x, v: F.smooth_l1_loss(x, 0 * x, reduction="none", beta=v),
        lambda x, v: np.where(np.abs(x) < v, x * x / 2 / v, np.abs(x) - v / 2),
    ),
    "hinge_embedding_loss": (
        lambda x, v: F.hinge_embedding_loss(x, 0 * x - 1, margin=v, reduction="none"),
        lambda x, v: np.maximum(v - x, 0),
    ),
    "margin_ranking_loss": (
        lambda x, v: F.margin_ranking_loss(x, 2 * x, 0 * x + 1, margin=v, reduction="none"),
        lambda x, v: np.maximum(x + v, 0),
    ),
    "gaussian_nll_loss": (
        lambda x, v: F.gaussian_nll_loss(x, 0 * x, 0 * x, eps=v, reduction="none"),
        lambda x, v: (np.log(v) + x * x / v) / 2,
    ),
    "layer_norm": (lambda x, v: F.layer_norm(x, 3, eps=v), lambda x, v: normal(x, 1, v)),
    "batch_norm": (lambda x, v: F.batch_norm(x, None, None, training=True, eps=v), lambda x, v: normal(x, 0, v)),
    "group_norm": (lambda x, v: F.group_norm(x, 1, eps=v), lambda x, v: normal(x, 1, v)),
    "rms_norm": (lambda x, v: F.rms_norm(x, 3, eps=v), lambda x, v: x / np.sqrt((x * x).mean(1, keepdims=True) + v)),
    "normalize": (lambda x, v: F.normalize(0.001 * x, eps=v), lambda x, v: 0.001 * x / np.maximum(_norm(0.001 * x), v)),
}


def _norm(x):
    return np.sqrt((x * x).sum(1, keepdims=True))


@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 2e-14), (np.float32, 2e-6)])
@pytest.mark.parametrize("name", [*SIGNED, *POSITIVE])
def test_a_number_keeps_its_digits(name, dtype, tolerance):
    call, formula = SIGNED.get(name) or POSITIVE[name]
    numbers = (0.1, 1 / 3, math.pi) if name in POSITIVE else (0.1, -1 / 3, math.pi, 1e-9)
    for v in numbers:
        x = X.astype(dtype)
        found = call(microtorch.tensor(x), v).numpy()
        assert found.dtype == dtype
        np.testing.assert_allclose(found, formula(x.astype(np.float64), v), rtol=tolerance)


@pytest.mark.parametrize("name", SIGNED)
def test_a_number_keeps_its_range(name):
    call, formula = SIGNED[name]
    for v in (1e300, -1e300, 1e-300):
        np.testing.assert_allclose(call(microtorch.tensor(X), v).numpy(), formula(X, v), rtol=1e-14)


def test_numbers_without_the_jit():
    tests = [f"{__file__}::test_a_number_keeps_its_{what}" for what in ("digits", "range")]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    done = subprocess.run(command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
