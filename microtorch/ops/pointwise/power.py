"""Powers and roots.

Note [Roots at zero]: the derivative of a root, √x or x to a power between 0 and 1, is infinite at 0. Here it is 0
there, so that the root of a sum of powers, a norm, has its subgradient of least norm at 0, never the NaN of inf · 0.

Parameters
----------
input, exponent : Tensor or number
    Of shapes that broadcast together.

Returns
-------
Tensor
    Floating, of the shape of `input` or that of both operands, broadcast.
"""

from math import inf, log, nan

import numpy as np

from ...autograd.function import ArrayFunction, outside_graph
from ...autograd.inplace.changes import attach_in_place
from ...dtypes import as_number, float64
from ...errors import DTypeError
from ...from_data import as_tensor
from ...kernels import pointwise as kernels
from ...tensor import Tensor, attach
from .._promotion import Binary, floating, operand, pair, refuse_bool, result_type
from ..nn.relu import one_pass
from .arithmetic import absorb, mul

__all__ = ["float_power", "ldexp", "pow", "reciprocal", "rsqrt", "sqrt", "square"]


class Pow(Binary):
    """y = aᵇ        da = dy · b · aᵇ⁻¹,  db = dy · y · ln a

    Why: A power of a rises b times as steeply as the next lower power; in its exponent it grows in proportion to
    itself.
    Derivation: aᵇ = e^(b · ln a), so ∂y/∂b = y · ln a and ∂y/∂a = y · b / a = b · aᵇ⁻¹. A root's infinite slope at
    0 is taken as 0.
    """

    @staticmethod
    def forward(ctx, a, b):
        if type(b) is float:  # small powers by multiplication: 20 times faster than the general power
            ctx.save_for_backward(a, b, None)
            return a * a if b == 2 else a * a * a if b == 3 else a**b
        y = a**b
        ctx.save_for_backward(a, b, None if ctx.edges[1] is None else y)
        return y

    @staticmethod
    def backward(ctx, dy):
        a, b, y = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        da = db = None
        if need_a and type(b) is float:
            if b == 0:
                da = np.zeros_like(dy)
            else:
                slope = 2 * a if b == 2 else b * a ** (b - 1)
                da = absorb(dy, np.where(a == 0, 0.0, slope) if 0 < b < 1 else slope)  # Note [Roots at zero]
        elif need_a:
            flat = (b == 0) | ((a == 0) & (b > 0) & (b < 1))
            da = absorb(dy, np.where(flat, 0.0, b * a ** (b - 1)))
        if need_b:
            if type(a) is float:
                ln_a = log(a) if a > 0 else -inf if a == 0 else nan
                db = absorb(dy, np.where(b >= 0, 0.0, y * ln_a) if a == 0 else y * ln_a)
            else:
                db = absorb(dy, np.where((a == 0) & (b >= 0), 0.0, y * np.log(a)))
        return da, db


class Square(ArrayFunction):
    """y = x²        dx = dy · 2x

    Why: The square of a number is the steeper the larger the number.
    Derivation: (x + h)² − x² = 2xh + h², so the slope is 2x.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 2 * x)


class Sqrt(ArrayFunction):
    """y = √x        dx = 0 where y = 0, else dy / (2y)

    Why: A root rises fast near 0 and ever slower after.
    Derivation: y² = x, so 2y · y′ = 1. At 0, where the slope is infinite, 0 is taken.
    """

    @staticmethod
    def forward(ctx, x):
        y = np.sqrt(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, np.where(y == 0, 0.0, 0.5 / y))  # Note [Roots at zero]

    @staticmethod
    def backward_kernel(ctx, dy):
        (y,) = ctx.saved_tensors
        return one_pass(ctx, kernels.sqrt_backward, (dy, y))


class Rsqrt(ArrayFunction):
    """y = 1 / √x        dx = −dy · y³ / 2

    Why: It falls as x grows, steeply near 0.
    Derivation: y = x^(−1/2), with the derivative −1/2 · x^(−3/2) = −y³ / 2.
    """

    @staticmethod
    def forward(ctx, x):
        y = 1 / np.sqrt(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, -0.5 * y * y * y)


class Reciprocal(ArrayFunction):
    """y = 1 / x        dx = −dy · y²

    Why: It falls as x grows, steeply near 0.
    Derivation: y = x⁻¹, with the derivative −x⁻² = −y².
    """

    @staticmethod
    def forward(ctx, x):
        y = 1 / x
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, -y * y)


def _whole_power(a, b):
    """aᵇ of integers, where negative exponents are allowed if they are a tensor's: 1 and −1 stay, the rest is 0."""

    def power(base, exponent):
        negative = np.less(exponent, 0)
        if not negative.any():
            return base**exponent
        y = np.asarray(base ** np.where(negative, exponent & 1, exponent))  # of ±1 the parity decides
        return np.where(negative & (np.abs(base) != 1), y.dtype.type(0), y)

    return outside_graph(power, a, b)


