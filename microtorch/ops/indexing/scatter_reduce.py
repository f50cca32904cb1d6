"""Elements combined at positions: sums, means, products and extremes of what is scattered to each."""

import numpy as np

from ...autograd.function import ArrayFunction, once_differentiable
from ...autograd.inplace.changes import attach_in_place
from ...autograd.inplace.views import as_own
from ...errors import ShapeError
from ...tensor import Tensor, attach, wrap
from .. import _dimensions as dimensions
from .._promotion import only_data, only_tensors, same_dtype
from ..pointwise.clamp_and_maximum import clamp_min
from ..pointwise.division import div
from ..shape.expand import expand
from .gather_and_scatter import Gather, Scatter, ScatterAdd, places, scatter

__all__ = ["index_reduce", "scatter_reduce"]


class ScatterProduct(ArrayFunction):
    """y = x, then y[index[i, j], j] *= src[i, j] for dim 0
    dx = dy times the other factors there,  dsrc = dy at index along dim, times the other factors

    Why: A factor of a product counts as much as the product of all the others.
    Derivation: ∂(a · b · …)/∂a = b · … Zeros are counted apart, so nothing is divided by 0. It can be differentiated
    once.
    """

    @staticmethod
    def forward(ctx, x, dim, index, src):
        ctx.place = places("scatter_reduce", x, dim, index)
        ctx.cut = tuple(map(slice, index.shape))
        ctx.save_for_backward(x, index, src)
        y = x.copy()
        np.multiply.at(y, ctx.place, src[ctx.cut])
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        x, _, src = ctx.saved_tensors
        factors = src[ctx.cut]
        # The product without zeros, and how many of them there are: nothing is divided by 0.
        rest = np.where(x == 0, 1, x)
        np.multiply.at(rest, ctx.place, np.where(factors == 0, 1, factors))
        zeros = (x == 0).astype(np.int64)
        np.add.at(zeros, ctx.place, factors == 0)
        dx = dy * _others(x, rest, zeros)
        dsrc = np.zeros(src.shape, dy.dtype)
        dsrc[ctx.cut] = dy[ctx.place] * _others(factors, rest[ctx.place], zeros[ctx.place])
        return dx, None, None, dsrc


def _others(factor, rest, zeros):
    """The product of the other factors: `rest` is that of all but the zeros, of which there are so many."""
    return np.where(zeros == (factor == 0), rest / np.where(factor == 0, 1, factor), 0)


class ScatterExtreme(ArrayFunction):
    """y = the extreme of x and what is scattered to its place
    dx = dy, divided among those equal to y,  dsrc = dy at index along dim, divided among those equal to y

    Why: Only the largest or smallest of those that meet at a place makes the result; where several are equal each gets
    the same part of the gradient.
    Derivation: The extreme has the slope 1 in the element that it is. At a tie it has a kink; the mean of its sides is
    1 over the number of equal ones.
    """

    @staticmethod
    def forward(ctx, x, dim, index, src, ufunc):
        place, cut = places("scatter_reduce", x, dim, index), tuple(map(slice, index.shape))
        y = x.copy()
        ufunc.at(y, place, src[cut])
        ctx.save_for_backward(index)
        ctx.dim = dim
        mine, theirs = _same(x, y), _same(src[cut], y[place])
        ties = mine.astype(np.int64)
        np.add.at(ties, place, theirs)
        ctx.mine, ctx.theirs = mine / np.maximum(ties, 1), np.zeros(src.shape)
        ctx.theirs[cut] = theirs / np.maximum(ties[place], 1)
        ctx.mine, ctx.theirs = (share.astype(x.dtype, copy=False) for share in (ctx.mine, ctx.theirs))
        ctx.cut = cut
        return y

    @staticmethod
    def backward(ctx, dy):
        (index,) = ctx.saved_tensors
        share = Gather.apply(dy, ctx.dim, index) * ctx.theirs[ctx.cut]
        if share.shape != ctx.theirs.shape:
            pads = [(0, n - m) for n, m in zip(ctx.theirs.shape, share.shape, strict=True)]
            share = np.pad(share, pads)
        return dy * ctx.mine, None, None, share


def _same(a, b):
    return (a == b) | ((a != a) & (b != b))


_IDENTITY = {"sum": 0, "mean": 0, "prod": 1}
_REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


