"""Activations of straight pieces."""

from .. import functional as F
from .relu import Activation

__all__ = ["Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "ReLU6", "Softshrink"]


class Hardtanh(Activation):
    """y = x between `min_val` and `max_val`, else the nearer of them, by element.

    Parameters
    ----------
    min_val, max_val : float, default -1 and 1
        The bounds.

    Examples
    --------
    >>> nn.Hardtanh()(microtorch.tensor([-3.0, 0.5, 2.0]))
    tensor([-1. ,  0.5,  1. ])
    """

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False):
        super().__init__(min_val=min_val, max_val=max_val, inplace=inplace)
        if min_val > max_val:
            raise ValueError(f"{type(self).__name__}: min_val {min_val} is above max_val {max_val}")

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class ReLU6(Hardtanh):
    """y = min(max(x, 0), 6), by element.

    Examples
    --------
    >>> nn.ReLU6()(microtorch.tensor([-1.0, 3.0, 8.0]))
    tensor([0., 3., 6.])
    """

    def __init__(self, inplace=False):
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self):
        return "inplace=True" if self.inplace else ""


class Hardsigmoid(Activation):
    """y = min(max(x / 6 + 1/2, 0), 1), by element.

    Examples
    --------
    >>> nn.Hardsigmoid()(microtorch.tensor([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """

    def __init__(self, inplace=False):
        super().__init__(inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.hardsigmoid(input, self.inplace)


class Hardswish(Activation):
    """y = x · min(max(x / 6 + 1/2, 0), 1), by element.

    References
    ----------
    A. Howard et al., "Searching for MobileNetV3", 2019, section 5.2.

    Examples
    --------
    >>> nn.Hardswish()(microtorch.tensor([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.0, 4.0]
    """

    def __init__(self, inplace=False):
        super().__init__(inplace=inplace)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.hardswish(input, self.inplace)


class Hardshrink(Activation):
    """y = x where |x| > `lambd`, else 0, by element.

    Parameters
    ----------
    lambd : float, default 0.5

    Examples
    --------
    >>> nn.Hardshrink()(microtorch.tensor([-1.0, 0.2, 2.0]))
    tensor([-1.,  0.,  2.])
    """

    def __init__(self, lambd=0.5):
        super().__init__(lambd=lambd)

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self):
        return f"{self.lambd}"


class Softshrink(Activation):
    """y = sign(x) · max(|x| − `lambd`, 0), by element.

    Parameters
    ----------
    lambd : float, default 0.5
        Not negative.

    Examples
    --------
    >>> nn.Softshrink()(microtorch.tensor([-1.0, 0.2, 2.0]))
    tensor([-0.5,  0. ,  1.5])
    """

    def __init__(self, lambd=0.5):
        super().__init__(lambd=lambd)
        if lambd < 0:
            raise ValueError(f"Softshrink: lambd = {lambd} must not be negative")

    def forward(self, input):
        """Any shape -> the same shape."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self):
        return f"{self.lambd}"
