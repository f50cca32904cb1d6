"""Which dtype results have: PyTorch's promotion, casts, and the names and the default of dtypes."""

import itertools

import numpy as np
import pytest

import microtorch
from microtorch.errors import DTypeError

DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]


def operands(library, dtypes):
    """In each dtype a tensor with dimensions and one without, and Python's numbers."""
    for dtype in dtypes:
        yield library.ones(2, dtype=dtype)
        yield library.ones((), dtype=dtype)
    yield from (True, 2, 2.5)


@pytest.mark.oracle
@pytest.mark.parametrize("operation", ["add", "mul", "true_divide", "maximum", "atan2"])
def test_promotion_is_pytorchs(operation, torch):
    mine = list(operands(microtorch, DTYPES))
    theirs = list(operands(torch, [getattr(torch, d) for d in DTYPES]))
    compared = 0
    for (a, their_a), (b, their_b) in itertools.product(zip(mine, theirs, strict=True), repeat=2):
        try:
            expected = getattr(torch, operation)(their_a, their_b).dtype
        except (TypeError, RuntimeError):  # PyTorch wants tensors here; microtorch takes numbers, too
            continue
        assert f"torch.{getattr(microtorch, operation)(a, b).dtype}" == str(expected), (a, b)
        compared += 1
    assert compared >= 144


@pytest.mark.parametrize(
    "other, expected",
    [
        (np.float64(2), "float32"),  # numpy's scalars count as Python's numbers
        (np.int64(2), "float32"),
        (np.ones(2), "float64"),
        (microtorch.tensor(2.5, dtype=microtorch.float64), "float32"),
    ],
)
def test_float32_with(other, expected):
    x = microtorch.ones(2, requires_grad=True)
    for y in (x * other, other * x, x / other, other / x, x**other, other**x, x - other, other - x):
        assert y.dtype == expected
        y.sum().backward()
        assert x.grad.dtype == "float32"


def test_names_of_dtypes():
    assert microtorch.float is microtorch.float32
    assert microtorch.long is microtorch.int64
    x = microtorch.tensor([0.0, 2.7])
    assert (x.double().dtype, x.float().dtype, x.bool().tolist(), x.long().tolist(), x.byte().dtype) == (
        "float64",
        "float32",
        [False, True],
        [0, 2],
        "uint8",
    )
    assert x.int().dtype == "int32"
    assert x.type_as(microtorch.arange(2)).dtype == "int64"


@pytest.mark.parametrize("asked", [(microtorch.float32,), ("cpu",), (microtorch.ones(1),), ("cpu", microtorch.float32)])
def test_to_without_change_is_the_tensor_itself(asked):
    x = microtorch.ones(2)
    assert x.to(*asked) is x
    copied = x.to(*asked, copy=True)
    copied.zero_()
    assert x.tolist() == [1, 1]


def test_cast_hands_the_gradient_back_in_the_dtype_of_the_input():
    x = microtorch.ones(2, requires_grad=True)
    (x.double() * 3).sum().backward()
    assert (x.grad.dtype, x.grad.tolist()) == ("float32", [3, 3])
    assert not x.long().requires_grad


def test_to_refuses_what_there_is_not():
    with pytest.raises(ValueError, match="device 'cuda': microtorch runs on the CPU only"):
        microtorch.ones(2).to("cuda")
    with pytest.raises(DTypeError, match="complex64 is none of"):
        microtorch.ones(2).to(np.complex64)


def test_default_dtype():
    microtorch.set_default_dtype(microtorch.float64)
    try:
        made = (microtorch.zeros(2), microtorch.tensor(1.5), microtorch.rand(2), microtorch.arange(2) * 1.5)
        assert {t.dtype.name for t in (*made, microtorch.exp(microtorch.arange(2)))} == {"float64"}
    finally:
        microtorch.set_default_dtype(microtorch.float32)
    assert microtorch.zeros(2).dtype == microtorch.get_default_dtype() == "float32"
    with pytest.raises(DTypeError, match="float32 or float64, not int64"):
        microtorch.set_default_dtype(microtorch.int64)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda b: b - b, r"sub: not for bool tensors\. Use logical_xor"),
        (lambda b: -b, r"neg: not for bool tensors\. Use logical_not"),
        (lambda b: b**b, "pow: not for bool"),
        (lambda b: abs(b), "abs: not for bool"),
        (lambda b: microtorch.arange(3) ** -1, "pow: an integer tensor to the power -1 is not an integer"),
        (
            lambda b: microtorch.add(microtorch.arange(3), 1, alpha=0.5),
            "add: alpha=0.5 is a float, and the result is int64",
        ),
        (lambda b: microtorch.ones(2) & 1, "bitwise_and: takes integer and bool tensors"),
        (lambda b: microtorch.where(microtorch.ones(1), 1, 2), "where: condition is float32, not bool"),
        (
            lambda b: microtorch.lerp(microtorch.ones(1), microtorch.ones(1).double(), 0.5),
            "input is float32, end is float64",
        ),
        (lambda b: microtorch.round(microtorch.arange(3), decimals=1), "round: decimals=1 for an int64 tensor"),
    ],
)
def test_dtype_errors(call, message):
    with pytest.raises(DTypeError, match=message):
        call(microtorch.tensor([True, False]))


def test_integers_divided_by_zero():
    for call in (microtorch.floor_divide, microtorch.remainder, microtorch.fmod):
        with pytest.raises(ZeroDivisionError, match=f"{call.__name__}: `other` holds 0"):
            call(microtorch.arange(3), 0)
    assert (microtorch.arange(2) / 0).isinf().tolist() == [False, True]
