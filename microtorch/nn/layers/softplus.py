"""Softplus, the logarithm of the sigmoid, softsign and tanhshrink, as layers."""

from .. import functional as F
from ..module import Module
from .relu import Activation

__all__ = ["LogSigmoid", "Softplus", "Softsign", "Tanhshrink"]


class LogSigmoid(Module):
    """y = -log(1 + exp(-x)), by element, without overflow.

    Examples
    --------
    >>> nn.LogSigmoid()(microtorch.tensor([-1000.0])).tolist()
    [-1000.0]
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.logsigmoid(input)


class Softsign(Module):
    """y = x / (1 + |x|), by element.

    Examples
    --------
    >>> nn.Softsign()(microtorch.tensor([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.softsign(input)


class Tanhshrink(Module):
    """y = x - tanh(x), by element.

    Examples
    --------
    >>> nn.Tanhshrink()(microtorch.tensor([0.0])).tolist()
    [0.0]
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.tanhshrink(input)


class Softplus(Activation):
    """y = log(1 + exp(beta · x)) / beta, by element; x itself where beta · x > threshold.

    Parameters
    ----------
    beta : float, default 1
        How sharp the bend is.
    threshold : float, default 20
        From where on it is taken as straight.

    Examples
    --------
    >>> round(nn.Softplus()(microtorch.tensor(0.0)).item(), 4)
    0.6931
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__(beta=beta, threshold=threshold)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.softplus(input, self.beta, self.threshold)
