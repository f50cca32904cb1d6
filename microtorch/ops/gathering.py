"""Picking and putting elements by tensors of positions along one dimension."""

import numpy as np

from ..autograd.function import Function
from ..errors import DTypeError, ShapeError
from ..tensor import attach
from . import dimensions

__all__ = ["gather", "scatter_add"]


def places(operation, x, dim, index):
    """The numpy index that means the element ``index`` along `dim` of `x`, at each position of `index`."""
    if index.dtype.kind not in "iu":
        raise DTypeError(f"{operation}: index must be an integer tensor, not {index.dtype}. Convert with .long().")
    if index.ndim != x.ndim:
        raise ShapeError(
            f"{operation}: index {index.shape} has {index.ndim} dimensions, the tensor {x.shape} has {x.ndim}. "
            "Give both the same number, e.g. with index.unsqueeze(dim)."
        )
    grid = []
    for d, (n, m) in enumerate(zip(index.shape, x.shape, strict=True)):
        if d != dim and n > m:
            raise ShapeError(
                f"{operation}: index {index.shape} is longer than the tensor {x.shape} in dimension {d}; "
                f"only along dim {dim} may it be."
            )
        grid.append(index if d == dim else np.arange(n).reshape([-1 if i == d else 1 for i in range(index.ndim)]))
    return tuple(grid)


def _with_dimension(*arrays):
    """0-d arrays as arrays of one element, as PyTorch takes them here."""
    return [a.reshape(1) if a.ndim == 0 else a for a in arrays]


class Gather(Function):
    """y[i, j] = x[index[i, j], j] for dim 0        dx[index[i, j], j] += dy[i, j]"""

    @staticmethod
    def forward(ctx, x, dim, index):
        ctx.save_for_backward(index)
        ctx.shape, ctx.dim, shape = x.shape, dimensions.one("gather", dim, x.ndim), index.shape
        x, index = _with_dimension(x, index)
        return x[places("gather", x, ctx.dim, index)].reshape(shape)

    @staticmethod
    def backward(ctx, dy):
        (index,) = ctx.saved_tensors
        return ScatterAdd.apply(np.zeros(ctx.shape, dy.dtype), ctx.dim, index, dy)


@attach("gather")
def gather(input, dim, index):
    """Pick one element of `input` along `dim` for each element of `index`.

    Parameters
    ----------
    input : Tensor
    dim : int
        The dimension along which `index` counts.
    index : Tensor of int64 or int32
        As many dimensions as `input`; only along `dim` may it be longer. Values from 0 to ``input.size(dim) - 1``.

    Returns
    -------
    Tensor
        Of the shape of `index` and the dtype of `input`.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    IndexError
        If a value of `index` is out of range.

    Notes
    -----
    For two dimensions and dim 1: y[i, j] = x[i, index[i, j]]; dx[i, index[i, j]] += dy[i, j], so elements picked
    several times gather as many gradients. Only `index` is saved.

    Examples
    --------
    >>> import microtorch
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
    return Gather.apply(input, dim, index)


class ScatterAdd(Function):
    """y = x, then y[index[i, j], j] += src[i, j] for dim 0        dx = dy,  dsrc[i, j] = dy[index[i, j], j]"""

    @staticmethod
    def forward(ctx, x, dim, index, src):
        ctx.save_for_backward(index)
        ctx.dim, ctx.src_shape = dimensions.one("scatter_add", dim, x.ndim), src.shape
        y = x.copy()
        flat, index, src = _with_dimension(y, index, src)
        where = places("scatter_add", flat, ctx.dim, index)
        if any(n > m for n, m in zip(index.shape, src.shape, strict=True)):
            raise ShapeError(f"scatter_add: index {index.shape} is longer than src {src.shape}.")
        np.add.at(flat, where, src[tuple(map(slice, index.shape))])
        return y

    @staticmethod
    def backward(ctx, dy):
        (index,) = ctx.saved_tensors
        dsrc = Gather.apply(dy, ctx.dim, index)
        return dy, None, None, dsrc


@attach("scatter_add")
def scatter_add(input, dim, index, src):
    """A copy of `input` with each element of `src` added at the position along `dim` that `index` gives.

    Parameters
    ----------
    input : Tensor
    dim : int
        The dimension along which `index` counts.
    index : Tensor of int64 or int32
        As many dimensions as `input` and `src`, nowhere longer than `src`.
    src : Tensor
        What is added, of the dtype of `input`.

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    DTypeError
        If the dtypes differ.
    IndexError
        If a value of `index` is out of range.

    Notes
    -----
    For two dimensions and dim 1: y[i, index[i, j]] += src[i, j]; dx = dy and dsrc[i, j] = dy[i, index[i, j]].
    Only `index` is saved.

    Examples
    --------
    >>> import microtorch
    >>> src = microtorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = microtorch.zeros(2).scatter_add(0, microtorch.tensor([0, 1, 0]), src)
    >>> y.detach()
    tensor([4., 2.])
    >>> y.backward(microtorch.tensor([1.0, 10.0]))
    >>> src.grad
    tensor([ 1., 10.,  1.])
    """
    if input.dtype != src.dtype:
        raise DTypeError(f"scatter_add: input is {input.dtype} and src {src.dtype}. Convert one, with .to(dtype).")
    return ScatterAdd.apply(input, dim, index, src)
