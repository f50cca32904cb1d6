"""The six dtypes of tensors, the one that Python floats get, and which numbers each can hold."""

from math import isfinite

import numpy as np

from .errors import DTypeError
from .structure import structure

__all__ = ["get_default_dtype", "set_default_dtype"]

bool_ = np.dtype(np.bool_)
uint8, int32, int64 = (np.dtype(t) for t in (np.uint8, np.int32, np.int64))
float32, float64 = (np.dtype(t) for t in (np.float32, np.float64))

_DTYPES = {bool_, uint8, int32, int64, float32, float64}
PYTHON_DTYPES = {float: float32, int: int64, bool: bool_}  # of Python numbers; `set_default_dtype` changes the first
_RANGES = {bool_: (0, 1), **{d: (int(np.iinfo(d).min), int(np.iinfo(d).max)) for d in (uint8, int32, int64)}}


def _names():
    return ", ".join(sorted(d.name for d in _DTYPES))


def as_dtype(dtype):
    """`dtype` as one of the six that tensors have; Python's float, int and bool mean float64, int64 and bool."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise DTypeError(f"{dtype!r} is no dtype. There are {_names()}: microtorch.float32, for instance.") from None
    if found not in _DTYPES:
        raise DTypeError(f"dtype {found} is none of {_names()}. Convert first, e.g. array.astype('float32').")
    return found


def as_number(operation, value, dtype):
    """`value`, one number or a tensor of one without dimensions, as numpy's scalar of `dtype`.

    Raises
    ------
    DTypeError
        If `dtype` cannot hold it. Fractions are cut off, and -1 is 255 in uint8, as in PyTorch.
    """
    if getattr(value, "ndim", None) == 0:  # a tensor, or a scalar of numpy's
        value = value.item()
    if not isinstance(value, int | float):
        shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        raise TypeError(f"{operation}: takes one number, not {type(value).__name__}{shape} {str(value)[:40]!r}.")
    if dtype.kind in "iu":
        low, high = _RANGES[dtype]
        if low <= value <= high or (dtype.kind == "u" and isinstance(value, int) and -high <= value < 0):
            return dtype.type(wrapped(int(value), dtype))
    elif dtype.kind == "b":
        return dtype.type(bool(value))
    elif abs(value) <= np.finfo(dtype).max.item() or (isinstance(value, float) and not isfinite(value)):
        return dtype.type(value)
    raise cannot_hold(operation, value, dtype)


def wrapped(value, dtype):
    """An int as an int that the integer `dtype` holds: modulo 2ⁿ, as integer arithmetic goes on around the end."""
    low, high = _RANGES[dtype]
    return value if low <= value <= high else (value - low) % (high - low + 1) + low


def refuse_overflow(operation, array, dtype):
    """Raise DTypeError for the first number of an ndarray that the integer `dtype` cannot hold, as `as_number` does."""
    low, high = _RANGES[dtype]
    if dtype.kind == "u" and array.dtype.kind in "iu":
        low = -high
    held = (array >= low) & (array <= high)
    if array.dtype.kind == "f":
        held &= array < 2.0**63  # which is what numpy makes of the last int64 to compare with it
    if not held.all():
        raise cannot_hold(operation, array[~held].flat[0], dtype)


def cannot_hold(operation, value, dtype):
    """The DTypeError for a number outside the range of `dtype`."""
    text = f"an integer of {value.bit_length()} bits" if isinstance(value, int) and abs(value) >> 100 else str(value)
    if dtype.kind == "f":
        return DTypeError(f"{operation}: {dtype} cannot hold {text}. Give float('inf'), or use float64.")
    low, high = _RANGES[dtype]
    return DTypeError(
        f"{operation}: {dtype} cannot hold {text}, only integers from {low} to {high}. Choose another dtype."
    )


def get_default_dtype():
    """The dtype of tensors made from Python floats, and of those made without a dtype: float32 unless changed.

    Returns
    -------
    numpy.dtype

    Examples
    --------
    >>> microtorch.get_default_dtype()
    dtype('float32')
    """
    return PYTHON_DTYPES[float]


def set_default_dtype(dtype):
    """Set the dtype of tensors made from Python floats, and of those made without a dtype.

    Parameters
    ----------
    dtype : numpy.dtype
        float32 or float64.

    Raises
    ------
    DTypeError
        For any other.

    Examples
    --------
    >>> microtorch.set_default_dtype(microtorch.float64)
    >>> microtorch.tensor([1.0]).dtype
    dtype('float64')
    >>> microtorch.set_default_dtype(microtorch.float32)
    """
    dtype = as_dtype(dtype)
    if dtype.kind != "f":
        raise DTypeError(f"set_default_dtype: the default is float32 or float64, not {dtype}")
    PYTHON_DTYPES[float] = dtype
    structure.moved()
