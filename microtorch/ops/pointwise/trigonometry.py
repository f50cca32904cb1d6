"""Trigonometric functions, by element; angles are in radians.

Returns
-------
Tensor
    Floating, of the shape of `input` or that of both operands, broadcast.
"""

from math import pi

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...tensor import attach
from .._promotion import Binary, floating, floating_pair
from .arithmetic import absorb

__all__ = ["cos", "deg2rad", "hypot", "rad2deg", "sin", "tan"]


class Sin(ArrayFunction):
    """y = sin x        dx = dy · cos x

    Why: A sine rises fastest where it crosses 0 and stands still at its peaks, which is what the cosine says.
    Derivation: d sin x / dx = cos x.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.sin(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, np.cos(x))


@attach("sin", numpy=np.sin)
def sin(input):
    """The sine of each element, from -1 to 1.

    Notes
    -----
    y = sin x; dx = dy · cos x. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.sin(x)
    >>> y
    tensor([0.    , 0.8415], grad_fn=<Sin>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.    , 0.5403])
    """
    return Sin.apply(floating(input))


class Cos(ArrayFunction):
    """y = cos x        dx = −dy · sin x

    Why: A cosine stands still at its peaks and falls fastest a quarter turn later, as the sine says, with a minus.
    Derivation: d cos x / dx = −sin x.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.cos(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, -np.sin(x))


@attach("cos", numpy=np.cos)
def cos(input):
    """The cosine of each element, from -1 to 1.

    Notes
    -----
    y = cos x; dx = −dy · sin x. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.cos(x)
    >>> y
    tensor([1.    , 0.5403], grad_fn=<Cos>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([-0.    , -0.8415])
    """
    return Cos.apply(floating(input))


class Tan(ArrayFunction):
    """y = tan x        dx = dy · (1 + y²)

    Why: The steeper, the larger it is already.
    Derivation: tan = sin / cos; by the quotient rule (cos² + sin²) / cos² = 1 + tan².
    """

    @staticmethod
    def forward(ctx, x):
        y = np.tan(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, 1 + y * y)


@attach("tan", numpy=np.tan)
def tan(input):
    """The tangent of each element.

    Notes
    -----
    y = tan x; dx = dy · (1 + y²). The output is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.tan(x)
    >>> y
    tensor([0.    , 1.5574], grad_fn=<Tan>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.    , 3.4255])
    """
    return Tan.apply(floating(input))


@attach("deg2rad", numpy=(np.deg2rad, np.radians))
def deg2rad(input):
    """Angles in degrees as radians, by element: ``input * (π / 180)``.

    Examples
    --------
    >>> microtorch.deg2rad(microtorch.tensor([0.0, 90.0]))
    tensor([0.    , 1.5708])
    """
    return floating(input) * (pi / 180)


@attach("rad2deg", numpy=(np.rad2deg, np.degrees))
def rad2deg(input):
    """Angles in radians as degrees, by element: ``input * (180 / π)``.

    Examples
    --------
    >>> microtorch.rad2deg(microtorch.tensor([0.0, microtorch.pi]))
    tensor([  0., 180.])
    """
    return floating(input) * (180 / pi)


class Hypot(Binary):
    """y = √(a² + b²)        da = 0 where y = 0, else dy · a / y,  db = 0 where y = 0, else dy · b / y

    Why: The length of (a, b) grows with each side by that side's share of it.
    Derivation: ∂√(a² + b²)/∂a = 2a / (2 √(a² + b²)) = a / y; at 0, where there is a kink, 0 is taken.
    """

    @staticmethod
    def forward(ctx, a, b):
        y = np.hypot(a, b)
        ctx.save_for_backward(a, b, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        a, b, y = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        flat = y == 0  # the subgradient of least norm
        return (
            absorb(dy, np.where(flat, 0.0, a / y)) if need_a else None,
            absorb(dy, np.where(flat, 0.0, b / y)) if need_b else None,
        )


@attach("hypot", numpy=np.hypot)
def hypot(input, other):
    """The length of the hypotenuse over the legs `input` and `other`, by element, without overflow on the way.

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast together. Integers are taken as floats of the default dtype.

    Returns
    -------
    Tensor
        Of the broadcast shape, floating, from 0 to inf.

    Notes
    -----
    y = √(a² + b²); da = dy · a / y, db = dy · b / y. At (0, 0) both are 0, the subgradient of least norm (PyTorch:
    NaN). Inputs and output are saved.

    Examples
    --------
    >>> a = microtorch.tensor([3.0, 0.0], requires_grad=True)
    >>> y = microtorch.hypot(a, microtorch.tensor([4.0, 0.0]))
    >>> y
    tensor([5., 0.], grad_fn=<Hypot>)
    >>> y.sum().backward()
    >>> a.grad
    tensor([0.6, 0. ])
    """
    return Hypot.apply(*floating_pair(input, other))


attach_in_place(hypot, "hypot_")
attach_in_place(deg2rad, "deg2rad_")
attach_in_place(rad2deg, "rad2deg_")
for _function in (sin, cos, tan):
    attach_in_place(_function, _function.__name__ + "_")
