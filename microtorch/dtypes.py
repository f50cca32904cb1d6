"""The six dtypes of tensors, and the one that Python floats get."""

import numpy as np

from .errors import DTypeError

__all__ = ["get_default_dtype", "set_default_dtype"]

bool_ = np.dtype(np.bool_)
uint8, int32, int64 = (np.dtype(t) for t in (np.uint8, np.int32, np.int64))
float32, float64 = (np.dtype(t) for t in (np.float32, np.float64))

_DTYPES = {bool_, uint8, int32, int64, float32, float64}
PYTHON_DTYPES = {float: float32, int: int64, bool: bool_}  # of Python numbers; `set_default_dtype` changes the first


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


def get_default_dtype():
    """The dtype of tensors made from Python floats, and of those made without a dtype: float32 unless changed.

    Returns
    -------
    numpy.dtype

    Examples
    --------
    >>> import microtorch
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
    >>> import microtorch
    >>> microtorch.set_default_dtype(microtorch.float64)
    >>> microtorch.tensor([1.0]).dtype
    dtype('float64')
    >>> microtorch.set_default_dtype(microtorch.float32)
    """
    dtype = as_dtype(dtype)
    if dtype.kind != "f":
        raise DTypeError(f"set_default_dtype: the default is float32 or float64, not {dtype}")
    PYTHON_DTYPES[float] = dtype
