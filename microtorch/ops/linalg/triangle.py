"""The lower and the upper triangle of matrices.

Parameters
----------
input : Tensor, shape (..., n, m)
row, col : int
    The shape of the matrix.
dtype : numpy.dtype, default int64
    int64 or int32.

Raises
------
ShapeError
    If a size is negative.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...dtypes import int64
from ...errors import ShapeError
from ...tensor import attach, wrap
from ..creation.cast import check_device
from ..creation.constant import shape_of

__all__ = ["tril", "tril_indices", "triu", "triu_indices"]


class Tril(ArrayFunction):
    """y = x on and below a diagonal, else 0        dx = dy on and below a diagonal, else 0

    Why: What was set to 0 has no influence; the rest passes unchanged.
    Derivation: y = m · x with a constant mask m of 0 and 1, so dx = m · dy.
    """

    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return np.asarray(np.tril(x, k), order="C")

    @staticmethod
    def backward(ctx, dy):
        return Tril.apply(dy, ctx.k)


class Triu(ArrayFunction):
    """y = x on and above a diagonal, else 0        dx = dy on and above a diagonal, else 0

    Why: What was set to 0 has no influence; the rest passes unchanged.
    Derivation: y = m · x with a constant mask m of 0 and 1, so dx = m · dy.
    """

    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return np.asarray(np.triu(x, k), order="C")

    @staticmethod
    def backward(ctx, dy):
        return Triu.apply(dy, ctx.k)


@attach("tril")
def tril(input, diagonal=0):
    """The lower triangles of matrices: what lies above a diagonal becomes 0.

    Parameters
    ----------
    diagonal : int, default 0
        The last diagonal kept: above the main one if positive, below if negative.

    Raises
    ------
    ShapeError
        If it has fewer than 2 dimensions.

    Notes
    -----
    dx is the same triangle of dy. Nothing is saved.

    Examples
    --------
    >>> microtorch.ones(2, 2).tril()
    tensor([[1., 0.],
            [1., 1.]])
    """
    return _triangle("tril", Tril, input, diagonal)


@attach("triu")
def triu(input, diagonal=0):
    """The upper triangles of matrices: what lies below a diagonal becomes 0.

    Parameters
    ----------
    diagonal : int, default 0
        The first diagonal kept: above the main one if positive, below if negative.

    Raises
    ------
    ShapeError
        If it has fewer than 2 dimensions.

    Notes
    -----
    dx is the same triangle of dy. Nothing is saved.

    Examples
    --------
    >>> microtorch.ones(2, 2).triu(1)
    tensor([[0., 1.],
            [0., 0.]])
    """
    return _triangle("triu", Triu, input, diagonal)


def _triangle(operation, function, input, diagonal):
    if input.ndim < 2:
        raise ShapeError(f"{operation}: takes matrices, at least 2 dimensions, not shape {input.shape}.")
    return function.apply(input, int(diagonal))


def tril_indices(row, col, offset=0, *, dtype=int64, device=None):
    """The positions of the elements on and below a diagonal of a matrix, row by row.

    Returns
    -------
    Tensor, shape (2, n)
        Row numbers, and column numbers.

    Examples
    --------
    >>> microtorch.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    check_device(device)
    row, col = shape_of("tril_indices", (row, col))
    return wrap(np.array(np.tril_indices(row, offset, col)).astype(dtype))


def triu_indices(row, col, offset=0, *, dtype=int64, device=None):
    """The positions of the elements on and above a diagonal of a matrix, row by row.

    Returns
    -------
    Tensor, shape (2, n)
        Row numbers, and column numbers.

    Examples
    --------
    >>> microtorch.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    check_device(device)
    row, col = shape_of("triu_indices", (row, col))
    return wrap(np.array(np.triu_indices(row, offset, col)).astype(dtype))


attach_in_place(tril, "tril_")
attach_in_place(triu, "triu_")
