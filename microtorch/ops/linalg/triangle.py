"""The lower and the upper triangle of matrices."""

import numpy as np

from ...autograd.function import Function
from ...errors import ShapeError
from ...tensor import attach

__all__ = ["tril", "triu"]


class Tril(Function):
    """y = x on and below a diagonal, else 0        dx = dy on and below a diagonal, else 0

    Why: What was set to 0 has no influence; the rest passes unchanged.
    Derivation: y = m · x with a constant mask m of 0 and 1, so dx = m · dy.
    """

    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return np.tril(x, k)

    @staticmethod
    def backward(ctx, dy):
        return Tril.apply(dy, ctx.k)


class Triu(Function):
    """y = x on and above a diagonal, else 0        dx = dy on and above a diagonal, else 0

    Why: What was set to 0 has no influence; the rest passes unchanged.
    Derivation: y = m · x with a constant mask m of 0 and 1, so dx = m · dy.
    """

    @staticmethod
    def forward(ctx, x, k):
        ctx.k = k
        return np.triu(x, k)

    @staticmethod
    def backward(ctx, dy):
        return Triu.apply(dy, ctx.k)


@attach("tril")
def tril(input, diagonal=0):
    """The lower triangles of matrices: what lies above a diagonal becomes 0.

    Parameters
    ----------
    input : Tensor, shape (..., n, m)
    diagonal : int, default 0
        The last diagonal kept: above the main one if positive, below if negative.

    Returns
    -------
    Tensor
        Of the same shape.

    Raises
    ------
    ShapeError
        If it has fewer than 2 dimensions.

    Notes
    -----
    dx is the same triangle of dy. Nothing is saved.

    Examples
    --------
    >>> import microtorch
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
    input : Tensor, shape (..., n, m)
    diagonal : int, default 0
        The first diagonal kept: above the main one if positive, below if negative.

    Returns
    -------
    Tensor
        Of the same shape.

    Raises
    ------
    ShapeError
        If it has fewer than 2 dimensions.

    Notes
    -----
    dx is the same triangle of dy. Nothing is saved.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.ones(2, 2).triu(1)
    tensor([[0., 1.],
            [0., 0.]])
    """
    return _triangle("triu", Triu, input, diagonal)


def _triangle(operation, function, input, diagonal):
    if input.ndim < 2:
        raise ShapeError(f"{operation}: takes matrices, at least 2 dimensions, not shape {input.shape}.")
    return function.apply(input, int(diagonal))
