"""Losses that ask for a margin, as modules."""

from .. import functional as F
from .base import Loss

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
]


class MultiMarginLoss(Loss):
    """Σ max(0, margin - x[y] + x[i])ᵖ / C over the classes i other than the true class y.

    Parameters
    ----------
    p : {1, 2}, default 1
        The exponent.
    margin : float, default 1
        By how much the true class must lead.

    Examples
    --------
    >>> nn.MultiMarginLoss()(microtorch.tensor([[0.0, 0.0]]), microtorch.tensor([1])).item()
    0.5
    """

    def __init__(self, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce, weight=weight)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p is 1 or 2, not {p}")
        self.p, self.margin = p, margin

    def forward(self, input, target):
        """(N, C), (N,) -> ()"""
        return F.multi_margin_loss(
            input, target, p=self.p, margin=self.margin, weight=self.weight, reduction=self.reduction
        )


class SoftMarginLoss(Loss):
    """log(1 + exp(-y · x)) for labels y of 1 and -1.

    Examples
    --------
    >>> round(nn.SoftMarginLoss()(microtorch.tensor([0.0]), microtorch.tensor([1.0])).item(), 4)
    0.6931
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class HingeEmbeddingLoss(Loss):
    """x for labels 1, max(0, margin - x) for labels -1, where x is a distance.

    Parameters
    ----------
    margin : float, default 1
        How far apart unlike pairs should be.

    Examples
    --------
    >>> nn.HingeEmbeddingLoss()(microtorch.tensor([0.25, 0.25]), microtorch.tensor([1, -1])).item()
    0.5
    """

    def __init__(self, margin=1.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)
        self.margin = margin

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(Loss):
    """1 - cos(x₁, x₂) for labels 1, max(0, cos(x₁, x₂) - margin) for labels -1.

    Parameters
    ----------
    margin : float in [-1, 1], default 0
        How much alike unlike pairs may be.

    Examples
    --------
    >>> x = microtorch.tensor([[1.0, 0.0]])
    >>> nn.CosineEmbeddingLoss()(x, -x, microtorch.tensor([1])).item()
    2.0
    """

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)
        self.margin = margin

    def forward(self, input1, input2, target):
        """(N, D), (N, D), (N,) -> ()"""
        return F.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class MarginRankingLoss(Loss):
    """max(0, -y · (x₁ - x₂) + margin) for labels y: 1 where x₁ should be larger, -1 where x₂ should.

    Parameters
    ----------
    margin : float, default 0
        By how much it should be larger.

    Examples
    --------
    >>> one = microtorch.ones(1)
    >>> nn.MarginRankingLoss(0.5)(one, one, one).item()
    0.5
    """

    def __init__(self, margin=0.0, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)
        self.margin = margin

    def forward(self, input1, input2, target):
        """(N,), (N,), (N,) -> ()"""
        return F.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """max(0, ‖a - p‖ - ‖a - n‖ + margin) for anchors a, positives p and negatives n.

    Parameters
    ----------
    margin : float, default 1
        By how much farther the negative should be.
    p : float, default 2
        Of the norm.
    eps : float, default 1e-6
        Added to the differences.
    swap : bool, default False
        Whether the distance of p and n is taken where it is smaller than that of a and n.

    References
    ----------
    V. Balntas, E. Riba, D. Ponsa, K. Mikolajczyk, "Learning local feature descriptors with triplets and shallow
    convolutional neural networks", 2016.

    Examples
    --------
    >>> x = microtorch.zeros(1, 2)
    >>> nn.TripletMarginLoss()(x, x, x).item()
    1.0
    """

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: the margin must be positive, not {margin}")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor, positive, negative):
        """(N, D), (N, D), (N, D) -> ()"""
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )
