"""Smooth activations, as modules. Formulas and gradients: the functions of `nn.functional`."""

from .. import functional as F
from .relu import Activation

__all__ = ["GELU", "Mish", "SiLU"]


class SiLU(Activation):
    """y = x · sigmoid(x), by element; also called swish.

    References
    ----------
    S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", 2017, eq. 5.

    Examples
    --------
    >>> round(nn.SiLU()(microtorch.tensor(1.0)).item(), 4)
    0.7311
    """

    def __init__(self, inplace=False):
        super().__init__(inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.silu(input, self.inplace)


class Mish(Activation):
    """y = x · tanh(softplus(x)), by element.

    References
    ----------
    D. Misra, "Mish: a self regularized non-monotonic activation function", 2019, eq. 1.

    Examples
    --------
    >>> round(nn.Mish()(microtorch.tensor(1.0)).item(), 4)
    0.8651
    """

    def __init__(self, inplace=False):
        super().__init__(inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.mish(input, self.inplace)


class GELU(Activation):
    """y = x · Φ(x) with the distribution function Φ of the standard normal distribution, by element.

    Parameters
    ----------
    approximate : {"none", "tanh"}, default "none"
        The exact form, or the one with tanh.

    References
    ----------
    D. Hendrycks, K. Gimpel, "Gaussian error linear units", 2016, section 2.

    Examples
    --------
    >>> round(nn.GELU()(microtorch.tensor(1.0)).item(), 4)
    0.8413
    """

    def __init__(self, approximate="none"):
        super().__init__(approximate=approximate)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.gelu(input, approximate=self.approximate)
