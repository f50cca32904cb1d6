"""The inverses of the trigonometric functions, by element: angles, in radians.

Returns
-------
Tensor
    Floating, of the shape of `input` or that of both operands, broadcast.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...tensor import attach
from .._promotion import Binary, floating, floating_pair
from .arithmetic import absorb

__all__ = ["acos", "arccos", "arcsin", "arctan", "arctan2", "asin", "atan", "atan2"]


class Asin(ArrayFunction):
    """y = arcsin x        dx = dy / √(1 − x²)

    Why: The angle rises with its sine, ever more steeply towards the ends.
    Derivation: sin y = x, so cos y · y′ = 1, and cos y = √(1 − x²).
    """

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
    """The angle from -π/2 to π/2 whose sine each element is; NaN outside of -1 to 1.

    Notes
    -----
    y = arcsin x; dx = dy / √(1 − x²). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 0.6], requires_grad=True)
    >>> y = microtorch.asin(x)
    >>> y
    tensor([0.    , 0.6435], grad_fn=<Asin>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.  , 1.25])
    """
    return Asin.apply(floating(input))


class Acos(ArrayFunction):
    """y = arccos x        dx = −dy / √(1 − x²)

    Why: The angle falls as its cosine rises, ever more steeply towards the ends.
    Derivation: cos y = x, so −sin y · y′ = 1, and sin y = √(1 − x²).
    """

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
    """The angle from 0 to π whose cosine each element is; NaN outside of -1 to 1.

    Notes
    -----
    y = arccos x; dx = −dy / √(1 − x²). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 0.6], requires_grad=True)
    >>> y = microtorch.acos(x)
    >>> y
    tensor([1.5708, 0.9273], grad_fn=<Acos>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([-1.  , -1.25])
    """
    return Acos.apply(floating(input))


class Atan(ArrayFunction):
    """y = arctan x        dx = dy / (1 + x²)

    Why: The angle turns fastest at 0 and hardly at all far out.
    Derivation: tan y = x, so (1 + tan² y) · y′ = 1.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.arctan(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / (x * x + 1))


@attach("atan", "arctan", numpy=np.arctan)
def atan(input):
    """The angle from -π/2 to π/2 whose tangent each element is.

    Notes
    -----
    y = arctan x; dx = dy / (1 + x²). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.atan(x)
    >>> y
    tensor([0.    , 0.7854], grad_fn=<Atan>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1. , 0.5])
    """
    return Atan.apply(floating(input))


class Atan2(Binary):
    """y = atan2(a, b)        da = dy · b / (a² + b²),  db = −dy · a / (a² + b²)

    Why: The angle of the point (b, a) turns faster the nearer the point is to the origin, and not at all when moved
    outward.
    Derivation: y = arctan(a / b), and arctan z has the slope 1 / (1 + z²); at (0, 0), where there is none, 0 is
    taken.
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.arctan2(a, b)

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        r = np.hypot(a, b)  # its square could overflow
        r = np.where(r == 0, 1.0, r)
        return absorb(dy, b / r / r) if need_a else None, absorb(dy, -a / r / r) if need_b else None


@attach("atan2", "arctan2", numpy=np.arctan2)
def atan2(input, other):
    """The angle of the points with ordinates `input` and abscissas `other`, by element, from -π to π.

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast together. Integers are taken as floats of the default dtype.

    Notes
    -----
    y = arctan(a / b) in the quadrant of (b, a); da = dy · b / (a² + b²), db = −dy · a / (a² + b²). Both inputs are
    saved.

    Examples
    --------
    >>> a = microtorch.tensor([1.0, -1.0], requires_grad=True)
    >>> y = microtorch.atan2(a, microtorch.tensor([1.0, -1.0]))
    >>> y
    tensor([ 0.7854, -2.3562], grad_fn=<Atan2>)
    >>> y.sum().backward()
    >>> a.grad
    tensor([ 0.5, -0.5])
    """
    return Atan2.apply(*floating_pair(input, other))


arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2

attach_in_place(atan2, "atan2_", "arctan2_")
for _function, _other in ((asin, "arcsin_"), (acos, "arccos_"), (atan, "arctan_")):
    attach_in_place(_function, _function.__name__ + "_", _other)
