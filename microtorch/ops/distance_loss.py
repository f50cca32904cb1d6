"""Losses that compare vectors, or scores, with one another."""

from ..errors import ShapeError
from .loss import as_reduction, reduce_by
from .promotion import only_data, only_tensors
from .selection import minimum, where

__all__ = ["cosine_embedding_loss", "margin_ranking_loss", "triplet_margin_loss"]


def cosine_embedding_loss(input1, input2, target, margin=0.0, size_average=None, reduce=None, reduction="mean"):
    """How far the cosine of two vectors is below 1 where they are alike (target 1), above `margin` where not (−1).

    Parameters
    ----------
    input1, input2 : Tensor of shape (N, D) or (D,)
    target : Tensor of shape (N,) or ()
        1 or −1.
    margin : float, default 0.0
    size_average, reduce : bool, optional
        PyTorch's old words for `reduction`.
    reduction : {"mean", "sum", "none"}, default "mean"

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
    >>> import microtorch
    >>> from microtorch.nn import functional as F
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
    target : Tensor
        1 or −1.
    margin : float, default 0.0
    size_average, reduce : bool, optional
        PyTorch's old words for `reduction`.
    reduction : {"mean", "sum", "none"}, default "mean"

    Returns
    -------
    Tensor
        0-d, or of the broadcast shape under "none".

    Raises
    ------
    ShapeError
        If the numbers of dimensions differ.

    Notes
    -----
    loss = max(0, margin − t·(x1 − x2)).

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
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
    size_average, reduce : bool, optional
        PyTorch's old words for `reduction`.
    reduction : {"mean", "sum", "none"}, default "mean"

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
    >>> import microtorch
    >>> from microtorch.nn import functional as F
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
