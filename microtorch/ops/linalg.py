"""Matrix products. `linear`, the fully connected operation, is one node of the graph with its bias."""

import math

import numpy as np

from ..autograd.function import Function
from ..errors import DTypeError, ShapeError
from ..tensor import attach

__all__ = ["linear", "matmul"]


def same_dtype(operation, first, second):
    """Raise DTypeError where numpy would promote in silence: float64 data in a float32 net costs double."""
    if first.dtype != second.dtype:
        raise DTypeError(
            f"{operation}: the operands are {first.dtype} and {second.dtype}. Convert one, e.g. with .to(other.dtype); "
            "data usually with .float()."
        )


def rows(x):
    """`x` as a matrix of its last dimension, (…, D) -> (N, D)."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


class MatMul(Function):
    """y = a @ b        da = dy @ bᵀ,  db = aᵀ @ dy"""

    @staticmethod
    def forward(ctx, a, b):
        if a.dtype is not b.dtype:
            same_dtype("matmul", a, b)
        ctx.save_for_backward(a, b)
        if a.ndim <= 2 and b.ndim <= 2 and a.dtype.kind == "f":
            return a.dot(b) if a.ndim and b.ndim else a @ b  # half the overhead of `@`; 0-d is for `@` to refuse
        if b.ndim == 2 and a.dtype.kind == "f" and a.flags.c_contiguous:
            return rows(a).dot(b).reshape(*a.shape[:-1], b.shape[1])  # one product, not a loop of small ones
        return a @ b

    @staticmethod
    def explain(a, b):
        if not a.ndim or not b.ndim:
            return (
                f"matmul: operands {a.shape} and {b.shape}: a tensor without dimensions is not a matrix. Use * instead."
            )
        n, m = a.shape[-1], b.shape[-2] if b.ndim > 1 else b.shape[0]
        if n != m:
            return (
                f"matmul: operands {a.shape} and {b.shape}: {n} columns do not meet {m} rows. "
                "Transpose one with .mT, or reshape."
            )
        return f"matmul: operands {a.shape} and {b.shape}: their batch dimensions do not broadcast together."

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        da = db = None
        if a.ndim == 1 and b.ndim == 1:
            return dy * b, dy * a
        if b.ndim == 1:  # (…, n, k) @ (k,) -> (…, n)
            if need_a:
                da = dy[..., None] * b
            if need_b:
                db = (a.mT @ dy[..., None])[..., 0]
        elif a.ndim == 1:  # (k,) @ (…, k, m) -> (…, m)
            if need_a:
                da = (b @ dy[..., None])[..., 0]
            if need_b:
                db = a[:, None] * dy[..., None, :]
        else:
            if need_a:
                da = dy @ b.mT
            if need_b and b.ndim == 2 and a.ndim > 2:  # sums over the batch within the product
                db = rows(a).mT @ rows(dy)
            elif need_b:
                db = a.mT @ dy
        return da, db


@attach("matmul", "__matmul__", reflected="__rmatmul__", numpy=np.matmul)
def matmul(input, other):
    """The matrix product; vectors count as a row on the left and a column on the right.

    Parameters
    ----------
    input : Tensor, shape (..., n, k) or (k,)
    other : Tensor, shape (..., k, m) or (k,)
        Leading dimensions broadcast together.

    Returns
    -------
    Tensor, shape (..., n, m)
        Without the dimension that a vector lacks.

    Raises
    ------
    ShapeError
        If the inner lengths differ, the leading dimensions do not broadcast, or an operand has no dimension.
    DTypeError
        If the dtypes differ.

    Notes
    -----
    y = a·b; da = dy·bᵀ, db = aᵀ·dy. Both operands are saved.

    Examples
    --------
    >>> import microtorch
    >>> a = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> b = microtorch.tensor([[1.0, 0.0], [0.0, 2.0]])
    >>> y = a @ b
    >>> y.detach()
    tensor([[1., 4.],
            [3., 8.]])
    >>> y.sum().backward()
    >>> a.grad
    tensor([[1., 2.],
            [1., 2.]])
    """
    return MatMul.apply(input, other)


class Linear(Function):
    """y = x @ wᵀ + b        dx = dy @ w,  dw = dyᵀ @ x,  db = Σ dy"""

    @staticmethod
    def forward(ctx, x, w, b):
        if x.dtype is not w.dtype:
            same_dtype("linear", x, w)
        ctx.save_for_backward(x, w)
        if w.ndim == 2:
            y = x.dot(w.T) if x.ndim == 2 else rows(x).dot(w.T).reshape(*x.shape[:-1], len(w))
        elif w.ndim == 1:
            y = np.asarray(x @ w)
        else:
            raise ShapeError(Linear.explain(x, w, b))
        if b is not None:
            if b.ndim > 1:
                raise ShapeError(Linear.explain(x, w, b))
            y += b
        return y

    @staticmethod
    def explain(x, w, b):
        shapes = f"linear: input {x.shape} and weight {w.shape}"
        if w.ndim not in (1, 2) or not x.ndim:
            return f"{shapes}: give an input with features in its last dimension, and a weight (out, in)."
        if x.shape[-1] != w.shape[-1]:
            hint = f" Did you mean Linear({x.shape[-1]}, {w.shape[0]})?" if w.ndim == 2 else ""
            return f"{shapes}: {x.shape[-1]} features do not fit {w.shape[-1]}.{hint}"
        return f"{shapes}: bias {b.shape} does not fit {w.shape[0] if w.ndim == 2 else 'one'} outputs."

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        need_x, need_w, need_b = ctx.needs_input_grad
        if w.ndim == 1:
            return dy[..., None] * w if need_x else None, x * dy[..., None] if need_w else None, dy if need_b else None
        dx = dy @ w if need_x else None
        if x.ndim != 2:
            x, dy = rows(x), rows(dy)  # (…, D) -> (N, D)
        return dx, dy.T @ x if need_w else None, dy.sum(axis=0) if need_b else None

    @staticmethod
    def backward_kernel(ctx, dy):
        x, w = ctx.saved_tensors
        if x.ndim != 2 or w.ndim != 2:
            return Linear.backward(ctx, dy)
        need_x, need_w, need_b = ctx.needs_input_grad  # `dot` has half the overhead of `@`
        dx = dy.dot(w) if need_x else None
        return dx, dy.T.dot(x) if need_w else None, np.add.reduce(dy, 0) if need_b else None


def linear(input, weight, bias=None):
    """The fully connected operation: each output is a weighted sum of the features, plus a bias.

    Parameters
    ----------
    input : Tensor, shape (..., in_features)
    weight : Tensor, shape (out_features, in_features) or (in_features,)
    bias : Tensor, shape (out_features,), optional

    Returns
    -------
    Tensor, shape (..., out_features)
        Without the last dimension where `weight` has one dimension.

    Raises
    ------
    ShapeError
        If the features or the bias do not fit the weight.
    DTypeError
        If the dtypes differ.

    Notes
    -----
    y = x·wᵀ + b; dx = dy·w, dw = dyᵀ·x, db = Σ dy over the leading dimensions. `input` and `weight` are saved; dx is
    not computed where the input needs no gradient, as in the first layer.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([[1.0, 2.0]])
    >>> w = microtorch.tensor([[3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    >>> b = microtorch.tensor([0.5, 0.0], requires_grad=True)
    >>> y = F.linear(x, w, b)
    >>> y.detach()
    tensor([[11.5000, 17.0000]])
    >>> y.sum().backward()
    >>> w.grad
    tensor([[1., 2.],
            [1., 2.]])
    """
    return Linear.apply(input, weight, bias)
