"""Copies of a tensor, side by side.

Returns
-------
Tensor
    A copy.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import attach, wrap
from .. import _dimensions as dimensions
from ..indexing.index import refuse_counting
from ..indexing.index_select_and_take import index_select
from .reshape import sizes_of

__all__ = ["repeat", "repeat_interleave", "tile"]


class Tile(ArrayFunction):
    """y = x repeated along dimensions        dx = dy summed over what was repeated

    Why: Each copy acts on the loss, so the one original gets the sum of their gradients.
    Derivation: ∂L/∂xₖ = Σ of ∂L/∂yᵢ over all copies i of k.
    """

    @staticmethod
    def forward(ctx, x, repeats):
        ctx.shape, ctx.repeats = (1,) * (len(repeats) - x.ndim) + x.shape, repeats
        return np.asarray(np.tile(x, repeats), order="C")

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
    *repeats : int or one tuple of int
        How often along each dimension; at least as many as `input` has, new ones come in front.

    Raises
    ------
    ShapeError
        If there are fewer numbers than dimensions, or one is negative.

    Notes
    -----
    dx is the sum of dy over the repetitions. Nothing is saved.

    Examples
    --------
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


@attach("repeat_interleave")
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each element repeated on the spot, as ``np.repeat`` does.

    Parameters
    ----------
    input : Tensor
        Where it is the only argument, the repeats: the result names the positions to repeat.
    repeats : int or Tensor of integers
        How often; one number, or one for each position along `dim`.
    dim : int, optional
        The dimension to repeat along; default: the flattened tensor.
    output_size : int, optional
        The length of the result along `dim`, checked if given.

    Raises
    ------
    ShapeError
        If `repeats` has another length than the dimension, or `output_size` is wrong.
    ValueError
        If a number of repeats is negative.

    Notes
    -----
    dx is the sum of dy over the repetitions.

    Examples
    --------
    >>> microtorch.repeat_interleave(microtorch.tensor([1, 2, 3]), 2)
    tensor([1, 1, 2, 2, 3, 3])
    >>> microtorch.repeat_interleave(microtorch.tensor([[1, 2], [3, 4]]), microtorch.tensor([1, 2]), dim=0)
    tensor([[1, 2],
            [3, 4],
            [3, 4]])
    """
    if repeats is None:
        input, repeats, dim = wrap(np.arange(len(input))), input, 0
    if dim is None:
        input, dim = input.reshape(-1), 0
    dim = dimensions.one("repeat_interleave", dim, input.ndim)
    times = as_tensor(repeats)._array
    n = input.shape[dim]
    if times.dtype.kind not in "iu" or times.ndim > 1:
        raise ShapeError(f"repeat_interleave: repeats are integers, one or a vector, not {times.dtype} {times.shape}.")
    if times.size not in (1, n):
        raise ShapeError(
            f"repeat_interleave: {times.size} repeats for {n} positions along dim {dim}. Give one for each."
        )
    if times.size and times.min() < 0:
        raise ValueError(f"repeat_interleave: repeats contain {times.min()}. They must not be negative.")
    refuse_counting("repeat_interleave")
    places = np.repeat(np.arange(n), times)
    if output_size is not None and output_size != places.size:
        raise ShapeError(f"repeat_interleave: output_size = {output_size}, but the repeats sum to {places.size}.")
    return index_select(input, dim, wrap(places))


@attach("tile")
def tile(input, *repeats, dims=None):
    """The tensor repeated along each dimension; dimensions in front that are not named are repeated once.

    Parameters
    ----------
    *repeats : int or one tuple of int
        How often along each dimension, counted from the last.

    Raises
    ------
    ShapeError
        If a number is negative.

    Notes
    -----
    dx is the sum of dy over the repetitions. Nothing is saved.

    Examples
    --------
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
