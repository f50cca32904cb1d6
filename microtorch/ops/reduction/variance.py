"""Variance, standard deviation, and how variables go together.

Parameters
----------
input : Tensor of float32 or float64
unbiased : bool, optional
    True is correction 1, False is correction 0.
correction : number, default 1

Returns
-------
Tensor
    NaN where there are not more elements than `correction`.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import DTypeError, ShapeError
from ...kernels.reduction import sum_over
from ...tensor import attach
from .. import _dimensions as dimensions
from .._promotion import floating
from .sum_and_mean import Mean

__all__ = ["corrcoef", "cov", "std", "std_mean", "var", "var_mean"]


def reduced(ctx, operation, x, dim):
    """Keep in `ctx` what a reduction over `dim` needs to be undone; return the dimensions."""
    ctx.dims = dimensions.some(operation, dim, x.ndim)
    ctx.kept = dimensions.kept(x.shape, ctx.dims)
    return ctx.dims


# Squares below the smallest normal number lose digits; in a sum above this they are too small to count.
LOWEST = {np.dtype(t): float(np.finfo(t).tiny / np.finfo(t).eps) for t in (np.float32, np.float64)}


def in_range(squares):
    """Whether no sum of squares has left the range of its dtype at either end."""
    low = LOWEST[squares.dtype]
    if squares.ndim == 0:
        return low < float(squares) < np.inf
    return squares.size == 0 or bool(
        np.minimum.reduce(squares, None) > low and np.maximum.reduce(squares, None) < np.inf
    )


def scaled(x, dims):
    """`x` divided by powers of two 2ᵉ, so that its largest magnitude along `dims` is near 1, and e with `dims` kept."""
    largest = np.maximum.reduce(np.abs(x), dims, None, None, True, 0)
    exponent = np.where(np.isfinite(largest), np.frexp(largest)[1], 0)
    return np.ldexp(x, -exponent), exponent


class Var(ArrayFunction):
    """y = Σ (x − mean(x))² / m        dx = dy · 2 · (x − mean(x)) / m

    Letters: m is the number of elements less the correction.
    Why: An element that moves away from the mean makes the variance larger, the more the further away it is
    already.
    Derivation: ∂y/∂xᵢ = 2 (xᵢ − mean) / m; that the mean moves too adds nothing, because deviations from it sum to
    0.
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim, correction):
        dims = reduced(ctx, "var", x, dim)
        ctx.n = x.dtype.type(max(dimensions.length(x.shape, dims) - correction, 0))
        ctx.save_for_backward(x)
        y = _variance(x, ctx, keepdim)
        if in_range(y):
            return y
        x, exponent = scaled(x, dims)
        return np.ldexp(_variance(x, ctx, keepdim), 2 * exponent.reshape(y.shape))

    @staticmethod
    def notation(ctx, x, dim, keepdim, correction):
        n = dimensions.length(x.shape, dimensions.some("var", dim, x.ndim))
        return {"letters": {"m": max(n - correction, 0)}}

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy.reshape(ctx.kept) * ((x - Mean.apply(x, ctx.dims, True)) * (2 / ctx.n).item())

    @staticmethod
    def backward_kernel(ctx, dy):
        (x,) = ctx.saved_tensors
        return _centred(x, ctx) * (dy * (2 / ctx.n)).reshape(ctx.kept)


def _centred(x, ctx):
    """x − mean as a new array; the second mean is what rounding the first to the dtype has left."""
    n = dimensions.length(x.shape, ctx.dims)
    centred = x - sum_over(x, ctx.dims, True) / n
    centred -= sum_over(centred, ctx.dims, True) / n
    return centred


def _variance(x, ctx, keepdim):
    centred = _centred(x, ctx)
    return sum_over(centred * centred, ctx.dims, keepdim) / ctx.n


