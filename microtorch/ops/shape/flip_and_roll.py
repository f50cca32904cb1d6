"""Elements moved to other places or repeated: always copies.

Returns
-------
Tensor
    A copy.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from ...tensor import attach
from .. import _dimensions as dimensions
from .reshape import sizes_of
from .transpose import transpose

__all__ = ["flip", "fliplr", "flipud", "roll", "rot90"]


class Flip(ArrayFunction):
    """y = x with dimensions reversed        dx = dy with them reversed

    Why: The numbers only change places, so their gradients change them back.
    Derivation: y is a permutation of the entries of x, with the slope 1.
    """

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
    *order : int or one tuple of int
        The dimensions to reverse.

    Notes
    -----
    dx is dy reversed likewise. Nothing is saved.

    Examples
    --------
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


class Roll(ArrayFunction):
    """y = x moved on along dimensions, the end to the beginning        dx = dy moved back

    Why: The numbers only change places, so their gradients change them back.
    Derivation: y is a permutation of the entries of x, with the slope 1.
    """

    @staticmethod
    def forward(ctx, x, shifts, dims):
        ctx.shifts, ctx.dims = shifts, dims
        return np.asarray(np.roll(x, shifts, dims), order="C")

    @staticmethod
    def backward(ctx, dy):
        return Roll.apply(dy, tuple([-s for s in ctx.shifts]), ctx.dims)


@attach("fliplr", numpy=np.fliplr)
def fliplr(input):
    """The columns in reverse order: ``input.flip(1)``.

    Parameters
    ----------
    input : Tensor
        Of at least 2 dimensions.

    Raises
    ------
    ShapeError
        If it has fewer dimensions.

    Examples
    --------
    >>> microtorch.fliplr(microtorch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 1],
            [4, 3]])
    """
    if input.ndim < 2:
        raise ShapeError(f"fliplr: a tensor of shape {input.shape} has no columns. Use flip(0).")
    return flip(input, 1)


@attach("flipud", numpy=np.flipud)
def flipud(input):
    """The rows in reverse order: ``input.flip(0)``.

    Parameters
    ----------
    input : Tensor
        Of at least 1 dimension.

    Raises
    ------
    ShapeError
        If it has no dimension.

    Examples
    --------
    >>> microtorch.flipud(microtorch.tensor([[1, 2], [3, 4]]))
    tensor([[3, 4],
            [1, 2]])
    """
    if input.ndim < 1:
        raise ShapeError("flipud: a tensor of shape () has no rows.")
    return flip(input, 0)


@attach("rot90")
def rot90(input, k=1, dims=(0, 1)):
    """The tensor turned by 90 degrees `k` times in the plane of two dimensions, from the first towards the second.

    Parameters
    ----------
    k : int, default 1
        Negative: the other way.
    dims : tuple of 2 int, default (0, 1)

    Raises
    ------
    ShapeError
        If `dims` are not two different ones.

    Examples
    --------
    >>> microtorch.rot90(microtorch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    if len(dims) != 2:
        raise ShapeError(f"rot90: dims = {tuple(dims)}: give two dimensions, those of the plane.")
    first, second = (dimensions.one("rot90", d, input.ndim) for d in dims)
    if first == second:
        raise ShapeError(f"rot90: dims = {tuple(dims)} is one dimension twice. Give two of shape {input.shape}.")
    k %= 4
    if k == 0:
        return input.clone()
    if k == 2:
        return flip(input, (first, second))
    if k == 1:
        return transpose(flip(input, second), first, second).clone()
    return flip(transpose(input, first, second), second)


@attach(numpy=np.rot90)
def _numpy_rot90(m, k=1, axes=(0, 1)):
    return rot90(m, k, axes)


@attach("roll")
def roll(input, shifts, dims=None):
    """The elements moved on along some dimensions; what leaves at the end comes in at the beginning.

    Parameters
    ----------
    shifts : int or tuple of int
        By how many places, for each of `dims`; negative moves back.
    dims : int or tuple of int, optional
        Without it the flattened tensor is rolled.

    Raises
    ------
    ShapeError
        If there are not as many shifts as dimensions.

    Notes
    -----
    dx is dy moved back. Nothing is saved.

    Examples
    --------
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
