"""Functions by element that are made of others, so that their derivatives are, too."""

import math

import numpy as np

from ..autograd.function import outside_graph
from ..autograd.inplace.changes import attach_in_place
from ..from_data import as_tensor
from ..tensor import Tensor, attach
from ._promotion import floating
from .creation.constant import zeros
from .nn.softmax import softmax
from .pointwise.arithmetic import mul, neg
from .pointwise.clamp_and_maximum import clamp, maximum, minimum
from .pointwise.division import div
from .pointwise.exp_and_log import exp, log, log1p, log2
from .pointwise.power import pow
from .pointwise.rounding import trunc
from .pointwise.sign import abs, sign
from .pointwise.special import erf
from .pointwise.trigonometry import sin
from .pointwise.where import where
from .reduction.max_and_min import argmax

__all__ = [
    "addcdiv",
    "addcmul",
    "copysign",
    "deg2rad",
    "erfc",
    "fix",
    "float_power",
    "fmax",
    "fmin",
    "frac",
    "gumbel_softmax",
    "hardshrink",
    "heaviside",
    "logaddexp",
    "logaddexp2",
    "logit",
    "rad2deg",
    "sgn",
    "signbit",
    "sinc",
    "softshrink",
    "xlogy",
]


@attach("addcmul")
def addcmul(input, tensor1, tensor2, *, value=1):
    """`input` plus `value` times the product of `tensor1` and `tensor2`, by element; they broadcast together."""
    return input + mul(tensor1, tensor2) * value


@attach("addcdiv")
def addcdiv(input, tensor1, tensor2, *, value=1):
    """`input` plus `value` times the quotient of `tensor1` by `tensor2`, by element; they broadcast together."""
    return input + div(tensor1, tensor2) * value


attach_in_place(addcmul, "addcmul_")
attach_in_place(addcdiv, "addcdiv_")


@attach("frac")
def frac(input):
    """What is left of each element of `input` without its whole part, with its sign: −0.5 of −2.5."""
    return input - trunc(input).detach()


@attach("fix")
def fix(input):
    """`input` without fractions, as `trunc`."""
    return trunc(input)


@attach("sgn")
def sgn(input):
    """The sign of each element of `input`, as `sign`: complex numbers, where they differ, are not here."""
    return sign(input)


@attach("signbit")
def signbit(input):
    """Whether each element of `input` is below 0, or −0."""
    return outside_graph(np.signbit, input)


@attach("copysign")
def copysign(input, other):
    """The magnitude of each element of `input` with the sign of that of `other`, a Tensor or a number."""
    other = as_tensor(other)
    return abs(floating(input)) * where(signbit(other), -1.0, 1.0).to(floating(input).dtype)


@attach("heaviside")
def heaviside(input, values):
    """0 where `input` is below 0, 1 where it is above, and that of `values` where it is 0; without gradient."""
    return where(input == 0, values, (input > 0).to(values.dtype)).detach()


@attach("deg2rad")
def deg2rad(input):
    """Angles from degrees: `input` · π / 180."""
    return floating(input) * (math.pi / 180)


@attach("rad2deg")
def rad2deg(input):
    """Angles in degrees: `input` · 180 / π."""
    return floating(input) * (180 / math.pi)


@attach("float_power")
def float_power(input, exponent):
    """`input` to the power of `exponent`, by element, computed in float64."""
    input, exponent = (x.double() if isinstance(x, Tensor) else x for x in (input, exponent))
    return pow(as_tensor(input, np.float64), exponent)


@attach("erfc")
def erfc(input):
    """1 − erf(x) of each element of `input`; where it is small it has fewer exact digits than erf has."""
    return 1 - erf(input)


@attach("logit")
def logit(input, eps=None):
    """log(x / (1 − x)) of each element of `input`, which is first brought between `eps` and 1 − `eps`, if given."""
    input = floating(input)
    if eps is not None:
        input = clamp(input, eps, 1 - eps)
    return log(input / (1 - input))


@attach("logaddexp")
def logaddexp(input, other):
    """log(exp(a) + exp(b)) of the elements of `input` and `other`, without overflow."""
    high, low = maximum(input, other), minimum(input, other)
    return where(high == low, high + math.log(2), high + log1p(exp(neg(abs(high - low)))))


@attach("logaddexp2")
def logaddexp2(input, other):
    """log₂(2ᵃ + 2ᵇ) of the elements of `input` and `other`, without overflow."""
    high, low = maximum(input, other), minimum(input, other)
    return where(high == low, high + 1, high + log2(1 + pow(2.0, low - high)))


@attach("xlogy")
def xlogy(input, other):
    """`input` · log(`other`) by element, and 0 where `input` is 0, unless `other` is NaN."""
    input, other = as_tensor(input), as_tensor(other)
    zero = (input == 0) & (other == other)
    return where(zero, 0.0, input * log(where(zero, 1.0, floating(other))))


@attach("sinc")
def sinc(input):
    """sin(πx) / (πx) of each element of `input`, and 1 at 0."""
    input = floating(input)
    zero = input == 0
    angle = where(zero, 1.0, input) * math.pi
    return where(zero, 1.0, sin(angle) / angle)


@attach("fmax")
def fmax(input, other):
    """The larger of the elements of `input` and `other`; where one is NaN, the other."""
    return where(input != input, other, where(other != other, input, maximum(input, other)))


@attach("fmin")
def fmin(input, other):
    """The smaller of the elements of `input` and `other`; where one is NaN, the other."""
    return where(input != input, other, where(other != other, input, minimum(input, other)))


@attach("hardshrink")
def hardshrink(input, lambd=0.5):
    """Each element of `input`, but 0 where its magnitude is at most `lambd`."""
    return where(abs(input) > lambd, input, 0.0)


@attach("softshrink")
def softshrink(input, lambd=0.5):
    """Each element of `input`, nearer to 0 by `lambd`, and 0 where its magnitude is at most that."""
    if lambd < 0:
        raise ValueError(f"softshrink: lambd={lambd} must not be negative.")
    return input - clamp(input, -lambd, lambd)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """A sample of categories that has a derivative: softmax of logits with Gumbel noise.

    Parameters
    ----------
    logits : Tensor
        Logarithms of weights, not normalised.
    tau : float, default 1
        The temperature: the lower, the nearer to a choice of one.
    hard : bool, default False
        Give a choice, ones and zeros, with the gradient of the soft one.
    eps : float
        Without effect, as in PyTorch.
    dim : int, default -1
        Along which dimension the categories lie.

    References
    ----------
    E. Jang, S. Gu, B. Poole: Categorical reparameterization with Gumbel-softmax, 2017.
    """
    noise = neg(log(zeros(*logits.shape, dtype=logits.dtype).exponential_()))
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    choice = zeros(*logits.shape, dtype=logits.dtype).scatter_(dim, argmax(soft, dim, keepdim=True), 1.0)
    return choice - soft.detach() + soft
