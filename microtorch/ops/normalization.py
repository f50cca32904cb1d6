"""Normalisation over the batch: each channel gets mean 0 and variance 1, then a learned scale and shift."""

from math import prod

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import record_change
from ..errors import DTypeError, ShapeError, user_line
from ..kernels import normalization as kernels

__all__ = ["batch_norm"]


def check_parameters(name, x, shape, **parameters):
    """Complain about parameters that do not have `shape` and the dtype of `x`."""
    for label, p in parameters.items():
        if p is not None:
            if p.shape != shape:
                raise ShapeError(
                    f"{name}: {label} has shape {p.shape}; for an input of shape {x.shape} it must be {shape}."
                )
            if p.dtype != x.dtype:
                raise DTypeError(f"{name}: the input is {x.dtype}, {label} {p.dtype}. Convert one of them.")


def flat(parameter, x):
    """A parameter for a kernel: (C,) and contiguous, or of size 0 if there is none."""
    return np.empty(0, x.dtype) if parameter is None else parameter.ravel()


def by_channel(x):
    """`x` as a contiguous (N, C, L)."""
    return np.ascontiguousarray(x).reshape(x.shape[0], x.shape[1], prod(x.shape[2:]))


class BatchNorm(Function):
    """y = w · x̂ + b, x̂ = (x − mean) / σ, σ² = var + ε        dx = w / σ · (dy − mean(dy) − x̂ · mean(dy · x̂))"""

    @staticmethod
    def forward(ctx, x, weight, bias, running_mean, running_var, training, momentum, eps):
        if x.ndim < 2:
            raise ShapeError(f"batch_norm: an input of shape {x.shape} has no channels. It needs shape (N, C, ...).")
        N, C = x.shape[:2]
        check_parameters(
            "batch_norm", x, (C,), weight=weight, bias=bias, running_mean=running_mean, running_var=running_var
        )
        ctx.options = training, eps
        rows = by_channel(x)
        y = np.empty(rows.shape, x.dtype)
        stats = np.empty((2, C), x.dtype)
        if training:
            count = N * rows.shape[2]
            if count == 1:
                raise ShapeError(
                    f"batch_norm: an input of shape {x.shape} has one value for each channel, whose variance is 0. "
                    "Training needs a larger batch: drop_last=True in the DataLoader, or model.eval()."
                )
            kernels.batch_moments(rows, stats)
            if running_mean is not None:
                line = user_line()
                for running, new, factor in (
                    (running_mean, stats[0], momentum),
                    (running_var, stats[1], momentum * count / max(count - 1, 1)),  # of the unbiased variance
                ):
                    running *= 1 - momentum
                    running += factor * new
                    record_change(running, "batch_norm", line)
            ctx.save_for_backward(x, weight)
        else:
            if running_mean is None or running_var is None:
                raise ValueError("batch_norm: in evaluation it needs running_mean and running_var, or training=True.")
            stats[0], stats[1] = running_mean, running_var
            ctx.save_for_backward(x, weight, running_mean, running_var)
        kernels.batch_norm(rows, stats, eps, flat(weight, x), flat(bias, x), y)
        ctx.cache = rows, stats
        return y.reshape(x.shape)

    @staticmethod
    def backward(ctx, dy):
        x, weight, *running = ctx.saved_tensors
        training, eps = ctx.options
        axes = (0, *range(2, x.ndim))
        wide = (1, x.shape[1]) + (1,) * (x.ndim - 2)
        if training:
            centred = x - x.mean(axis=axes, keepdims=True)
            var = (centred * centred).mean(axis=axes, keepdims=True)
        else:
            centred, var = x - running[0].reshape(wide), running[1].reshape(wide)
        rstd = 1 / np.sqrt(var + eps)
        normal = centred * rstd
        g = dy if weight is None else dy * weight.reshape(wide)
        dx = g * rstd
        if training:
            dx = dx - (g.mean(axis=axes, keepdims=True) + normal * (g * normal).mean(axis=axes, keepdims=True)) * rstd
        return dx, (dy * normal).sum(axis=axes) if weight is not None else None, dy.sum(axis=axes)

    @staticmethod
    def backward_kernel(ctx, dy):
        x, weight, *_ = ctx.saved_tensors
        training, eps = ctx.options
        if not training:
            return BatchNorm.backward(ctx, dy)
        rows, stats = ctx.cache
        sums = np.empty(stats.shape, x.dtype)
        dx = np.empty(rows.shape, x.dtype)
        kernels.batch_norm_backward(by_channel(dy), rows, stats, eps, flat(weight, x), sums, dx)
        return dx.reshape(x.shape), sums[1], sums[0]


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """`input` with mean 0 and variance 1 in each channel, over the batch, then scaled and shifted.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)
    running_mean, running_var : Tensor of shape (C,) or None
        Used in evaluation; in training they move towards those of the batch, in place.
    weight, bias : Tensor of shape (C,), optional
        The learned scale and shift.
    training : bool, default False
        Whether to use the mean and variance of this batch.
    momentum : float, default 0.1
        How far the running statistics move: ``running = (1 - momentum) * running + momentum * new``.
    eps : float, default 1e-5
        Added to the variance.

    Returns
    -------
    Tensor
        Of the same shape and dtype.

    Raises
    ------
    ShapeError
        If a parameter does not have shape (C,), or training has one value for each channel.

    Notes
    -----
    y = w·x̂ + b with x̂ = (x − mean)/sqrt(var + ε). In training
    dx = w/sqrt(var + ε)·(dy − mean(dy) − x̂·mean(dy·x̂)), in evaluation dx = w/sqrt(var + ε)·dy; dw = Σ dy·x̂,
    db = Σ dy. The batch is normalised by the biased variance, but the running one moves towards the unbiased. The
    input is saved.

    References
    ----------
    S. Ioffe, C. Szegedy: Batch Normalization, ICML 2015.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([[1.0], [3.0]])
    >>> w = microtorch.ones(1, requires_grad=True)
    >>> y = F.batch_norm(x, None, None, w, training=True)
    >>> (y * x).sum().backward()
    >>> y.detach(), w.grad
    (tensor([[-1.],
            [ 1.]]), tensor([2.]))
    """
    if eps <= 0 and training:
        raise ValueError(f"batch_norm: eps is {eps}. It must be positive, or a constant channel divides by 0.")
    if input.numel() == 0:  # PyTorch's rule: there is nothing to normalise, and no statistic to update
        y = input.clone() if weight is None else input * weight[0]
        return y if bias is None else y + bias[0]
    return BatchNorm.apply(input, weight, bias, running_mean, running_var, bool(training), momentum, float(eps))
