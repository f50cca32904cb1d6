"""Choosing between values by element: where, maximum, minimum, clamp."""

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import attach_in_place
from ..errors import DTypeError
from ..tensor import Tensor, as_tensor, attach, bool_
from .promotion import Binary, in_dtype, operand, pair, result_type

__all__ = ["clamp", "clip", "maximum", "minimum", "where"]


class Where(Function):
    """y = a where c, else b        da = dy where c, else 0,  db = 0 where c, else dy"""

    @staticmethod
    def forward(ctx, condition, a, b):
        ctx.save_for_backward(condition)
        return np.where(condition, a, b)

    @staticmethod
    def backward(ctx, dy):
        (condition,) = ctx.saved_tensors
        _, need_a, need_b = ctx.needs_input_grad
        return None, np.where(condition, dy, 0.0) if need_a else None, np.where(condition, 0.0, dy) if need_b else None


class Maximum(Binary):
    """y = max(a, b)        da = dy where a > b, dy/2 where a = b,  db likewise"""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.maximum(a, b)

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        tie = a == b
        return (
            np.where(tie, dy / 2, np.where(a < b, 0.0, dy)),
            np.where(tie, dy / 2, np.where(b < a, 0.0, dy)),
        )


class Minimum(Binary):
    """y = min(a, b)        da = dy where a < b, dy/2 where a = b,  db likewise"""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.minimum(a, b)

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        tie = a == b
        return (
            np.where(tie, dy / 2, np.where(a > b, 0.0, dy)),
            np.where(tie, dy / 2, np.where(b > a, 0.0, dy)),
        )


class Clamp(Function):
    """y = min(max(x, l), h)        dx = dy where l ≤ x ≤ h,  dl = dy where x < l < h,  dh = dy where x > h or l > h"""

    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward(x, low, high)
        if low is not None:
            x = np.maximum(x, low)
        return x if high is None else np.minimum(x, high)

    @staticmethod
    def backward(ctx, dy):
        x, low, high = ctx.saved_tensors
        need_x, need_low, need_high = ctx.needs_input_grad
        inside = (x >= low) & (x <= high) if low is not None and high is not None else (
            x >= low if high is None else x <= high
        )
        dx = np.where(inside, dy, 0.0) if need_x else None
        below = x < low if need_low else None
        dlow = (np.where(below if high is None else below & (low < high), dy, 0.0)) if need_low else None
        dhigh = None
        if need_high:
            above = x > high
            dhigh = np.where(above if low is None else above | (low > high), dy, 0.0)
        return dx, dlow, dhigh


@attach("maximum", numpy=np.maximum)
def maximum(input, other):
    """The larger of two tensors, by element."""
    return Maximum.apply(input, other)


@attach("minimum", numpy=np.minimum)
def minimum(input, other):
    """The smaller of two tensors, by element."""
    return Minimum.apply(input, other)


def where(condition, input, other):
    """The elements of `input` where `condition` holds, of `other` elsewhere."""
    condition = as_tensor(condition)
    if condition._array.dtype is not bool_:
        condition = condition.to(bool_)
    return Where.apply(condition, *pair(input, other))


attach(numpy=np.where)(where)
attach("where")(lambda self, condition, other: where(condition, self, other))


@attach("clamp", "clip", numpy=np.clip)
def clamp(input, min=None, max=None):
    """The elements limited to the range from `min` to `max`."""
    bounds = [operand(b) for b in (min, max) if b is not None]
    if not bounds:
        raise ValueError("clamp: give at least one of min and max")
    dtype = result_type(input, *bounds)
    low = None if min is None else in_dtype(operand(min), dtype)
    high = None if max is None else in_dtype(operand(max), dtype)
    return Clamp.apply(in_dtype(input, dtype), low, high)


clip = clamp
attach_in_place(clamp, "clamp_", "clip_")
