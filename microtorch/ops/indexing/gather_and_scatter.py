"""Picking and putting elements by tensors of positions along one dimension.

Parameters
----------
dim : int
    The dimension along which `index` counts.

Raises
------
IndexError
    If a value of `index` is out of range.
"""

import math

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...dtypes import as_number
from ...errors import DTypeError, GradientError, ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach, wrap
from .. import _dimensions as dimensions
from .._promotion import only_data, only_tensors, same_dtype
from ..shape.expand import broadcast_shapes, expand
from .index import Place, add_at

__all__ = ["gather", "scatter", "scatter_add", "take_along_dim"]


def places(operation, x, dim, index):
    """The numpy index that means the element ``index`` along `dim` of `x`, at each position of `index`."""
    if index.dtype.kind not in "iu":
        raise DTypeError(f"{operation}: index must be an integer tensor, not {index.dtype}. Convert with .long().")
    if index.ndim != x.ndim:
        raise ShapeError(
            f"{operation}: index {index.shape} has {index.ndim} dimensions, the tensor {x.shape} has {x.ndim}. "
            "Give both the same number, e.g. with index.unsqueeze(dim)."
        )
    within(operation, index, x.shape[dim], dim)
    grid = []
    for d, (n, m) in enumerate(zip(index.shape, x.shape, strict=True)):
        if d != dim and n > m:
            raise ShapeError(
                f"{operation}: index {index.shape} is longer than the tensor {x.shape} in dimension {d}; "
                f"only along dim {dim} may it be."
            )
        grid.append(index if d == dim else np.arange(n).reshape([-1 if i == d else 1 for i in range(index.ndim)]))
    return tuple(grid)


def within(operation, index, n, dim):
    """Raise IndexError unless all of `index` are from 0 to n − 1: only ``t[index]`` and `take` count from the back."""
    if index.size and (index.min() < 0 or index.max() >= n):
        wrong = index.min() if index.min() < 0 else index.max()
        raise IndexError(
            f"{operation}: index {wrong} is out of bounds for dimension {dim} of length {n}: 0 to {n - 1} here."
        )


def _with_dimension(*arrays):
    """0-d arrays as arrays of one element, as PyTorch takes them here."""
    return [a.reshape(1) if a.ndim == 0 else a for a in arrays]


def put_along(y, indices, shape, dim):
    """Zeros of `shape` with `y` at `indices` along `dim`; each place is named at most once."""
    dx = np.zeros(shape, y.dtype)
    if not shape:
        dx[...] = y
        return dx
    before, after, k = math.prod(shape[:dim]), math.prod(shape[dim + 1 :]), indices.size
    k = k // max(before * after, 1)
    flat = dx.reshape(before, shape[dim], after)
    flat[np.arange(before)[:, None, None], indices.reshape(before, k, after), np.arange(after)] = y.reshape(
        before, k, after
    )
    return dx


class PutAlong(ArrayFunction):
    """y = 0, and x at indices along a dimension, none of them twice        dx = dy at indices

    Why: Each number went to one place and gets the gradient from there.
    Derivation: y puts entries of x: ∂y/∂x is 1 at the place it was put to and 0 elsewhere.
    """

    @staticmethod
    def forward(ctx, x, indices, shape, dim):
        ctx.save_for_backward(indices)
        ctx.dim, ctx.x_shape = dim, x.shape
        return put_along(x, indices, shape, dim)

    @staticmethod
    def backward(ctx, dy):
        (indices,) = ctx.saved_tensors
        kept = (*dy.shape[: ctx.dim], -1, *dy.shape[ctx.dim + 1 :]) if dy.ndim else ()
        return Gather.apply(dy, ctx.dim, indices.reshape(kept)).reshape(ctx.x_shape)


class Gather(ArrayFunction):
    """y[i, j] = x[index[i, j], j] for dim 0        dx = 0, and dy added at index along dim

    Why: An entry that was gathered several times gets the sum of these gradients; one that was not gets 0.
    Derivation: ∂L/∂x at a place is the sum of ∂L/∂y over all places that read it.
    """

    @staticmethod
    def forward(ctx, x, dim, index):
        ctx.save_for_backward(index)
        ctx.shape, ctx.dim, shape = x.shape, dimensions.one("gather", dim, x.ndim), index.shape
        if not index.size:
            return np.empty(shape, x.dtype)
        x, index = _with_dimension(x, index)
        return np.asarray(x[places("gather", x, ctx.dim, index)], order="C").reshape(shape)

    @staticmethod
    def backward(ctx, dy):
        (index,) = ctx.saved_tensors
        return ScatterAdd.apply(np.zeros(ctx.shape, dy.dtype), ctx.dim, index, dy)


