"""Choosing between values by element: maximum, minimum, clamp."""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...dtypes import as_number
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .._promotion import Binary, fitting_pair, in_dtype, operand, result_type

__all__ = ["clamp", "clamp_max", "clamp_min", "clip", "fmax", "fmin", "maximum", "minimum", "nan_to_num"]


class Maximum(Binary):
    """y = max(a, b)
    da = dy where a > b, dy/2 where a = b, else 0,  db = dy where b > a, dy/2 where a = b, else 0

    Why: Only the larger one of the two makes the result, so it gets the whole gradient; where both are equal each
    gets half.
    Derivation: max(a, b) is a where a > b, with slope 1 in a and 0 in b. At a = b it has a kink; the mean of both
    sides is 1/2.
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.maximum(a, b)

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        half = np.where(a == b, 0.5 * dy, dy)
        return np.where(a < b, 0.0, half), np.where(b < a, 0.0, half)


@attach("maximum", numpy=np.maximum)
def maximum(input, other):
    """The larger of two tensors, by element; NaN where either is NaN.

    Notes
    -----
    The gradient goes to the larger one; where both are equal, half to each. Both inputs are saved.

    Examples
    --------
    >>> x = microtorch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> y = microtorch.maximum(x, microtorch.zeros(3))
    >>> y
    tensor([0., 0., 2.], grad_fn=<Maximum>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0. , 0.5, 1. ])
    """
    return Maximum.apply(*fitting_pair("maximum", input, other))


class Minimum(Binary):
    """y = min(a, b)
    da = dy where a < b, dy/2 where a = b, else 0,  db = dy where b < a, dy/2 where a = b, else 0

    Why: Only the smaller one of the two makes the result, so it gets the whole gradient; where both are equal each
    gets half.
    Derivation: min(a, b) is a where a < b, with slope 1 in a and 0 in b. At a = b it has a kink; the mean of both
    sides is 1/2.
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.minimum(a, b)

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        half = np.where(a == b, 0.5 * dy, dy)
        return np.where(a > b, 0.0, half), np.where(b > a, 0.0, half)


@attach("minimum", numpy=np.minimum)
def minimum(input, other):
    """The smaller of two tensors, by element; NaN where either is NaN.

    Notes
    -----
    The gradient goes to the smaller one; where both are equal, half to each. Both inputs are saved.

    Examples
    --------
    >>> x = microtorch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> y = microtorch.minimum(x, microtorch.zeros(3))
    >>> y
    tensor([-1.,  0.,  0.], grad_fn=<Minimum>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1. , 0.5, 0. ])
    """
    return Minimum.apply(*fitting_pair("minimum", input, other))


class Fmax(Binary):
    """y = a where a ≥ b or b ≠ b, else b
    da = dy where a ≥ b or b ≠ b, else 0,  db = 0 where a ≥ b or b ≠ b, else dy

    Letters: b ≠ b is true where b is not a number (NaN), and only there.
    Why: The larger one of the two makes the result, and a number rather than NaN; it gets the whole gradient. Where
    both are equal the first one gets it.
    Derivation: The result is a or b, with the slope 1 in the one that it is and 0 in the other.
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.first = np.greater_equal(a, b) | np.isnan(b)
        return np.fmax(a, b)

    @staticmethod
    def backward(ctx, dy):
        return np.where(ctx.first, dy, 0.0), np.where(ctx.first, 0.0, dy)


@attach("fmax", numpy=np.fmax)
def fmax(input, other):
    """The larger of two tensors, by element; of a number and NaN the number; NaN where both are NaN.

    Notes
    -----
    The gradient goes to the larger one; where both are equal, to `input`. Nothing is saved.

    Examples
    --------
    >>> microtorch.fmax(microtorch.tensor([1.0, float("nan")]), microtorch.tensor([2.0, 3.0]))
    tensor([2., 3.])
    """
    return Fmax.apply(*fitting_pair("fmax", input, other))


class Fmin(Binary):
    """y = a where a ≤ b or b ≠ b, else b
    da = dy where a ≤ b or b ≠ b, else 0,  db = 0 where a ≤ b or b ≠ b, else dy

    Letters: b ≠ b is true where b is not a number (NaN), and only there.
    Why: The smaller one of the two makes the result, and a number rather than NaN; it gets the whole gradient. Where
    both are equal the first one gets it.
    Derivation: The result is a or b, with the slope 1 in the one that it is and 0 in the other.
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.first = np.less_equal(a, b) | np.isnan(b)
        return np.fmin(a, b)

    @staticmethod
    def backward(ctx, dy):
        return np.where(ctx.first, dy, 0.0), np.where(ctx.first, 0.0, dy)


@attach("fmin", numpy=np.fmin)
def fmin(input, other):
    """The smaller of two tensors, by element; of a number and NaN the number; NaN where both are NaN.

    Notes
    -----
    The gradient goes to the smaller one; where both are equal, to `input`. Nothing is saved.

    Examples
    --------
    >>> microtorch.fmin(microtorch.tensor([1.0, float("nan")]), microtorch.tensor([2.0, 3.0]))
    tensor([1., 3.])
    """
    return Fmin.apply(*fitting_pair("fmin", input, other))


