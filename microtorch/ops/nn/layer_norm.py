"""Normalisation of each sample by itself, over its last dimensions."""

from math import prod

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from ...kernels.nn import layer_norm as kernels
from ...tensor import Tensor
from .._promotion import given, only_tensors
from .batch_norm import check_parameters, flat

__all__ = ["layer_norm", "rms_norm"]


_OPTIONAL = Tensor | None


def as_rows(name, x, shape):
    """`x` as a contiguous (M, D) with D elements in the last dimensions, which must be `shape`."""
    if not shape or x.shape[x.ndim - len(shape) :] != shape:
        raise ShapeError(
            f"{name}: normalized_shape {shape} and an input of shape {x.shape}: the input must end in "
            f"{shape or 'at least one dimension'}."
        )
    if x.ndim == 2 and len(shape) == 1 and x.flags.c_contiguous:
        return x
    return np.ascontiguousarray(x).reshape(prod(x.shape[: x.ndim - len(shape)]), prod(shape))


def over_last(x, shape):
    """The letters of a formula in numbers, where each sample is normalised over its last dimensions, `shape`."""
    first = x.ndim - len(shape)
    last = tuple(range(first, x.ndim))
    return {"axes": {"Σ": tuple(range(first)), "mean": last, "var": last}}


class LayerNorm(ArrayFunction):
    """y = weight · x̂ + bias, x̂ = (x − mean(x)) / σ, σ = √(var(x) + eps)
    dx = (g − mean(g) − x̂ · mean(g · x̂)) / σ, g = weight · dy,
    dweight = Σ dy · x̂,  dbias = Σ dy

    Letters: Means go over the features of each sample, Σ over the samples; x̂ is the input with mean 0 and spread
    1.
    Why: What shifts or stretches all features of a sample alike is taken out by the normalisation, so that part of
    the gradient is taken out too.
    Derivation: With g = dL/dx̂: the path through the mean gives −mean(g) / σ, the one through the variance −x̂ ·
    mean(g · x̂) / σ.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, shape, eps):
        rows = as_rows("layer_norm", x, shape)
        check_parameters("layer_norm", x, shape, weight=weight, bias=bias)
        ctx.save_for_backward(x, weight)
        ctx.options = shape, eps
        y, stats = ctx.empty(rows.shape, x.dtype), ctx.empty((2, len(rows)), x.dtype)
        ctx.call(kernels.layer_norm, rows, flat(weight, x), flat(bias, x), eps, stats, y)
        ctx.cache = rows, stats
        return y if rows is x else y.reshape(x.shape)

    @staticmethod
    def notation(ctx, x, weight, bias, shape, eps):
        return over_last(x, shape)

    @staticmethod
    def backward(ctx, dy):
        x, weight = ctx.saved_tensors
        shape, eps = ctx.options
        axes = tuple(range(-len(shape), 0))
        centred = x - x.mean(axis=axes, keepdims=True)
        rstd = 1 / np.sqrt((centred * centred).mean(axis=axes, keepdims=True) + eps)
        normal = centred * rstd
        g = dy if weight is None else dy * weight
        dx = rstd * (g - g.mean(axis=axes, keepdims=True) - normal * (g * normal).mean(axis=axes, keepdims=True))
        return dx, dy * normal if weight is not None else None, dy

    @staticmethod
    def backward_kernel(ctx, dy):
        x, weight = ctx.saved_tensors
        rows, stats = ctx.cache
        shape, _ = ctx.options
        dw, db = ctx.empty(shape, x.dtype), ctx.empty(shape, x.dtype)
        dx = ctx.empty(x.shape, x.dtype)
        dys, dxs = as_rows("layer_norm", dy, shape), dx.reshape(rows.shape)
        ctx.call(kernels.layer_norm_backward, dys, rows, flat(weight, x), stats, db.ravel(), dw.ravel(), dxs)
        return dx, dw, db


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """`input` with mean 0 and variance 1 over its last dimensions, then scaled and shifted.

    Parameters
    ----------
    input : Tensor, its last dimensions those of normalized_shape
    normalized_shape : int or sequence of int
        The last dimensions, over which each sample is normalised.
    weight, bias : Tensor of shape normalized_shape, optional
        The learned scale and shift.

    Raises
    ------
    ShapeError
        If `input` does not end in `normalized_shape`, or a parameter does not have it.

    Notes
    -----
    y = w·x̂ + b with x̂ = (x − mean)/sqrt(var + ε), var biased. With g = w·dy:
    dx = (g − mean(g) − x̂·mean(g·x̂))/sqrt(var + ε), dw = Σ dy·x̂, db = Σ dy. The input is saved.

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton: Layer Normalization, 2016.

    Examples
    --------
    >>> b = microtorch.zeros(2, requires_grad=True)
    >>> y = F.layer_norm(microtorch.tensor([[1.0, 3.0]]), 2, bias=b)
    >>> y.sum().backward()
    >>> y.detach(), b.grad
    (tensor([[-1.,  1.]]), tensor([1., 1.]))
    """
    if type(input) is not Tensor or not isinstance(weight, _OPTIONAL) or not isinstance(bias, _OPTIONAL):
        only_tensors("layer_norm", input=input, **given(weight=weight, bias=bias))
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    return LayerNorm.apply(input, weight, bias, shape, float(eps))


class RmsNorm(ArrayFunction):
    """y = weight · x̂, x̂ = x / r, r = √(mean(x²) + eps)
    dx = (g − x̂ · mean(g · x̂)) / r, g = weight · dy,  dweight = Σ dy · x̂

    Letters: The mean goes over the features of each sample, Σ over the samples; r is their root mean square.
    Why: What stretches all features of a sample alike is taken out by the normalisation, so that part of the
    gradient is taken out too.
    Derivation: With g = dL/dx̂: directly g / r, and through r, whose slope is x / (D · r), −x̂ · mean(g · x̂) / r.
    """

    @staticmethod
    def forward(ctx, x, weight, shape, eps):
        rows = as_rows("rms_norm", x, shape)
        check_parameters("rms_norm", x, shape, weight=weight)
        ctx.save_for_backward(x, weight)
        ctx.options = shape, eps
        y, rstd = ctx.empty(rows.shape, x.dtype), ctx.empty((len(rows),), x.dtype)
        ctx.call(kernels.rms_norm, rows, flat(weight, x), eps, rstd, y)
        ctx.cache = rows, rstd
        return y if rows is x else y.reshape(x.shape)

    @staticmethod
    def notation(ctx, x, weight, shape, eps):
        return over_last(x, shape)

    @staticmethod
    def backward(ctx, dy):
        x, weight = ctx.saved_tensors
        shape, eps = ctx.options
        axes = tuple(range(-len(shape), 0))
        rstd = 1 / np.sqrt((x * x).mean(axis=axes, keepdims=True) + eps)
        normal = x * rstd
        g = dy if weight is None else dy * weight
        dx = rstd * (g - normal * (g * normal).mean(axis=axes, keepdims=True))
        return dx, dy * normal if weight is not None else None

    @staticmethod
    def backward_kernel(ctx, dy):
        x, weight = ctx.saved_tensors
        rows, rstd = ctx.cache
        shape, _ = ctx.options
        dw, dx = ctx.empty(shape, x.dtype), ctx.empty(x.shape, x.dtype)
        dys, dxs = as_rows("rms_norm", dy, shape), dx.reshape(rows.shape)
        ctx.call(kernels.rms_norm_backward, dys, rows, flat(weight, x), rstd, dw.ravel(), dxs)
        return dx, dw


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """`input` divided by the root of its mean square over its last dimensions, then scaled.

    Parameters
    ----------
    input : Tensor, its last dimensions those of normalized_shape
    normalized_shape : int or sequence of int
        The last dimensions, over which each sample is normalised.
    weight : Tensor of shape normalized_shape, optional
        The learned scale.
    eps : float, optional
        Added to the mean square; default the precision of the dtype.

    Raises
    ------
    ShapeError
        If `input` does not end in `normalized_shape`, or `weight` does not have it.

    Notes
    -----
    y = w·x̂ with x̂ = x/sqrt(mean(x²) + ε). With g = w·dy: dx = (g − x̂·mean(g·x̂))/sqrt(mean(x²) + ε),
    dw = Σ dy·x̂. The input is saved.

    References
    ----------
    B. Zhang, R. Sennrich: Root Mean Square Layer Normalization, NeurIPS 2019.

    Examples
    --------
    >>> F.rms_norm(microtorch.tensor([[3.0, 4.0]]), 2)
    tensor([[0.8485, 1.1314]])
    """
    if type(input) is not Tensor or not isinstance(weight, _OPTIONAL):
        only_tensors("rms_norm", input=input, **given(weight=weight))
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    return RmsNorm.apply(input, weight, shape, float(np.finfo(input.dtype).eps if eps is None else eps))