@attach("gather")
@dimensions.also_axis
def gather(input, dim, index):
    """Pick one element of `input` along `dim` for each element of `index`.

    Parameters
    ----------
    index : Tensor of int64 or int32
        As many dimensions as `input`; only along `dim` may it be longer. Values from 0 to ``input.size(dim) - 1``.

    Returns
    -------
    Tensor
        Of the shape of `index` and the dtype of `input`.

    Notes
    -----
    For two dimensions and dim 1: y[i, j] = x[i, index[i, j]]; dx[i, index[i, j]] += dy[i, j], so elements picked
    several times gather as many gradients. Only `index` is saved.

    Examples
    --------
    >>> x = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> y = x.gather(1, microtorch.tensor([[0, 0], [1, 0]]))
    >>> y.detach()
    tensor([[1., 1.],
            [4., 3.]])
    >>> y.sum().backward()
    >>> x.grad
    tensor([[2., 0.],
            [1., 1.]])
    """
    only_tensors("gather", input=input)
    index = only_data("gather", "index", index)
    return Gather.apply(input, dim, index)


@attach("take_along_dim")
def take_along_dim(input, indices, dim=None):
    """The elements at `indices` along a dimension, as `argsort` and `argmax` give them; other dimensions broadcast.

    Parameters
    ----------
    indices : Tensor of int64
        As many dimensions as `input`; negative ones count from the end.
    dim : int, optional
        The dimension along which `indices` count; default: the flattened tensor.

    Returns
    -------
    Tensor
        Of the dtype of `input`.

    Raises
    ------
    IndexError
        If a position is out of range.

    Notes
    -----
    As `gather`, after broadcasting.

    Examples
    --------
    >>> x = microtorch.tensor([[3.0, 1.0], [2.0, 4.0]])
    >>> x.take_along_dim(x.argsort(1), 1)
    tensor([[1., 3.],
            [2., 4.]])
    """
    only_tensors("take_along_dim", input=input)
    indices = only_data("take_along_dim", "indices", indices)
    if indices.dtype.kind != "i":
        raise DTypeError(f"take_along_dim: indices must be int64, not {indices.dtype}. Convert with .long().")
    if dim is None:
        return take_along_dim(input.reshape(-1), indices.reshape(-1), 0)
    if input.ndim != indices.ndim:
        raise ShapeError(
            f"take_along_dim: indices {indices.shape} and input {input.shape} must have as many dimensions."
        )
    dim = dimensions.one("take_along_dim", dim, input.ndim)
    n = input.shape[dim] if input.ndim else 1
    within("take_along_dim", np.where(indices._array < 0, indices._array + n, indices._array), n, dim)
    if not input.ndim:
        return Gather.apply(input, 0, indices - indices)
    shape = list(broadcast_shapes(*[(*t.shape[:dim], 1, *t.shape[dim + 1 :]) for t in (input, indices)]))
    sizes = [(*shape[:dim], t.shape[dim], *shape[dim + 1 :]) for t in (input, indices)]
    indices = expand(indices, sizes[1])
    return Gather.apply(expand(input, sizes[0]), dim, np.where(indices < 0, indices + n, indices))


@attach(numpy=np.take_along_axis)
def _numpy_take_along_axis(arr, indices, axis=-1):
    return take_along_dim(arr, as_tensor(indices), axis)


class ScatterAdd(ArrayFunction):
    """y = x, then y[index[i, j], j] += src[i, j] for dim 0        dx = dy,  dsrc = dy at index along dim

    Why: x is still in the sum everywhere, and each number of src was added at one place, whose gradient it gets.
    Derivation: y is a sum of x and of entries of src, each with the slope 1.
    """

    @staticmethod
    def forward(ctx, x, dim, index, src):
        return _scattered(ctx, "scatter_add", add_at, x, dim, index, src)

    @staticmethod
    def backward(ctx, dy):
        return dy, None, None, _dsrc(ctx, dy)


def _scattered(ctx, operation, write, x, dim, index, src):
    """A copy of `x` into which `write(array, where, values)` has put `src`."""
    ctx.dim, ctx.src_shape = dimensions.one(operation, dim, x.ndim), src.shape
    ctx.save_for_backward(index)
    y = x.copy()
    if index.size:
        flat, index, src = _with_dimension(y, index, src)
        where = places(operation, flat, ctx.dim, index)
        if index.ndim != src.ndim or any(n > m for n, m in zip(index.shape, src.shape, strict=True)):
            raise ShapeError(
                f"{operation}: index {index.shape} does not lie within src {src.shape}. "
                "Give both as many dimensions, and src as long as index or longer."
            )
        write(flat, where, src[tuple(map(slice, index.shape))])
    return y


