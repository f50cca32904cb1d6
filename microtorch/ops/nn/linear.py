"""The fully connected operation, one node of the graph with its bias, and the bilinear one of two inputs."""

from math import prod

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from ...kernels import product as kernel_of
from ...kernels._blas import addresses, seen
from ...kernels.nn import linear as kernels
from ...kernels.reduction import sum_over
from .._promotion import given, only_tensors, same_dtype
from ..linalg.matmul import rows
from ..reduction.sum_and_mean import Sum

__all__ = ["bilinear", "linear"]


def sums_rows(dy, db):
    """Whether `kernels.sum_of_rows` may fill `db`: a bias may be broadcast, and a transposed dy is numpy's work."""
    return db.shape == dy.shape[1:] and dy.flags.c_contiguous


LARGE = 1 << 16  # elements
FEW = 1 << 12  # below, nobody asks
DIVIDED = kernel_of.PARTS * kernel_of.ALONE  # multiplications; Note [Small products]


def multiply(call, a, b, y, ta=False, tb=False):
    """Call what computes y = a @ b, where a is transposed if `ta`, b if `tb`, and y is new.

    That is the BLAS that numpy has loaded, by way of a kernel that a captured step can call without Python. Where it
    is not found, or does not take the arrays as they lie, it is the faster of numpy's functions: `dot` starts in 0.5 µs
    where `matmul` needs 1.3, and takes 30 µs for 100×100×100 where it needs 36; but it fills y with zeros first: 2.6 ms
    for 500×100×3072 where `matmul` needs 2.3 (float32, two-core EPYC).
    """
    gemm, gemv = addresses(y.dtype)
    if gemm and a.flags.c_contiguous and b.flags.c_contiguous and a.dtype is b.dtype is y.dtype:
        call(kernel_of.product, gemm, gemv, ta, tb, a, b, y)
        if y.size > FEW and a.size * y.shape[1] > DIVIDED:
            seen.divided = True
    else:
        call(np.ndarray.dot if y.size < LARGE else np.matmul, a.T if ta else a, b.T if tb else b, y)


