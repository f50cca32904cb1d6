"""The exponential linear units, as layers."""

from .. import functional as F
from .relu import Activation

__all__ = ["CELU", "ELU", "SELU"]


class ELU(Activation):
    """y = x where x > 0, else alpha · (exp(x) - 1), by element.

    Parameters
    ----------
    alpha : float, default 1
        Minus the limit on the left.

    References
    ----------
    D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning by exponential linear
    units", 2015, eq. 1.

    Examples
    --------
    >>> nn.ELU()(microtorch.tensor([-100.0, 2.0])).tolist()
    [-1.0, 2.0]
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__(alpha=alpha, inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.elu(input, self.alpha, self.inplace)


class CELU(Activation):
    """y = max(x, 0) + min(0, alpha · (exp(x / alpha) - 1)), by element.

    Parameters
    ----------
    alpha : float, default 1
        Minus the limit on the left.

    References
    ----------
    J. T. Barron, "Continuously differentiable exponential linear units", 2017, eq. 2.

    Examples
    --------
    >>> nn.CELU(2.0)(microtorch.tensor([-100.0, 2.0])).tolist()
    [-2.0, 2.0]
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__(alpha=alpha, inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.celu(input, self.alpha, self.inplace)


class SELU(Activation):
    """y = scale · ELU(x; alpha) with the two constants that keep mean 0 and variance 1, by element.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-normalizing neural networks", 2017, eq. 2.

    Examples
    --------
    >>> round(nn.SELU()(microtorch.tensor(1.0)).item(), 4)
    1.0507
    """

    def __init__(self, inplace=False):
        super().__init__(inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.selu(input, self.inplace)
