"""Absolute value, sign, and the steps: functions whose derivative is constant between their kinks."""

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import attach_in_place
from ..tensor import attach

__all__ = ["abs", "absolute", "sign"]


class Abs(Function):
    """y = |x|        dx = dy · sign x"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.abs(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * np.sign(x)


class Sign(Function):
    """y = −1, 0 or 1, the sign of x        dx = 0"""

    @staticmethod
    def forward(ctx, x):
        return np.sign(x)

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy)


@attach("abs", "absolute", "__abs__", numpy=np.abs)
def abs(input):
    """The absolute value of each element."""
    return Abs.apply(input)


@attach("sign", numpy=np.sign)
def sign(input):
    """-1, 0 or 1 for each element, as its sign is."""
    return Sign.apply(input)


absolute = abs
