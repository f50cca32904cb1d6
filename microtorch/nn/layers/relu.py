"""Activations made of straight pieces, as modules. Formulas and gradients: the functions of `nn.functional`."""

from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import empty, sizes

__all__ = ["LeakyReLU", "PReLU", "RReLU", "ReLU", "Threshold"]


class Activation(Module):
    """The base of activations with options: keeps them under their names, and shows them.

    Each activation writes out `__init__`, for its signature, and `forward`, for its shapes. Called from here by the
    function and the names of its options, it took 0.6 µs longer, a fifth of a ReLU.
    """

    def __init__(self, **options):
        super().__init__()
        self._options = tuple(options)
        for name, value in options.items():
            setattr(self, name, value)

    def extra_repr(self):
        return ", ".join(
            f"{name}={getattr(self, name)!r}" for name in self._options if name != "inplace" or self.inplace
        )


class ReLU(Activation):
    """y = max(x, 0), by element.

    See Also
    --------
    microtorch.nn.functional.relu

    Examples
    --------
    >>> nn.ReLU()(microtorch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """

    def __init__(self, inplace=False):
        super().__init__(inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.relu(input, self.inplace)


class LeakyReLU(Activation):
    """y = x where x > 0, else negative_slope · x, by element.

    Parameters
    ----------
    negative_slope : float, default 0.01
        The slope left of zero.

    See Also
    --------
    microtorch.nn.functional.leaky_relu

    Examples
    --------
    >>> nn.LeakyReLU(0.1)(microtorch.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.1,  0. ,  2. ])
    """

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__(negative_slope=negative_slope, inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class PReLU(Module):
    """y = x where x > 0, else w · x with a slope w that is trained.

    Parameters
    ----------
    num_parameters : int, default 1
        One slope for all, or one for each channel (dimension 1).
    init : float, default 0.25
        The slope to begin with.
    dtype : numpy.dtype, default float32
        Of the slopes.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", 2015, eq. 1.

    Examples
    --------
    >>> nn.PReLU()(microtorch.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        (num_parameters,) = sizes("PReLU", 1, num_parameters=num_parameters)
        self.num_parameters, self.init = num_parameters, init
        self.weight = empty((num_parameters,), device, dtype)
        self.reset_parameters()

    def reset_parameters(self):
        """Set the slopes to what they began with."""
        init.constant_(self.weight, self.init)

    def forward(self, input):
        """(N, C, ...) -> (N, C, ...); any shape with one slope."""
        return F.prelu(input, self.weight)

    def extra_repr(self):
        return f"num_parameters={self.num_parameters}"


class Threshold(Activation):
    """y = x where x > threshold, else `value`, by element.

    Parameters
    ----------
    threshold : float
    value : float

    Examples
    --------
    >>> nn.Threshold(0.5, 20.0)(microtorch.tensor([0.0, 1.0]))
    tensor([20.,  1.])
    """

    def __init__(self, threshold, value, inplace=False):
        super().__init__(threshold=threshold, value=value, inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.threshold(input, self.threshold, self.value, self.inplace)


class RReLU(Activation):
    """y = x where x > 0, else a·x, with a drawn for each element in training, else the mean of both bounds.

    Parameters
    ----------
    lower, upper : float, default 1/8 and 1/3
        The bounds of a.

    Examples
    --------
    >>> nn.RReLU().eval()(microtorch.tensor([-48.0, 1.0]))
    tensor([-11.,   1.])
    """

    def __init__(self, lower=1.0 / 8, upper=1.0 / 3, inplace=False):
        super().__init__(lower=lower, upper=upper, inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)
