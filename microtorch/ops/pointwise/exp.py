"""Exponentials, by element.

Returns
-------
Tensor
    Floating, of the shape of `input` or that of both operands, broadcast.
"""

from math import log as _ln

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...kernels import pointwise as kernels
from ...tensor import attach
from .._promotion import floating
from ..nn.relu import one_pass
from .arithmetic import absorb
from .special import FEW

__all__ = ["exp", "exp2", "expm1"]


LN2 = _ln(2)


class Exp(ArrayFunction):
    """y = eˣ        dx = dy · y

    Why: The exponential is its own slope: the larger it is, the faster it grows.
    Derivation: d eˣ / dx = eˣ = y.
    """

    @staticmethod
    def forward(ctx, x):
        y = np.exp(x, out=ctx.empty(x.shape, x.dtype)) if x.size < FEW else one_pass(ctx, kernels.exp, (x,))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, y)


@attach("exp", numpy=np.exp)
def exp(input):
    """e to the power of each element, from 0 to inf.

    Notes
    -----
    y = eˣ; dx = dy · y. The output is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.exp(x)
    >>> y
    tensor([1.    , 2.7183], grad_fn=<Exp>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.    , 2.7183])
    """
    return Exp.apply(floating(input))


class Exp2(ArrayFunction):
    """y = 2ˣ        dx = dy · y · ln 2

    Why: It grows in proportion to itself.
    Derivation: 2ˣ = e^(x · ln 2), with the derivative 2ˣ · ln 2.
    """

    @staticmethod
    def forward(ctx, x):
        y = np.exp2(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, y * LN2)


@attach("exp2", numpy=np.exp2)
def exp2(input):
    """2 to the power of each element, from 0 to inf.

    Notes
    -----
    y = 2ˣ; dx = dy · y · ln 2. The output is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 3.0], requires_grad=True)
    >>> y = microtorch.exp2(x)
    >>> y
    tensor([1., 8.], grad_fn=<Exp2>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.6931, 5.5452])
    """
    return Exp2.apply(floating(input))


class Expm1(ArrayFunction):
    """y = eˣ − 1        dx = dy · (y + 1)

    Why: The slope is eˣ, which is the result and 1.
    Derivation: d(eˣ − 1)/dx = eˣ = y + 1.
    """

    @staticmethod
    def forward(ctx, x):
        y = np.expm1(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, y + 1)


@attach("expm1", numpy=np.expm1)
def expm1(input):
    """e to the power of each element, minus 1, exact near 0 too, from -1 to inf.

    Notes
    -----
    y = eˣ − 1; dx = dy · (y + 1). The output is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1e-5], requires_grad=True)
    >>> y = microtorch.expm1(x)
    >>> y
    tensor([0.e+00, 1.e-05], grad_fn=<Expm1>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    return Expm1.apply(floating(input))


for _function in (exp, exp2, expm1):
    attach_in_place(_function, _function.__name__ + "_")
