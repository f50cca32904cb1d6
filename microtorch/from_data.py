"""Tensors from lists, numbers and arrays: their dtype, and whether memory is shared."""

import numpy as np

from .autograd.mode import state
from .autograd.observe import tell
from .dtypes import PYTHON_DTYPES, as_dtype
from .errors import ShapeError
from .tensor import Tensor, wrap

__all__ = ["as_tensor", "from_numpy", "tensor"]


def tensor(data, *, dtype=None, requires_grad=False):
    """A tensor with a copy of `data`.

    Parameters
    ----------
    data : array_like
        Numbers, nested sequences of numbers or tensors, an ndarray or a Tensor.
    dtype : numpy.dtype, optional
        Default: that of an ndarray or Tensor; `get_default_dtype` for Python floats, int64 for ints, bool for bools.
    requires_grad : bool, default False
        Whether operations on it are recorded.

    Returns
    -------
    Tensor

    Raises
    ------
    DTypeError
        For dtypes other than float32, float64, int64, int32, uint8 and bool.
    ShapeError
        For sequences of unequal lengths.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    array = _to_array(data, dtype).copy()
    if state.observers:
        tell("made", array, data)
    made = wrap(array)
    as_dtype(made.dtype)
    return made.requires_grad_() if requires_grad else made


def as_tensor(data, dtype=None):
    """`data` as a tensor, sharing memory where that is possible.

    Parameters
    ----------
    data : array_like
        A Tensor of the right dtype is returned as it is, an ndarray is shared, anything else is copied.
    dtype : numpy.dtype, optional
        As in `tensor`.

    Returns
    -------
    Tensor
    """
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    array = _to_array(data, dtype)
    if state.observers:
        tell("made", array, data)
    return Tensor(array)


def from_numpy(ndarray):
    """A tensor over the memory of `ndarray`: what changes one changes the other.

    Parameters
    ----------
    ndarray : numpy.ndarray
        Of dtype float32, float64, int64, int32, uint8 or bool.

    Returns
    -------
    Tensor

    Raises
    ------
    TypeError
        For anything but an ndarray.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy takes an ndarray, not {type(ndarray).__name__}. Use microtorch.tensor(data).")
    return Tensor(ndarray)


def _to_array(data, dtype):
    if isinstance(data, Tensor):
        array = data._array
    elif isinstance(data, np.ndarray | np.generic):
        array = np.asarray(data)
    else:
        array = _from_sequence(data, dtype)
    return array if dtype is None else array.astype(as_dtype(dtype), copy=False)


def _from_sequence(data, dtype):
    try:
        array = np.array(_without_tensors(data))
    except ValueError as error:
        raise ShapeError(f"tensor: {error}. All rows must have the same length.") from None
    if array.dtype == object or array.dtype.kind in "US":
        raise TypeError(f"tensor: cannot make numbers of {type(data).__name__} {str(data)[:60]!r}")
    if dtype is None and array.dtype == np.float64 and not _holds_float64(data):
        return array.astype(PYTHON_DTYPES[float])
    return array


def _without_tensors(data):
    if isinstance(data, Tensor):
        return data._array
    return [_without_tensors(item) for item in data] if isinstance(data, list | tuple) else data


def _holds_float64(data):
    """Whether the first number in nested `data` carries numpy's float64 rather than being a Python float."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return getattr(data, "dtype", None) == np.float64
