"""Distances between vectors, and the loss that compares them, as modules."""

from .. import functional as F
from ..module import Module
from .base import Loss

__all__ = ["CosineSimilarity", "PairwiseDistance", "TripletMarginWithDistanceLoss"]


class CosineSimilarity(Module):
    """The cosines of the angles between vectors.

    Parameters
    ----------
    dim : int, default 1
        The dimension along which the vectors lie.
    eps : float, default 1e-8
        Norms below count as this.

    Examples
    --------
    >>> nn.CosineSimilarity()(microtorch.tensor([[1.0, 0.0]]), microtorch.tensor([[2.0, 0.0]]))
    tensor([1.])
    """

    def __init__(self, dim=1, eps=1e-8):
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1, x2):
        """Two tensors -> their shape without `dim`."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norms of the differences of vectors in pairs.

    Parameters
    ----------
    p : float, default 2
    eps : float, default 1e-6
        Added to each difference.
    keepdim : bool, default False
        Keep the last dimension, with length 1.

    Examples
    --------
    >>> nn.PairwiseDistance()(microtorch.tensor([[0.0, 0.0]]), microtorch.tensor([[3.0, 4.0]]))
    tensor([5.])
    """

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1, x2):
        """(N, D), (N, D) -> (N,)"""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class TripletMarginWithDistanceLoss(Loss):
    """max(0, margin + d(anchor, positive) − d(anchor, negative)) for any distance d.

    Parameters
    ----------
    distance_function : callable, optional
        From two tensors to their distance; default `PairwiseDistance`.
    margin : float, default 1
    swap : bool, default False
        Measure the negative from the positive where that is closer.

    Examples
    --------
    >>> a, p, n = (microtorch.tensor([v]) for v in ([0.0, 0.0], [3.0, 4.0], [0.0, 5.0]))
    >>> nn.TripletMarginWithDistanceLoss()(a, p, n)
    tensor(1.)
    """

    def __init__(self, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
        super().__init__(reduction)
        if margin <= 0:
            raise ValueError(f"TripletMarginWithDistanceLoss: margin = {margin} must be positive")
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin, self.swap = margin, swap

    def forward(self, anchor, positive, negative):
        """(N, D), (N, D), (N, D) -> ()"""
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
