"""Absolute value and sign, by element."""

import numpy as np

from ...autograd.function import Function
from ...autograd.inplace.changes import attach_in_place
from ...from_data import as_tensor
from ...tensor import attach
from .._promotion import refuse_bool
from .arithmetic import absorb

__all__ = ["abs", "absolute", "sign"]


class Abs(Function):
    """y = |x|        dx = dy · sign x

    Why: The distance from 0 grows to both sides, so left of 0 the gradient changes its sign.
    Derivation: |x| is x with slope 1 for x > 0 and −x with slope −1 for x < 0; at 0, a kink, 0 is taken.
    """

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
    """y = sign(x)        dx = 0

    Why: The result stands still under small changes and jumps at 0, so its slope is 0.
    Derivation: A step function has the derivative 0 wherever it has one.
    """

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
