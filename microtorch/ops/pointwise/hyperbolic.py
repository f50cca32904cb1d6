"""The hyperbolic functions and their inverses, by element.

Returns
-------
Tensor
    Floating, of the shape of `input` or that of both operands, broadcast.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...kernels import pointwise as kernels
from ...tensor import Tensor, attach
from .._promotion import floating, only_tensors
from ..nn.relu import one_pass
from .arithmetic import absorb
from .special import FEW

__all__ = ["acosh", "arccosh", "arcsinh", "arctanh", "asinh", "atanh", "cosh", "sinh", "tanh"]


class Tanh(ArrayFunction):
    """y = tanh x        dx = dy · (1 − y²)

    Why: The slope of tanh is 1 at 0 and falls to 0 where y comes near 1 or −1: a saturated unit hardly passes a
    gradient.
    Derivation: tanh = sinh / cosh; by the quotient rule (cosh² − sinh²) / cosh² = 1 − tanh².
    """

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
    """The hyperbolic tangent of each element, from -1 to 1.

    Notes
    -----
    y = tanh x; dx = dy · (1 − y²). The output is saved.

    Examples
    --------
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


class Sinh(ArrayFunction):
    """y = sinh x        dx = dy · cosh x

    Why: Half of eˣ less half of e⁻ˣ: its slope is half the sum of both.
    Derivation: sinh x = (eˣ − e⁻ˣ) / 2, with the derivative (eˣ + e⁻ˣ) / 2 = cosh x.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.sinh(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, np.cosh(x))


@attach("sinh", numpy=np.sinh)
def sinh(input):
    """The hyperbolic sine of each element.

    Notes
    -----
    y = (eˣ − e⁻ˣ) / 2; dx = dy · cosh x. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.sinh(x)
    >>> y
    tensor([0.    , 1.1752], grad_fn=<Sinh>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.    , 1.5431])
    """
    return Sinh.apply(floating(input))


class Cosh(ArrayFunction):
    """y = cosh x        dx = dy · sinh x

    Why: Half the sum of eˣ and e⁻ˣ: flat at 0, ever steeper outside.
    Derivation: cosh x = (eˣ + e⁻ˣ) / 2, with the derivative (eˣ − e⁻ˣ) / 2 = sinh x.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.cosh(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, np.sinh(x))


@attach("cosh", numpy=np.cosh)
def cosh(input):
    """The hyperbolic cosine of each element, from 1 to inf.

    Notes
    -----
    y = (eˣ + e⁻ˣ) / 2; dx = dy · sinh x. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.cosh(x)
    >>> y
    tensor([1.    , 1.5431], grad_fn=<Cosh>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.    , 1.1752])
    """
    return Cosh.apply(floating(input))


class Asinh(ArrayFunction):
    """y = arsinh x        dx = dy / √(x² + 1)

    Why: Like x near 0, like a logarithm far out.
    Derivation: sinh y = x, so cosh y · y′ = 1, and cosh y = √(x² + 1).
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.arcsinh(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / np.sqrt(x * x + 1))


@attach("asinh", "arcsinh", numpy=np.arcsinh)
def asinh(input):
    """The inverse of `sinh`, of each element.

    Notes
    -----
    y = arsinh x; dx = dy / √(x² + 1). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.asinh(x)
    >>> y
    tensor([0.    , 0.8814], grad_fn=<Asinh>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.    , 0.7071])
    """
    return Asinh.apply(floating(input))


class Acosh(ArrayFunction):
    """y = arcosh x        dx = dy / √(x² − 1)

    Why: It rises steeply behind 1 and ever more slowly after.
    Derivation: cosh y = x, so sinh y · y′ = 1, and sinh y = √(x² − 1).
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.arccosh(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / np.sqrt(x * x - 1))


@attach("acosh", "arccosh", numpy=np.arccosh)
def acosh(input):
    """The inverse of `cosh`, of each element, from 0 to inf; NaN below 1.

    Notes
    -----
    y = arcosh x; dx = dy / √(x² − 1). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.25, 2.0], requires_grad=True)
    >>> y = microtorch.acosh(x)
    >>> y
    tensor([0.6931, 1.317 ], grad_fn=<Acosh>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.3333, 0.5774])
    """
    return Acosh.apply(floating(input))


class Atanh(ArrayFunction):
    """y = artanh x        dx = dy / (1 − x²)

    Why: Like x near 0, ever steeper towards 1 and −1.
    Derivation: tanh y = x, so (1 − tanh² y) · y′ = 1.
    """

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
    """The inverse of `tanh`, of each element; -inf and inf at -1 and 1, NaN outside.

    Notes
    -----
    y = artanh x; dx = dy / (1 − x²). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 0.5], requires_grad=True)
    >>> y = microtorch.atanh(x)
    >>> y
    tensor([0.    , 0.5493], grad_fn=<Atanh>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.    , 1.3333])
    """
    return Atanh.apply(floating(input))


arcsinh, arccosh, arctanh = asinh, acosh, atanh

for _function in (sinh, cosh):
    attach_in_place(_function, _function.__name__ + "_")
for _function, _other in ((asinh, "arcsinh_"), (acosh, "arccosh_"), (atanh, "arctanh_")):
    attach_in_place(_function, _function.__name__ + "_", _other)
