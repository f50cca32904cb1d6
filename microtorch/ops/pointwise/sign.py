"""Absolute value and sign, by element.

Parameters
----------
input : Tensor
"""

import numpy as np

from ...autograd.function import ArrayFunction, outside_graph
from ...autograd.inplace.changes import attach_in_place
from ...from_data import as_tensor
from ...tensor import attach
from .._promotion import Binary, floating_pair, refuse_bool, same_dtype
from ..comparison.equal_and_less import by_element
from .arithmetic import absorb

__all__ = ["abs", "absolute", "copysign", "heaviside", "nextafter", "positive", "sgn", "sign", "signbit"]


class Abs(ArrayFunction):
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
    """The absolute value of each element, from 0 to inf.

    Raises
    ------
    DTypeError
        For a bool tensor.

    Notes
    -----
    y = |x|; dx = dy · sign x, so 0 at 0. The input is saved.

    Examples
    --------
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


class Sign(ArrayFunction):
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


@attach("sign", "sgn", numpy=np.sign)
def sign(input):
    """The sign of each element.

    Returns
    -------
    Tensor
        Of the same shape and dtype: -1 for negative elements, 1 for positive ones, 0 for zeros and, as in PyTorch, NaN.

    Notes
    -----
    Constant on either side of 0: dx = 0.

    Examples
    --------
    >>> microtorch.sign(microtorch.tensor([-2.0, 0.0, 3.0]))
    tensor([-1.,  0.,  1.])
    """
    return Sign.apply(as_tensor(input))


@attach("signbit", numpy=np.signbit)
def signbit(input):
    """Where the elements carry a minus sign: negative ones, and -0.0.

    Returns
    -------
    Tensor of bool
        Of the same shape.

    Examples
    --------
    >>> microtorch.signbit(microtorch.tensor([-1.0, -0.0, 0.0]))
    tensor([ True,  True, False])
    """
    return outside_graph(lambda x: np.signbit(x) if x.dtype.kind == "f" else x < 0, as_tensor(input))


class Copysign(Binary):
    """y = |a| with the sign of b        da = dy · sign(a) · sign(y),  db = 0

    Why: The result is a or −a, so a gets the gradient or its negative; at 0, where |a| has a kink, it gets 0. b gives
    only its sign, which stands still under small changes.
    Derivation: y = |a| · s with s = ±1, so ∂y/∂a = sign(a) · s, and s is the sign of y.
    """

    @staticmethod
    def forward(ctx, a, b):
        y = np.copysign(a, b)
        ctx.factor = np.where(np.equal(a, 0), 0, np.copysign(y.dtype.type(1), a) * np.copysign(y.dtype.type(1), b))
        return y

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.factor, np.zeros_like(dy)


@attach("copysign", numpy=np.copysign)
def copysign(input, other):
    """The magnitudes of `input` with the signs of `other`, by element.

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast together. Integers are taken as floats of the default dtype.

    Returns
    -------
    Tensor
        Of the broadcast shape, floating.

    Notes
    -----
    y = ±|a|; da = dy where the sign stayed, −dy where it changed, 0 where a = 0; db = 0. Nothing is saved.

    Examples
    --------
    >>> microtorch.copysign(microtorch.tensor([1.0, -2.0]), -1.0)
    tensor([-1., -2.])
    """
    return Copysign.apply(*floating_pair(input, other))


@attach("heaviside", numpy=np.heaviside)
def heaviside(input, values):
    """The step function: 0 where `input` is negative, 1 where it is positive, `values` where it is 0.

    Parameters
    ----------
    input, values : Tensor
        Of one dtype and shapes that broadcast together.

    Returns
    -------
    Tensor
        Of the broadcast shape and the same dtype; not differentiable.

    Raises
    ------
    DTypeError
        If the dtypes differ.

    Examples
    --------
    >>> microtorch.heaviside(microtorch.tensor([-1.5, 0.0, 2.0]), microtorch.tensor([0.5]))
    tensor([0. , 0.5, 1. ])
    """
    input, values = as_tensor(input), as_tensor(values)
    same_dtype("heaviside", input=input, values=values)
    return by_element("heaviside", lambda a, b: np.where(a == 0, b, (a > 0).astype(b.dtype)), input, values)


@attach("nextafter", numpy=np.nextafter)
def nextafter(input, other):
    """The next number that the dtype can hold after each element of `input`, in the direction of `other`.

    Parameters
    ----------
    input, other : Tensor
        Floating, of shapes that broadcast together.

    Returns
    -------
    Tensor
        Of the broadcast shape, in the common dtype; not differentiable.

    Examples
    --------
    >>> one = microtorch.tensor([1.0])
    >>> (microtorch.nextafter(one, 2 * one) - one == microtorch.finfo(microtorch.float32).eps).item()
    True
    """
    return by_element("nextafter", np.nextafter, *floating_pair(as_tensor(input), as_tensor(other)))


@attach("positive", "__pos__", numpy=np.positive)
def positive(input):
    """The tensor itself: ``+t``.

    Returns
    -------
    Tensor
        The very same.

    Raises
    ------
    DTypeError
        For a bool tensor.

    Examples
    --------
    >>> microtorch.positive(microtorch.tensor([-1.0]))
    tensor([-1.])
    """
    input = as_tensor(input)
    refuse_bool("positive", "the tensor itself", input)
    return input


absolute, sgn = abs, sign
attach_in_place(abs, "abs_", "absolute_")
attach_in_place(sign, "sign_", "sgn_")
for _function in (copysign, heaviside, nextafter):
    attach_in_place(_function, _function.__name__ + "_")
