"""Operations by element where they do more than a formula: kernels, zero that absorbs, roots at 0, numpy's dispatch."""

import copy
import math

import numpy as np
import pytest

import microtorch
from microtorch import ops
from microtorch.errors import GraphError, ShapeError
from microtorch.kernels import pointwise as kernels

SPECIAL = [
    0.0,
    -0.0,
    np.inf,
    -np.inf,
    np.nan,
    1e-40,
    -1e-40,
    88.0,
    89.5,
    -87.5,
    -104.0,
    709.0,
    -745.0,
    1e-8,
    -0.625,
    4.5,
]


def erf(x):
    return np.array([math.erf(v) for v in x], x.dtype)


KERNELS = {
    "exp": (kernels.exp, np.exp),
    "tanh": (kernels.tanh, np.tanh),
    "sigmoid": (kernels.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "erf": (kernels.erf, erf),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype, ulps", [(np.float32, 8), (np.float64, 4)])
@pytest.mark.parametrize("name", KERNELS)
def test_kernels_are_exact_to_a_few_last_digits(name, dtype, ulps):
    kernel, formula = KERNELS[name]
    x = np.concatenate([np.linspace(-90, 90, 10_001), np.linspace(-5, 5, 10_001), SPECIAL]).astype(dtype)
    y = np.empty_like(x)
    kernel(x, y)
    expected = formula(x.astype(np.longdouble if name != "erf" else np.float64)).astype(dtype)
    tiny = np.finfo(dtype).tiny  # below it digits are fewer
    np.testing.assert_allclose(y, expected, rtol=ulps * np.finfo(dtype).eps, atol=8 * tiny * np.finfo(dtype).eps + tiny)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 0), (2, 3), (40, 50)])
@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "erf"])
def test_shape_and_layout_do_not_matter(name, shape):
    x = np.random.default_rng(0).normal(size=shape).astype("f")
    wide = np.zeros((*shape, 2), "f")
    wide[..., 0] = x
    function = getattr(microtorch, name)
    plain, strided = function(microtorch.tensor(x)), function(microtorch.from_numpy(wide)[..., 0])
    assert plain.shape == strided.shape == shape
    assert plain.tolist() == strided.tolist()


@pytest.mark.parametrize(
    "bad, function",
    [
        (0.0, lambda x: 1 / x),
        (0.0, lambda x: x.log()),
        (0.0, lambda x: x.rsqrt()),
        (0.0, lambda x: x**-1.5),
        (0.0, lambda x: x * x.log()),  # the product of 0 and -inf
        (0.0, lambda x: x / x),
        (-1.0, lambda x: x.sqrt()),
        (-1.0, lambda x: x.log1p()),
        (800.0, lambda x: x.exp() / x.exp()),
        (800.0, lambda x: x.sinh().tanh()),
        (np.nan, lambda x: x.sigmoid()),
        (np.nan, lambda x: x.tanh() * x),
        (0.0, lambda x: microtorch.atan2(x, x * 0)),
    ],
)
def test_a_branch_that_where_switched_off_leaks_nothing(bad, function):
    x = microtorch.tensor([bad, 2.0], dtype=microtorch.float64, requires_grad=True)
    kept = microtorch.tensor([False, True])
    (dx,) = microtorch.autograd.grad(microtorch.where(kept, function(x), 0.0).sum(), x, create_graph=True)
    assert dx[0].item() == 0
    assert dx[1].isfinite().item()
    if dx.requires_grad:
        (ddx,) = microtorch.autograd.grad(dx.sum(), x)
        assert ddx[0].item() == 0


@pytest.mark.parametrize(
    "norm",
    [
        lambda x: (x * x).sum().sqrt(),
        lambda x: (x * x).sum() ** 0.5,
        lambda x: (x**2).sum() ** microtorch.tensor(0.5),
        lambda x: microtorch.hypot(x[0], x[1]),
        lambda x: (x.abs() ** 3).sum() ** (1 / 3),
    ],
)
def test_norms_have_their_least_subgradient_at_zero(norm):
    x = microtorch.zeros(2, requires_grad=True)
    norm(x).backward()
    assert x.grad.tolist() == [0, 0]
    x = microtorch.tensor([3.0, 0.0], requires_grad=True)
    norm(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [1, 0], atol=1e-6)


def test_operations_on_0d_tensors_have_second_derivatives():
    for function in (microtorch.exp, microtorch.tanh, microtorch.sqrt, microtorch.reciprocal, microtorch.sigmoid):
        x = microtorch.tensor(0.7, dtype=microtorch.float64, requires_grad=True)
        (dx,) = microtorch.autograd.grad(function(x), x, create_graph=True)
        (ddx,) = microtorch.autograd.grad(dx, x)
        h = 1e-4
        with microtorch.no_grad():
            expected = (function(x + h) - 2 * function(x) + function(x - h)) / h**2
        assert ddx.item() == pytest.approx(expected.item(), abs=1e-6)


