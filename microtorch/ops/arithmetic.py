"""Arithmetic on two operands, with broadcasting. The engine sums gradients over broadcast dimensions.

Note [Zero absorbs]: where the incoming gradient is 0, the outgoing one is 0, whatever the local derivative: a branch
that `where` or a mask has switched off never leaks the NaN of 0 · inf. Operations whose derivative can be infinite
(div, pow, log, sqrt, ...) write their backward with `absorb`.
"""

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import attach_in_place
from ..tensor import attach
from .promotion import pair

__all__ = ["add", "mul"]


def absorb(dy, factor):
    """dy · factor, and 0 where dy is 0 even if the factor is infinite or NaN; Note [Zero absorbs]."""
    return np.where(dy == 0, dy, dy * factor)


class Add(Function):
    """y = a + b        da = dy,  db = dy"""

    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, dy):
        return dy, dy


class Sub(Function):
    """y = a − b        da = dy,  db = −dy"""

    @staticmethod
    def forward(ctx, a, b):
        return a - b

    @staticmethod
    def backward(ctx, dy):
        return dy, -dy


class Mul(Function):
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


class Div(Function):
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
    return Add.apply(*pair(input, other if alpha == 1 else mul(other, alpha)))


@attach("mul", "multiply", "__mul__", "__rmul__", numpy=np.multiply)
def mul(input, other):
    """The product of two tensors, by element.

    (docstring to be completed as for `add`)
    """
    return Mul.apply(*pair(input, other))


attach_in_place(add, "add_", "__iadd__")
attach_in_place(mul, "mul_", "__imul__")