def _dsrc(ctx, dy):
    """The gradient of what was put: `dy` where it went, and 0 for what the index left out."""
    (index,) = ctx.saved_tensors
    dsrc = Gather.apply(dy, ctx.dim, index)
    if not ctx.src_shape:
        return dsrc.sum()  # of one element, or none
    if dsrc.shape != ctx.src_shape:
        dsrc = Place.apply(dsrc, tuple(map(slice, dsrc.shape)), ctx.src_shape)
    return dsrc


@attach("scatter_add")
@dimensions.also_axis
def scatter_add(input, dim, index, src):
    """A copy of `input` with each element of `src` added at the position along `dim` that `index` gives.

    Parameters
    ----------
    src : Tensor
        What is added, of the dtype of `input`.

    Raises
    ------
    DTypeError
        If the dtypes differ.

    Notes
    -----
    For two dimensions and dim 1: y[i, index[i, j]] += src[i, j]; dx = dy and dsrc[i, j] = dy[i, index[i, j]].
    Only `index` is saved.

    Examples
    --------
    >>> src = microtorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = microtorch.zeros(2).scatter_add(0, microtorch.tensor([0, 1, 0]), src)
    >>> y.detach()
    tensor([4., 2.])
    >>> y.backward(microtorch.tensor([1.0, 10.0]))
    >>> src.grad
    tensor([ 1., 10.,  1.])
    """
    only_tensors("scatter_add", input=input, src=src)
    index = only_data("scatter_add", "index", index)
    same_dtype("scatter_add", input=input, src=src)
    return ScatterAdd.apply(input, dim, index, src)


attach_in_place(scatter_add, "scatter_add_")


def _put(y, where, src):
    y[where] = src


class Scatter(ArrayFunction):
    """y = x, then y[index[i, j], j] = src[i, j] for dim 0
    dx = dy, and 0 at index along dim,  dsrc = dy at index along dim

    Why: Where src was written the old value is gone and gets 0; what was written gets the gradient of its place.
    Derivation: y = x with slope 1 where nothing was written, and y = src with slope 1 where something was.
    """

    @staticmethod
    def forward(ctx, x, dim, index, src):
        return _scattered(ctx, "scatter", _put, x, dim, index, src)

    @staticmethod
    def backward(ctx, dy):
        (index,) = ctx.saved_tensors
        dx = Scatter.apply(dy, ctx.dim, index, np.zeros(index.shape, dy.dtype))
        return dx, None, None, _dsrc(ctx, dy)


class ScatterMultiply(ArrayFunction):
    """y = x, then y[index[i, j], j] *= src[i, j] for dim 0        it has no derivative here

    Why: Its derivative is put together from other operations by the function that calls it.
    """

    @staticmethod
    def forward(ctx, x, dim, index, src):
        return _scattered(ctx, "scatter", np.multiply.at, x, dim, index, src)

    @staticmethod
    def backward(ctx, dy):
        raise GradientError(
            "scatter: reduce='multiply' has no derivative, as in PyTorch. Multiply by a tensor of ones into which the "
            "factors were scattered."
        )


@attach("scatter")
@dimensions.also_axis
def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """A copy of `input` with each element of `src` put at the position along `dim` that `index` gives.

    Parameters
    ----------
    src : Tensor or number
        What is put, of the dtype of `input`.
    value : number, optional
        Another name for `src` where it is a number.
    reduce : {"add", "multiply"}, optional
        Combine with what is there, rather than replace it.

    Returns
    -------
    Tensor
        Of the shape of `input`. Where `index` names a place twice, the last one counts.

    Raises
    ------
    DTypeError
        If the dtypes differ.

    Notes
    -----
    For two dimensions and dim 1: y[i, index[i, j]] = src[i, j]; dsrc[i, j] = dy[i, index[i, j]], dinput is dy with 0
    at these places. Only `index` is saved. ``reduce="multiply"`` has no derivative.

    Examples
    --------
    >>> microtorch.zeros(3).scatter(0, microtorch.tensor([2, 0]), microtorch.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    only_tensors("scatter", input=input)
    index = only_data("scatter", "index", index)
    if reduce not in (None, "add", "multiply"):
        raise ValueError(f"scatter: reduce={reduce!r} is none of 'add', 'multiply' and None.")
    src = value if src is None else src
    if not isinstance(src, Tensor):
        src = wrap(np.full(index.shape, as_number("scatter", src, input.dtype)))
    same_dtype("scatter", input=input, src=src)
    function = {None: Scatter, "add": ScatterAdd, "multiply": ScatterMultiply}[reduce]
    return function.apply(input, dim, index, src)


attach_in_place(scatter, "scatter_")