class Clamp(ArrayFunction):
    """y = min(max(x, low), high)        dx = dy where low ≤ x ≤ high, else 0,
    dlow = dy where x < low and low < high, else 0,  dhigh = dy where x > high or low > high, else 0

    Why: Inside the limits the result is x and moves with it; outside it is a limit, and x could move without any
    effect.
    Derivation: The slope of min(max(x, l), h) in x is 1 between the limits and 0 outside; a limit has slope 1 where
    it is the result.
    """

    @staticmethod
    def forward(ctx, x, low, high):
        ctx.save_for_backward(x, low, high)
        if low is not None:
            x = np.maximum(x, low)
        return x if high is None else np.minimum(x, high)

    @staticmethod
    def notation(ctx, x, low, high):
        return {"letters": ({"low": -np.inf} if low is None else {}) | ({"high": np.inf} if high is None else {})}

    @staticmethod
    def backward(ctx, dy):
        x, low, high = ctx.saved_tensors
        _, need_low, need_high = ctx.needs_input_grad
        if low is None:
            inside, above = x <= high, x > high
        elif high is None:
            inside, below = x >= low, x < low
        else:
            inside = (x >= low) & (x <= high)
            below, above = (x < low) & (low < high), (x > high) | (low > high)
        dx = np.where(inside, dy, 0.0)
        return dx, np.where(below, dy, 0.0) if need_low else None, np.where(above, dy, 0.0) if need_high else None


@attach("clamp", "clip")
def clamp(input, min=None, max=None):
    """The elements limited to the range from `min` to `max`.

    Parameters
    ----------
    input : Tensor
    min, max : Tensor or number, optional
        The bounds, at least one, of shapes that broadcast with `input`. Where `min` exceeds `max`, `max` is taken.

    Raises
    ------
    ValueError
        If both bounds are missing.

    Notes
    -----
    y = min(max(x, l), h); dx = dy where l ≤ x ≤ h, bounds included, else 0; there the gradient goes to the bound that
    was taken, if it is a tensor.

    Examples
    --------
    >>> x = microtorch.tensor([-2.0, 0.5, 1.0, 3.0], requires_grad=True)
    >>> y = microtorch.clamp(x, 0, 1)
    >>> y
    tensor([0. , 0.5, 1. , 1. ], grad_fn=<Clamp>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0., 1., 1., 0.])
    """
    given = [operand(x) for x in (input, min, max) if x is not None]
    if len(given) < 2:
        raise ValueError("clamp: min and max are both missing. Give at least one of them.")
    dtype = result_type(*given)
    low, high = (x if x is None else _bound(operand(x), dtype) for x in (min, max))
    return Clamp.apply(in_dtype(as_tensor(input), dtype), low, high)


def _bound(x, dtype):
    return in_dtype(x if isinstance(x, Tensor) else as_number("clamp", x, dtype).item(), dtype)


@attach("clamp_min")
def clamp_min(input, min):
    """The elements of `input`, none below `min`: `clamp` with one bound."""
    return clamp(input, min)


@attach("clamp_max")
def clamp_max(input, max):
    """The elements of `input`, none above `max`: `clamp` with one bound."""
    return clamp(input, None, max)


class NanToNum(ArrayFunction):
    """y = x where |x| < ∞, nan where x ≠ x, posinf where x > 0, else neginf        dx = dy where |x| < ∞, else 0

    Why: Ordinary numbers pass; where a constant was put in place of x, x has no influence.
    Derivation: y = x with slope 1 where x is finite, a constant with slope 0 elsewhere.
    """

    @staticmethod
    def forward(ctx, x, nan, posinf, neginf):
        ctx.save_for_backward(x)
        return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return np.where(np.isfinite(x), dy, 0.0)


@attach("nan_to_num")
def nan_to_num(input, nan=0.0, posinf=None, neginf=None):
    """The elements, with finite numbers in place of NaN and the infinities.

    Parameters
    ----------
    input : Tensor
    nan : float, default 0
        In place of NaN.
    posinf, neginf : float, optional
        In place of inf and -inf. Default: the largest and the lowest number of the dtype.

    Notes
    -----
    dx = dy where x is finite, else 0. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, float("nan"), float("inf")], requires_grad=True)
    >>> y = microtorch.nan_to_num(x, posinf=9.0)
    >>> y
    tensor([1., 0., 9.], grad_fn=<NanToNum>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1., 0., 0.])
    """
    return NanToNum.apply(as_tensor(input), 0.0 if nan is None else nan, posinf, neginf)


clip = clamp
attach_in_place(clamp, "clamp_", "clip_")
attach_in_place(clamp_min, "clamp_min_")
attach_in_place(clamp_max, "clamp_max_")
attach_in_place(nan_to_num, "nan_to_num_")
