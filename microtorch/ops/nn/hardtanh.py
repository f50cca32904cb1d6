"""Activations cut off at both ends, most of them approximations of smooth functions by straight pieces."""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import in_place
from ...dtypes import as_number
from ...errors import DTypeError
from ...kernels.nn import hardtanh as kernels
from ...tensor import Tensor, attach
from .._promotion import only_tensors
from .relu import one_pass

__all__ = ["hardshrink", "hardsigmoid", "hardswish", "hardtanh", "relu6", "softshrink"]


class Hardtanh(ArrayFunction):
    """y = min(max(x, low), high)        dx = dy where low < x < high, else 0

    Why: Between the limits the unit passes its gradient unchanged; at a limit it is saturated and passes none.
    Derivation: The slope of min(max(x, l), h) is 1 inside and 0 outside.
    """

    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward(x)
        ctx.low, ctx.high = low, high
        if x.dtype.kind != "f":
            return np.clip(x, *(as_number("hardtanh", limit, x.dtype) for limit in (low, high)))
        return one_pass(ctx, kernels.hardtanh, (x,), low, high)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return np.where(x <= ctx.low, 0, np.where(x >= ctx.high, 0, dy))

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.hardtanh_backward, (dy, *ctx.saved_tensors), ctx.low, ctx.high)


class Relu6(Hardtanh):
    """y = min(max(x, low), high)        dx = dy where low < x < high, else 0

    Why: Between 0 and 6 the unit passes its gradient unchanged; outside it is saturated and passes none.
    Derivation: The slope of min(max(x, 0), 6) is 1 inside and 0 outside.
    """


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """`input`, cut off at `min_val` and `max_val`.

    Parameters
    ----------
    input : Tensor
    min_val : float, default -1.0
    max_val : float, default 1.0

    Raises
    ------
    ValueError
        If `min_val` is greater than `max_val`.

    Notes
    -----
    y = min(max(x, a), b); dx = dy where a < x < b, else 0 — at the ends too, unlike `clamp`. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([-3.0, 0.5, 1.0], requires_grad=True)
    >>> F.hardtanh(x).sum().backward()
    >>> x.grad
    tensor([0., 1., 0.])
    """
    if type(input) is not Tensor:
        only_tensors("hardtanh", input=input)
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val {min_val} is greater than max_val {max_val}. Swap them.")

    def compute(t):
        return Hardtanh.apply(t, float(min_val), float(max_val))

    return in_place(input, "hardtanh_", compute) if inplace else compute(input)


def relu6(input, inplace=False):
    """`input`, cut off at 0 and 6.

    Parameters
    ----------
    input : Tensor

    Notes
    -----
    y = min(max(x, 0), 6); dx = dy where 0 < x < 6, else 0. The input is saved.

    References
    ----------
    A. Krizhevsky: Convolutional Deep Belief Networks on CIFAR-10, 2010.

    Examples
    --------
    >>> F.relu6(microtorch.tensor([-1.0, 3.0, 8.0]))
    tensor([0., 3., 6.])
    """
    if type(input) is not Tensor:
        only_tensors("relu6", input=input)
    return in_place(input, "relu6_", relu6) if inplace else Relu6.apply(input, 0.0, 6.0)


class Hardsigmoid(ArrayFunction):
    """y = min(max((x + 3) / 6, 0), 1)        dx = dy / 6 where −3 < x and x < 3, else 0

    Why: A sigmoid made of three straight lines: a sixth of the gradient passes in the middle, none at the ends.
    Derivation: The slope of (x + 3) / 6 is 1/6; of a constant 0.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.hardsigmoid, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return np.where(abs(x) >= 3, 0, dy / 6)

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.hardsigmoid_backward, (dy, *ctx.saved_tensors))


def hardsigmoid(input, inplace=False):
    """A sigmoid made of three straight pieces: ``(input + 3) / 6`` between 0 and 1.

    Notes
    -----
    y = min(max((x + 3) / 6, 0), 1); dx = dy / 6 where −3 < x < 3, else 0. The input is saved.

    Examples
    --------
    >>> F.hardsigmoid(microtorch.tensor([-4.0, 0.0, 4.0]))
    tensor([0. , 0.5, 1. ])
    """
    if type(input) is not Tensor:
        only_tensors("hardsigmoid", input=input)
    return in_place(input, "hardsigmoid_", hardsigmoid) if inplace else Hardsigmoid.apply(input)


class Hardswish(ArrayFunction):
    """y = x · min(max(x + 3, 0), 6) / 6        dx = 0 where x ≤ −3, dy where x ≥ 3, else dy · (x / 3 + 1 / 2)

    Why: x times a gate that is shut below −3 and open above 3.
    Derivation: In the middle y = x (x + 3) / 6, with the slope (2x + 3) / 6 = x / 3 + 1/2.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.hardswish, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return np.where(x <= -3, 0, np.where(x >= 3, dy, dy * (x / 3 + 0.5)))

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.hardswish_backward, (dy, *ctx.saved_tensors))


