"""Numbers at and beyond the limits of the integer dtypes: put into a tensor they must fit, computed with they wrap."""

import operator

import numpy as np
import pytest

import microtorch as mt
from microtorch.errors import DTypeError
from microtorch.nn import functional as F
from microtorch.nn import init

LIMITS = {name: (int(np.iinfo(name).min), int(np.iinfo(name).max)) for name in ("uint8", "int32", "int64")}
NAN, INF = float("nan"), float("inf")
HELD = {  # and what becomes of it: fractions are cut off, a negative integer counts from the end of uint8
    "uint8": {0: 0, 255: 255, -1: 255, -255: 1, 1.5: 1, 254.9: 254, True: 1},
    "int32": {2**31 - 1: 2**31 - 1, -(2**31): -(2**31), -1.5: -1},
    "int64": {2**63 - 1: 2**63 - 1, -(2**63): -(2**63), -1.5: -1},
}
NOT_HELD = {
    "uint8": [256, 300, -256, 2**31, 2**63, 10**40, 300.5, -0.5, -1.5, 255.5, NAN, INF, -INF, np.int64(300)],
    "int32": [2**31, -(2**31) - 1, 2**63, 10**40, 1e30, -3e9, NAN, INF, -INF, np.float32(1e12)],
    "int64": [2**63, -(2**63) - 1, 10**40, 2.0**63, 1e30, NAN, INF, -INF, np.float64(1e30)],
}


def t(dtype, *values):
    return mt.tensor(list(values), dtype=dtype)


def assign(tensor, index, value):
    tensor[index] = value
    return tensor


# From a dtype and a number to a tensor of that dtype that holds the number at position 0.
PUT = {
    "tensor": lambda d, n: mt.tensor([n], dtype=d),
    "tensor, 0-d": lambda d, n: mt.tensor(n, dtype=d).reshape(1),
    "tensor, nested": lambda d, n: mt.tensor([[n, 1]], dtype=d)[0],
    "as_tensor": lambda d, n: mt.as_tensor([n], dtype=d),
    "new_tensor": lambda d, n: t(d, 0).new_tensor([n]),
    "full": lambda d, n: mt.full((1,), n, dtype=d),
    "full_like": lambda d, n: mt.full_like(t(d, 0), n),
    "new_full": lambda d, n: t(d, 0).new_full((1,), n),
    "fill_": lambda d, n: t(d, 0).fill_(n),
    "t[0] =": lambda d, n: assign(t(d, 0), 0, n),
    "t[:1] =": lambda d, n: assign(t(d, 0, 1), slice(1), n),
    "t[[0]] =": lambda d, n: assign(t(d, 0, 1), [0], [n]),
    "scatter": lambda d, n: t(d, 0).scatter(0, mt.tensor([0]), n),
    "scatter, value=": lambda d, n: t(d, 0).scatter(0, mt.tensor([0]), value=n),
    "scatter_": lambda d, n: t(d, 0).scatter_(0, mt.tensor([0]), n),
    "scatter, add": lambda d, n: t(d, 0).scatter(0, mt.tensor([0]), n, reduce="add"),
    "scatter, multiply": lambda d, n: t(d, 1).scatter(0, mt.tensor([0]), n, reduce="multiply"),
    "constant_": lambda d, n: init.constant_(t(d, 0), n),
}
# These make a floating result of an integer tensor and a float, or refuse it for their own reasons.
PUT_INTEGER = {
    "masked_fill": lambda d, n: t(d, 0, 1).masked_fill(mt.tensor([True, False]), n),
    "masked_fill_": lambda d, n: t(d, 0, 1).masked_fill_(mt.tensor([True, False]), n),
    "where": lambda d, n: mt.where(mt.tensor([True]), n, t(d, 0)),
    "where, other": lambda d, n: mt.where(mt.tensor([False]), t(d, 0), n),
    "linspace": lambda d, n: mt.linspace(n, 0, 2, dtype=d),
    "linspace, end": lambda d, n: mt.linspace(0, n, 2, dtype=d)[1:],
    "arange": lambda d, n: mt.arange(n, n + 1, dtype=d),
    "clamp": lambda d, n: mt.clamp(t(d, 3), n, n),
    "clip": lambda d, n: t(d, 3).clip(max=n).clip(min=n),
    "maximum": lambda d, n: mt.maximum(mt.minimum(t(d, 3), n), n),
    "index_add, alpha": lambda d, n: t(d, 0).index_add(0, mt.tensor([0]), t(d, 1), alpha=n),
    "add, alpha": lambda d, n: mt.add(t(d, 0), t(d, 1), alpha=n),
    "add, number and alpha": lambda d, n: mt.add(t(d, 0), 1, alpha=n),
    "sub, alpha": lambda d, n: -mt.sub(t(d, 0), t(d, 1), alpha=n),
    "addmm, beta": lambda d, n: mt.addmm(t(d, 1)[None], t(d, 0)[None], t(d, 0)[None], beta=n)[0],
    "addmm, alpha": lambda d, n: mt.addmm(t(d, 0)[None], t(d, 1)[None], t(d, 1)[None], alpha=n)[0],
    "pow": lambda d, n: t(d, 1) ** abs(n),
}


