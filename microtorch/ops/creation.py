"""New tensors: constants, ranges, and shapes taken from others."""

import numpy as np

from ..tensor import Tensor, as_dtype, attach, float32, int64, wrap

__all__ = ["arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "ones", "ones_like", "zeros", "zeros_like"]


def shape_of(size):
    """The shape in ``zeros(2, 3)`` or ``zeros((2, 3))``."""
    if len(size) == 1 and isinstance(size[0], list | tuple):
        size = size[0]
    return tuple(int(n) for n in size)


def leaf(array, requires_grad):
    t = wrap(array)
    return t.requires_grad_() if requires_grad else t


def zeros(*size, dtype=float32, device=None, requires_grad=False):
    """A tensor of zeros."""
    return leaf(np.zeros(shape_of(size), as_dtype(dtype or float32)), requires_grad)


def ones(*size, dtype=float32, device=None, requires_grad=False):
    """A tensor of ones."""
    return leaf(np.ones(shape_of(size), as_dtype(dtype or float32)), requires_grad)


def empty(*size, dtype=float32, device=None, requires_grad=False):
    """A tensor whose values are whatever the memory held."""
    return leaf(np.empty(shape_of(size), as_dtype(dtype or float32)), requires_grad)


def full(size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """A tensor filled with one value."""
    if dtype is None:
        dtype = type(fill_value) if isinstance(fill_value, bool | int | float) else np.asarray(fill_value).dtype
    return leaf(np.full(shape_of((size,)), fill_value, as_dtype(dtype)), requires_grad)


def arange(start, end=None, step=1, *, dtype=None, device=None, requires_grad=False):
    """Numbers from `start` to before `end`."""
    if end is None:
        start, end = 0, start
    if dtype is None:
        dtype = int64 if all(isinstance(x, int | np.integer) for x in (start, end, step)) else float32
    return leaf(np.arange(start, end, step).astype(as_dtype(dtype)), requires_grad)


def linspace(start, end, steps, *, dtype=None, device=None, requires_grad=False):
    """`steps` numbers at even distances from `start` to `end`."""
    return leaf(np.linspace(start, end, steps).astype(as_dtype(dtype or float32)), requires_grad)


def eye(n, m=None, *, dtype=None, device=None, requires_grad=False):
    """The identity matrix."""
    return leaf(np.eye(n, m, dtype=as_dtype(dtype or float32)), requires_grad)


def _array_of(input):
    return input._array if isinstance(input, Tensor) else np.asarray(input)


@attach(numpy=np.zeros_like)
def zeros_like(input, *, dtype=None, device=None, requires_grad=False):
    """Zeros in the shape and dtype of `input`."""
    return leaf(np.zeros_like(_array_of(input), dtype), requires_grad)


@attach(numpy=np.ones_like)
def ones_like(input, *, dtype=None, device=None, requires_grad=False):
    """Ones in the shape and dtype of `input`."""
    return leaf(np.ones_like(_array_of(input), dtype), requires_grad)


@attach(numpy=np.empty_like)
def empty_like(input, *, dtype=None, device=None, requires_grad=False):
    """An unset tensor in the shape and dtype of `input`."""
    return leaf(np.empty_like(_array_of(input), dtype), requires_grad)


@attach(numpy=np.full_like)
def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False):
    """A tensor in the shape and dtype of `input`, filled with one value."""
    return leaf(np.full_like(_array_of(input), fill_value, dtype), requires_grad)
