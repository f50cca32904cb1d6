"""Normalisation of each sample by itself: over its last dimensions, or over groups of its channels."""

from math import prod

import numpy as np

from ..autograd.function import Function
from ..errors import ShapeError
from ..kernels import normalization as kernels
from .normalization import check_parameters

__all__ = ["layer_norm"]


def as_rows(x, shape):
    """`x` as a contiguous (M, D) with D elements in the last dimensions, which must be `shape`."""
    if not shape or x.shape[x.ndim - len(shape) :] != shape:
        raise ShapeError(
            f"layer_norm: normalized_shape {shape} and an input of shape {x.shape}: the input must end in "
            f"{shape or 'at least one dimension'}."
        )
    return np.ascontiguousarray(x).reshape(prod(x.shape[: x.ndim - len(shape)]), prod(shape))


def flat(parameter):
    """A parameter as (D,), contiguous."""
    return None if parameter is None else parameter.ravel()


class LayerNorm(Function):
    """y = w · x̂ + b, x̂ = (x − mean) / sqrt(var + ε)        dx = (g − mean(g) − x̂ · mean(g · x̂)) / sqrt(var + ε), g = w · dy"""

    @staticmethod
    def forward(ctx, x, weight, bias, shape, eps):
        rows = as_rows(x, shape)
        check_parameters("layer_norm", x, shape, weight=weight, bias=bias)
        ctx.save_for_backward(x, weight)
        ctx.options = shape, eps
        y = np.empty(rows.shape, x.dtype)
        stats = np.empty((2, len(rows)), x.dtype)
        kernels.layer_norm(rows, flat(weight), flat(bias), eps, stats, y)
        ctx.cache = rows, stats
        return y.reshape(x.shape)

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
        sums = np.empty((2, rows.shape[1]), x.dtype)
        dx = np.empty(rows.shape, x.dtype)
        kernels.layer_norm_backward(as_rows(dy, shape), rows, flat(weight), stats, sums, dx)
        return dx.reshape(x.shape), sums[1].reshape(shape), sums[0].reshape(shape)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """`input` with mean 0 and variance 1 over its last dimensions, then scaled and shifted.

    Parameters
    ----------
    input : Tensor of shape (..., *normalized_shape)
    normalized_shape : int or sequence of int
        The last dimensions, over which each sample is normalised.
    weight, bias : Tensor of shape normalized_shape, optional
        The learned scale and shift.
    eps : float, default 1e-5
        Added to the variance.

    Returns
    -------
    Tensor
        Of the same shape and dtype.

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
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> b = microtorch.zeros(2, requires_grad=True)
    >>> y = F.layer_norm(microtorch.tensor([[1.0, 3.0]]), 2, bias=b)
    >>> y.sum().backward()
    >>> y.detach(), b.grad
    (tensor([[-1.0000,  1.0000]]), tensor([1., 1.]))
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    return LayerNorm.apply(input, weight, bias, shape, float(eps))
