"""Angles and areas from their sines, cosines and tangents, by element."""

import numpy as np

from ...autograd.function import Function
from ...autograd.inplace.changes import attach_in_place
from ...tensor import attach
from .._promotion import floating
from .arithmetic import absorb

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atanh",
]


class Asin(Function):
    """y = arcsin x        dx = dy / √(1 − x²)"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.arcsin(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / np.sqrt(1 - x * x))


@attach("asin", "arcsin", numpy=np.arcsin)
def asin(input):
    """The angle whose sine each element of the Tensor `input` is, from −π/2 to π/2; dx = dy / √(1 − x²)."""
    return Asin.apply(floating(input))


class Acos(Function):
    """y = arccos x        dx = −dy / √(1 − x²)"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.arccos(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, -1 / np.sqrt(1 - x * x))


@attach("acos", "arccos", numpy=np.arccos)
def acos(input):
    """The angle whose cosine each element of the Tensor `input` is, from 0 to π; dx = −dy / √(1 − x²)."""
    return Acos.apply(floating(input))


class Atan(Function):
    """y = arctan x        dx = dy / (1 + x²)"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.arctan(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy / (1 + x * x)


@attach("atan", "arctan", numpy=np.arctan)
def atan(input):
    """The angle whose tangent each element of the Tensor `input` is, from −π/2 to π/2; dx = dy / (1 + x²)."""
    return Atan.apply(floating(input))


class Asinh(Function):
    """y = arsinh x        dx = dy / √(x² + 1)"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.arcsinh(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy / np.sqrt(x * x + 1)


@attach("asinh", "arcsinh", numpy=np.arcsinh)
def asinh(input):
    """The number whose hyperbolic sine each element of the Tensor `input` is; dx = dy / √(x² + 1)."""
    return Asinh.apply(floating(input))


class Acosh(Function):
    """y = arcosh x        dx = dy / (√(x − 1) · √(x + 1))"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.arccosh(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)))


@attach("acosh", "arccosh", numpy=np.arccosh)
def acosh(input):
    """The number >= 0 whose hyperbolic cosine each element of the Tensor `input` is; dx = dy / √(x² − 1)."""
    return Acosh.apply(floating(input))


class Atanh(Function):
    """y = artanh x        dx = dy / (1 − x²)"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.arctanh(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / (1 - x * x))


@attach("atanh", "arctanh", numpy=np.arctanh)
def atanh(input):
    """The number whose hyperbolic tangent each element of the Tensor `input` is; dx = dy / (1 − x²)."""
    return Atanh.apply(floating(input))


arcsin, arccos, arctan, arcsinh, arccosh, arctanh = asin, acos, atan, asinh, acosh, atanh
for _function in (asin, acos, atan, asinh, acosh, atanh):
    _name = _function.__name__
    attach_in_place(_function, f"{_name}_", f"arc{_name[1:]}_")