@attach("pow", "__pow__", reflected="__rpow__", numpy=np.power)
def pow(input, exponent):
    """`input` to the power `exponent`, by element.

    Returns
    -------
    Tensor
        Of the broadcast shape, in the common dtype; NaN for a negative base and a fractional exponent.

    Raises
    ------
    DTypeError
        For bool tensors, and for an integer tensor to the power of a negative number.

    Notes
    -----
    y = aᵇ; da = dy · b · aᵇ⁻¹, db = dy · y · ln a. The inputs are saved, and the output if the exponent is a tensor.
    At a = 0 the gradients that would be infinite or NaN are 0: da for exponents from 0 to 1, db for exponents from 0.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = x**3
    >>> y
    tensor([ 1.,  8., 27.], grad_fn=<Pow>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([ 3., 12., 27.])
    """
    if isinstance(input, Tensor) and input._array.dtype.kind == "f":
        return Pow.apply(input, exponent)
    a, b = operand(input), operand(exponent)
    dtype = result_type(a, b)
    if dtype.kind == "f":
        return Pow.apply(*pair(a, b))
    refuse_bool("pow", "logical operations", a, b)
    if not isinstance(b, Tensor):
        if b < 0:
            raise DTypeError(
                f"pow: an integer tensor to the power {b} is not an integer. Convert it with .float() first."
            )
        b = as_number("pow", b, dtype).item()  # unlike a factor, an exponent modulo 2ⁿ gives another result
    return _whole_power(*pair(a, b))


@attach("square", numpy=np.square)
def square(input):
    """The square of each element.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor
        Of the broadcast shape, in the common dtype.

    Notes
    -----
    y = x²; dx = dy · 2x. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, -3.0], requires_grad=True)
    >>> microtorch.square(x).sum().backward()
    >>> x.grad
    tensor([ 2., -6.])
    """
    input = as_tensor(input)
    return Square.apply(input if input._array.dtype.kind != "b" else input.to(np.int64))


@attach("sqrt", numpy=np.sqrt)
def sqrt(input):
    """The square root of each element; NaN for negative elements.

    Notes
    -----
    y = √x; dx = dy / (2y). The output is saved. At 0, where the derivative is infinite, dx is 0 (PyTorch: inf), so that
    ``(x * x).sum().sqrt()`` has a finite gradient at x = 0.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0, 4.0], requires_grad=True)
    >>> microtorch.sqrt(x).sum().backward()
    >>> x.grad
    tensor([0.  , 0.5 , 0.25])
    """
    return Sqrt.apply(floating(input))


@attach("rsqrt")
def rsqrt(input):
    """1 over the square root of each element; inf for 0, NaN for negative elements.

    Notes
    -----
    y = 1 / √x; dx = −dy · y³ / 2. The output is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 4.0], requires_grad=True)
    >>> microtorch.rsqrt(x).sum().backward()
    >>> x.grad
    tensor([-0.5   , -0.0625])
    """
    return Rsqrt.apply(floating(input))


@attach("reciprocal", numpy=np.reciprocal)
def reciprocal(input):
    """1 over each element; infinite for 0.

    Notes
    -----
    y = 1 / x; dx = −dy · y². The output is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 4.0], requires_grad=True)
    >>> microtorch.reciprocal(x).sum().backward()
    >>> x.grad
    tensor([-1.    , -0.0625])
    """
    return Reciprocal.apply(floating(input))


@attach("float_power", numpy=np.float_power)
def float_power(input, exponent):
    """`input` to the power `exponent`, by element, computed in float64.

    Returns
    -------
    Tensor of float64
        Of the broadcast shape.

    Notes
    -----
    As `pow`; see there for the gradient.

    Examples
    --------
    >>> microtorch.float_power(microtorch.tensor([2, 3]), -1)
    tensor([0.5   , 0.3333], dtype=float64)
    """
    a, b = (x.to(float64) if isinstance(x, Tensor) else x for x in map(operand, (input, exponent)))
    if not isinstance(a, Tensor):
        a = as_tensor(a, float64)
    return pow(a, b if isinstance(b, Tensor) else float(b))


@attach("ldexp", numpy=np.ldexp)
def ldexp(input, other):
    """``input * 2**other``, by element.

    Examples
    --------
    >>> microtorch.ldexp(microtorch.tensor([1.0, 3.0]), microtorch.tensor([2, -1]))
    tensor([4. , 1.5])
    """
    return mul(input, pow(2.0, other))


attach_in_place(pow, "pow_", "__ipow__")
attach_in_place(square, "square_")
attach_in_place(sqrt, "sqrt_")
attach_in_place(rsqrt, "rsqrt_")
attach_in_place(reciprocal, "reciprocal_")
attach_in_place(float_power, "float_power_")
attach_in_place(ldexp, "ldexp_")