def hardswish(input, inplace=False):
    """A SiLU made of pieces: ``input · min(max(input + 3, 0), 6) / 6``.

    Notes
    -----
    y = x · relu6(x + 3) / 6; dx = 0 where x <= −3, dy where x >= 3, between them dy · (x/3 + 1/2). The input is saved.

    References
    ----------
    A. Howard et al.: Searching for MobileNetV3, ICCV 2019.

    Examples
    --------
    >>> F.hardswish(microtorch.tensor([-4.0, 0.0, 4.0]))
    tensor([0., 0., 4.])
    """
    if type(input) is not Tensor:
        only_tensors("hardswish", input=input)
    return in_place(input, "hardswish_", hardswish) if inplace else Hardswish.apply(input)


class Hardshrink(ArrayFunction):
    """y = 0 where |x| ≤ lambd, else x        dx = 0 where |x| ≤ lambd, else dy

    Why: What is small is taken for noise and dropped, with its gradient; the rest passes unchanged.
    Derivation: y = x has the slope 1, y = 0 the slope 0; at the jumps there is none, and it is taken as 0.
    """

    @staticmethod
    def forward(ctx, x, lambd):
        ctx.lambd = lambd
        ctx.save_for_backward(x)
        return np.where((x >= -lambd) & (x <= lambd), x.dtype.type(0), x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return np.where(np.greater_equal(x, -ctx.lambd) & np.less_equal(x, ctx.lambd), 0.0, dy)


@attach("hardshrink")
def hardshrink(input, lambd=0.5):
    """`input` where its magnitude is above `lambd`, else 0.

    Parameters
    ----------
    lambd : float, default 0.5

    Raises
    ------
    DTypeError
        For integers and bools.

    Notes
    -----
    y = x where |x| > λ, else 0; dx = dy there, else 0. The input is saved.

    Examples
    --------
    >>> F.hardshrink(microtorch.tensor([-1.0, 0.2, 2.0]))
    tensor([-1.,  0.,  2.])
    """
    return Hardshrink.apply(_floating("hardshrink", input), float(lambd))


class Softshrink(ArrayFunction):
    """y = x − lambd where x > lambd, x + lambd where x < −lambd, else 0        dx = 0 where |x| ≤ lambd, else dy

    Why: All is drawn to 0 by the same amount and what is small becomes 0. What is left moves with x.
    Derivation: x ± a constant has the slope 1, y = 0 the slope 0; it is the step that a penalty of |y| asks for.
    """

    @staticmethod
    def forward(ctx, x, lambd):
        ctx.lambd = lambd
        ctx.save_for_backward(x)
        return np.where(x > lambd, x - lambd, np.where(x < -lambd, x + lambd, x * 0)).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return np.where(np.greater_equal(x, -ctx.lambd) & np.less_equal(x, ctx.lambd), 0.0, dy)


def softshrink(input, lambd=0.5):
    """`input` moved towards 0 by `lambd`, and 0 where its magnitude is below.

    Parameters
    ----------
    lambd : float, default 0.5
        Not negative.

    Raises
    ------
    DTypeError
        For integers and bools.
    ValueError
        If `lambd` is negative.

    Notes
    -----
    y = sign(x) · max(|x| − λ, 0); dx = dy where |x| > λ, else 0. The input is saved.

    Examples
    --------
    >>> F.softshrink(microtorch.tensor([-1.0, 0.2, 2.0]))
    tensor([-0.5,  0. ,  1.5])
    """
    if lambd < 0:
        raise ValueError(f"softshrink: lambd = {lambd} must not be negative.")
    return Softshrink.apply(_floating("softshrink", input), float(lambd))


def _floating(operation, input):
    only_tensors(operation, input=input)
    if input._array.dtype.kind != "f":
        raise DTypeError(f"{operation}: takes float32 or float64, not {input.dtype}. Convert first, with .float().")
    return input
