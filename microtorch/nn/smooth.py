"""Smooth activations, as modules. Formulas and gradients: the functions of `nn.functional`."""

from . import functional as F
from .activation import InPlace
from .module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "LogSigmoid",
    "Mish",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]


class Sigmoid(Module):
    """y = 1 / (1 + exp(-x)), by element.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
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
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.Tanh()(microtorch.tensor([0.0])).tolist()
    [0.0]
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.tanh(input)


class LogSigmoid(Module):
    """y = -log(1 + exp(-x)), by element, without overflow.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
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
    >>> import microtorch
    >>> from microtorch import nn
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
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.Tanhshrink()(microtorch.tensor([0.0])).tolist()
    [0.0]
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.tanhshrink(input)


class Alpha(Module):
    """What ELU and CELU share: the scale of the negative side."""

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def extra_repr(self):
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class ELU(Alpha):
    """y = x where x > 0, else alpha · (exp(x) - 1), by element.

    Parameters
    ----------
    alpha : float, default 1
        Minus the limit on the left.
    inplace : bool, default False
        Overwrite the input.

    References
    ----------
    D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning by exponential linear
    units", 2015, eq. 1.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.ELU()(microtorch.tensor([-100.0, 2.0])).tolist()
    [-1.0, 2.0]
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.elu(input, self.alpha, self.inplace)


class CELU(Alpha):
    """y = max(x, 0) + min(0, alpha · (exp(x / alpha) - 1)), by element.

    Parameters
    ----------
    alpha : float, default 1
        Minus the limit on the left.
    inplace : bool, default False
        Overwrite the input.

    References
    ----------
    J. T. Barron, "Continuously differentiable exponential linear units", 2017, eq. 2.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> nn.CELU(2.0)(microtorch.tensor([-100.0, 2.0])).tolist()
    [-2.0, 2.0]
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.celu(input, self.alpha, self.inplace)


class SELU(InPlace):
    """y = scale · ELU(x; alpha) with the two constants that keep mean 0 and variance 1, by element.

    Parameters
    ----------
    inplace : bool, default False
        Overwrite the input.

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-normalizing neural networks", 2017, eq. 2.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> round(nn.SELU()(microtorch.tensor(1.0)).item(), 4)
    1.0507
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.selu(input, self.inplace)


class SiLU(InPlace):
    """y = x · sigmoid(x), by element; also called swish.

    Parameters
    ----------
    inplace : bool, default False
        Overwrite the input.

    References
    ----------
    S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", 2017, eq. 5.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> round(nn.SiLU()(microtorch.tensor(1.0)).item(), 4)
    0.7311
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.silu(input, self.inplace)


class Mish(InPlace):
    """y = x · tanh(softplus(x)), by element.

    Parameters
    ----------
    inplace : bool, default False
        Overwrite the input.

    References
    ----------
    D. Misra, "Mish: a self regularized non-monotonic activation function", 2019, eq. 1.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> round(nn.Mish()(microtorch.tensor(1.0)).item(), 4)
    0.8651
    """

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.mish(input, self.inplace)


class GELU(Module):
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
    >>> import microtorch
    >>> from microtorch import nn
    >>> round(nn.GELU()(microtorch.tensor(1.0)).item(), 4)
    0.8413
    """

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self):
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """y = log(1 + exp(beta · x)) / beta, by element; x itself where beta · x > threshold.

    Parameters
    ----------
    beta : float, default 1
        How sharp the bend is.
    threshold : float, default 20
        From where on it is taken as straight.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> round(nn.Softplus()(microtorch.tensor(0.0)).item(), 4)
    0.6931
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self):
        return f"beta={self.beta}, threshold={self.threshold}"