class Std(ArrayFunction):
    """y = √(Σ (x − mean(x))² / m)        dx = 0 where y = 0, else dy · (x − mean(x)) / (m · y)

    Letters: m is the number of elements less the correction.
    Why: An element that moves away from the mean makes the spread larger, the more the further away it is already.
    Derivation: y = √v, so ∂y/∂xᵢ = ∂v/∂xᵢ / (2y) with ∂v/∂xᵢ = 2 (xᵢ − mean) / m; at a spread of 0, a kink, 0 is
    taken.
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim, correction):
        dims = reduced(ctx, "std", x, dim)
        ctx.n = x.dtype.type(max(dimensions.length(x.shape, dims) - correction, 0))
        y = np.asarray(_variance(x, ctx, keepdim))
        if in_range(y):
            y = np.asarray(np.sqrt(y))
        else:
            near_one, exponent = scaled(x, dims)
            y = np.ldexp(np.sqrt(_variance(near_one, ctx, keepdim)), exponent.reshape(y.shape))
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def notation(ctx, x, dim, keepdim, correction):
        n = dimensions.length(x.shape, dimensions.some("std", dim, x.ndim))
        return {"letters": {"m": max(n - correction, 0)}}

    @staticmethod
    def backward(ctx, dy):
        x, y = ctx.saved_tensors
        scale, y = np.where(y == 0, 0, dy / ctx.n.item()), np.where(y == 0, 1, y)
        return scale.reshape(ctx.kept) * ((x - Mean.apply(x, ctx.dims, True)) / y.reshape(ctx.kept))

    @staticmethod
    def backward_kernel(ctx, dy):
        x, y = ctx.saved_tensors
        scale, y = np.where(y == 0, 0, dy / ctx.n), np.where(y == 0, 1, y)
        return _centred(x, ctx) / y.reshape(ctx.kept) * scale.reshape(ctx.kept)


def _options(operation, input, dim, unbiased, correction):
    """The dimensions and the correction that the arguments mean; ``var(x, False)`` is PyTorch's older spelling."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if input._array.dtype.kind != "f":
        raise DTypeError(f"{operation}: takes float32 or float64, not {input.dtype}. Convert first, with .float().")
    return dim, (1 if correction is None else correction) if unbiased is None else int(unbiased)


