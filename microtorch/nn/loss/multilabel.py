"""Losses of samples that belong to several classes at once, as modules."""

from .. import functional as F
from .base import Loss

__all__ = ["MultiLabelMarginLoss", "MultiLabelSoftMarginLoss"]


class MultiLabelMarginLoss(Loss):
    """Σ max(0, 1 − x[t] + x[i]) / C over the right classes t and the wrong classes i.

    Examples
    --------
    >>> x = microtorch.tensor([[0.1, 0.2, 0.4, 0.8]])
    >>> nn.MultiLabelMarginLoss()(x, microtorch.tensor([[3, 0, -1, 1]])).item()
    0.85
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)

    def forward(self, input, target):
        """(N, C), (N, C) -> ()"""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(Loss):
    """The logistic loss of each class on its own, averaged over the classes.

    Examples
    --------
    >>> nn.MultiLabelSoftMarginLoss()(microtorch.zeros(1, 2), microtorch.tensor([[1.0, 0.0]])).item()
    0.693147...
    """

    def __init__(self, weight=None, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce, weight=weight)

    def forward(self, input, target):
        """(N, C), (N, C) -> ()"""
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)