def is_integer(n):
    return isinstance(n, int | np.integer)


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("name", [*PUT, *PUT_INTEGER])
def test_a_number_that_is_put_into_a_tensor_fits(name, dtype):
    put = PUT.get(name) or PUT_INTEGER[name]
    for n, held in HELD[dtype].items():
        if (name in PUT or is_integer(n)) and not (name == "pow" and abs(n) > 255 - (n < 0)):
            y = put(dtype, n)
            assert (y.dtype.name, y.tolist()[0]) == (dtype, 1 if name == "pow" else held), n
    for n in NOT_HELD[dtype]:
        if name in PUT or is_integer(n):
            with pytest.raises(DTypeError, match=f"{dtype}|int64 cannot hold"):
                put(dtype, n)


@pytest.mark.parametrize("dtype", LIMITS)
def test_the_message_names_number_and_dtype(dtype):
    low, high = LIMITS[dtype]
    with pytest.raises(DTypeError, match=f"tensor: {dtype} cannot hold {high + 1}, only integers from {low} to {high}"):
        mt.tensor([0, high + 1], dtype=dtype)


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.pad(t("uint8", 1), (1, 1), value=300),
        lambda: F.pad(t("uint8", 1), (1, 1), value=-1),
        lambda: F.pad(t("int64", 1), (1, 1), value=NAN),
        lambda: F.threshold(t("uint8", 1), 5, 300),
        lambda: F.threshold(t("uint8", 1), 300, 5),
        lambda: F.hardtanh(t("uint8", 1), 0, 300),
        lambda: F.hardtanh(t("uint8", 1), -1, 30),
        lambda: F.hardtanh(t("int32", 1), 0, 2**31),
        lambda: mt.arange(254, 258, dtype=mt.uint8),
        lambda: mt.arange(0, 2**31 + 1, 2**30, dtype=mt.int32),
        lambda: mt.randint(0, 257, (2,), dtype=mt.uint8),
        lambda: mt.randint(-1, 2, (2,), dtype=mt.uint8),
        lambda: mt.randint(0, 3, (2,), dtype=mt.bool),
        lambda: mt.randint_like(t("uint8", 1), 300),
        lambda: mt.randperm(257, dtype=mt.uint8),
        lambda: mt.tensor([2**63]),
        lambda: mt.tensor([10**400], dtype=mt.float64),
        lambda: mt.full((1,), 1e300),
        lambda: mt.zeros(1).fill_(1e300),
        lambda: mt.zeros(1).masked_fill(mt.tensor([True]), 1e300),
        lambda: mt.zeros(1).uniform_(0, 1e300),
        lambda: mt.linspace(0, 1e300, 3),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(DTypeError, match="cannot hold"):
        call()


def test_what_fits_is_taken():
    assert mt.randint(255, 256, (2,), dtype=mt.uint8).tolist() == [255, 255]
    assert sorted(mt.randperm(256, dtype=mt.uint8).tolist()) == list(range(256))
    assert mt.full((1,), INF).tolist() == [INF]
    assert mt.tensor([1e300]).tolist() == [INF]  # as numpy casts, and PyTorch
    assert mt.tensor([2**64, 0.5]).dtype == mt.float32
    assert mt.tensor([2**64, 0], dtype=mt.bool).tolist() == [True, False]


@pytest.mark.parametrize("source", [np.array([300, -1]), mt.tensor([300, -1])], ids=["array", "tensor"])
def test_arrays_and_tensors_are_cast(source):
    assert mt.tensor(source, dtype=mt.uint8).tolist() == [44, 255]
    assert mt.as_tensor(source, dtype=mt.uint8).tolist() == [44, 255]
    assert assign(t("uint8", 0, 0), slice(None), source).tolist() == [44, 255]


