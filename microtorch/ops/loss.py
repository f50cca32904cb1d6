"""Losses of predictions against targets of the same shape."""

import warnings

import numpy as np

from ..autograd.function import Function
from ..errors import ShapeError
from ..kernels import loss as kernels
from ..tensor import Tensor, as_tensor
from .promotion import pair

__all__ = ["mse_loss"]

REDUCTIONS = ("none", "mean", "sum")


def as_reduction(name, reduction, size_average=None, reduce=None):
    """`reduction`, checked; or what PyTorch's old two switches mean, with its warning."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        message = f"{name}: size_average and reduce are old words. Use reduction={reduction!r}."
        warnings.warn(message, UserWarning, stacklevel=3)
    elif reduction not in REDUCTIONS:
        raise ValueError(f"{name}: reduction is {reduction!r}. Choose 'mean', 'sum' or 'none'.")
    return reduction


def reduce_by(reduction, losses):
    """The mean of `losses`, their sum, or themselves."""
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def aligned(name, input, target):
    """Both in their common dtype; with PyTorch's warning where they differ in shape, which is nearly always an error."""
    if type(target) is not Tensor:
        target = as_tensor(target)
    if input.shape != target.shape:
        warnings.warn(
            f"{name}: input {input.shape} and target {target.shape} differ in shape and are broadcast: "
            f"every prediction may be compared with every target. Give target the shape of the input: "
            f"target.reshape({input.shape}).",
            UserWarning,
            stacklevel=3,
        )
    return pair(input, target)


def weighted(name, losses, weight, reduction):
    """`losses` times `weight`, reduced; the mean is divided by the sum of the weights."""
    if weight.shape != losses.shape:
        raise ShapeError(
            f"{name}: weight of shape {weight.shape} for losses of shape {losses.shape}. Give it that shape."
        )
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduce_by(reduction, losses)


class MseLoss(Function):
    """y = mean of (x − t)²        dx = dy · 2 (x − t) / n,  dt = −dx"""

    @staticmethod
    def forward(ctx, x, t, reduction):
        ctx.save_for_backward(x, t)
        ctx.reduction = reduction
        if reduction == "none" or x.shape != t.shape:
            d = x - t
            ctx.count = d.size
            return reduce_by(reduction, d * d)
        ctx.count = x.size
        total = kernels.mse(x.ravel(), t.ravel())
        return x.dtype.type(total if reduction == "sum" else total / x.size if x.size else np.nan)

    @staticmethod
    def backward(ctx, dy):
        x, t = ctx.saved_tensors
        dx = (x - t) * (dy * (2 / ctx.count if ctx.reduction == "mean" else 2))
        return dx, -dx if ctx.needs_input_grad[1] else None

    @staticmethod
    def backward_kernel(ctx, dy):
        x, t = ctx.saved_tensors
        if ctx.reduction == "none" or x.shape != t.shape or ctx.needs_input_grad[1]:
            return MseLoss.backward(ctx, dy)
        dx = np.empty(x.shape, x.dtype)
        g = dy.item() * (2 / max(ctx.count, 1) if ctx.reduction == "mean" else 2)
        kernels.mse_backward(x.ravel(), t.ravel(), g, dx.ravel())
        return dx


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The mean squared difference of `input` and `target`.

    Parameters
    ----------
    input, target : Tensor
        Of one shape; others are broadcast, with a warning, because that is nearly always an error.
    size_average, reduce : bool, optional
        PyTorch's old words for `reduction`.
    reduction : {"mean", "sum", "none"}, default "mean"
    weight : Tensor, optional
        A weight for each element; the mean is then the weighted sum divided by the sum of the weights.

    Returns
    -------
    Tensor
        0-d, or of the broadcast shape under "none".

    Notes
    -----
    loss = Σ (x − t)² / n; dx = dy·2(x − t)/n, dt = −dx. Both are saved.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> loss = F.mse_loss(x, microtorch.tensor([0.0, 0.0]))
    >>> loss.backward()
    >>> loss.detach(), x.grad
    (tensor(2.5000), tensor([1., 2.]))
    """
    reduction = as_reduction("mse_loss", reduction, size_average, reduce)
    input, target = aligned("mse_loss", input, target)
    if weight is not None:
        return weighted("mse_loss", MseLoss.apply(input, target, "none"), weight, reduction)
    return MseLoss.apply(input, target, reduction)
