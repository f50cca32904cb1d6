"""Losses of regression: by the difference of predictions and targets of one shape.

Parameters
----------
input, target : Tensor
    Of one shape; others are broadcast, with a warning, because that is nearly always an error.
weight : Tensor, optional
    A weight for each element; the mean is then the weighted sum divided by the sum of the weights.

Returns
-------
Tensor
    0-d, or of the broadcast shape under "none".
"""

import math
import warnings

import numpy as np

from ...autograd.function import ArrayFunction
from ...dtypes import as_number, float64
from ...errors import ShapeError, operation_name, warn_at_user_line
from ...kernels.loss import regression as kernels
from ...tensor import Tensor
from .._promotion import only_data, only_tensors, pair

__all__ = ["huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]


REDUCTIONS = ("none", "mean", "sum")


def as_reduction(name, reduction, size_average=None, reduce=None):
    """`reduction`, checked; or what PyTorch's old two switches mean, with its warning."""
    if size_average is None and reduce is None:
        if reduction not in REDUCTIONS:
            raise ValueError(f"{name}: reduction is {reduction!r}. Choose 'mean', 'sum' or 'none'.")
        return reduction
    if isinstance(size_average, Tensor) or isinstance(reduce, Tensor):
        raise TypeError(
            f"{name}: a tensor was given as size_average, an option. A loss module is made first, then called: "
            f"{name}()(output, target)."
        )
    reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
    message = f"{name}: size_average and reduce are old words. Use reduction={reduction!r}."
    warnings.warn(message, UserWarning, stacklevel=3)
    return reduction


def warn_of_activation(loss, inside, node):
    """Warn that the input of `loss`, made by `node`, has been through an activation; `inside` is what the loss applies.

    Silent, it would be a network that learns slowly and stops early. A look at the last operation costs 30 ns; the
    search through views and the like is `explain.check_training`'s.
    """
    before = operation_name(type(node))
    remedy = f"{loss} takes logits and applies {inside} itself. Leave out the {before} before it"
    if loss == "nll_loss":
        remedy = "nll_loss takes logarithms of probabilities. Use log_softmax before it, or cross_entropy on the scores"
    warn_at_user_line(
        f"{loss}: its input comes from {before}, so gradients are far too small and training slow. {remedy}."
    )


def reduce_by(reduction, losses):
    """The mean of `losses`, their sum, or themselves."""
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses


def aligned(name, input, target):
    """Both in their common dtype; with PyTorch's warning where they differ in shape, nearly always an error."""
    if type(input) is not Tensor:
        only_tensors(name, input=input)
    if type(target) is not Tensor:
        target = only_data(name, "target", target)
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
    weight = only_data(name, "weight", weight)
    if weight.shape != losses.shape:
        raise ShapeError(
            f"{name}: weight of shape {weight.shape} for losses of shape {losses.shape}. Give it that shape."
        )
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else reduce_by(reduction, losses)


class MseLoss(ArrayFunction):
    """y = Σ (x − t)² / n        dx = dy · 2 · (x − t) / n,  dt = −dy · 2 · (x − t) / n

    With reduction=none: y = (x − t)²        dx = dy · 2 · (x − t),  dt = −dy · 2 · (x − t)
    Letters: n is the number of elements, of which the mean is taken.
    Why: The gradient is the error itself, twice, shared by all elements: the further off, the stronger the pull.
    Derivation: d(x − t)²/dx = 2 (x − t); the mean divides by n. The target gets the opposite.
    """

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
    def notation(ctx, x, t, reduction):
        n = math.prod(np.broadcast_shapes(x.shape, t.shape))
        return {"letters": {"n": n if reduction == "mean" else None}}

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

    Notes
    -----
    loss = Σ (x − t)² / n; dx = dy·2(x − t)/n, dt = −dx. Both are saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> loss = F.mse_loss(x, microtorch.tensor([0.0, 0.0]))
    >>> loss.backward()
    >>> loss.detach(), x.grad
    (tensor(2.5), tensor([1., 2.]))
    """
    reduction = as_reduction("mse_loss", reduction, size_average, reduce)
    input, target = aligned("mse_loss", input, target)
    if weight is not None:
        return weighted("mse_loss", MseLoss.apply(input, target, "none"), weight, reduction)
    return MseLoss.apply(input, target, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """The mean absolute difference of `input` and `target`.

    Notes
    -----
    loss = Σ |x − t| / n; dx = dy·sign(x − t)/n, 0 where they are equal; dt = −dx.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, -3.0], requires_grad=True)
    >>> F.l1_loss(x, microtorch.tensor([0.0, 0.0])).backward()
    >>> x.grad
    tensor([ 0.5, -0.5])
    """
    reduction = as_reduction("l1_loss", reduction, size_average, reduce)
    input, target = aligned("l1_loss", input, target)
    losses = (input - target).abs()
    return reduce_by(reduction, losses) if weight is None else weighted("l1_loss", losses, weight, reduction)


class HuberLoss(ArrayFunction):
    """y = d² / 2 where |d| ≤ delta, else delta · (|d| − delta / 2), d = x − t
    dx = dy · min(max(d, −delta), delta),
    dt = −dy · min(max(d, −delta), delta)

    Why: Near the target the pull is the error; further off it is limited, so that a few outliers cannot take over.
    Derivation: d(d²/2)/dx = d inside; outside the line has the slope ±delta. Both meet at |d| = delta.
    """

    @staticmethod
    def forward(ctx, x, t, delta):
        ctx.save_for_backward(x, t)
        ctx.delta = delta
        size = abs(x - t)
        small = np.minimum(size, delta)
        return small * (size - small * 0.5)

    @staticmethod
    def backward(ctx, dy):
        x, t = ctx.saved_tensors
        dx = dy * np.clip(x - t, -ctx.delta, ctx.delta)
        return dx, -dx


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """The mean of a loss that is quadratic for differences below `beta` and linear above, with slope 1.

    Parameters
    ----------
    beta : float, default 1.0
        Not negative; 0 makes it `l1_loss`.

    Raises
    ------
    ValueError
        If `beta` is negative.

    Notes
    -----
    loss = d²/(2β) where d = |x − t| < β, else d − β/2; dx = dy·min(max((x − t)/β, −1), 1). It is
    ``huber_loss(delta=beta) / beta``.

    References
    ----------
    R. Girshick: Fast R-CNN, ICCV 2015.

    Examples
    --------
    >>> F.smooth_l1_loss(microtorch.tensor([0.5, 3.0]), microtorch.tensor([0.0, 0.0]), reduction="none")
    tensor([0.125, 2.5  ])
    """
    reduction = as_reduction("smooth_l1_loss", reduction, size_average, reduce)
    if as_number("smooth_l1_loss", beta, float64) < 0:
        raise ValueError(f"smooth_l1_loss: beta is {beta}. It is a distance: 0 or more.")
    input, target = aligned("smooth_l1_loss", input, target)
    if beta == 0:
        return reduce_by(reduction, (input - target).abs())
    return reduce_by(reduction, HuberLoss.apply(input, target, float(beta)) / beta)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """The mean of a loss that is quadratic for differences up to `delta` and linear above, with slope `delta`.

    Parameters
    ----------
    delta : float, default 1.0
        Positive.

    Raises
    ------
    ValueError
        If `delta` is not positive.

    Notes
    -----
    loss = d²/2 where d = |x − t| <= δ, else δ·(d − δ/2); dx = dy·min(max(x − t, −δ), δ), dt = −dx. Both are saved.

    References
    ----------
    P. Huber: Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35, 1964.

    Examples
    --------
    >>> x = microtorch.tensor([0.5, 3.0], requires_grad=True)
    >>> F.huber_loss(x, microtorch.tensor([0.0, 0.0]), reduction="sum").backward()
    >>> x.grad
    tensor([0.5, 1. ])
    """
    reduction = as_reduction("huber_loss", reduction)
    if as_number("huber_loss", delta, float64) <= 0:
        raise ValueError(f"huber_loss: delta is {delta}. It must be positive.")
    input, target = aligned("huber_loss", input, target)
    losses = HuberLoss.apply(input, target, float(delta))
    return reduce_by(reduction, losses) if weight is None else weighted("huber_loss", losses, weight, reduction)
