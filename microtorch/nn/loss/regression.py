"""Losses of values, distances and distributions, as modules. Formulas and gradients: `nn.functional`."""

from .. import functional as F
from .base import Loss

__all__ = ["HuberLoss", "L1Loss", "MSELoss", "SmoothL1Loss"]


class MSELoss(Loss):
    """(x - y)².

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 3.0], requires_grad=True)
    >>> loss = nn.MSELoss()(x, microtorch.zeros(2))
    >>> loss.item()
    5.0
    >>> loss.backward()
    >>> x.grad
    tensor([1., 3.])
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """|x - y|.

    Examples
    --------
    >>> nn.L1Loss()(microtorch.tensor([1.0, 3.0]), microtorch.zeros(2)).item()
    2.0
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean"):
        super().__init__(reduction, size_average, reduce)

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """d² / (2 beta) where d = |x - y| < beta, else d - beta / 2.

    Parameters
    ----------
    beta : float, default 1
        Where the parabola meets the line; 0 is L1.

    References
    ----------
    R. Girshick, "Fast R-CNN", 2015, eq. 3.

    Examples
    --------
    >>> nn.SmoothL1Loss()(microtorch.tensor([1.0, 3.0]), microtorch.zeros(2)).item()
    1.5
    """

    def __init__(self, size_average=None, reduce=None, reduction="mean", beta=1.0):
        super().__init__(reduction, size_average, reduce)
        self.beta = beta

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """d² / 2 where d = |x - y| ≤ delta, else delta · (d - delta / 2).

    Parameters
    ----------
    delta : float, default 1
        Where the parabola meets the line.

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", 1964.

    Examples
    --------
    >>> nn.HuberLoss()(microtorch.tensor([1.0, 3.0]), microtorch.zeros(2)).item()
    1.5
    """

    def __init__(self, reduction="mean", delta=1.0):
        super().__init__(reduction)
        if not isinstance(delta, int | float):
            raise TypeError(f"HuberLoss: delta is a number, not {type(delta).__name__} {delta!r}")
        self.delta = delta

    def forward(self, input, target):
        """Any shape, the same shape -> ()"""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)
