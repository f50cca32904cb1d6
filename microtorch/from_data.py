"""Tensors from lists, numbers and arrays: their dtype, and whether memory is shared.

Returns
-------
Tensor
"""

import numpy as np

from .autograd.mode import state
from .autograd.observe import tell
from .devices import check_device
from .dtypes import PYTHON_DTYPES, as_dtype, as_number, float64, int64, refuse_overflow
from .errors import ShapeError
from .tensor import Tensor, over, wrap

__all__ = ["as_tensor", "from_numpy", "tensor"]


def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A tensor with a copy of `data`.

    Parameters
    ----------
    data : array_like
        Numbers, nested sequences of numbers or tensors, an ndarray or a Tensor.
    dtype : numpy.dtype, optional
        Default: that of an ndarray or Tensor; `get_default_dtype` for Python floats, int64 for ints, bool for bools.
    device : str or device, optional
        ``"cpu"``: there is no other.
    requires_grad : bool, default False
        Whether operations on it are recorded.
    pin_memory : bool, default False
        Accepted for compatibility: there is no device to copy to.

    Raises
    ------
    DTypeError
        For dtypes other than float32, float64, int64, int32, uint8 and bool, and for Python numbers that `dtype` cannot
        hold: 300 or NaN in uint8. Arrays and tensors are cast as they are, modulo 2ⁿ.
    ShapeError
        For sequences of unequal lengths.

    Examples
    --------
    >>> microtorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    check_device(device)
    array = as_array(data, dtype).copy()
    if state.observers:
        tell("made", array, data)
    made = wrap(array)
    as_dtype(made.dtype)
    return made.requires_grad_() if requires_grad else made


def as_tensor(data, dtype=None, device=None):
    """`data` as a tensor, sharing memory where that is possible.

    Parameters
    ----------
    data : array_like
        A Tensor of the right dtype is returned as it is, an ndarray is shared, anything else is copied.
    dtype : numpy.dtype, optional
        As in `tensor`.
    device : str or device, optional
        ``"cpu"``: there is no other.
    """
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    array = as_array(data, dtype)
    if state.observers:
        tell("made", array, data)
    return over(array)


def from_numpy(ndarray):
    """A tensor over the memory of `ndarray`: what changes one changes the other.

    Parameters
    ----------
    ndarray : numpy.ndarray
        Of dtype float32, float64, int64, int32, uint8 or bool.

    Raises
    ------
    TypeError
        For anything but an ndarray.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy takes an ndarray, not {type(ndarray).__name__}. Use microtorch.tensor(data).")
    made = over(ndarray)
    if state.observers:
        tell("made", made._array, ndarray)
    return made


def as_array(data, dtype):
    """The array of `data` in `dtype`, or in the dtype it asks for; shared where that is possible."""
    if isinstance(data, Tensor):
        array = data._array
    elif isinstance(data, np.ndarray | np.generic):
        array = np.asarray(data)
        if array.dtype.kind not in "biuf":
            as_dtype(array.dtype)  # complex numbers, strings and objects are refused, not converted
    else:
        return _from_sequence(data, None if dtype is None else as_dtype(dtype))
    if dtype is None:
        return array
    if isinstance(data, np.generic) and (dtype := as_dtype(dtype)).kind in "iu":  # one number: as a Python number
        refuse_overflow("tensor", array, dtype)
    return array.astype(as_dtype(dtype), copy=False)


def _from_sequence(data, dtype):
    try:
        numbers = _without_tensors(data)
        array = np.array(numbers)
        if array.dtype == np.float64 and (array >= 2.0**63).any():  # numpy has made floats of large integers
            objects = np.array(numbers, object)
            array = objects if all(isinstance(x, int) for x in objects.flat) else array
    except RecursionError:
        raise ShapeError("tensor: the sequence is nested too deeply; does it contain itself?") from None
    except ValueError as error:
        raise ShapeError(f"tensor: {error}. All rows must have the same length.") from None
    if array.dtype == object and array.size and all(isinstance(x, int | float) for x in array.flat):
        return _from_large_integers(array, dtype)
    if array.dtype.kind == "c":
        as_dtype(array.dtype)  # which refuses it
    if array.dtype.kind not in "biuf":
        raise TypeError(f"tensor: cannot make numbers of {type(data).__name__} {str(data)[:60]!r}")
    if dtype is None:
        if array.dtype == np.uint64:
            refuse_overflow("tensor", array, int64)
        elif array.dtype == np.float64 and not _holds_float64(data):
            return array.astype(PYTHON_DTYPES[float])
        return array
    if dtype.kind in "iu" and array.dtype != dtype:
        refuse_overflow("tensor", array, dtype)
    return array.astype(dtype, copy=False)


def _from_large_integers(array, dtype):
    """Numbers that numpy has left as objects, because some of them are integers of more than 64 bits."""
    if dtype is None:
        dtype = PYTHON_DTYPES[float] if any(isinstance(x, float) for x in array.flat) else int64
    held = float64 if dtype.kind == "f" else dtype
    return np.array([as_number("tensor", x, held) for x in array.flat], dtype).reshape(array.shape)


def _without_tensors(data):
    if isinstance(data, Tensor):
        return data._array
    return [_without_tensors(item) for item in data] if isinstance(data, list | tuple) else data


def _holds_float64(data):
    """Whether the first number in nested `data` carries numpy's float64 rather than being a Python float."""
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return getattr(data, "dtype", None) == np.float64
