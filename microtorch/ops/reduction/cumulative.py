"""Cumulative sums, products and extremes: of each element with all before it along a dimension.

The derivative of a product is a product of the others. It is computed without dividing, so that zeros, even several,
are no special case, in any order of derivative.

Parameters
----------
dim : int
"""

from collections import namedtuple

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...autograd.inplace.views import as_own
from ...errors import DTypeError
from ...tensor import attach
from .. import _dimensions as dimensions
from .._promotion import only_tensors
from ..indexing.gather_and_scatter import ScatterAdd
from ..pointwise.arithmetic import absorb

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "logcumsumexp"]


CumMaxResult = namedtuple("cummax", "values indices")
CumMinResult = namedtuple("cummin", "values indices")


def backwards(x, dim):
    """A view of `x` with `dim` reversed."""
    return x[(slice(None),) * dim + (slice(None, None, -1),)]


def delayed(x, dim, first):
    """`x` moved on by one along `dim`, with `first` at its beginning and without its last."""
    shape = list(x.shape)
    n, shape[dim] = shape[dim], 1
    start = np.full(tuple(shape), first, x.dtype)
    return np.concatenate([start, x[(slice(None),) * dim + (slice(0, n - 1),)]], axis=dim) if n else x


def wide(x):
    """The dtype in which many elements of `x` are added or multiplied one by one."""
    return np.float64 if x.dtype.kind == "f" else np.int64


def narrow(x):
    """The dtype of the result."""
    return x.dtype if x.dtype.kind == "f" else np.int64


class CumSum(ArrayFunction):
    """yᵢ = x₀ + … + xᵢ        dx = the sum of dy from each place to the end

    Why: An element is in its own sum and in all later ones, so it gets the sum of all their gradients.
    Derivation: ∂yⱼ/∂xᵢ is 1 for j ≥ i and 0 before, so dxᵢ = dyᵢ + dyᵢ₊₁ + …
    """

    @staticmethod
    def forward(ctx, x, dim):
        ctx.dim = dim
        return np.add.accumulate(x, dim, wide(x)).astype(narrow(x), "C", copy=False)

    @staticmethod
    def backward(ctx, dy):
        return backwards(CumSum.apply(backwards(dy, ctx.dim), ctx.dim), ctx.dim)


@attach("cumsum")
def cumsum(input, dim=None, *, dtype=None, axis=None):
    """The running sum along a dimension: each element with all before it.

    Parameters
    ----------
    dim : int
        Without it the flattened tensor is summed, as ``np.cumsum`` does.

    Returns
    -------
    Tensor
        Of the same shape and dtype; int64 for integers and bools.

    Notes
    -----
    yᵢ = Σ_{j ≤ i} xⱼ; dxᵢ = Σ_{j ≥ i} dyⱼ. Nothing is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = x.cumsum(0)
    >>> y.detach()
    tensor([1., 3., 6.])
    >>> y.sum().backward()
    >>> x.grad
    tensor([3., 2., 1.])
    """
    only_tensors("cumsum", input=input)
    return _running("cumsum", CumSum, input, dim if axis is None else axis, dtype)


class CumProd(ArrayFunction):
    """yᵢ = x₀ · … · xᵢ        dx = the sum of dy times the product without xᵢ, from each place to the end

    Why: An element is a factor of its own product and of all later ones; each counts the product of the other
    factors.
    Derivation: ∂yⱼ/∂xᵢ = Π of xₖ over k ≤ j, k ≠ i. Computed from the end: dxᵢ = yᵢ₋₁ · sᵢ with sᵢ = dyᵢ + xᵢ₊₁ ·
    sᵢ₊₁.
    """

    @staticmethod
    def forward(ctx, x, dim):
        ctx.dim = dim
        y = np.multiply.accumulate(x, dim, wide(x)).astype(narrow(x), "C", copy=False)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, y = ctx.saved_tensors
        dim = ctx.dim
        factors = delayed(backwards(x, dim), dim, 0)  # from the end: xᵢ₊₁, and nothing after the last
        s = backwards(Recurrence.apply(backwards(dy, dim), factors, dim), dim)
        return delayed(y, dim, 1) * s


