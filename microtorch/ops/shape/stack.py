"""Tensors put together by their first dimensions, turned, and given dimensions: all by other operations."""

import numpy as np

from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach, wrap
from .. import _dimensions as dimensions
from ..creation.constant import zeros
from ..indexing.gather_and_scatter import gather
from ..indexing.index_select_and_take import index_select
from ..linalg.diagonal import diag
from .cat import cat
from .expand import expand
from .flip_and_roll import flip
from .reshape import reshape
from .split import split
from .transpose import transpose

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "broadcast_tensors",
    "column_stack",
    "diag_embed",
    "diagflat",
    "dstack",
    "fliplr",
    "flipud",
    "hstack",
    "repeat_interleave",
    "rot90",
    "row_stack",
    "take_along_dim",
    "tensor_split",
    "vstack",
]


def _each(make, tensors):
    """``make`` of one tensor, or of each of several, given one by one or as a sequence."""
    if len(tensors) == 1 and not isinstance(tensors[0], Tensor):
        tensors = tuple(tensors[0])
        return tuple(make(t) for t in tensors)
    return make(tensors[0]) if len(tensors) == 1 else tuple(make(t) for t in tensors)


def atleast_1d(*tensors):
    """The `tensors`, those without dimensions with one; of a single one, itself, else a tuple."""
    return _each(lambda t: t if t.ndim else reshape(t, (1,)), tensors)


def atleast_2d(*tensors):
    """The `tensors`, those of fewer than two dimensions as one row; of a single one, itself, else a tuple."""
    return _each(lambda t: t if t.ndim >= 2 else reshape(t, (1, -1)), tensors)


def atleast_3d(*tensors):
    """The `tensors`, those of fewer than three dimensions with more; of a single one, itself, else a tuple."""

    def grown(t):
        return t if t.ndim >= 3 else reshape(t, (*t.shape, 1) if t.ndim == 2 else (1, -1, 1))

    return _each(grown, tensors)


def hstack(tensors):
    """The `tensors` side by side: along the second dimension, or along the only one."""
    tensors = atleast_1d(list(tensors))
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors):
    """The `tensors` one below the other; those of one dimension are rows."""
    return cat(atleast_2d(list(tensors)), 0)


row_stack = vstack


def dstack(tensors):
    """The `tensors` one behind the other, along the third dimension."""
    return cat(atleast_3d(list(tensors)), 2)


def column_stack(tensors):
    """The `tensors` side by side; those of one dimension are columns."""
    return cat([t if t.ndim >= 2 else reshape(t, (-1, 1)) for t in tensors], 1)


def broadcast_tensors(*tensors):
    """The `tensors` expanded to their common shape, as a tuple of views."""
    try:
        shape = np.broadcast_shapes(*(t.shape for t in tensors))
    except ValueError:
        shapes = ", ".join(str(t.shape) for t in tensors)
        raise ShapeError(f"broadcast_tensors: shapes {shapes} do not broadcast together.") from None
    return tuple(expand(t, *shape) for t in tensors)


@attach("fliplr")
def fliplr(input):
    """`input` with its columns in the other order."""
    return flip(input, 1)


@attach("flipud")
def flipud(input):
    """`input` with its rows in the other order."""
    return flip(input, 0)


@attach("rot90")
def rot90(input, k=1, dims=(0, 1)):
    """`input` turned `k` times by 90 degrees, from the first of the two `dims` towards the second."""
    k, (a, b) = k % 4, dims
    if k == 2:
        return flip(input, (a, b))
    turned = transpose(input, a, b)
    return input.clone() if k == 0 else flip(turned, a if k == 1 else b)


@attach("repeat_interleave")
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Each element so many times, one after the other.

    Parameters
    ----------
    input : Tensor
        Alone, it is `repeats`, and the places are returned: 0 so many times, 1 so many times, ...
    repeats : int or Tensor
        How many times: all the same, or each its own number.
    dim : int, optional
        Along which dimension; default over all elements in one row.
    output_size : int, optional
        Accepted for compatibility.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.repeat_interleave(microtorch.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    if repeats is None:
        return wrap(np.repeat(np.arange(len(input)), input._array))
    if dim is None:
        input, dim = reshape(input, (-1,)), 0
    count = input.shape[dimensions.one("repeat_interleave", dim, input.ndim)]
    return index_select(input, dim, wrap(np.repeat(np.arange(count), as_tensor(repeats)._array)))


@attach("tensor_split")
def tensor_split(input, indices_or_sections, dim=0):
    """`input` in parts along `dim`: so many of nearly equal length, or cut at these `indices_or_sections`."""
    length = input.shape[dimensions.one("tensor_split", dim, input.ndim)]
    given = indices_or_sections
    given = given.tolist() if isinstance(given, Tensor) else given
    if isinstance(given, int):
        ends = [length // given * k + min(k, length % given) for k in np.arange(1, given)]
    else:
        ends = [min(max(i + length if i < 0 else i, 0), length) for i in given]
    starts = [0, *ends]
    lengths = [int(max(end - start, 0)) for start, end in zip(starts, [*ends, length], strict=True)]
    if sum(lengths) == length:
        return split(input, lengths, dim)
    return tuple(input.narrow(dim, int(start), n) for start, n in zip(starts, lengths, strict=True))


@attach("take_along_dim")
def take_along_dim(input, indices, dim=None):
    """The elements of `input` that `indices` name along `dim`, as `gather` broadcast; without `dim`, in one row."""
    if dim is None:
        return gather(reshape(input, (-1,)), 0, reshape(indices, (-1,)))
    dim = dimensions.one("take_along_dim", dim, input.ndim)
    shape = list(np.broadcast_shapes(_without(input.shape, dim), _without(indices.shape, dim)))
    wide, places = list(shape), list(shape)
    wide[dim], places[dim] = input.shape[dim], indices.shape[dim]
    return gather(expand(input, *wide), dim, expand(indices, *places))


def _without(shape, dim):
    return (*shape[:dim], 1, *shape[dim + 1 :])


@attach("diagflat")
def diagflat(input, offset=0):
    """The elements of `input`, in one row, as the diagonal of a matrix: `offset` diagonals above the main one."""
    return diag(reshape(input, (-1,)), offset)


@attach("diag_embed")
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """Matrices with what lies along the last dimension of `input` as their diagonals.

    Parameters
    ----------
    input : Tensor of shape (..., N)
    offset : int, default 0
        How many diagonals above the main one.
    dim1, dim2 : int, default -2 and -1
        Where the rows and columns are among the dimensions of the result.
    """
    n = input.shape[-1]
    size = n + abs(offset)
    rows, columns = max(-offset, 0), max(offset, 0)
    places = wrap((np.arange(n) + rows) * size + np.arange(n) + columns)
    flat = zeros(*input.shape[:-1], size * size, dtype=input.dtype)
    filled = reshape(flat.index_add(-1, places, input), (*input.shape[:-1], size, size))
    return filled.movedim((-2, -1), (dim1, dim2))


def block_diag(*tensors):
    """A matrix with the `tensors`, of at most two dimensions, as blocks along its diagonal, else 0."""
    blocks = [atleast_2d(as_tensor(t)) for t in tensors]
    width = sum(b.shape[1] for b in blocks)
    rows, before = [], 0
    for b in blocks:
        sides = zeros(b.shape[0], before, dtype=b.dtype), zeros(b.shape[0], width - before - b.shape[1], dtype=b.dtype)
        rows.append(cat([sides[0], b, sides[1]], 1))
        before += b.shape[1]
    return cat(rows, 0)
