"""Exponentials, logarithms and the smooth functions made of them, by element."""

from math import pi, sqrt

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import attach_in_place
from ..tensor import attach
from .arithmetic import absorb
from .promotion import floating

__all__ = ["exp", "log", "sigmoid", "tanh"]


class Exp(Function):
    """y = eˣ        dx = dy · y"""

    @staticmethod
    def forward(ctx, x):
        y = np.exp(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, y)


class Log(Function):
    """y = ln x        dx = dy / x"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.log(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / x)


class Sigmoid(Function):
    """y = 1 / (1 + e⁻ˣ)        dx = dy · y · (1 − y)"""

    @staticmethod
    def forward(ctx, x):
        y = 1 / (1 + np.exp(-x))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * y * (1 - y)


class Tanh(Function):
    """y = tanh x        dx = dy · (1 − y²)"""

    @staticmethod
    def forward(ctx, x):
        y = np.tanh(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy * (1 - y * y)


@attach("exp", numpy=np.exp)
def exp(input):
    """e to the power of each element."""
    return Exp.apply(floating(input))


@attach("log", numpy=np.log)
def log(input):
    """The natural logarithm of each element."""
    return Log.apply(floating(input))


@attach("sigmoid")
def sigmoid(input):
    """1 / (1 + e⁻ˣ) of each element."""
    return Sigmoid.apply(floating(input))


@attach("tanh", numpy=np.tanh)
def tanh(input):
    """The hyperbolic tangent of each element."""
    return Tanh.apply(floating(input))


for _function in (exp, log, sigmoid, tanh):
    attach_in_place(_function, _function.__name__ + "_")
