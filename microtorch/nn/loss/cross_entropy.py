"""Losses of classes, as modules. Formulas and gradients: the functions of `nn.functional`.

All take ``reduction``: ``"mean"`` (default), ``"sum"``, or ``"none"`` for one value per sample; ``size_average`` and
``reduce`` are PyTorch's older words for it, and warn.

Parameters
----------
ignore_index : int, default -100
    Samples with this label count for nothing.
reduction : {"mean", "sum", "none"}, default "mean"
    How samples are combined; the mean is weighted by `weight`.
"""

from .. import functional as F
from .base import Loss

__all__ = ["CrossEntropyLoss", "NLLLoss"]


class CrossEntropyLoss(Loss):
    """The negative log-likelihood of the classes under softmax of the logits.

    Parameters
    ----------
    label_smoothing : float in [0, 1], default 0
        How much of the probability is spread evenly over all classes.

    Notes
    -----
    Input: logits (N, C), (C,) or (N, C, d1, ...), without softmax. Target: class indices of any integer dtype, (N),
    () or (N, d1, ...), or probabilities of the input's shape.

    See Also
    --------
    microtorch.nn.functional.cross_entropy

    Examples
    --------
    >>> logits = microtorch.zeros(2, 4, requires_grad=True)
    >>> loss = nn.CrossEntropyLoss()(logits, microtorch.tensor([1, 3]))
    >>> round(loss.item(), 4)
    1.3863
    >>> loss.backward()
    >>> logits.grad
    tensor([[ 0.1250, -0.3750,  0.1250,  0.1250],
            [ 0.1250,  0.1250,  0.1250, -0.3750]])
    """

    def __init__(
        self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
    ):
        super().__init__(reduction, size_average, reduce, weight=weight)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input, target):
        """(N, C), (N,) -> ()"""
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(Loss):
    """The negative log-likelihood of the classes, from log-probabilities as LogSoftmax gives them.

    Examples
    --------
    >>> nn.NLLLoss()(microtorch.tensor([[-0.5, -1.0]]), microtorch.tensor([1]))
    tensor(1.)
    """

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce, weight=weight)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        """(N, C), (N,) -> ()"""
        return F.nll_loss(input, target, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction)
