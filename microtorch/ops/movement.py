"""Elements moved to other places or repeated: always copies."""

import numpy as np

from ..autograd.function import Function
from ..errors import ShapeError
from ..tensor import attach
from . import dimensions
from .shape import sizes_of

__all__ = ["flip", "repeat", "roll", "tile"]


class Flip(Function):
    """y = x with dimensions reversed        dx = dy with them reversed"""

    @staticmethod
    def forward(ctx, x, dims):
        ctx.dims = dims
        return np.flip(x, dims).copy()

    @staticmethod
    def backward(ctx, dy):
        return Flip.apply(dy, ctx.dims)


@attach("flip")
def flip(input, *order, dims=None):
    """The elements in reverse order along some dimensions.

    Parameters
    ----------
    input : Tensor
    *order : int or one tuple of int
        The dimensions to reverse.
    dims : tuple of int, optional
        The same by name.

    Returns
    -------
    Tensor
        A copy.

    Raises
    ------
    IndexError
        If there is no such dimension.

    Notes
    -----
    dx is dy reversed likewise. Nothing is saved.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.flip(microtorch.tensor([[1, 2], [3, 4]]), (1,))
    tensor([[2, 1],
            [4, 3]])
    """
    if not order and dims is None:
        raise TypeError(f"flip: no dims are given. Name those of shape {input.shape} that are to be reversed.")
    dims = sizes_of(order, dims)
    return Flip.apply(input, dimensions.some("flip", dims if isinstance(dims, int) else tuple(dims), input.ndim) or ())


@attach(numpy=np.flip)
def _numpy_flip(m, axis=None):
    return Flip.apply(m, dimensions.some("flip", range(m.ndim) if axis is None else axis, m.ndim) or ())


class Roll(Function):
    """y = x moved on along dimensions, the end to the beginning        dx = dy moved back"""

    @staticmethod
    def forward(ctx, x, shifts, dims):
        ctx.shifts, ctx.dims = shifts, dims
        return np.roll(x, shifts, dims)

    @staticmethod
    def backward(ctx, dy):
        return Roll.apply(dy, tuple([-s for s in ctx.shifts]), ctx.dims)


@attach("roll")
def roll(input, shifts, dims=None):
    """The elements moved on along some dimensions; what leaves at the end comes in at the beginning.

    Parameters
    ----------
    input : Tensor
    shifts : int or tuple of int
        By how many places, for each of `dims`; negative moves back.
    dims : int or tuple of int, optional
        Without it the flattened tensor is rolled.

    Returns
    -------
    Tensor
        A copy.

    Raises
    ------
    ShapeError
        If there are not as many shifts as dimensions.
    IndexError
        If there is no such dimension.

    Notes
    -----
    dx is dy moved back. Nothing is saved.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.tensor([1, 2, 3, 4]).roll(1)
    tensor([4, 1, 2, 3])
    """
    shifts = tuple(shifts) if isinstance(shifts, tuple | list) else (shifts,)
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise ShapeError(f"roll: {len(shifts)} shifts without dims. Give one dimension for each.")
        return Roll.apply(input, shifts, None)
    dims = tuple(dims) if isinstance(dims, tuple | list) else (dims,)
    if len(shifts) != len(dims):
        raise ShapeError(f"roll: {len(shifts)} shifts for {len(dims)} dimensions. Give one shift for each.")
    if not input.ndim:
        raise IndexError(f"roll: there is no dimension {dims[0]} in a tensor of shape ().")
    return Roll.apply(input, shifts, tuple([dimensions.one("roll", d, input.ndim) for d in dims]))


@attach(numpy=np.roll)
def _numpy_roll(a, shift, axis=None):
    return roll(a, shift, axis)


class Tile(Function):
    """y = x repeated along dimensions        dx = Σ dy over the repetitions"""

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
