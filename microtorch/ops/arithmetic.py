"""Arithmetic on two operands, with broadcasting. The engine sums gradients over broadcast dimensions.

Note [Zero absorbs]: where the incoming gradient is 0, the outgoing one is 0, whatever the local derivative: a branch
that `where` or a mask has switched off never leaks the NaN of 0 · inf. Operations whose derivative can be infinite
(div, pow, log, sqrt, ...) write their backward with `absorb`.
"""

from math import isfinite

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import attach_in_place
from ..errors import DTypeError
from ..tensor import attach
from .promotion import Binary, floating, pair

__all__ = ["add", "div", "divide", "mul", "multiply", "neg", "negative", "sub", "subtract", "true_divide"]


class Absorb(Function):
    """y = a · f, and 0 where a = 0        da = dy · f,  df = dy · a,  and 0 where dy = 0"""

    @staticmethod
    def forward(ctx, a, factor):
        ctx.save_for_backward(a, factor)
        y = a * factor
        # The sum of all is finite only if each one is, and takes a fifth of the time that `where` takes.
        if not isfinite(np.add.reduce(y, axis=None)):
            y = np.where(np.equal(a, 0), np.zeros_like(y), y)
        return y

    @staticmethod
    def backward(ctx, dy):
        a, factor = ctx.saved_tensors
        need_a, need_factor = ctx.needs_input_grad
        return absorb(dy, factor) if need_a else None, absorb(dy, a) if need_factor else None


def absorb(dy, factor):
    """dy · factor, and 0 where dy is 0 even if the factor is infinite or NaN; Note [Zero absorbs]."""
    return Absorb.apply(dy, factor)


class Add(Binary):
    """y = a + b        da = dy,  db = dy"""

    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, dy):
        return dy, dy


class Sub(Binary):
    """y = a − b        da = dy,  db = −dy"""

    @staticmethod
    def forward(ctx, a, b):
        return a - b

    @staticmethod
    def backward(ctx, dy):
        return dy, -dy


class Mul(Binary):
    """y = a · b        da = dy · b,  db = dy · a"""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        return dy * b if need_a else None, dy * a if need_b else None


class Div(Binary):
    """y = a / b        da = dy / b,  db = −dy · a / b²"""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a / b

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        return absorb(dy, 1 / b) if need_a else None, absorb(dy, -a / (b * b)) if need_b else None


class Neg(Function):
    """y = −x        dx = −dy"""

    @staticmethod
    def forward(ctx, x):
        return -x

    @staticmethod
    def backward(ctx, dy):
        return -dy


def _scaled(name, other, alpha, *operands):
    """alpha · other, for `add` and `sub`."""
    return mul(other, alpha)


@attach("add", "__add__", "__radd__", numpy=np.add)
def add(input, other, *, alpha=1):
    """The sum of two tensors, by element: ``input + alpha * other``.

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast together.
    alpha : number, default 1
        A factor for `other`.

    Returns
    -------
    Tensor
        Of the broadcast shape, in the common dtype.

    Raises
    ------
    ShapeError
        If the shapes do not broadcast together.

    Notes
    -----
    y = a + α·b; da = dy, db = α·dy, each summed over the dimensions along which it was broadcast. Nothing is saved.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x + 1
    >>> y.sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    return Add.apply(input, other if alpha == 1 else mul(other, alpha))


@attach("sub", "subtract", "__sub__", reflected="__rsub__", numpy=np.subtract)
def sub(input, other, *, alpha=1):
    """The difference of two tensors, by element: ``input - alpha * other``."""
    a, b = pair(input, other if alpha == 1 else mul(other, alpha))
    return Sub.apply(a, b)


@attach("mul", "multiply", "__mul__", "__rmul__", numpy=np.multiply)
def mul(input, other):
    """The product of two tensors, by element."""
    return Mul.apply(input, other)


@attach("div", "divide", "true_divide", "__truediv__", reflected="__rtruediv__", numpy=np.true_divide)
def div(input, other, *, rounding_mode=None):
    """The quotient of two tensors, by element."""
    a, b = pair(input, other)
    if rounding_mode is None:
        return Div.apply(floating(a), floating(b)) if _integral(a, b) else Div.apply(a, b)
    from .division import floor_divide, truncate_divide

    return floor_divide(a, b)


def _integral(a, b):
    x = a if hasattr(a, "_array") else b
    return x._array.dtype.kind != "f"


@attach("neg", "negative", "__neg__", numpy=np.negative)
def neg(input):
    """The tensor with the opposite sign."""
    return Neg.apply(input)


multiply, subtract, negative, divide, true_divide = mul, sub, neg, div, div

attach_in_place(add, "add_", "__iadd__")
attach_in_place(sub, "sub_", "subtract_", "__isub__")
attach_in_place(mul, "mul_", "multiply_", "__imul__")
attach_in_place(div, "div_", "divide_", "__itruediv__")
attach_in_place(neg, "neg_", "negative_")
