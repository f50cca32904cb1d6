"""Rounding to whole numbers, and what is left over, by element.

Parameters
----------
input : Tensor
    Not bool.

Returns
-------
Tensor
    Of the same shape and dtype; integers are whole already.
"""

from collections import namedtuple

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...errors import DTypeError
from ...from_data import as_tensor
from ...tensor import attach
from .._promotion import refuse_bool

__all__ = ["ceil", "fix", "floor", "frac", "frexp", "round", "trunc"]


FrexpResult = namedtuple("frexp", "mantissa exponent")


def _not_bool(operation, input):
    input = as_tensor(input)
    refuse_bool(operation, "the tensor itself", input)
    return input


class Floor(ArrayFunction):
    """y = ⌊x⌋        dx = 0

    Why: The result stands still under small changes and jumps now and then, so its slope is 0.
    Derivation: A step function has the derivative 0 wherever it has one.
    """

    @staticmethod
    def forward(ctx, x):
        return np.floor(x) if x.dtype.kind == "f" else x.copy()

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy)


@attach("floor", numpy=np.floor)
def floor(input):
    """The largest whole number at most each element.

    Notes
    -----
    y = ⌊x⌋, constant between whole numbers: dx = 0.

    Examples
    --------
    >>> microtorch.floor(microtorch.tensor([-1.5, 0.5, 2.7]))
    tensor([-2.,  0.,  2.])
    """
    return Floor.apply(_not_bool("floor", input))


class Ceil(ArrayFunction):
    """y = ⌈x⌉        dx = 0

    Why: The result stands still under small changes and jumps now and then, so its slope is 0.
    Derivation: A step function has the derivative 0 wherever it has one.
    """

    @staticmethod
    def forward(ctx, x):
        return np.ceil(x) if x.dtype.kind == "f" else x.copy()

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy)


@attach("ceil", numpy=np.ceil)
def ceil(input):
    """The smallest whole number at least each element.

    Notes
    -----
    y = ⌈x⌉, constant between whole numbers: dx = 0.

    Examples
    --------
    >>> microtorch.ceil(microtorch.tensor([-1.5, 0.5, 2.7]))
    tensor([-1.,  1.,  3.])
    """
    return Ceil.apply(_not_bool("ceil", input))


class Trunc(ArrayFunction):
    """y = trunc(x)        dx = 0

    Why: The result stands still under small changes and jumps now and then, so its slope is 0.
    Derivation: A step function has the derivative 0 wherever it has one.
    """

    @staticmethod
    def forward(ctx, x):
        return np.trunc(x) if x.dtype.kind == "f" else x.copy()

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy)


@attach("trunc", "fix", numpy=(np.trunc, np.fix))
def trunc(input):
    """Each element without its fraction.

    Notes
    -----
    y = x without its fraction, constant between whole numbers: dx = 0.

    Examples
    --------
    >>> microtorch.trunc(microtorch.tensor([-1.5, 0.5, 2.7]))
    tensor([-1.,  0.,  2.])
    """
    return Trunc.apply(_not_bool("trunc", input))


class Round(ArrayFunction):
    """y = round(x, decimals)        dx = 0

    Why: The result stands still under small changes and jumps now and then, so its slope is 0.
    Derivation: A step function has the derivative 0 wherever it has one.
    """

    @staticmethod
    def forward(ctx, x, decimals):
        return np.round(x, decimals)

    @staticmethod
    def backward(ctx, dy, *_):
        return np.zeros_like(dy)


@attach("round")
def round(input, decimals=0):
    """Each element to the nearest number with so many decimals, halves to the even neighbour.

    Parameters
    ----------
    decimals : int, default 0
        Negative for tens, hundreds and so on. Floating tensors only, if not 0.

    Returns
    -------
    Tensor
        Of the same shape and dtype.

    Raises
    ------
    DTypeError
        For a bool tensor, and for an integer tensor with `decimals`.

    Notes
    -----
    Constant between its steps: dx = 0.

    Examples
    --------
    >>> microtorch.round(microtorch.tensor([0.5, 1.5, 2.7]))
    tensor([0., 2., 3.])
    >>> microtorch.round(microtorch.tensor([3.14159]), decimals=2)
    tensor([3.14])
    """
    input = _not_bool("round", input)
    if input._array.dtype.kind != "f" and decimals != 0:
        raise DTypeError(f"round: decimals={decimals} for an {input.dtype} tensor. Convert it with .float() first.")
    return Round.apply(input, decimals)


@attach("frac")
def frac(input):
    """The fraction of each element, with its sign: ``input - trunc(input)``.

    Parameters
    ----------
    input : Tensor
        Floating.

    Returns
    -------
    Tensor
        Of the same shape and dtype, between -1 and 1.

    Raises
    ------
    DTypeError
        For integers and bools.

    Notes
    -----
    dx = dy.

    Examples
    --------
    >>> microtorch.frac(microtorch.tensor([1.5, -2.25]))
    tensor([ 0.5 , -0.25])
    """
    input = as_tensor(input)
    if input._array.dtype.kind != "f":
        raise DTypeError(f"frac: an element of {input.dtype} has no fraction. Convert with .float().")
    return input - trunc(input)


class Frexp(ArrayFunction):
    """y, k with x = y · 2ᵏ and 0.5 ≤ |y| < 1        dx = dy divided by 2ᵏ

    Why: The exponent stands still under small changes, so y is x divided by a constant.
    Derivation: y = x / 2ᵏ has the slope 1 / 2ᵏ; k is a step function with the slope 0.
    """

    @staticmethod
    def forward(ctx, x):
        y, exponent = np.frexp(x)
        ctx.exponent = -exponent
        ctx.mark_non_differentiable(exponent)
        return y, exponent

    @staticmethod
    def backward(ctx, dy, _):
        return dy * np.ldexp(dy.dtype.type(1), ctx.exponent)


@attach("frexp", numpy=np.frexp)
def frexp(input):
    """Each element as a mantissa from 0.5 to 1 times a power of 2.

    Parameters
    ----------
    input : Tensor
        Floating.

    Returns
    -------
    namedtuple (mantissa, exponent)
        ``mantissa`` of the dtype of `input`, ``exponent`` of int32.

    Raises
    ------
    DTypeError
        For integers and bools.

    Notes
    -----
    x = y · 2ᵉ; dx = dy · 2⁻ᵉ.

    Examples
    --------
    >>> microtorch.frexp(microtorch.tensor([3.0]))
    frexp(mantissa=tensor([0.75]), exponent=tensor([2], dtype=int32))
    """
    input = as_tensor(input)
    if input._array.dtype.kind != "f":
        raise DTypeError(f"frexp: takes float32 or float64, not {input.dtype}. Convert with .float().")
    return FrexpResult(*Frexp.apply(input))


@attach("__round__")
def rounded(self, ndigits=None):
    """The result of Python's own ``round(t, 2)``: `round` with so many decimals, a Tensor."""
    return round(self, 0 if ndigits is None else ndigits)


fix = trunc

for _function in (ceil, floor, frac, round, trunc):
    attach_in_place(_function, _function.__name__ + "_")
attach_in_place(trunc, "fix_")
