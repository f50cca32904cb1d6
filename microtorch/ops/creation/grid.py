"""Grids, and the places of a triangle."""

import itertools

import numpy as np

from ...dtypes import int64
from ...errors import ShapeError
from ...tensor import Tensor, attach, wrap
from ..shape.cat import stack
from ..shape.expand import expand
from ..shape.reshape import reshape
from .constant import arange, factory_dtype, leaf, linspace

__all__ = ["cartesian_prod", "combinations", "logspace", "meshgrid", "range", "tril_indices", "triu_indices", "vander"]


def meshgrid(*tensors, indexing="ij"):
    """The coordinates of a grid: one tensor for each dimension, all of the grid's shape.

    Parameters
    ----------
    *tensors : Tensor of 0 or 1 dimensions, or one sequence of them
        The coordinates along each dimension.
    indexing : str, default "ij"
        ``"ij"``: the first tensor runs along the first dimension. ``"xy"``: along the second one, as in pictures.

    Returns
    -------
    tuple of Tensor
        Views.

    Raises
    ------
    ValueError
        For another `indexing`.

    Examples
    --------
    >>> import microtorch
    >>> x, y = microtorch.meshgrid(microtorch.tensor([0, 1]), microtorch.tensor([5, 6, 7]), indexing="xy")
    >>> x
    tensor([[0, 1],
            [0, 1],
            [0, 1]])
    """
    if len(tensors) == 1 and not isinstance(tensors[0], Tensor):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing is {indexing!r}, and 'ij' or 'xy'.")
    swapped = indexing == "xy" and len(tensors) > 1
    order = [k for k, _ in enumerate(tensors)]
    if swapped:
        order[:2] = 1, 0
    shape = tuple(tensors[i].numel() for i in order)
    return tuple(expand(reshape(t, tuple(-1 if i == k else 1 for i in order)), *shape) for k, t in enumerate(tensors))


def cartesian_prod(*tensors):
    """Every combination of an element of each of the 1-D `tensors`, as the rows of a matrix; of one, itself."""
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(t, (-1,)) for t in meshgrid(*tensors)], 1)


@attach("combinations")
def combinations(input, r=2, with_replacement=False):
    """The ways to take `r` elements of the 1-D `input`, as rows, `with_replacement` or each at most once."""
    ways = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    chosen = np.array([*ways(np.arange(len(input)), r)], np.int64).reshape(-1, r)
    return input[wrap(chosen)]


def logspace(start, end, steps, base=10.0, *, dtype=None, device=None, requires_grad=False):
    """So many numbers, each the same multiple of the one before, from base**start to base**end.

    Parameters
    ----------
    start, end : number
        The first and the last power.
    steps : int
        How many.
    base : float, default 10
        What is raised to the powers.
    dtype : numpy.dtype, default that of `get_default_dtype`
        Of the elements.
    device : str or device, optional
        ``"cpu"``: there is no other.
    requires_grad : bool, default False
        Whether operations on it are recorded.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    dtype = factory_dtype(device, dtype)
    return leaf(
        np.power(float(base), linspace(start, end, steps, dtype=np.float64)._array).astype(dtype), requires_grad
    )


def range(start=0, end=None, step=1, *, dtype=None, device=None, requires_grad=False):
    """As `arange`, but with `end`, and of the default dtype: PyTorch's old spelling.

    Parameters
    ----------
    start, end : number
        The first, and what is not passed.
    step : number, default 1
        Not 0.
    dtype : numpy.dtype, default that of `get_default_dtype`
        Of the elements.
    device : str or device, optional
        ``"cpu"``: there is no other.
    requires_grad : bool, default False
        Whether operations on it are recorded.
    """
    if end is None:
        raise TypeError("range: takes start and end, both included. Use arange(end) to count from 0.")
    if step == 0 or (end - start) * step < 0:
        raise ValueError(f"range: from {start}, step={step} does not lead to {end}.")
    dtype = factory_dtype(device, dtype)
    return arange(
        start, start + (int((end - start) / step) + 0.5) * step, step, dtype=dtype, requires_grad=requires_grad
    )


def _places(operation, find, row, col, offset, dtype, device):
    if row < 0 or col < 0:
        raise ShapeError(f"{operation}: a matrix of {row} rows and {col} columns has a negative size.")
    dtype = factory_dtype(device, dtype)
    return leaf(np.stack(find(row, offset, col)).astype(dtype), False)


def tril_indices(row, col, offset=0, *, dtype=int64, device=None):
    """Rows and columns of the places on and below a diagonal of a matrix, as a Tensor of shape (2, N).

    Parameters
    ----------
    row, col : int
        The shape of the matrix.
    offset : int, default 0
        Which diagonal: above the main one if positive.
    dtype : numpy.dtype, default int64
        Of the elements.
    device : str or device, optional
        ``"cpu"``: there is no other.
    """
    return _places("tril_indices", np.tril_indices, row, col, offset, dtype, device)


def triu_indices(row, col, offset=0, *, dtype=int64, device=None):
    """Rows and columns of the places on and above a diagonal of a matrix, as a Tensor of shape (2, N).

    Parameters
    ----------
    row, col : int
        The shape of the matrix.
    offset : int, default 0
        Which diagonal: above the main one if positive.
    dtype : numpy.dtype, default int64
        Of the elements.
    device : str or device, optional
        ``"cpu"``: there is no other.
    """
    return _places("triu_indices", np.triu_indices, row, col, offset, dtype, device)


def vander(x, N=None, increasing=False):
    """The powers of the 1-D `x` as columns, `N` of them, from the highest, or from the 0th if `increasing`."""
    count = len(x) if N is None else N
    powers = wrap(np.arange(count) if increasing else np.arange(count)[::-1].copy())
    return reshape(x, (-1, 1)) ** powers
