"""Logarithms, by element.

Parameters
----------
input, other : Tensor or number
    Of shapes that broadcast together. Integers are taken as floats of the default dtype.

Returns
-------
Tensor
    Floating, of the shape of `input` or that of both operands, broadcast.
"""

from math import log as _ln

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...tensor import attach
from .._promotion import Binary, floating, floating_pair
from ..nn.sigmoid import Sigmoid
from .arithmetic import absorb

__all__ = ["log", "log10", "log1p", "log2", "logaddexp", "logaddexp2"]


LN2, LN10 = _ln(2), _ln(10)


class Log(ArrayFunction):
    """y = ln x        dx = dy / x

    Why: The logarithm counts in ratios: the same step matters less the larger x is.
    Derivation: d ln x / dx = 1 / x.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.log(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / x)


@attach("log", numpy=np.log)
def log(input):
    """The natural logarithm of each element; -inf for 0, NaN for negative elements.

    Notes
    -----
    y = ln x; dx = dy / x, and 0 where dy is 0 even if x is 0. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 4.0], requires_grad=True)
    >>> y = microtorch.log(x)
    >>> y
    tensor([0.    , 1.3863], grad_fn=<Log>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.  , 0.25])
    """
    return Log.apply(floating(input))


class Log2(ArrayFunction):
    """y = log₂ x        dx = dy / (x · ln 2)

    Why: The logarithm counts in ratios: the same step matters less the larger x is.
    Derivation: log₂ x = ln x / ln 2.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.log2(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / (x * LN2))


@attach("log2", numpy=np.log2)
def log2(input):
    """The logarithm to base 2 of each element; -inf for 0, NaN for negative elements.

    Notes
    -----
    y = log₂ x; dx = dy / (x · ln 2). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 8.0], requires_grad=True)
    >>> y = microtorch.log2(x)
    >>> y
    tensor([0., 3.], grad_fn=<Log2>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.4427, 0.1803])
    """
    return Log2.apply(floating(input))


class Log10(ArrayFunction):
    """y = log₁₀ x        dx = dy / (x · ln 10)

    Why: The logarithm counts in ratios: the same step matters less the larger x is.
    Derivation: log₁₀ x = ln x / ln 10.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.log10(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, (1 / LN10) / x)


@attach("log10", numpy=np.log10)
def log10(input):
    """The logarithm to base 10 of each element; -inf for 0, NaN for negative elements.

    Notes
    -----
    y = log₁₀ x; dx = dy / (x · ln 10). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 100.0], requires_grad=True)
    >>> y = microtorch.log10(x)
    >>> y
    tensor([0., 2.], grad_fn=<Log10>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.4343, 0.0043])
    """
    return Log10.apply(floating(input))


class Log1p(ArrayFunction):
    """y = ln(1 + x)        dx = dy / (1 + x)

    Why: The logarithm counts in ratios: the same step matters less the larger 1 + x is.
    Derivation: d ln(1 + x) / dx = 1 / (1 + x).
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.log1p(x)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, 1 / (x + 1))


@attach("log1p", numpy=np.log1p)
def log1p(input):
    """The natural logarithm of 1 plus each element, exact near 0 too; -inf for -1, NaN below.

    Notes
    -----
    y = ln(1 + x); dx = dy / (1 + x). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1e-5], requires_grad=True)
    >>> y = microtorch.log1p(x)
    >>> y
    tensor([0.0000e+00, 9.9999e-06], grad_fn=<Log1p>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    return Log1p.apply(floating(input))


class LogAddExp(Binary):
    """y = log(eᵃ + eᵇ)        da = dy · σ(a − b),  db = dy · σ(b − a)

    Why: A smooth maximum: each gets its share, the larger one the more.
    Derivation: ∂y/∂a = eᵃ / (eᵃ + eᵇ) = σ(a − b).
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.logaddexp(a, b)

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        return absorb(dy, Sigmoid.apply(a - b)) if need_a else None, absorb(
            dy, Sigmoid.apply(b - a)
        ) if need_b else None


@attach("logaddexp", numpy=np.logaddexp)
def logaddexp(input, other):
    """The logarithm of the sum of the exponentials of two tensors, by element, without overflow.

    Notes
    -----
    y = log(eᵃ + eᵇ); da = dy · σ(a − b), db = dy · σ(b − a), with σ the `sigmoid`. Both inputs are saved. See
    `logsumexp` for the elements of one tensor.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1000.0], requires_grad=True)
    >>> y = microtorch.logaddexp(x, microtorch.tensor([0.0, 0.0]))
    >>> y.detach().tolist()
    [0.693147..., 1000.0]
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.5, 1. ])
    """
    return LogAddExp.apply(*floating_pair(input, other))


class LogAddExp2(Binary):
    """y = log₂(2ᵃ + 2ᵇ)        da = dy · σ((a − b) · ln 2),  db = dy · σ((b − a) · ln 2)

    Why: A smooth maximum: each gets its share, the larger one the more.
    Derivation: ∂y/∂a = 2ᵃ · ln 2 / ((2ᵃ + 2ᵇ) · ln 2) = 1 / (1 + 2ᵇ⁻ᵃ) = σ((a − b) · ln 2).
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return np.logaddexp2(a, b)

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        need_a, need_b = ctx.needs_input_grad
        difference = (a - b) * LN2
        return (
            absorb(dy, Sigmoid.apply(difference)) if need_a else None,
            absorb(dy, Sigmoid.apply(-difference)) if need_b else None,
        )


@attach("logaddexp2", numpy=np.logaddexp2)
def logaddexp2(input, other):
    """The logarithm to base 2 of the sum of two powers of 2, by element, without overflow.

    Notes
    -----
    y = log₂(2ᵃ + 2ᵇ); da = dy · σ((a − b) ln 2), db = dy · σ((b − a) ln 2). Both inputs are saved.

    Examples
    --------
    >>> microtorch.logaddexp2(microtorch.tensor([1.0]), microtorch.tensor([1.0]))
    tensor([2.])
    """
    return LogAddExp2.apply(*floating_pair(input, other))


for _function in (log, log2, log10, log1p):
    attach_in_place(_function, _function.__name__ + "_")