# -- arithmetic --------------------------------------------------------------------------------------------------------

NUMBERS = {
    "uint8": [-257, -256, -1, 0, 1, 255, 256, 300],
    "int32": [-(2**31) - 1, -(2**31), 2**31 - 1, 2**31, 2**32],
    "int64": [-(2**63), 2**63 - 1, 2**63, 2**64 - 1],
}
VALUES = {
    "uint8": [0, 1, 44, 200, 255],
    "int32": [0, 1, -5, 2**31 - 1, -(2**31)],
    "int64": [0, 1, -5, 2**63 - 1, -(2**63)],
}
SYMBOLS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def wrapped(n, dtype):
    """Modulo 2ⁿ into the range of `dtype`."""
    low, high = LIMITS[dtype]
    return (n - low) % (high - low + 1) + low


@pytest.mark.parametrize("dtype", LIMITS)
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_numbers_wrap_in_arithmetic(symbol, dtype):
    compute, values = SYMBOLS[symbol], VALUES[dtype]
    for n in NUMBERS[dtype]:
        m = wrapped(n, dtype)
        for call, expect, divisors in [
            (lambda x, n=n: compute(x, n), lambda a, m=m: compute(a, m), [m]),
            (lambda x, n=n: compute(n, x), lambda a, m=m: compute(m, a), values),
        ]:
            if symbol in "//%" and 0 in divisors:
                continue
            y = call(mt.tensor(values, dtype=dtype))
            wanted = [expect(a) for a in values]
            assert y.tolist() == [w if isinstance(w, bool) else wrapped(w, dtype) for w in wanted], n


def _answer(lib, call, values, dtype, n):
    """The values and the dtype of a result, or "refused"."""
    try:
        y = call(lib, lib.tensor(values, dtype=getattr(lib, dtype)), n)
    except Exception:
        return "refused"
    return y.tolist(), str(y.dtype).removeprefix("torch.")


METHODS = """add_ sub_ mul_ floor_divide_ remainder_ fmod_ pow_ bitwise_and_ bitwise_or_ bitwise_xor_ __rsub__ __rpow__
    __radd__ __rmul__ __rmod__ fmod eq ne lt le gt ge add sub mul pow floor_divide remainder"""


DIVISIONS = {"//", "%", "floor_divide_", "remainder_", "fmod_", "fmod", "floor_divide", "remainder", "floor", "trunc"}


@pytest.mark.oracle
@pytest.mark.parametrize("dtype", LIMITS)
def test_numbers_wrap_as_in_pytorch(dtype, torch):
    calls = {
        **{s: lambda lib, x, n, f=f: f(x, n) for s, f in SYMBOLS.items()},
        **{s + " reflected": lambda lib, x, n, f=f: f(n, x) for s, f in SYMBOLS.items()},
        **{m: lambda lib, x, n, m=m: getattr(lib.Tensor, m)(x, n) for m in METHODS.split()},
        **{m: lambda lib, x, n, m=m: lib.div(x, n, rounding_mode=m) for m in ("floor", "trunc")},
    }
    for n in [*NUMBERS[dtype], -(2**63) - 1, 2**64]:
        for values in (VALUES[dtype], VALUES[dtype][1]):
            for name, call in calls.items():
                if wrapped(n, dtype) == -1 and name in DIVISIONS:
                    continue  # the lowest integer by -1 ends PyTorch's process
                mine, theirs = (_answer(lib, call, values, dtype, n) for lib in (mt, torch))
                assert mine == theirs, (name, values, n)


def test_division_takes_the_number_as_it_is():
    assert (t("uint8", 150) / 300).tolist() == [0.5]
    assert (300 / t("uint8", 150)).tolist() == [2.0]
    assert mt.atan2(t("uint8", 0), -300).item() == pytest.approx(np.pi)
    assert mt.hypot(t("uint8", 200), -150).item() == 250


def test_an_integer_beyond_64_bits_is_refused():
    for call in (lambda: mt.arange(2) + 10**30, lambda: 10**30 * t("uint8", 1), lambda: mt.arange(2) == -(10**30)):
        with pytest.raises(DTypeError, match="an operand: int64 cannot hold"):
            call()
