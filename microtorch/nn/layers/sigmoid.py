"""The logistic function, tanh and the gate, as layers."""

from .. import functional as F
from ..module import Module
from .relu import Activation

__all__ = ["GLU", "Sigmoid", "Tanh"]


class Sigmoid(Module):
    """y = 1 / (1 + exp(-x)), by element.

    Examples
    --------
    >>> nn.Sigmoid()(microtorch.tensor([0.0])).tolist()
    [0.5]
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.sigmoid(input)


class Tanh(Module):
    """y = tanh(x), by element.

    Examples
    --------
    >>> nn.Tanh()(microtorch.tensor([0.0])).tolist()
    [0.0]
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.tanh(input)


class GLU(Activation):
    """y = a · sigmoid(b), where a and b are the halves of the input along `dim`.

    Parameters
    ----------
    dim : int, default -1
        The dimension to halve.

    References
    ----------
    Y. N. Dauphin, A. Fan, M. Auli, D. Grangier, "Language modeling with gated convolutional networks", 2016, eq. 1.

    Examples
    --------
    >>> nn.GLU()(microtorch.tensor([[4.0, 0.0]])).tolist()
    [[2.0]]
    """

    def __init__(self, dim=-1):
        super().__init__(dim=dim)

    def forward(self, input):
        """(..., 2 D) -> (..., D), for the dimension `dim`."""
        return F.glu(input, self.dim)
