"""Copies of a tensor, side by side."""

import numpy as np

from ...autograd.function import Function
from ...errors import ShapeError
from ...tensor import attach
from .reshape import sizes_of

__all__ = ["repeat", "tile"]


class Tile(Function):
    """y = x repeated along dimensions        dx = dy summed over what was repeated

    Why: Each copy acts on the loss, so the one original gets the sum of their gradients.
    Derivation: ∂L/∂xₖ = Σ of ∂L/∂yᵢ over all copies i of k.
    """

    @staticmethod
    def forward(ctx, x, repeats):
        ctx.shape, ctx.repeats = (1,) * (len(repeats) - x.ndim) + x.shape, repeats
        return np.tile(x, repeats)

    @staticmethod
    def backward(ctx, dy):
        # Each dimension as (repetition, place): sum over the repetitions. The engine drops dimensions in front.
        pairs = [n for pair in zip(ctx.repeats, ctx.shape, strict=True) for n in pair]
        return dy.reshape(tuple(pairs)).sum(axis=tuple(range(0, len(pairs), 2))) if pairs else dy


@attach("repeat")
def repeat(input, *repeats):
    """The tensor repeated along each dimension. (``np.repeat`` repeats elements, as `np.tile` repeats arrays.)

    Parameters
    ----------
    input : Tensor
    *repeats : int or one tuple of int
        How often along each dimension; at least as many as `input` has, new ones come in front.

    Returns
    -------
    Tensor
        A copy.

    Raises
    ------
    ShapeError
        If there are fewer numbers than dimensions, or one is negative.

    Notes
    -----
    dx is the sum of dy over the repetitions. Nothing is saved.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x.repeat(2, 2)
    >>> y.detach()
    tensor([[1., 2., 1., 2.],
            [1., 2., 1., 2.]])
    >>> y.sum().backward()
    >>> x.grad
    tensor([4., 4.])
    """
    repeats = tuple(sizes_of(repeats))
    if len(repeats) < input.ndim or min(repeats, default=0) < 0:
        raise ShapeError(
            f"repeat: {repeats} does not say how often to repeat each dimension of shape {input.shape}. "
            "Give at least one number, 0 or more, for each."
        )
    return Tile.apply(input, repeats)


@attach("tile")
def tile(input, *repeats, dims=None):
    """The tensor repeated along each dimension; dimensions in front that are not named are repeated once.

    Parameters
    ----------
    input : Tensor
    *repeats : int or one tuple of int
        How often along each dimension, counted from the last.
    dims : tuple of int, optional
        The same by name.

    Returns
    -------
    Tensor
        A copy.

    Raises
    ------
    ShapeError
        If a number is negative.

    Notes
    -----
    dx is the sum of dy over the repetitions. Nothing is saved.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.tensor([[1], [2]]).tile(2)
    tensor([[1, 1],
            [2, 2]])
    """
    dims = tuple(sizes_of(repeats, dims))
    if min(dims, default=0) < 0:
        raise ShapeError(f"tile: {dims} has a negative number of repetitions.")
    return Tile.apply(input, (1,) * (input.ndim - len(dims)) + dims)


@attach(numpy=np.tile)
def _numpy_tile(A, reps):
    return tile(A, *(reps if isinstance(reps, tuple | list) else (reps,)))
