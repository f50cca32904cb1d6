"""Sigmoid, tanh and erf, absolute value and sign, by element."""

from math import pi, sqrt

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import attach_in_place
from ..from_data import as_tensor
from ..kernels import elementwise as kernels
from ..tensor import Tensor, attach
from .activation import one_pass
from .arithmetic import absorb
from .promotion import floating, only_tensors, refuse_bool

__all__ = ["abs", "absolute", "erf", "sigmoid", "sign", "tanh"]


FEW = 500  # elements below which numpy is faster than a call of a kernel
SLOPE = 2 / sqrt(pi)  # of erf at 0


class Sigmoid(Function):
    """y = 1 / (1 + e⁻ˣ)        dx = dy · y · (1 − y)"""

    @staticmethod
    def forward(ctx, x):
        y = one_pass(ctx, kernels.sigmoid, (x,))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, y * (1 - y))

    @staticmethod
    def backward_kernel(ctx, dy):
        (y,) = ctx.saved_tensors
        return one_pass(ctx, kernels.sigmoid_backward, (dy, y))


@attach("sigmoid")
def sigmoid(input):
    """The logistic function of each element.

    Parameters
    ----------
    input : Tensor
        Integers and bools are taken as floats of the default dtype.

    Returns
    -------
    Tensor
        Of the same shape, floating, from 0 to 1.

    Notes
    -----
    y = 1 / (1 + e⁻ˣ); dx = dy · y · (1 − y). The output is saved.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([-1.0, 0.0, 100.0], requires_grad=True)
    >>> y = microtorch.sigmoid(x)
    >>> y
    tensor([0.2689, 0.5   , 1.    ], grad_fn=<Sigmoid>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.1966, 0.25  , 0.    ])
    """
    if type(input) is not Tensor:
        only_tensors("sigmoid", input=input)
    return Sigmoid.apply(floating(input))


class Tanh(Function):
    """y = tanh x        dx = dy · (1 − y²)"""

    @staticmethod
    def forward(ctx, x):
        y = np.tanh(x, out=ctx.empty(x.shape, x.dtype)) if x.size < FEW else one_pass(ctx, kernels.tanh, (x,))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, 1 - y * y)

    @staticmethod
    def backward_kernel(ctx, dy):
        (y,) = ctx.saved_tensors
        return one_pass(ctx, kernels.tanh_backward, (dy, y))


@attach("tanh", numpy=np.tanh)
def tanh(input):
    """The hyperbolic tangent of each element.

    Parameters
    ----------
    input : Tensor
        Integers and bools are taken as floats of the default dtype.

    Returns
    -------
    Tensor
        Of the same shape, floating, from -1 to 1.

    Notes
    -----
    y = tanh x; dx = dy · (1 − y²). The output is saved.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.tanh(x)
    >>> y
    tensor([0.    , 0.7616], grad_fn=<Tanh>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.  , 0.42])
    """
    if type(input) is not Tensor:
        only_tensors("tanh", input=input)
    return Tanh.apply(floating(input))


class Erf(Function):
    """y = 2/√π · ∫₀ˣ e^(−t²) dt        dx = dy · 2/√π · e^(−x²)"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.erf, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, SLOPE * np.exp(-x * x))


@attach("erf")
def erf(input):
    """The error function of each element.

    Parameters
    ----------
    input : Tensor
        Integers and bools are taken as floats of the default dtype.

    Returns
    -------
    Tensor
        Of the same shape, floating, from -1 to 1.

    Notes
    -----
    y = 2/√π · ∫₀ˣ e^(−t²) dt; dx = dy · 2/√π · e^(−x²). The input is saved.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.erf(x)
    >>> y
    tensor([0.    , 0.8427], grad_fn=<Erf>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.1284, 0.4151])
    """
    return Erf.apply(floating(input))


class Abs(Function):
    """y = |x|        dx = dy · sign x"""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.abs(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, Sign.apply(x))


@attach("abs", "absolute", "__abs__", numpy=np.abs)
def abs(input):
    """The absolute value of each element.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor
        Of the same shape and dtype, from 0 to inf.

    Raises
    ------
    DTypeError
        For a bool tensor.

    Notes
    -----
    y = |x|; dx = dy · sign x, so 0 at 0. The input is saved.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    >>> y = microtorch.abs(x)
    >>> y
    tensor([2., 0., 3.], grad_fn=<Abs>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([-1.,  0.,  1.])
    """
    input = as_tensor(input)
    refuse_bool("abs", "the tensor itself", input)
    return Abs.apply(input)


class Sign(Function):
    """y = −1, 0 or 1 as x < 0, x = 0 or x > 0        dx = 0"""

    @staticmethod
    def forward(ctx, x):
        return np.subtract(x > 0, x < 0, dtype=x.dtype) if x.dtype.kind != "b" else x.copy()

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy)


@attach("sign", numpy=np.sign)
def sign(input):
    """The sign of each element.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor
        Of the same shape and dtype: -1 for negative elements, 1 for positive ones, 0 for zeros and, as in PyTorch, NaN.

    Notes
    -----
    Constant on either side of 0: dx = 0.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.sign(microtorch.tensor([-2.0, 0.0, 3.0]))
    tensor([-1.,  0.,  1.])
    """
    return Sign.apply(as_tensor(input))


absolute = abs
attach_in_place(abs, "abs_", "absolute_")
attach_in_place(sign, "sign_")


for _function in (sigmoid, tanh, erf):
    attach_in_place(_function, _function.__name__ + "_")
