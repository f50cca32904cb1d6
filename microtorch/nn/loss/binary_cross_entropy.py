"""Losses of yes and no, as modules.

Parameters
----------
weight : Tensor, optional
    A factor for each element; broadcast.
"""

from .. import functional as F
from .base import Loss

__all__ = ["BCELoss", "BCEWithLogitsLoss"]


class BCELoss(Loss):
    """Binary cross-entropy of probabilities in [0, 1]. `BCEWithLogitsLoss` is more exact.

    Examples
    --------
    >>> round(nn.BCELoss()(microtorch.tensor([0.5]), microtorch.tensor([1.0])).item(), 4)
    0.6931
    """

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce, weight=weight)

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of sigmoid of the input, without overflow.

    Parameters
    ----------
    pos_weight : Tensor, optional
        A factor for the positive class; broadcast.

    Examples
    --------
    >>> round(nn.BCEWithLogitsLoss()(microtorch.tensor([0.0]), microtorch.tensor([1.0])).item(), 4)
    0.6931
    """

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None):
        super().__init__(reduction, size_average, reduce, weight=weight, pos_weight=pos_weight)

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.binary_cross_entropy_with_logits(
            input, target, weight=self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )
