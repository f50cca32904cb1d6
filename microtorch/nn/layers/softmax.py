"""Activations that look along a dimension, as modules. Formulas and gradients: the functions of `nn.functional`."""

from ...errors import ShapeError
from .. import functional as F
from ..module import Module
from .relu import Activation

__all__ = ["LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class Softmax(Activation):
    """y = exp(x) / Σ exp(x) along `dim`: positive numbers that sum to 1.

    Parameters
    ----------
    dim : int
        The dimension of the classes.

    Notes
    -----
    `CrossEntropyLoss` takes logits and applies it itself: a network that is trained with it does not end in one.

    Examples
    --------
    >>> nn.Softmax(dim=1)(microtorch.zeros(1, 4)).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(self, dim=None):
        super().__init__(dim=dim)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.softmax(input, self.dim)


class LogSoftmax(Activation):
    """y = x - log Σ exp(x) along `dim`: the logarithm of Softmax without overflow.

    Parameters
    ----------
    dim : int
        The dimension of the classes.

    Examples
    --------
    >>> round(nn.LogSoftmax(dim=0)(microtorch.zeros(4))[0].item(), 4)
    -1.3863
    """

    def __init__(self, dim=None):
        super().__init__(dim=dim)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.log_softmax(input, self.dim)


class Softmin(Activation):
    """y = exp(-x) / Σ exp(-x) along `dim`.

    Parameters
    ----------
    dim : int
        The dimension of the classes.

    Examples
    --------
    >>> nn.Softmin(dim=0)(microtorch.zeros(2)).tolist()
    [0.5, 0.5]
    """

    def __init__(self, dim=None):
        super().__init__(dim=dim)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.softmin(input, self.dim)


class Softmax2d(Module):
    """y = exp(x) / Σ exp(x) along the channels, the third dimension from the end.

    Examples
    --------
    >>> nn.Softmax2d()(microtorch.zeros(2, 1, 1)).flatten().tolist()
    [0.5, 0.5]
    """

    def forward(self, input):
        """(N, C, H, W) or (C, H, W) -> the same shape."""
        if input.ndim not in (3, 4):
            raise ShapeError(f"Softmax2d: takes (N, C, H, W) or (C, H, W), not {input.shape}")
        return F.softmax(input, -3)