class Linear(ArrayFunction):
    """y = x @ wᵀ + b        dx = dy @ w,  dw = dyᵀ @ x,  db = Σ dy

    Why: Each output is a weighted sum: the gradient goes back through the same weights, and a weight learns from
    the input it saw, summed over the samples.
    Derivation: yₙⱼ = Σᵢ xₙᵢ wⱼᵢ + bⱼ: ∂L/∂xₙᵢ = Σⱼ dyₙⱼ wⱼᵢ, ∂L/∂wⱼᵢ = Σₙ dyₙⱼ xₙᵢ, ∂L/∂bⱼ = Σₙ dyₙⱼ.
    """

    @staticmethod
    def forward(ctx, x, w, b):
        ctx.save_factors(x, w)
        if w.ndim == 2 and x.ndim == 2:
            y = ctx.empty((len(x), len(w)), x.dtype)
            multiply(ctx.call, x, w, y, tb=True)
            if b is not None and b.shape == w.shape[:1]:
                ctx.call(kernels.add_bias, y, b)
                return y
        elif w.ndim == 2:
            y = rows(x).dot(w.T).reshape(*x.shape[:-1], len(w))
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
            if x.ndim > 2 and prod(x.shape[1:]) == w.shape[-1]:
                hint = f" Flatten it first, x.flatten(1) or nn.Flatten(): it has {w.shape[-1]} values for each sample."
            return f"{shapes}: {x.shape[-1]} features do not fit {w.shape[-1]}.{hint}"
        return f"{shapes}: bias {b.shape} does not fit {w.shape[0] if w.ndim == 2 else 'one'} outputs."

    @staticmethod
    def notation(ctx, x, w, b):
        rows = prod(x.shape[:-1])
        return {"axes": {"Σ": (0,)}, "views": {"x": (rows, x.shape[-1]), "y": (rows, len(w))}}

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        need_b = ctx.edges[2] is not None
        if ctx.inputs[1].ndim == 1:  # one output, without a dimension of its own
            dx = None if w is None else dy[..., None] * w
            return dx, None if x is None else x * dy[..., None], dy if need_b else None
        dx = None if w is None else dy @ w
        if dy.ndim != 2:
            dy = rows(dy)  # (…, D) -> (N, D)
        return dx, None if x is None else dy.T @ rows(x), Sum.apply(dy, 0, False) if need_b else None

    @staticmethod
    def backward_kernel(ctx, dy):
        x, w = ctx.saved_tensors
        if dy.ndim != 2 or ctx.inputs[1].ndim != 2:
            return Linear.backward(ctx, dy)
        dx = dw = db = None
        if ctx.edges[2] is not None:
            db = ctx.empty_gradient(2)
            if sums_rows(dy, db):
                ctx.call(kernels.sum_of_rows, dy, db)
            else:
                db = sum_over(dy, 0)
        if w is not None:
            dx = ctx.empty((len(dy), w.shape[1]), dy.dtype)
            multiply(ctx.call, dy, w, dx)
        if x is not None:
            dw = ctx.empty_gradient(1)
            multiply(ctx.call, dy, x, dw, ta=True)
        return dx, dw, db


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
    >>> x = microtorch.tensor([[1.0, 2.0]])
    >>> w = microtorch.tensor([[3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    >>> b = microtorch.tensor([0.5, 0.0], requires_grad=True)
    >>> y = F.linear(x, w, b)
    >>> y.detach()
    tensor([[11.5, 17. ]])
    >>> y.sum().backward()
    >>> w.grad
    tensor([[1., 2.],
            [1., 2.]])
    """
    try:
        dtype = input._array.dtype
        if dtype is not weight._array.dtype or (bias is not None and dtype is not bias._array.dtype):
            same_dtype("linear", input=input, weight=weight, **given(bias=bias))
    except AttributeError:  # a try costs nothing where none is raised
        only_tensors("linear", input=input, weight=weight, **given(bias=bias))
        raise
    return Linear.apply(input, weight, bias)


def bilinear(input1, input2, weight, bias=None):
    """A weighted sum of all products of two inputs' features, for each output, plus a bias.

    Parameters
    ----------
    input1 : Tensor, shape (..., in1_features)
    input2 : Tensor, shape (..., in2_features)
        Its leading dimensions are those of `input1`.
    weight : Tensor, shape (out_features, in1_features, in2_features)
    bias : Tensor, shape (out_features,), optional

    Returns
    -------
    Tensor, shape (..., out_features)

    Raises
    ------
    DTypeError
        If the dtypes differ.

    Notes
    -----
    yₒ = x₁ᵀ·Wₒ·x₂ + bₒ, as a product of `input1` with all Wₒ at once, then a product with `input2` for each sample.

    Examples
    --------
    >>> x1, x2 = microtorch.tensor([[1.0, 2.0]]), microtorch.tensor([[3.0]])
    >>> w = microtorch.tensor([[[1.0], [10.0]]], requires_grad=True)
    >>> y = F.bilinear(x1, x2, w)
    >>> y.detach()
    tensor([[63.]])
    >>> y.sum().backward()
    >>> w.grad
    tensor([[[3.],
             [6.]]])
    """
    only_tensors("bilinear", input1=input1, input2=input2, weight=weight, **given(bias=bias))
    same_dtype("bilinear", input1=input1, input2=input2, weight=weight)
    shapes = f"bilinear: inputs {input1.shape} and {input2.shape} and weight {weight.shape}"
    if weight.ndim != 3 or input1.shape[-1:] != weight.shape[1:2] or input2.shape[-1:] != weight.shape[2:]:
        raise ShapeError(f"{shapes}: the weight must be (out, features of input1, features of input2).")
    if input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(f"{shapes}: the leading dimensions of the inputs differ.")
    out, n1, n2 = weight.shape
    products = rows(input1) @ weight.permute(1, 0, 2).reshape(n1, out * n2)  # (N, in1) -> (N, out · in2)
    products = products.reshape(products.shape[0], out, n2)
    y = (products @ rows(input2)[:, :, None]).reshape(*input1.shape[:-1], out)  # (N, out, in2) -> (..., out)
    return y if bias is None else y + bias