@attach("cumprod")
def cumprod(input, dim=None, *, dtype=None, axis=None):
    """The running product along a dimension: each element times all before it.

    Parameters
    ----------
    dim : int
        Without it the flattened tensor is multiplied, as ``np.cumprod`` does.

    Returns
    -------
    Tensor
        Of the same shape and dtype; int64 for integers and bools.

    Notes
    -----
    yᵢ = Π_{j ≤ i} xⱼ; dxᵢ = yᵢ₋₁·sᵢ with sᵢ = dyᵢ + xᵢ₊₁·sᵢ₊₁, computed from the end: linear in the length and right
    where elements are zero. Input and output are saved.

    Examples
    --------
    >>> x = microtorch.tensor([2.0, 0.0, 3.0], requires_grad=True)
    >>> y = x.cumprod(0)
    >>> y.detach()
    tensor([2., 0., 0.])
    >>> y.sum().backward()
    >>> x.grad
    tensor([1., 8., 0.])
    """
    only_tensors("cumprod", input=input)
    return _running("cumprod", CumProd, input, dim if axis is None else axis, dtype)


def _running(operation, function, input, dim, dtype):
    if dtype is not None:
        return _running(operation, function, input.to(dtype), dim, None).to(dtype)
    if dim is None:
        input, dim = input.reshape(-1), 0
    dim = dimensions.one(operation, dim, input._array.ndim)
    return function.apply(input, dim) if input._array.ndim else as_own(function.apply(input.reshape(1), 0).reshape(()))


