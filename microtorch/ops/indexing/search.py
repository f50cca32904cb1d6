"""Where values belong in a sequence that is in order."""

import math

import numpy as np

from ...autograd.function import outside_graph
from ...dtypes import int32, int64
from ...errors import DTypeError, ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach

__all__ = ["bucketize", "searchsorted"]


@attach()
def searchsorted(sorted_sequence, input, *, out_int32=False, right=False, side=None, sorter=None):
    """Where each value would be put into sequences in order, so that they stay in order.

    Parameters
    ----------
    sorted_sequence : Tensor, shape (..., n)
        In ascending order along the last dimension.
    input : Tensor, shape (..., m), or number
        The values, with the same dimensions in front; any shape for a sequence of one dimension.
    out_int32 : bool, default False
        Give int32, not int64.
    right : bool, default False
        Behind equal elements, not before them.
    side : {"left", "right"}, optional
        The same in words.
    sorter : Tensor of int64, optional
        The order of a sequence that is not in order itself, as `argsort` gives it.

    Returns
    -------
    Tensor
        Of the shape of `input`; not differentiable.

    Raises
    ------
    ValueError
        If `side` contradicts `right`, or is another word.

    Examples
    --------
    >>> microtorch.searchsorted(microtorch.tensor([1, 3, 5]), microtorch.tensor([3, 6]))
    tensor([1, 3])
    """
    sequence, values = as_tensor(sorted_sequence), as_tensor(input)
    if side not in (None, "left", "right") or (side == "left" and right):
        raise ValueError(f"searchsorted: side={side!r} with right={right}: side is 'left' or 'right', and they agree.")
    if not sequence.ndim:
        raise ShapeError("searchsorted: a sequence of shape () has no order. It needs at least 1 dimension.")
    if sequence.ndim > 1 and sequence.shape[:-1] != values.shape[:-1]:
        raise ShapeError(
            f"searchsorted: sequences {sequence.shape} and values {values.shape} must agree but in the last dimension."
        )
    if sorter is not None:
        if not isinstance(sorter, Tensor) or sorter.shape != sequence.shape:
            raise ShapeError(f"searchsorted: sorter must have the shape {sequence.shape} of the sequence.")
        if sorter.dtype != int64:
            raise DTypeError(f"searchsorted: sorter must be int64, not {sorter.dtype}. Convert with .long().")
        if sorter.numel() and not 0 <= int(sorter.min()) <= int(sorter.max()) < sequence.shape[-1]:
            raise IndexError(f"searchsorted: sorter names positions outside of 0 to {sequence.shape[-1] - 1}.")
        sequence = sequence.detach().gather(-1, sorter)
    side = "right" if right else side or "left"
    dtype = int32 if out_int32 else int64

    def search(sequence, values):
        if sequence.ndim == 1:
            return np.searchsorted(sequence, values, side).astype(dtype)
        count = math.prod(sequence.shape[:-1])
        rows = zip(*[t.reshape(count, t.shape[-1]) for t in (sequence, values)], strict=True)
        found = [np.searchsorted(row, sought, side) for row, sought in rows]
        return np.array(found, dtype).reshape(values.shape)

    return outside_graph(search, sequence, values)


@attach(numpy=np.searchsorted)
def _numpy_searchsorted(a, v, side="left", sorter=None):
    return searchsorted(a, v, side=side, sorter=sorter)


@attach()
def bucketize(input, boundaries, *, out_int32=False, right=False):
    """In which interval between boundaries each value lies, counted from 0.

    Parameters
    ----------
    input : Tensor or number
    boundaries : Tensor, shape (n,)
        In ascending order.
    out_int32 : bool, default False
        Give int32, not int64.
    right : bool, default False
        A boundary belongs to the interval above it, not below.

    Returns
    -------
    Tensor
        Of the shape of `input`, from 0 to n; not differentiable.

    Raises
    ------
    ShapeError
        If `boundaries` is not a vector.

    Examples
    --------
    >>> microtorch.bucketize(microtorch.tensor([0.5, 3.0, 9.0]), microtorch.tensor([1.0, 3.0, 5.0]))
    tensor([0, 1, 3])
    """
    boundaries = as_tensor(boundaries)
    if boundaries.ndim != 1:
        raise ShapeError(f"bucketize: boundaries are a vector, not of shape {boundaries.shape}.")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@attach(numpy=np.digitize)
def _numpy_digitize(x, bins, right=False):
    return bucketize(x, bins, right=not right)
