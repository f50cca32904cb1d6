"""Several tensors as one, and one as several.

Returns
-------
Tensor
    In the common dtype.

Raises
------
ShapeError
    If the shapes do not fit, or there is no tensor.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError, describe
from ...from_data import as_tensor
from ...tensor import attach
from .. import _dimensions as dimensions
from .._promotion import in_dtype, result_type
from .squeeze import atleast_1d, atleast_2d, atleast_3d

__all__ = ["cat", "column_stack", "concat", "concatenate", "dstack", "hstack", "row_stack", "stack", "vstack"]


def in_common_dtype(operation, tensors):
    """`tensors` in their common dtype; ShapeError if there is none."""
    try:
        tensors = [as_tensor(t) for t in tensors]
    except TypeError:
        if hasattr(tensors, "__iter__"):
            raise
        raise TypeError(f"{operation}: tensors must be a list or tuple of Tensors, not {describe(tensors)}.") from None
    if not tensors:
        raise ShapeError(f"{operation}: there is no tensor to join. Give at least one.")
    if len({t._array.dtype for t in tensors}) > 1:
        dtype = result_type(*tensors)
        tensors = [in_dtype(t, dtype) for t in tensors]
    return tensors


def _is_nothing(x):
    """Whether `x` has the shape (0,), which `cat` leaves out whatever the others' is; PyTorch's old rule."""
    return x.shape == (0,)


class Cat(ArrayFunction):
    """y = the xᵢ one after the other        dxᵢ = the part of dy that came from xᵢ

    Why: Each piece gets the gradient of the stretch where it lies.
    Derivation: y is made of the entries of the pieces, each once, with the slope 1.
    """

    @staticmethod
    def forward(ctx, dim, *xs):
        ctx.dim, ctx.lengths = dim, [None if _is_nothing(x) else x.shape[dim] for x in xs]
        return np.asarray(np.concatenate([x for x in xs if not _is_nothing(x)] or xs[:1], dim), order="C")

    @staticmethod
    def explain(dim, *xs):
        return (
            f"cat: shapes {', '.join(str(x.shape) for x in xs)} differ elsewhere than in dim {dim}. "
            "All other dimensions must agree."
        )

    @staticmethod
    def backward(ctx, dy):
        parts, start = [None], 0
        before = (slice(None),) * ctx.dim
        for n, needed in zip(ctx.lengths, ctx.needs_input_grad[1:], strict=True):
            if n is None:
                parts.append(dy.reshape(-1)[:0] if needed else None)
                continue
            parts.append(dy[(*before, slice(start, start + n))] if needed else None)
            start += n
        return tuple(parts)


@attach(numpy=np.concatenate)
def cat(tensors, dim=0, *, axis=None):
    """Tensors one after the other along a dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of shapes that agree except in `dim`; tensors of shape (0,) count as nothing.

    Raises
    ------
    ShapeError
        If other dimensions differ, or there is no tensor.

    Notes
    -----
    Each dxᵢ is the part of dy that came from xᵢ, a view. Nothing is saved.

    Examples
    --------
    >>> a = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> b = microtorch.tensor([3.0])
    >>> y = microtorch.cat([a, b])
    >>> y.detach()
    tensor([1., 2., 3.])
    >>> y.backward(microtorch.tensor([1.0, 10.0, 100.0]))
    >>> a.grad
    tensor([ 1., 10.])
    """
    tensors = in_common_dtype("cat", tensors)
    shaped = [t for t in tensors if not _is_nothing(t)] or tensors[:1]
    if any(t._array.ndim == 0 for t in tensors):
        raise ShapeError("cat: a tensor without dimensions has none to join along. Use stack, or .reshape(1).")
    dim = dimensions.one("cat", dim if axis is None else axis, shaped[0]._array.ndim)
    return Cat.apply(dim, *tensors)


concat = concatenate = cat


class Stack(ArrayFunction):
    """y = the xᵢ along a new dimension        dxᵢ = dy at i

    Why: Each piece gets the gradient of the layer where it lies.
    Derivation: y is made of the entries of the pieces, each once, with the slope 1.
    """

    @staticmethod
    def forward(ctx, dim, *xs):
        ctx.dim = dim
        return np.asarray(np.stack(xs, dim), order="C")

    @staticmethod
    def explain(dim, *xs):
        return (
            f"stack: shapes {', '.join(str(x.shape) for x in xs)} are not all equal. Use cat to join along a dimension."
        )

    @staticmethod
    def backward(ctx, dy):
        before = (slice(None),) * ctx.dim
        return None, *(dy[(*before, i)] if needed else None for i, needed in enumerate(ctx.needs_input_grad[1:]))


def stack(tensors, dim=0, *, axis=None):
    """Tensors of one shape along a new dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
    dim : int, default 0
        Where the new dimension is in the result.

    Raises
    ------
    ShapeError
        If the shapes differ, or there is no tensor.

    Notes
    -----
    dxᵢ = dy at i along the new dimension, a view. Nothing is saved.

    Examples
    --------
    >>> a, b = microtorch.tensor([1.0, 2.0]), microtorch.tensor([3.0, 4.0])
    >>> microtorch.stack([a, b], dim=1)
    tensor([[1., 3.],
            [2., 4.]])
    """
    tensors = in_common_dtype("stack", tensors)
    dim = dimensions.one("stack", dim if axis is None else axis, tensors[0]._array.ndim + 1)
    return Stack.apply(dim, *tensors)


@attach(numpy=np.hstack)
def hstack(tensors):
    """Tensors side by side: along the second dimension, vectors along their only one.

    Parameters
    ----------
    tensors : sequence of Tensor
        Those of 0 dimensions count as vectors of one element.

    Examples
    --------
    >>> microtorch.hstack([microtorch.tensor([1, 2]), microtorch.tensor([3])])
    tensor([1, 2, 3])
    """
    tensors = [atleast_1d(t) for t in in_common_dtype("hstack", tensors)]
    return cat(tensors, 1 if tensors[0].ndim > 1 else 0)


@attach(numpy=np.vstack)
def vstack(tensors):
    """Tensors one below the other: along the first dimension, vectors as rows.

    Parameters
    ----------
    tensors : sequence of Tensor
        Those of fewer than 2 dimensions count as one row.

    Examples
    --------
    >>> microtorch.vstack([microtorch.tensor([1, 2]), microtorch.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return cat([atleast_2d(t) for t in in_common_dtype("vstack", tensors)], 0)


@attach(numpy=np.dstack)
def dstack(tensors):
    """Tensors one behind the other: along the third dimension.

    Parameters
    ----------
    tensors : sequence of Tensor
        Those of fewer than 3 dimensions get them as by `atleast_3d`.

    Examples
    --------
    >>> microtorch.dstack([microtorch.tensor([1, 2]), microtorch.tensor([3, 4])])
    tensor([[[1, 3],
             [2, 4]]])
    """
    return cat([atleast_3d(t) for t in in_common_dtype("dstack", tensors)], 2)


@attach(numpy=np.column_stack)
def column_stack(tensors):
    """Vectors as the columns of a matrix, and matrices side by side.

    Parameters
    ----------
    tensors : sequence of Tensor
        Those of fewer than 2 dimensions count as one column.

    Examples
    --------
    >>> microtorch.column_stack([microtorch.tensor([1, 2]), microtorch.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    tensors = in_common_dtype("column_stack", tensors)
    return hstack([t.reshape(-1, 1) if t.ndim < 2 else t for t in tensors])


row_stack = vstack
