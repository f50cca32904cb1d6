"""Losses that compare vectors, or scores, with one another.

Parameters
----------
target : Tensor
    1 or −1.
margin : float, default 0.0

Returns
-------
Tensor
    0-d, or of the broadcast shape under "none".
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from .._promotion import only_data, only_tensors
from ..indexing.where import where
from ..nn.softplus import logsigmoid
from ..pointwise.clamp_and_maximum import minimum
from .binary_cross_entropy import times
from .cross_entropy import bad_label, check_labels, check_weight
from .regression import aligned, as_reduction, reduce_by

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
]


def cosine_embedding_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """How far the cosine of two vectors is below 1 where they are alike (target 1), above `margin` where not (−1).

    Parameters
    ----------
    input1, input2 : Tensor of shape (N, D) or (D,)
    target : Tensor of shape (N,) or ()
        1 or −1.

    Returns
    -------
    Tensor
        0-d, or of the shape of `target` under "none".

    Raises
    ------
    ShapeError
        If the shapes do not belong together.

    Notes
    -----
    loss = 1 − cos where t = 1, max(0, cos − margin) where t = −1, with cos = a·b/sqrt((a·a + ε)(b·b + ε)) and
    ε = 1e-12.

    Examples
    --------
    >>> a, b = microtorch.tensor([[1.0, 0.0]]), microtorch.tensor([[0.0, 2.0]])
    >>> F.cosine_embedding_loss(a, b, microtorch.tensor([1]))
    tensor(1.)
    """
    only_tensors("cosine_embedding_loss", input1=input1, input2=input2)
    target = only_data("cosine_embedding_loss", "target", target)
    reduction = as_reduction("cosine_embedding_loss", reduction, size_average, reduce)
    if target.ndim > 1 or input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        raise ShapeError(
            f"cosine_embedding_loss: inputs {input1.shape} and {input2.shape} and target {target.shape}: they need "
            "shapes (N, D), (N, D) and (N,), or (D,), (D,) and ()."
        )
    product = (input1 * input2).sum(-1)
    cosine = product / (((input1 * input1).sum(-1) + 1e-12) * ((input2 * input2).sum(-1) + 1e-12)).sqrt()
    apart = (cosine - margin).clamp(min=0)
    return reduce_by(reduction, where(target == 1, 1 - cosine, 0) + where(target == -1, apart, 0))


def margin_ranking_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """How far `input1` is from being above `input2` by `margin` where the target is 1, below where it is −1.

    Parameters
    ----------
    input1, input2 : Tensor

    Raises
    ------
    ShapeError
        If the numbers of dimensions differ.

    Notes
    -----
    loss = max(0, margin − t·(x1 − x2)).

    Examples
    --------
    >>> F.margin_ranking_loss(microtorch.tensor([1.0]), microtorch.tensor([3.0]), microtorch.tensor([1.0]))
    tensor(2.)
    """
    only_tensors("margin_ranking_loss", input1=input1, input2=input2)
    target = only_data("margin_ranking_loss", "target", target)
    reduction = as_reduction("margin_ranking_loss", reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        raise ShapeError(
            f"margin_ranking_loss: inputs {input1.shape} and {input2.shape} and target {target.shape} must have the "
            "same number of dimensions."
        )
    return reduce_by(reduction, (-target * (input1 - input2) + margin).clamp(min=0))


def triplet_margin_loss(
    anchor,
    positive,
    negative,
    margin=1.0,
    p=2.0,
    eps=1e-6,
    swap=False,
    size_average=None,
    reduce=None,
    reduction="mean",
):
    """By how much `anchor` fails to be closer to `positive` than to `negative` by `margin`.

    Parameters
    ----------
    anchor, positive, negative : Tensor of shape (N, D) or (D,)
    margin : float, default 1.0
        Positive.
    p : float, default 2.0
        The norm that measures distances.
    eps : float, default 1e-6
        Added to the differences.
    swap : bool, default False
        Measure the negative from the positive where that is closer.

    Returns
    -------
    Tensor
        0-d, or of shape (N,) under "none".

    Raises
    ------
    ShapeError
        If the numbers of dimensions differ.
    ValueError
        If `margin` is not positive.

    Notes
    -----
    loss = max(0, margin + ‖a − p + ε‖ − ‖a − n + ε‖).

    References
    ----------
    V. Balntas et al.: Learning Shallow Convolutional Feature Descriptors with Triplet Losses, BMVC 2016.

    Examples
    --------
    >>> a, p, n = (microtorch.tensor([v]) for v in ([0.0, 0.0], [3.0, 4.0], [0.0, 5.0]))
    >>> F.triplet_margin_loss(a, p, n)
    tensor(1.)
    """
    only_tensors("triplet_margin_loss", anchor=anchor, positive=positive, negative=negative)
    reduction = as_reduction("triplet_margin_loss", reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss: margin is {margin}. It must be positive.")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ShapeError(
            f"triplet_margin_loss: anchor {anchor.shape}, positive {positive.shape} and negative {negative.shape} must "
            "have the same number of dimensions."
        )
    near, far = (anchor - positive + eps).norm(p, -1), (anchor - negative + eps).norm(p, -1)
    if swap:
        far = minimum(far, (positive - negative + eps).norm(p, -1))
    return reduce_by(reduction, (margin + near - far).clamp(min=0))


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """`input`, a distance, where the pair is alike (target 1); how far it is below `margin` where not (target −1).

    Parameters
    ----------
    margin : float, default 1.0

    Notes
    -----
    loss = x where t = 1, max(0, margin − x) where t = −1, and their sum where t is neither, as in PyTorch.

    Examples
    --------
    >>> x = microtorch.tensor([0.25, 0.25], requires_grad=True)
    >>> F.hinge_embedding_loss(x, microtorch.tensor([1.0, -1.0]), reduction="sum").backward()
    >>> x.grad
    tensor([ 1., -1.])
    """
    only_tensors("hinge_embedding_loss", input=input)
    target = only_data("hinge_embedding_loss", "target", target)
    reduction = as_reduction("hinge_embedding_loss", reduction, size_average, reduce)
    input, target = aligned("hinge_embedding_loss", input, target)
    losses = where(target != -1, input, 0) + where(target != 1, (margin - input).clamp(min=0), 0)
    return reduce_by(reduction, losses)


class MultiMarginLoss(ArrayFunction):
    """y = Σ k · max(0, z)^p
    dx = dy · (s − o · Σ s), z = margin + x − Σ o · x, s = p · max(0, z)^(p − 1) · k where z > 0, else 0

    Letters: o is 1 at the right class, else 0; k is the weight of a wrong class over the number of classes, 0 at
    the right one; z is by how much a class violates the margin.
    Why: A wrong class that comes too near pushes its own score down and the right one's up by as much.
    Derivation: max(0, z)ᵖ has the slope p · zᵖ⁻¹ for z > 0; each z contains its own score with 1 and the right
    one's with −1.
    """

    @staticmethod
    def forward(ctx, x, target, p, margin, weight):
        C = x.shape[-1]
        check_weight("multi_margin_loss", x, weight, C)
        check_labels("multi_margin_loss", x, target)
        if ((target < 0) | (target >= C)).any():
            raise IndexError  # `explain` gives it its words
        ctx.save_for_backward(x)
        ctx.options = p, margin
        ctx.others = np.arange(C) != np.expand_dims(target, -1)
        ctx.factor = (np.ones(x.shape[:-1], x.dtype) if weight is None else weight[target]) / C
        short = MultiMarginLoss.shortfall(ctx, x)
        return (short if p == 1 else short * short).sum(axis=-1) * ctx.factor

    @staticmethod
    def shortfall(ctx, x):
        """By how much each other class comes within the margin of the label's."""
        labelled = np.where(ctx.others, 0.0, x).sum(axis=-1, keepdims=True)
        return np.where(ctx.others, np.maximum(x + (ctx.options[1] - labelled), 0), 0.0)

    @staticmethod
    def explain(x, target, p, margin, weight):
        return bad_label("multi_margin_loss", x, target, None)

    @staticmethod
    def notation(ctx, x, target, p, margin, weight):
        C, rows = x.shape[-1], np.atleast_1d(target)
        right = (rows[:, None] == np.arange(C)).reshape(x.shape)
        k = (1.0 if weight is None else weight[target][..., None]) * (~right) / C
        letters = {"o": right.astype(np.float64), "k": k}
        return {"letters": letters, "axes": {"Σ": (x.ndim - 1,)}, "views": {"y": (*x.shape[:-1], 1)}}

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        short = MultiMarginLoss.shortfall(ctx, x)
        slope = short > 0 if ctx.options[0] == 1 else 2 * short
        g = np.expand_dims(dy * ctx.factor, -1) * slope
        return g - g.sum(axis=-1, keepdims=True) * ~ctx.others


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """By how much the scores of other classes come within `margin` of the right one's: the hinge loss of many classes.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores of C classes.
    target : Tensor of int64, shape (N,) or ()
        Class labels 0 … C − 1.
    p : {1, 2}, default 1
        The power of each shortfall.
    margin : float, default 1.0

    Returns
    -------
    Tensor
        0-d, or of the shape of `target` under "none".

    Raises
    ------
    IndexError
        If a label is no class; the message names the row, the label and the number of classes.
    ValueError
        If `p` is neither 1 nor 2.

    Notes
    -----
    loss = w[t]·Σ max(0, margin − x[t] + x[j])^p / C over the classes j ≠ t.

    Examples
    --------
    >>> x = microtorch.tensor([[0.5, 1.0]], requires_grad=True)
    >>> loss = F.multi_margin_loss(x, microtorch.tensor([1]))
    >>> loss.backward()
    >>> loss.detach(), x.grad
    (tensor(0.25), tensor([[ 0.5, -0.5]]))
    """
    only_tensors("multi_margin_loss", input=input)
    reduction = as_reduction("multi_margin_loss", reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p is {p}. Only 1 and 2 are supported.")
    if input.ndim > 2:
        raise ShapeError(f"multi_margin_loss: an input of shape {input.shape}. It needs shape (N, C) or (C,).")
    target = only_data("multi_margin_loss", "target", target)
    if weight is not None:
        weight = only_data("multi_margin_loss", "weight", weight)
    if input.ndim < 2:
        input = input.reshape(1, -1) if target.shape == (1,) else input.reshape(-1)
    return reduce_by(reduction, MultiMarginLoss.apply(input, target, p, float(margin), weight))


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """The logistic loss of scores `input` against answers `target` of 1 and −1.

    Notes
    -----
    loss = log(1 + e^(−t·x)), computed so that it cannot overflow; dx = −dy·t·σ(−t·x).

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 0.0], requires_grad=True)
    >>> F.soft_margin_loss(x, microtorch.tensor([1.0, -1.0]), reduction="sum").backward()
    >>> x.grad
    tensor([-0.5,  0.5])
    """
    only_tensors("soft_margin_loss", input=input)
    reduction = as_reduction("soft_margin_loss", reduction, size_average, reduce)
    input, target = aligned("soft_margin_loss", input, target)
    return reduce_by(reduction, -logsigmoid(times("soft_margin_loss", input, target, "target")))
