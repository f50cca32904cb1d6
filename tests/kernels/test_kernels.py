"""Kernels against the formulas that they stand for."""

import numpy as np
import pytest

from microtorch.kernels.nn import linear
from microtorch.kernels.nn import relu as activation


@pytest.mark.parametrize("N, M", [(1, 1), (3, 5), (64, 17), (0, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_linear_does_besides_its_products(N, M, dtype):
    rng = np.random.default_rng(0)
    y, b, dy = (np.asarray(rng.standard_normal(shape), dtype) for shape in ((N, M), (M,), (N, M)))
    wanted = y + b
    linear.add_bias(y, b)
    assert np.array_equal(y, wanted)
    db = np.empty(M, dtype)
    linear.sum_of_rows(dy, db)
    np.testing.assert_array_equal(db, np.add.reduce(dy, 0))


@pytest.mark.parametrize("special", [(), (np.nan, np.inf, -np.inf, 0.0, -0.0)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_two_kernels_in_one_equal_the_two(special, dtype):
    rng = np.random.default_rng(0)
    x, b, dz = (np.asarray(rng.standard_normal(shape), dtype) for shape in ((6, 7), (7,), (6, 7)))
    x.ravel()[: len(special)] = special
    y, z = x.copy(), np.empty_like(x)
    linear.add_bias(y, b)
    activation.relu(y.ravel(), z.ravel())
    y1, z1 = x.copy(), np.empty_like(x)
    linear.add_bias_and_relu(y1, b, z1.ravel())
    assert np.array_equal(y, y1, equal_nan=True)
    assert np.array_equal(z, z1, equal_nan=True)
    assert np.array_equal(z, np.maximum(y, 0), equal_nan=True)
    dy, db, dy1, db1 = np.empty_like(x), np.empty_like(b), np.empty_like(x), np.empty_like(b)
    activation.relu_backward(dz.ravel(), z.ravel(), dy.ravel())
    linear.sum_of_rows(dy, db)
    linear.relu_backward_and_sum(dz.ravel(), z.ravel(), dy1, db1)
    assert np.array_equal(dy, dy1, equal_nan=True)
    assert np.array_equal(db, db1, equal_nan=True)