@attach("var")
@dimensions.also_axis
def var(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """The variance of the elements, of all or over some dimensions.

    Parameters
    ----------
    correction : number, default 1
        What is taken from the number of elements: 1 (Bessel's) for the estimate from a sample, 0 for the variance of
        the elements themselves, which is the default of ``np.var``.

    Raises
    ------
    DTypeError
        For integers and bools.

    Notes
    -----
    y = Σ (x − mean)² / (n − c); dx = dy · 2 (x − mean) / (n − c). The input is saved. Two passes: the mean first, so
    that nothing cancels.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = x.var()
    >>> y.item()
    1.0
    >>> y.backward()
    >>> x.grad
    tensor([-1.,  0.,  1.])
    """
    dim, correction = _options("var", input, dim, unbiased, correction)
    return Var.apply(input, dim, keepdim, correction)


@attach("std")
@dimensions.also_axis
def std(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """The standard deviation of the elements, of all or over some dimensions.

    Parameters
    ----------
    correction : number, default 1
        What is taken from the number of elements; as in `var`.

    Raises
    ------
    DTypeError
        For integers and bools.

    Notes
    -----
    y = √var; dx = dy · (x − mean) / ((n − c) · y). Where all elements are equal y has a kink, and dx is 0, the
    subgradient of least norm. Input and output are saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> x.std().backward()
    >>> x.grad
    tensor([-0.5,  0. ,  0.5])
    """
    dim, correction = _options("std", input, dim, unbiased, correction)
    return Std.apply(input, dim, keepdim, correction)


@attach()
@dimensions.also_axis
def var_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """The variance and the mean, as a pair; the arguments are those of `var`.

    Parameters
    ----------
    dim : int or tuple of int, optional
    unbiased : bool, optional

    Returns
    -------
    tuple of Tensor
        ``(var, mean)``

    Examples
    --------
    >>> microtorch.var_mean(microtorch.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    dim, correction = _options("var_mean", input, dim, unbiased, correction)
    return Var.apply(input, dim, keepdim, correction), Mean.apply(input, dim, keepdim)


@attach()
@dimensions.also_axis
def std_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """The standard deviation and the mean, as a pair; the arguments are those of `std`.

    Parameters
    ----------
    dim : int or tuple of int, optional
    unbiased : bool, optional

    Returns
    -------
    tuple of Tensor
        ``(std, mean)``

    Examples
    --------
    >>> microtorch.std_mean(microtorch.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    dim, correction = _options("std_mean", input, dim, unbiased, correction)
    return Std.apply(input, dim, keepdim, correction), Mean.apply(input, dim, keepdim)


@attach("cov")
def cov(input, *, correction=1, fweights=None, aweights=None):
    """The covariances of variables: each row of `input` is a variable, each column an observation.

    Parameters
    ----------
    input : Tensor, shape (variables, observations) or (observations,)
    correction : int, default 1
        Subtracted from the number of observations.
    fweights : Tensor of integers, shape (observations,), optional
        How often each observation occurred.
    aweights : Tensor, shape (observations,), optional
        How much each observation counts.

    Returns
    -------
    Tensor, shape (variables, variables)
        Of shape () for one variable.

    Raises
    ------
    ShapeError
        If there are more than 2 dimensions, or the weights do not fit.
    DTypeError
        For bool.

    Notes
    -----
    y = (x − mean)·diag(w)·(x − mean)ᵀ / n, with w the product of both weights and n = Σ w − correction (with
    `aweights`: Σ w − correction · Σ w·aweights / Σ w).

    Examples
    --------
    >>> microtorch.cov(microtorch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.ndim > 2:
        raise ShapeError(f"cov: takes variables in rows, at most 2 dimensions, not shape {input.shape}.")
    if input.dtype.kind == "b":
        raise DTypeError("cov: not for bool tensors. Convert with .float().")
    x = floating(input.reshape(1, -1) if input.ndim < 2 else input)
    weights = _weights(x, fweights, aweights)
    total = x.shape[1] if weights is None else weights.sum()
    mean = x.mean(1, keepdim=True) if weights is None else (x * weights).sum(1, keepdim=True) / total
    centred = x - mean
    if aweights is None:
        n = total - correction
    else:
        n = total - correction * (weights * aweights).sum() / total
    product = centred @ (centred if weights is None else centred * weights).mT
    y = product / (max(n, 0) if isinstance(n, int) else n.clamp(min=0))
    return y.squeeze()


def _weights(x, fweights, aweights):
    """The product of the weights of the observations in the columns of `x`; None without any."""
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is not None:
            if given.shape != x.shape[1:]:
                raise ShapeError(f"cov: {name} {given.shape} do not belong to {x.shape[1]} observations, one for each.")
            if (name == "fweights") != (given.dtype.kind in "iu"):
                kind = "integers" if name == "fweights" else "floating numbers"
                raise DTypeError(f"cov: {name} are {kind}, not {given.dtype}. Convert them.")
            if given.numel() and (given._array < 0).any():
                raise ValueError(f"cov: {name} contain a negative number. Weights are 0 or more.")
    both = [w for w in (fweights, aweights) if w is not None]
    return None if not both else both[0] if len(both) == 1 else both[0] * both[1]


@attach("corrcoef")
def corrcoef(input):
    """Pearson's correlation coefficients of variables: each row of `input` is a variable, each column an observation.

    Parameters
    ----------
    input : Tensor, shape (variables, observations) or (observations,)

    Returns
    -------
    Tensor, shape (variables, variables) or ()
        From -1 to 1.

    Raises
    ------
    ShapeError
        If there are more than 2 dimensions.

    Notes
    -----
    yᵢⱼ = cᵢⱼ / √(cᵢᵢ·cⱼⱼ) with c the covariances, see `cov`.

    Examples
    --------
    >>> microtorch.corrcoef(microtorch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(input)
    if not c.ndim:
        return c / c
    scale = c.diagonal().sqrt()
    return (c / scale[:, None] / scale).clamp(-1, 1)
