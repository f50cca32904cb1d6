"""Losses of classes, as modules. Formulas and gradients: the functions of `nn.functional`.

All take ``reduction``: ``"mean"`` (default), ``"sum"``, or ``"none"`` for one value per sample; ``size_average`` and
``reduce`` are PyTorch's older words for it, and warn.
"""

from ..ops.loss import as_reduction
from . import functional as F
from .module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "KLDivLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "SoftMarginLoss",
]


class Loss(Module):
    """What all losses share: the way they are reduced, and the weights some of them have."""

    def __init__(self, reduction, size_average=None, reduce=None, **weights):
        super().__init__()
        self.reduction = as_reduction(type(self).__name__, reduction, size_average, reduce)
        for name, tensor in weights.items():
            self.register_buffer(name, tensor)


class CrossEntropyLoss(Loss):
    """The negative log-likelihood of the classes under softmax of the logits.

    Parameters
    ----------
    weight : Tensor of shape (C,), optional
        A factor for each class.
    ignore_index : int, default -100
        Samples with this label count for nothing.
    reduction : {"mean", "sum", "none"}, default "mean"
        How samples are combined; the mean is weighted by `weight`.
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
    >>> import microtorch
    >>> from microtorch import nn
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

    Parameters
    ----------
    weight : Tensor of shape (C,), optional
        A factor for each class.
    ignore_index : int, default -100
        Samples with this label count for nothing.
    reduction : {"mean", "sum", "none"}, default "mean"
        How samples are combined; the mean is weighted by `weight`.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.NLLLoss()(microtorch.tensor([[-0.5, -1.0]]), microtorch.tensor([1]))
    tensor(1.)
    """

    def __init__(self, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce, weight=weight)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        """(N, C), (N,) -> ()"""
        return F.nll_loss(input, target, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCELoss(Loss):
    """Binary cross-entropy of probabilities in [0, 1]. `BCEWithLogitsLoss` is more exact.

    Parameters
    ----------
    weight : Tensor, optional
        A factor for each element; broadcast.
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
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
    weight : Tensor, optional
        A factor for each element; broadcast.
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.
    pos_weight : Tensor, optional
        A factor for the positive class; broadcast.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
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


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence of the target from the input, which is given as log-probabilities.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}, default "mean"
        ``"batchmean"``, the sum over the batch's size, is the divergence of the definition.
    log_target : bool, default False
        Whether the target is given as logarithms too.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> p = microtorch.tensor([[0.5, 0.5]])
    >>> nn.KLDivLoss(reduction="batchmean")(p.log(), p)
    tensor(0.)
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", log_target=False):
        super().__init__("sum" if reduction == "batchmean" else reduction, size_average, reduce)
        if reduction == "batchmean":
            self.reduction = reduction
        self.log_target = log_target

    def forward(self, input, target):
        """(N, ...), the same shape -> ()"""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class MultiMarginLoss(Loss):
    """Σ max(0, margin - x[y] + x[i])ᵖ / C over the classes i other than the true class y.

    Parameters
    ----------
    p : {1, 2}, default 1
        The exponent.
    margin : float, default 1
        By how much the true class must lead.
    weight : Tensor of shape (C,), optional
        A factor for each class.
    reduction : {"mean", "sum", "none"}, default "mean"
        How samples are combined.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
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

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default "mean"
        How elements are combined.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> round(nn.SoftMarginLoss()(microtorch.tensor([0.0]), microtorch.tensor([1.0])).item(), 4)
    0.6931
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.soft_margin_loss(input, target, reduction=self.reduction)
