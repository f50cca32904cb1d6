"""Linear and Bilinear: fully connected layers.

Parameters
----------
out_features : int
    M, the size of each output.
bias : bool, default True
    Whether there is a b.
"""

import math

from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import empty, sizes

__all__ = ["Bilinear", "Identity", "Linear"]


class Identity(Module):
    """Gives back what it gets; takes any arguments, so that it can stand where another module was.

    Examples
    --------
    >>> nn.Identity(54, unused=True)(microtorch.tensor([1.0]))
    tensor([1.])
    """

    def __init__(self, *args, **kwargs):
        super().__init__()

    def forward(self, input):
        """The input."""
        return input


class Linear(Module):
    """A fully connected layer, y = x Wᵀ + b.

    Parameters
    ----------
    in_features : int
        D, the size of each input.

    Attributes
    ----------
    weight : Parameter of shape (M, D)
        Initially uniform in ±1/√D.
    bias : Parameter of shape (M,), or None
        Initially uniform in ±1/√D.

    Notes
    -----
    Input (..., D), output (..., M). The initial bounds are those of PyTorch: Kaiming's with a = √5.

    Examples
    --------
    >>> layer = nn.Linear(20, 30)
    >>> layer(microtorch.ones(128, 20)).shape
    (128, 30)
    >>> layer(microtorch.ones(128, 20)).sum().backward()
    >>> layer.weight.grad.shape
    (30, 20)
    """

    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None, *, generator=None):
        super().__init__()
        self.in_features, self.out_features = in_features, out_features = sizes(
            "Linear", in_features=in_features, out_features=out_features
        )
        self.weight = empty((out_features, in_features), device, dtype)
        self.register_parameter("bias", empty((out_features,), device, dtype) if bias else None)
        self.reset_parameters(generator)

    def reset_parameters(self, generator=None):
        """Draw initial values anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5), generator=generator)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0.0
            init.uniform_(self.bias, -bound, bound, generator=generator)

    def forward(self, input):
        """(..., D) -> (..., M)"""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self):
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    """A form that is linear in each of two inputs, yₘ = x₁ Wₘ x₂ᵀ + bₘ.

    Parameters
    ----------
    in1_features, in2_features : int
        D1 and D2, the sizes of the inputs.

    Attributes
    ----------
    weight : Parameter of shape (M, D1, D2)
        Initially uniform in ±1/√D1, as the bias.
    bias : Parameter of shape (M,), or None

    Examples
    --------
    >>> nn.Bilinear(20, 30, 40)(microtorch.ones(128, 20), microtorch.ones(128, 30)).shape
    (128, 40)
    """

    def __init__(self, in1_features, in2_features, out_features, bias=True, device=None, dtype=None, *, generator=None):
        super().__init__()
        (in1_features,) = sizes("Bilinear", 1, in1_features=in1_features)
        in2_features, out_features = sizes("Bilinear", in2_features=in2_features, out_features=out_features)
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = empty((out_features, in1_features, in2_features), device, dtype)
        self.register_parameter("bias", empty((out_features,), device, dtype) if bias else None)
        self.reset_parameters(generator)

    def reset_parameters(self, generator=None):
        """Draw initial values anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound, generator=generator)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound, generator=generator)

    def forward(self, input1, input2):
        """(..., D1), (..., D2) -> (..., M)"""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self):
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
