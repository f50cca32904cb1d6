"""Kernels against the formulas that they stand for."""

import importlib
import inspect

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


# -- where arrays lie --------------------------------------------------------------------------------------------------

# The compiler has a loop for several elements at once and one for a single one, and takes the second where an output
# begins shortly behind an input. Both must round alike, or a seed would not repeat a run.
ARRAYS = {"x", "y", "z", "a", "b", "t", "w", "dx", "dy", "da", "db", "dw", "dz", "out"}
NUMBERS = {"beta": 1.7, "threshold": 20.0, "alpha": 1.3, "lo": -0.5, "hi": 0.5, "slope": 0.1, "scale": 1.05}


def by_element():
    for stem in ("pointwise", "special", "nn.elu", "nn.gelu_and_silu", "nn.hardtanh", "nn.relu", "nn.softplus"):
        module = importlib.import_module(f"microtorch.kernels.{stem}")
        for name, kernel in vars(module).items():
            function = getattr(kernel, "function", None) or getattr(kernel, "py_func", None)
            if function is None or function.__module__ != module.__name__ or name == "gamma_sample_gradient":
                continue
            names = list(inspect.signature(function).parameters)
            if len(ARRAYS.intersection(names)) > 1 and not name.startswith("_"):
                yield pytest.param(module, name, names, id=name)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("module, name, names", list(by_element()))
def test_a_result_does_not_depend_on_where_the_arrays_lie(module, name, names, dtype):
    rng = np.random.default_rng(0)

    def bits(arrays):
        given = iter(arrays)
        getattr(module, name)(*(next(given) if n in ARRAYS else NUMBERS.get(n, 1.0) for n in names))
        return [a.tobytes() for a in arrays]

    count = sum(n in ARRAYS for n in names)
    for size in (2, 3, 5, 8, 12, 16, 31, 40):
        values = [(0.05 + 0.7 * np.abs(rng.standard_normal(size))).astype(dtype) for _ in range(count)]
        expected = bits([v.copy() for v in values])
        for gap in (0, 1, 4, 8, 16, 32, 64):
            for direction in (1, -1):
                memory = np.zeros((size + gap) * count, dtype)
                near = [memory[i * (size + gap) :][:size] for i in range(count)][::direction]
                for place, v in zip(near, values, strict=True):
                    place[:] = v
                assert bits(near) == expected, (size, gap, direction)
