"""Losses that are negative log-likelihoods of distributions: Kullback-Leibler, Poisson, Gaussian.

Returns
-------
Tensor
    0-d, or of the broadcast shape under "none".
"""

from math import log, pi

import numpy as np

from ...autograd.observe import one_call
from ...errors import ShapeError
from ...from_data import as_tensor
from .._promotion import only_data, only_tensors
from ..indexing.where import where
from .regression import aligned, as_reduction, reduce_by

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """The Kullback-Leibler divergence of the distribution `target` from the one whose logarithm is `input`, by element.

    Parameters
    ----------
    input : Tensor
        Logarithms of probabilities.
    target : Tensor
        Probabilities, of the same shape; their logarithms with `log_target`.
    reduction : {"mean", "batchmean", "sum", "none"}, default "mean"
        "batchmean" divides the sum by the length of the first dimension, which gives the divergence as it is defined;
        "mean" divides by the number of all elements.
    log_target : bool, default False

    Notes
    -----
    loss = t·(log t − x), 0 where t = 0; dx = −dy·t.

    Examples
    --------
    >>> x = microtorch.tensor([[-1.0, -1.0]], requires_grad=True)
    >>> F.kl_div(x, microtorch.tensor([[0.25, 0.75]]), reduction="batchmean").backward()
    >>> x.grad
    tensor([[-0.25, -0.75]])
    """
    only_tensors("kl_div", input=input)
    target = only_data("kl_div", "target", target)
    per_batch = reduction == "batchmean"
    reduction = as_reduction("kl_div", "sum" if per_batch else reduction, size_average, reduce)
    input, target = aligned("kl_div", input, target)
    if log_target:
        losses = target.exp() * (target - input)
    else:
        positive = where(target == 0, 1, target)
        losses = target * positive.log() - target * input
    loss = reduce_by(reduction, losses)
    return loss / input.shape[0] if per_batch and input.ndim else loss


def poisson_nll_loss(
    input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"
):
    """The negative log-likelihood of counts `target` under Poisson distributions.

    Parameters
    ----------
    input : Tensor
        The logarithms of the expected counts; the counts themselves with ``log_input=False``.
    target : Tensor
        Counts, of the same shape.
    log_input : bool, default True
    full : bool, default False
        Add Stirling's approximation of log t! for counts above 1.
    eps : float, default 1e-8
        Added to the expected count before its logarithm is taken.

    Notes
    -----
    loss = eˣ − t·x, or x − t·log(x + eps) without `log_input`; dx = dy·(eˣ − t), or dy·(1 − t/(x + eps)).

    Examples
    --------
    >>> x = microtorch.tensor([0.0], requires_grad=True)
    >>> F.poisson_nll_loss(x, microtorch.tensor([3.0])).backward()
    >>> x.grad
    tensor([-2.])
    """
    only_tensors("poisson_nll_loss", input=input)
    target = only_data("poisson_nll_loss", "target", target)
    reduction = as_reduction("poisson_nll_loss", reduction, size_average, reduce)
    input, target = aligned("poisson_nll_loss", input, target)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        large = where(target <= 1, 1, target)
        stirling = large * large.log() - large + 0.5 * (2 * pi * large).log()
        losses = losses + where(target <= 1, 0, stirling)
    return reduce_by(reduction, losses)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """The negative log-likelihood of `target` under normal distributions with mean `input` and variance `var`.

    Parameters
    ----------
    input, target : Tensor
    var : Tensor or float
        One variance for each element, or for each row (of the shape of `input` without its last dimension, or with
        length 1 there), or one for all.
    full : bool, default False
        Add the constant log(2π)/2.
    eps : float, default 1e-6
        The variance is taken to be at least this; its gradient ignores that.

    Raises
    ------
    ShapeError
        If `var` fits neither the elements nor the rows.
    ValueError
        If a variance is negative.

    Notes
    -----
    loss = (log v + (x − t)²/v)/2 with v = max(var, eps); dx = dy·(x − t)/v, dv = dy·(1/v − (x − t)²/v²)/2.

    Examples
    --------
    >>> x = microtorch.tensor([1.0], requires_grad=True)
    >>> F.gaussian_nll_loss(x, microtorch.tensor([0.0]), 2.0).backward()
    >>> x.grad
    tensor([0.5])
    """
    only_tensors("gaussian_nll_loss", input=input)
    target = only_data("gaussian_nll_loss", "target", target)
    reduction = as_reduction("gaussian_nll_loss", reduction)
    if isinstance(var, int | float | np.generic):
        var = as_tensor(np.full(input.shape, var, input.dtype))
    var = only_data("gaussian_nll_loss", "var", var)
    if var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = var.unsqueeze(-1)
        elif var.ndim != input.ndim or sum(v for v, n in zip(var.shape, input.shape, strict=True) if v != n) != 1:
            raise ShapeError(
                f"gaussian_nll_loss: var {var.shape} for an input of shape {input.shape}. It needs that shape, or "
                f"{input.shape[:-1]}, a variance for each row, or 1 in place of one length."
            )
    _refuse_negative(var)
    short = (eps - var.detach()).clamp(min=0)
    var = var + short
    input, target = aligned("gaussian_nll_loss", input, target)
    losses = 0.5 * (var.log() + (input - target) ** 2 / var)
    return reduce_by(reduction, losses + 0.5 * log(2 * pi) if full else losses)


@one_call
def _refuse_negative(var):
    lowest = var._array.min(initial=0)
    if lowest < 0:
        raise ValueError(
            f"gaussian_nll_loss: var has a negative entry, {lowest:.6g}. Let the model predict its logarithm."
        )
