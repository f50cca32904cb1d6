"""Losses of samples that belong to several classes at once."""

import numpy as np

from ...autograd.inplace.views import as_own
from ...autograd.mode import state
from ...autograd.observe import tell
from ...errors import DTypeError, ShapeError
from ...tensor import wrap
from .._promotion import only_data, only_tensors
from ..indexing.gather_and_scatter import gather, within
from ..indexing.where import where
from ..nn.softplus import logsigmoid
from ..pointwise.clamp_and_maximum import clamp_min
from .regression import as_reduction, reduce_by

__all__ = ["multilabel_margin_loss", "multilabel_soft_margin_loss"]


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """By how much the scores of wrong classes come within 1 of those of each right one.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores of C classes.
    target : Tensor of int64, of the same shape
        The right classes, in each row up to the first −1.

    Returns
    -------
    Tensor
        0-d, or of shape (N,) or () under "none".

    Raises
    ------
    ShapeError
        If the shapes differ.
    IndexError
        If a label is no class.

    Notes
    -----
    loss = Σ max(0, 1 − x[t] + x[i]) / C over the right classes t and the wrong classes i.

    Examples
    --------
    >>> x = microtorch.tensor([[0.1, 0.2, 0.4, 0.8]])
    >>> F.multilabel_margin_loss(x, microtorch.tensor([[3, 0, -1, 1]])).item()
    0.85
    """
    only_tensors("multilabel_margin_loss", input=input)
    target = only_data("multilabel_margin_loss", "target", target)
    reduction = as_reduction("multilabel_margin_loss", reduction, size_average, reduce)
    if input.shape != target.shape or input.ndim > 2:
        raise ShapeError(
            f"multilabel_margin_loss: input {input.shape} and target {target.shape} must both be (N, C), or (C,)."
        )
    if not input.ndim:
        return as_own(multilabel_margin_loss(input.reshape(1), target.reshape(1), reduction=reduction).reshape(()))
    if target.dtype.kind not in "iu":
        raise DTypeError(f"multilabel_margin_loss: target names classes by integers, not by {target.dtype}.")
    if state.observers:
        tell("left", "multilabel_margin_loss reads its labels into Python")
    C = input.shape[-1]
    labels = target._array
    counts = np.logical_and.accumulate(labels >= 0, axis=-1)
    labels = np.where(counts, labels, 0)
    within("multilabel_margin_loss: target", labels, C, input.ndim - 1)
    right = np.zeros(input.shape, np.int64)
    np.maximum.at(right, (*np.indices(labels.shape)[:-1], labels), counts)
    scores = gather(input, -1, wrap(labels))
    short = clamp_min(1 - scores.unsqueeze(-1) + input.unsqueeze(-2), 0)
    pairs = wrap(counts[..., :, None] & (right[..., None, :] == 0))
    return reduce_by(reduction, where(pairs, short, 0.0).sum((-2, -1)) / C)


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """The logistic loss of each class on its own, averaged over the classes.

    Parameters
    ----------
    input : Tensor of shape (..., C)
        Logits.
    target : Tensor, of the same shape
        1 for the right classes, 0 for the others.
    weight : Tensor of shape (C,), optional
        A factor for each class.

    Returns
    -------
    Tensor
        0-d, or of the shape without C under "none".

    Notes
    -----
    loss = −Σ w · (t · log σ(x) + (1 − t) · log σ(−x)) / C.

    Examples
    --------
    >>> F.multilabel_soft_margin_loss(microtorch.zeros(1, 2), microtorch.tensor([[1.0, 0.0]])).item()
    0.693147...
    """
    only_tensors("multilabel_soft_margin_loss", input=input)
    target = only_data("multilabel_soft_margin_loss", "target", target)
    reduction = as_reduction("multilabel_soft_margin_loss", reduction, size_average, reduce)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        losses = losses * only_data("multilabel_soft_margin_loss", "weight", weight)
    return reduce_by(reduction, losses.mean(-1))
