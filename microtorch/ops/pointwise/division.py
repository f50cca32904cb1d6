"""Division and what is left of it: quotients, rounded quotients and remainders.

Raises
------
ZeroDivisionError
    If integers are divided by 0.
"""

from math import copysign, inf

import numpy as np

from ...autograd.inplace.changes import attach_in_place
from ...autograd.observe import one_call
from ...errors import DTypeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .._promotion import Binary, floating_pair, pair, refuse_bool
from ..comparison.equal_and_less import by_element
from .arithmetic import absorb, add

__all__ = ["addcdiv", "div", "divide", "floor_divide", "fmod", "gcd", "lcm", "remainder", "true_divide"]


class Div(Binary):
    """y = a / b        da = dy / b,  db = −dy · a / b²

    Why: A share of a change of a arrives, one part in b; a larger b makes the result smaller, the more the smaller
    b is.
    Derivation: a / b = a · b⁻¹; the slope of b⁻¹ is −b⁻².
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(None if ctx.edges[1] is None else a, b)
        return a / b

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        if type(b) is float:
            return (dy / b if b != 0 else absorb(dy, copysign(inf, b))), None
        da = None if ctx.edges[0] is None else absorb(dy, 1 / b)
        return da, None if a is None else absorb(dy, -a / b / b)


class FloorDivide(Binary):
    """y = ⌊a / b⌋        da = 0,  db = 0

    Why: The result stands still under small changes and jumps now and then, so its slope is 0.
    Derivation: A step function has the derivative 0 wherever it has one.
    """

    @staticmethod
    def forward(ctx, a, b):
        return np.floor_divide(a, b)

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy), np.zeros_like(dy)


class TruncDivide(Binary):
    """y = trunc(a / b)        da = 0,  db = 0

    Why: The result stands still under small changes and jumps now and then, so its slope is 0.
    Derivation: A step function has the derivative 0 wherever it has one.
    """

    @staticmethod
    def forward(ctx, a, b):
        if np.result_type(a, b).kind == "f":
            return np.trunc(a / b)
        return np.floor_divide(a - np.fmod(a, b), b)

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy), np.zeros_like(dy)


class Remainder(Binary):
    """y = a − b · ⌊a / b⌋        da = dy,  db = −dy · ⌊a / b⌋

    Why: What is left after taking b away a whole number of times: it moves with a, and against b once for each
    time.
    Derivation: ⌊a / b⌋ is constant between its jumps, so y is linear: slope 1 in a, −⌊a / b⌋ in b.
    """

    @staticmethod
    def forward(ctx, a, b):
        if ctx.edges[1] is not None:
            ctx.save_for_backward(a, b)
        return np.remainder(a, b)

    @staticmethod
    def backward(ctx, dy):
        return dy, absorb(dy, -FloorDivide.apply(*ctx.saved_tensors)) if ctx.saved_tensors else None


class Fmod(Binary):
    """y = a − b · trunc(a / b)        da = dy,  db = −dy · trunc(a / b)

    Why: What is left after taking b away a whole number of times: it moves with a, and against b once for each
    time.
    Derivation: trunc(a / b) is constant between its jumps, so y is linear: slope 1 in a, −trunc(a / b) in b.
    """

    @staticmethod
    def forward(ctx, a, b):
        if ctx.edges[1] is not None:
            ctx.save_for_backward(a, b)
        return np.fmod(a, b)

    @staticmethod
    def backward(ctx, dy):
        return dy, absorb(dy, -TruncDivide.apply(*ctx.saved_tensors)) if ctx.saved_tensors else None


def _dividing(operation, input, other):
    """Both operands in their common dtype; integers must not be divided by 0, which has no value for them."""
    a, b = pair(input, other)
    if (a if isinstance(a, Tensor) else b)._array.dtype.kind != "f":
        refuse_bool(operation, "logical_and (&)", a, b)
        _refuse_zero(operation, b)
    return a, b


@one_call
def _refuse_zero(operation, b):
    divisor = b._array if isinstance(b, Tensor) else np.asarray(b)
    if not divisor.all():
        raise ZeroDivisionError(f"{operation}: `other` holds 0, and integers have no infinity. Convert to float first.")


@attach("div", "divide", "true_divide", "__truediv__", reflected="__rtruediv__", numpy=np.true_divide)
def div(input, other, *, rounding_mode=None):
    """The quotient of two tensors, by element.

    Parameters
    ----------
    rounding_mode : {None, "trunc", "floor"}, default None
        None is the true quotient; "trunc" rounds it towards 0, "floor" down.

    Returns
    -------
    Tensor
        Of the broadcast shape. The true quotient of integers is floating; rounded quotients keep the common dtype.

    Raises
    ------
    ZeroDivisionError
        If integers are divided by 0 in a rounding mode.

    Notes
    -----
    y = a / b; da = dy / b, db = −dy · a / b², and 0 where dy is 0 even if b is 0. Both inputs are saved. Rounded
    quotients are constant between their steps: their gradients are 0.

    Examples
    --------
    >>> a = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> b = microtorch.tensor([2.0, 4.0], requires_grad=True)
    >>> (a / b).sum().backward()
    >>> a.grad, b.grad
    (tensor([0.5 , 0.25]), tensor([-0.25 , -0.125]))
    >>> microtorch.div(microtorch.tensor([-7, 7]), 2, rounding_mode="trunc")
    tensor([-3,  3])
    """
    if rounding_mode is None:
        if isinstance(input, Tensor) and input._array.dtype.kind == "f":
            return Div.apply(input, other)
        return Div.apply(*floating_pair(input, other))
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode == "trunc":
        return TruncDivide.apply(*_dividing("div", input, other))
    raise ValueError(f"div: rounding_mode is None, 'trunc' or 'floor', not {rounding_mode!r}")


@attach("floor_divide", "__floordiv__", reflected="__rfloordiv__", numpy=np.floor_divide)
def floor_divide(input, other):
    """The quotient of two tensors, rounded down, by element.

    Notes
    -----
    y = ⌊a / b⌋; the gradients are 0.

    Examples
    --------
    >>> microtorch.tensor([-7, 7]) // 2
    tensor([-4,  3])
    """
    return FloorDivide.apply(*_dividing("floor_divide", input, other))


@attach("remainder", "__mod__", reflected="__rmod__", numpy=np.remainder)
def remainder(input, other):
    """The remainder of `floor_divide`, by element: it has the sign of `other`, as Python's ``%``.

    Notes
    -----
    y = a − b · ⌊a / b⌋; da = dy, db = −dy · ⌊a / b⌋. Both inputs are saved.

    Examples
    --------
    >>> x = microtorch.tensor([-7.0, 7.0], requires_grad=True)
    >>> y = x % 3
    >>> y
    tensor([2., 1.], grad_fn=<Remainder>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    return Remainder.apply(*_dividing("remainder", input, other))


@attach("fmod", numpy=np.fmod)
def fmod(input, other):
    """The remainder of division rounded towards 0, by element: it has the sign of `input`, as C's ``fmod``.

    Notes
    -----
    y = a − b · trunc(a / b); da = dy, db = −dy · trunc(a / b). Both inputs are saved.

    Examples
    --------
    >>> microtorch.fmod(microtorch.tensor([-7.0, 7.0]), 3)
    tensor([-1.,  1.])
    """
    return Fmod.apply(*_dividing("fmod", input, other))


@attach("addcdiv")
def addcdiv(input, tensor1, tensor2, *, value=1):
    """``input + value * tensor1 / tensor2``, by element.

    Parameters
    ----------
    input, tensor1, tensor2 : Tensor
        Of shapes that broadcast together; of the last two at least one is floating.
    value : number, default 1

    Raises
    ------
    DTypeError
        If `tensor1` and `tensor2` are both integers.

    Notes
    -----
    y = x + α·a/b; dx = dy, da = α·dy/b, db = −α·dy·a/b².

    Examples
    --------
    >>> x, a, b = microtorch.ones(2), microtorch.tensor([2.0, 3.0]), microtorch.tensor([4.0, 5.0])
    >>> microtorch.addcdiv(x, a, b)
    tensor([1.5, 1.6])
    """
    tensor1, tensor2 = as_tensor(tensor1), as_tensor(tensor2)
    if tensor1._array.dtype.kind != "f" and tensor2._array.dtype.kind != "f":
        raise DTypeError(
            f"addcdiv: {tensor1.dtype} / {tensor2.dtype} is a division of integers. Convert one with .float(), or "
            "round as you mean it: input + value * div(tensor1, tensor2, rounding_mode='trunc')."
        )
    return add(input, div(tensor1, tensor2), alpha=value)


@attach("gcd", numpy=np.gcd)
def gcd(input, other):
    """The greatest common divisors of two tensors of integers, by element; at least 0.

    Parameters
    ----------
    input, other : Tensor of integers
        Of shapes that broadcast together.

    Raises
    ------
    DTypeError
        For floats and bools.

    Examples
    --------
    >>> microtorch.gcd(microtorch.tensor([5, 10, 15]), microtorch.tensor([3, 4, 5]))
    tensor([1, 2, 5])
    """
    return _of_integers("gcd", np.gcd, input, other)


@attach("lcm", numpy=np.lcm)
def lcm(input, other):
    """The least common multiples of two tensors of integers, by element; at least 0.

    Parameters
    ----------
    input, other : Tensor of integers
        Of shapes that broadcast together.

    Raises
    ------
    DTypeError
        For floats and bools.

    Examples
    --------
    >>> microtorch.lcm(microtorch.tensor([5, 10, 15]), microtorch.tensor([3, 4, 5]))
    tensor([15, 20, 15])
    """
    return _of_integers("lcm", np.lcm, input, other)


def _of_integers(operation, compute, input, other):
    a, b = pair(as_tensor(input), as_tensor(other))
    if a._array.dtype.kind not in "iu":
        raise DTypeError(f"{operation}: takes integers, not {a.dtype}. Convert with .long().")
    return by_element(operation, compute, a, b)


attach("__rdiv__")(lambda self, other: div(other, self))  # PyTorch keeps this name of Python 2's
divide = true_divide = div

attach_in_place(div, "div_", "divide_", "true_divide_", "__itruediv__")
attach_in_place(floor_divide, "floor_divide_", "__ifloordiv__")
attach_in_place(remainder, "remainder_", "__imod__")
attach_in_place(fmod, "fmod_")
for _function in (addcdiv, gcd, lcm):
    attach_in_place(_function, _function.__name__ + "_")
