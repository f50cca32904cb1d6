"""Powers and roots."""

from math import inf, log, nan

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import attach_in_place
from ..tensor import Tensor, attach
from .arithmetic import absorb
from .promotion import floating, pair

__all__ = ["pow", "reciprocal", "rsqrt", "sqrt", "square"]


class Pow(Function):
    """y = aᵇ        da = dy · b · aᵇ⁻¹,  db = dy · y · ln a"""

    @staticmethod
    def forward(ctx, a, b):
        if type(b) is float or type(b) is int:
            ctx.save_for_backward(a, b)
            return a * a if b == 2 else a * a * a if b == 3 else a**b
        y = a**b
        ctx.save_for_backward(a, b, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        a, b, *rest = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        da = db = None
        if need_a:
            if type(b) is float:
                da = dy * (2 * a) if b == 2 else absorb(dy, b * a ** (b - 1)) if b != 0 else np.zeros_like(dy)
            else:
                da = absorb(dy, np.where(b == 0, 0.0, b * a ** (b - 1)))
        if need_b:
            (y,) = rest
            if type(a) is float:  # a Python number: numpy would make a strong float64 of its logarithm
                db = absorb(dy, y * log(a)) if a > 0 else np.where(b >= 0, 0.0, absorb(dy, y * (-inf if a == 0 else nan)))
            else:
                db = absorb(dy, np.where((a == 0) & (b >= 0), 0.0, y * np.log(a)))
        return da, db


class Square(Function):
    """y = x²        dx = dy · 2x"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * (2 * x)


class Sqrt(Function):
    """y = √x        dx = dy / (2y)"""

    @staticmethod
    def forward(ctx, x):
        y = np.sqrt(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, 0.5 / y)


class Rsqrt(Function):
    """y = 1 / √x        dx = −dy · y³ / 2"""

    @staticmethod
    def forward(ctx, x):
        y = 1 / np.sqrt(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, -0.5 * y * y * y)


class Reciprocal(Function):
    """y = 1 / x        dx = −dy · y²"""

    @staticmethod
    def forward(ctx, x):
        y = 1 / x
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, -y * y)


@attach("pow", "__pow__", reflected="__rpow__", numpy=np.power)
def pow(input, exponent):
    """`input` to the power `exponent`, by element."""
    return Pow.apply(*pair(input, exponent))


@attach("square", numpy=np.square)
def square(input):
    """The square of each element."""
    return Square.apply(input)


@attach("sqrt", numpy=np.sqrt)
def sqrt(input):
    """The square root of each element."""
    return Sqrt.apply(floating(input))


@attach("rsqrt")
def rsqrt(input):
    """1 over the square root of each element."""
    return Rsqrt.apply(floating(input))


@attach("reciprocal", numpy=np.reciprocal)
def reciprocal(input):
    """1 over each element."""
    return Reciprocal.apply(floating(input))


attach_in_place(pow, "pow_", "__ipow__")
attach_in_place(square, "square_")
attach_in_place(sqrt, "sqrt_")
attach_in_place(rsqrt, "rsqrt_")
attach_in_place(reciprocal, "reciprocal_")