@attach("scatter_reduce")
@dimensions.also_axis
def scatter_reduce(input, dim, index, src, reduce, *, include_self=True):
    """A copy of `input` with the elements of `src` combined at the positions along `dim` that `index` gives.

    Parameters
    ----------
    dim : int
        The dimension along which `index` counts.
    src : Tensor
        What is combined, of the dtype of `input`.
    reduce : {"sum", "prod", "mean", "amax", "amin"}
    include_self : bool, default True
        The element of `input` takes part; else it is replaced where `index` names it.

    Raises
    ------
    DTypeError
        If the dtypes differ.
    IndexError
        If a value of `index` is out of range.
    ValueError
        If `reduce` is another word.

    Notes
    -----
    Each element that takes part gets, of the dy at its place: all (sum), its share (mean), dy times the others (prod),
    or all divided evenly among those equal to the result (amax, amin). A second derivative of "prod" is an error.

    Examples
    --------
    >>> src = microtorch.tensor([1.0, 5.0, 3.0])
    >>> microtorch.zeros(2).scatter_reduce(0, microtorch.tensor([0, 1, 0]), src, "amax", include_self=False)
    tensor([3., 5.])
    """
    return _reduced("scatter_reduce", input, dim, index, src, reduce, include_self)


def _reduced(operation, input, dim, index, src, reduce, include_self):
    only_tensors(operation, input=input, src=src)
    index = only_data(operation, "index", index)
    same_dtype(operation, input=input, src=src)
    if reduce not in _REDUCTIONS:
        raise ValueError(f"{operation}: reduce={reduce!r} is none of {', '.join(_REDUCTIONS)}.")
    dim = dimensions.one(operation, dim, input.ndim)
    if not input.ndim and index.numel():
        lines = [t.reshape(1) for t in (input, index, src)]
        return as_own(_reduced(operation, lines[0], 0, *lines[1:], reduce, include_self).reshape(()))
    if input.ndim and (index.ndim != src.ndim or any(n > m for n, m in zip(index.shape, src.shape, strict=True))):
        raise ShapeError(f"{operation}: index {index.shape} does not lie within src {src.shape}.")
    if not index.numel():
        return ScatterAdd.apply(input, dim, index, src)  # a copy, and 0 for the gradient of `src`
    base = input
    if not include_self:
        base = scatter(input, dim, index, value=_identity(input, reduce))
    if reduce == "prod":
        return ScatterProduct.apply(base, dim, index, src)
    if reduce in ("amax", "amin"):
        return ScatterExtreme.apply(base, dim, index, src, np.maximum if reduce == "amax" else np.minimum)
    total = ScatterAdd.apply(base, dim, index, src)
    if reduce == "sum":
        return total
    counted = wrap(np.ones(input.shape, np.int64))
    if not include_self:
        counted = Scatter.apply(counted, dim, index, wrap(np.zeros(index.shape, np.int64)))
    counts = ScatterAdd.apply(counted, dim, index, wrap(np.ones(index.shape, np.int64)))
    counts = clamp_min(counts, 1).to(input.dtype)
    return div(total, counts, rounding_mode=None if input.dtype.kind == "f" else "floor")


def _identity(input, reduce):
    """The neutral element: 0, 1, or the number at the other end of the dtype."""
    if reduce in _IDENTITY:
        return _IDENTITY[reduce]
    dtype = input.dtype
    if dtype.kind == "f":
        return float("-inf") if reduce == "amax" else float("inf")
    if dtype.kind == "b":
        return reduce == "amin"
    limits = np.iinfo(dtype)
    return limits.min if reduce == "amax" else limits.max


@attach("index_reduce")
@dimensions.also_axis
def index_reduce(input, dim, index, source, reduce, *, include_self=True):
    """A copy of `input` with parts of `source` combined at some positions along a dimension.

    Parameters
    ----------
    index : Tensor of int64 or int32, shape (n,)
        The positions; several may be the same.
    reduce : {"prod", "mean", "amax", "amin"}
    include_self : bool, default True
        The part of `input` takes part; else it is replaced.

    Raises
    ------
    ShapeError, DTypeError, IndexError, ValueError
        As `scatter_reduce`.

    Examples
    --------
    >>> source = microtorch.tensor([1.0, 5.0, 3.0])
    >>> microtorch.ones(2).index_reduce(0, microtorch.tensor([0, 1, 0]), source, "prod")
    tensor([3., 5.])
    """
    only_tensors("index_reduce", input=input, source=source)
    index = only_data("index_reduce", "index", index)
    if index.ndim > 1 or not isinstance(index, Tensor):
        raise ShapeError(f"index_reduce: index is a vector, not of shape {index.shape}.")
    dim = dimensions.one("index_reduce", dim, input.ndim)
    if source.ndim != input.ndim or (source.shape[dim] if source.ndim else 1) != index.numel():
        raise ShapeError(
            f"index_reduce: source {source.shape} with {index.numel()} positions does not fit {input.shape}."
        )
    line = index.reshape([-1 if d == dim else 1 for d in range(input.ndim)])
    return _reduced("index_reduce", input, dim, expand(line, source.shape), source, reduce, include_self)


attach_in_place(scatter_reduce, "scatter_reduce_")
attach_in_place(index_reduce, "index_reduce_")