class Recurrence(ArrayFunction):
    """yᵢ = uᵢ + aᵢ · yᵢ₋₁        du = the same recurrence of dy from the end,  da = du times the y before

    Why: An element acts on its own place and, through a, on all later ones.
    Derivation: duᵢ = dyᵢ + aᵢ₊₁ · duᵢ₊₁ and daᵢ = duᵢ · yᵢ₋₁.
    """

    @staticmethod
    def forward(ctx, u, a, dim):
        ctx.dim = dim
        y = u.astype(wide(u))
        rows, factors = np.moveaxis(y, dim, 0), np.moveaxis(a, dim, 0)
        for i in range(1, len(rows)):
            rows[i] += factors[i] * rows[i - 1]
        y = y.astype(u.dtype, "C", copy=False)
        ctx.save_for_backward(a, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        a, y = ctx.saved_tensors
        dim = ctx.dim
        factors = delayed(backwards(a, dim), dim, 0)
        du = backwards(Recurrence.apply(backwards(dy, dim), factors, dim), dim)
        return du, du * delayed(y, dim, 0)


class CumMax(ArrayFunction):
    """yᵢ, kᵢ = the largest of x₀ … xᵢ and where it is, the last of equal ones
    dx = 0, and dy added at k along dim

    Why: An element is the result from its own place until a larger one comes, so it gets the sum of these gradients;
    what never is the largest gets 0.
    Derivation: yᵢ is one element of x, that at kᵢ, with the slope 1.
    """

    @staticmethod
    def forward(ctx, x, dim):
        return _extremes(ctx, np.maximum, x, dim)

    @staticmethod
    def backward(ctx, dy, _):
        return ScatterAdd.apply(np.zeros(ctx.shape, dy.dtype), ctx.dim, *ctx.saved_tensors, dy)


class CumMin(ArrayFunction):
    """yᵢ, kᵢ = the smallest of x₀ … xᵢ and where it is, the last of equal ones
    dx = 0, and dy added at k along dim

    Why: An element is the result from its own place until a smaller one comes, so it gets the sum of these gradients;
    what never is the smallest gets 0.
    Derivation: yᵢ is one element of x, that at kᵢ, with the slope 1.
    """

    @staticmethod
    def forward(ctx, x, dim):
        return _extremes(ctx, np.minimum, x, dim)

    @staticmethod
    def backward(ctx, dy, _):
        return ScatterAdd.apply(np.zeros(ctx.shape, dy.dtype), ctx.dim, *ctx.saved_tensors, dy)


def _extremes(ctx, ufunc, x, dim):
    ctx.shape, ctx.dim = x.shape, dim
    if x.ndim:
        y = np.asarray(ufunc.accumulate(x, dim), order="C")
        place = np.arange(x.shape[dim]).reshape([-1 if d == dim else 1 for d in range(x.ndim)])
        reached = (x == y) | (x != x)  # once NaN, always NaN
        indices = np.asarray(np.maximum.accumulate(np.where(reached, place, 0), dim), order="C")
    else:
        y, indices = x.copy(), np.zeros((), np.int64)
    ctx.save_for_backward(indices)
    return y, indices


@attach("cummax")
@dimensions.also_axis
def cummax(input, dim):
    """The largest element so far along a dimension, and where it is.

    Returns
    -------
    namedtuple (values, indices)
        ``values`` of the shape and dtype of `input`, ``indices`` of int64; of equal elements the last.

    Notes
    -----
    dx gathers at each place the dy of all results that it gave. Only the indices are saved.

    Examples
    --------
    >>> microtorch.cummax(microtorch.tensor([1.0, 3.0, 2.0]), 0)
    cummax(values=tensor([1., 3., 3.]), indices=tensor([0, 1, 1]))
    """
    return CumMaxResult(*CumMax.apply(input, dimensions.one("cummax", dim, input._array.ndim)))


@attach("cummin")
@dimensions.also_axis
def cummin(input, dim):
    """The smallest element so far along a dimension, and where it is; the gradient is as that of `cummax`.

    Returns
    -------
    namedtuple (values, indices)
        As of `cummax`.

    Examples
    --------
    >>> microtorch.cummin(microtorch.tensor([3.0, 1.0, 2.0]), 0)
    cummin(values=tensor([3., 1., 1.]), indices=tensor([0, 1, 1]))
    """
    return CumMinResult(*CumMin.apply(input, dimensions.one("cummin", dim, input._array.ndim)))


class LogCumSumExp(ArrayFunction):
    """yᵢ = log(exp x₀ + … + exp xᵢ)        dx = the sum of dyⱼ · exp(xᵢ − yⱼ) from each place i to the end

    Why: An element is in its own sum and in all later ones. From each it gets its share, exp(xᵢ) / exp(yⱼ), as in a
    softmax over what is before j.
    Derivation: ∂yⱼ/∂xᵢ = exp(xᵢ − yⱼ) for j ≥ i. Computed from the end, where no exponential is above 1: dxᵢ = sᵢ ·
    exp(xᵢ − yᵢ) with sᵢ = dyᵢ + exp(yᵢ − yᵢ₊₁) · sᵢ₊₁.
    """

    @staticmethod
    def forward(ctx, x, dim):
        ctx.dim = dim
        y = np.logaddexp.accumulate(x, dim, np.float64).astype(x.dtype, "C", copy=False)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, y = ctx.saved_tensors
        dim = ctx.dim
        before = delayed(y, dim, -np.inf)  # no exponential is above 1, as y never falls
        ratios = np.where(np.isinf(before), 0.0, np.exp(before - y))
        factors = delayed(backwards(ratios, dim), dim, 0)
        s = backwards(Recurrence.apply(backwards(dy, dim), factors, dim), dim)
        return absorb(s, np.exp(x - y))


@attach("logcumsumexp")
@dimensions.also_axis
def logcumsumexp(input, dim):
    """The logarithm of the running sum of exponentials along a dimension, without overflow.

    Parameters
    ----------
    input : Tensor of float32 or float64

    Raises
    ------
    DTypeError
        For integers and bools.

    Notes
    -----
    yᵢ = log Σ_{j ≤ i} exp xⱼ; dxᵢ = Σ_{j ≥ i} dyⱼ · exp(xᵢ − yⱼ). Input and output are saved.

    Examples
    --------
    >>> x = microtorch.tensor([1000.0, 1000.0], requires_grad=True)
    >>> y = x.logcumsumexp(0)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.5, 0.5])
    """
    if input._array.dtype.kind != "f":
        raise DTypeError(f"logcumsumexp: takes float32 or float64, not {input.dtype}. Convert with .float().")
    return _running("logcumsumexp", LogCumSumExp, input, dim, None)


attach_in_place(cumsum, "cumsum_")
attach_in_place(cumprod, "cumprod_")