def test_integer_powers_of_tensors_that_are_negative():
    base, exponent = microtorch.tensor([1, -1, -1, 2, 3]), microtorch.tensor([-3, -3, -2, -1, 2])
    assert (base**exponent).tolist() == [1, -1, 1, 0, 9]


NUMPY = [
    np.exp,
    np.exp2,
    np.expm1,
    np.log,
    np.log2,
    np.log10,
    np.log1p,
    np.sqrt,
    np.square,
    np.abs,
    np.sign,
    np.sin,
    np.cos,
    np.tan,
    np.sinh,
    np.cosh,
    np.tanh,
    np.floor,
    np.ceil,
    np.trunc,
    np.round,
    np.negative,
    np.reciprocal,
    np.isnan,
    np.isfinite,
    np.nan_to_num,
    lambda x: np.add(2, x),
    lambda x: np.subtract(x, np.float64(1)),
    lambda x: np.maximum(x, 1.5),
    lambda x: np.clip(x, 1, 2),
    lambda x: np.where(x > 1, x, 0),
    lambda x: np.power(2.0, x),
    lambda x: np.hypot(x, x) + np.arctan2(x, 1),
    lambda x: np.remainder(x, 0.7) + np.fmod(x, 0.7) + x // 0.7,
    lambda x: np.full_like(x, 3) + np.zeros_like(x) * np.ones_like(x),
    lambda x: np.isclose(x, x) & (x >= 1),
]


@pytest.mark.parametrize("function", NUMPY)
def test_numpys_functions_take_tensors(function):
    array = np.array([0.3, 1.0, 2.5])
    result = function(microtorch.tensor(array))
    assert isinstance(result, microtorch.Tensor)
    np.testing.assert_allclose(result.numpy(), function(array), rtol=1e-12)


def test_in_place_operations_are_recorded():
    x = microtorch.tensor([1.0, 4.0], requires_grad=True)
    y = x * 2
    held = y
    y += 1
    y.sqrt_().mul_(3).clamp_(max=8)
    assert y is held
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [3 / np.sqrt(3), 0], rtol=1e-6)  # 3 · √9 = 9 is above the bound


@pytest.mark.parametrize(
    "change", [lambda y: y.zero_(), lambda y: y.fill_(2), lambda y: y.normal_(), lambda y: y.uniform_()]
)
def test_what_is_overwritten_gets_no_gradient(change):
    x = microtorch.ones(2, requires_grad=True)
    y = x * 2
    change(y)
    (y * x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


def test_copy_takes_values_dtype_and_gradient():
    source = microtorch.tensor(3.0, dtype=microtorch.float64, requires_grad=True)
    target = microtorch.zeros(2, 2)
    target.copy_(source)
    assert (target.dtype, target.tolist()) == ("float32", [[3, 3], [3, 3]])
    target.sum().backward()
    assert source.grad.item() == 4
    with pytest.raises(ShapeError, match="expands to it"):
        target.detach().copy_(microtorch.zeros(3))
    with pytest.raises(GraphError, match="leaf"):
        source.fill_(0)


def test_fill_keeps_every_digit_of_a_float64():
    x = microtorch.zeros(1, dtype=microtorch.float64)
    assert x.fill_(0.1).item() == microtorch.full((1,), 0.1, dtype=microtorch.float64).item() == 0.1


def test_clone_is_a_copy_in_the_graph():
    x = microtorch.ones(2, requires_grad=True)
    for y in (x.clone(), copy.copy(x)):
        assert y.grad_fn is not None
        y.detach().zero_()
        assert x.tolist() == [1, 1]


def test_comparison_with_what_is_no_number():
    x = microtorch.ones(2)
    assert (x == None) is False  # noqa: E711
    assert x != "ones"
    assert (x == [1, 2]).tolist() == [True, False]
    with pytest.raises(TypeError, match="must be a Tensor, an array or a number, not str"):
        x < "a"  # noqa: B015
    with pytest.raises(ShapeError, match=r"lt: shapes \(2,\) and \(3,\) do not broadcast"):
        x < microtorch.ones(3)  # noqa: B015


def test_equal_and_allclose_give_bools():
    x = microtorch.tensor([1.0, np.nan])
    assert microtorch.equal(x[:1], x[:1]) is True
    assert microtorch.equal(x, x) is False
    assert microtorch.equal(x, x[:1]) is False
    assert microtorch.allclose(x, x) is False
    assert microtorch.allclose(x, x, equal_nan=True) is True
    assert ops.isclose(microtorch.tensor([3], dtype="uint8"), microtorch.tensor([4], dtype="uint8"), atol=1).item()
