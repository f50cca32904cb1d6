"""Sums, means, distances and quantiles that are made of other operations, so that their derivatives are, too."""

from typing import NamedTuple

import numpy as np

from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach, wrap
from .. import _dimensions as dimensions
from .._promotion import floating
from ..indexing.gather_and_scatter import gather
from ..pointwise.clamp_and_maximum import clamp
from ..pointwise.exp_and_log import exp
from ..pointwise.power import sqrt
from ..pointwise.where import where
from ..shape.cat import cat
from ..shape.reshape import reshape
from .max_and_min import amax, amin
from .norm import norm
from .prod_and_cumulative import cumsum
from .sort import sort
from .sum_and_mean import sum

__all__ = [
    "aminmax",
    "cdist",
    "corrcoef",
    "cosine_similarity",
    "cov",
    "cummax",
    "cummin",
    "cumulative_trapezoid",
    "diff",
    "dist",
    "logcumsumexp",
    "nanmean",
    "nanmedian",
    "nanquantile",
    "nansum",
    "pairwise_distance",
    "pdist",
    "quantile",
    "trapezoid",
    "trapz",
]


class MinMax(NamedTuple):
    """The least and the largest."""

    min: Tensor
    max: Tensor


class Found(NamedTuple):
    """Values and where they are."""

    values: Tensor
    indices: Tensor


@attach("aminmax")
def aminmax(input, *, dim=None, keepdim=False):
    """The least and the largest element of `input`, of all or along `dim`; `keepdim` keeps it, with length 1."""
    dim = () if dim is None else dim
    return MinMax(amin(input, dim, keepdim), amax(input, dim, keepdim))


@attach("nansum")
def nansum(input, dim=None, keepdim=False, *, dtype=None):
    """The `sum` of the elements of `input` that are not NaN, over `dim`; `keepdim` and `dtype` as there."""
    return sum(where(input != input, 0.0, input), dim, keepdim, dtype=dtype)


@attach("nanmean")
def nanmean(input, dim=None, keepdim=False, *, dtype=None):
    """The mean of the elements of `input` that are not NaN, over `dim`; `keepdim` and `dtype` as in `mean`."""
    return nansum(input, dim, keepdim, dtype=dtype) / sum(input == input, dim, keepdim)


@attach("diff")
def diff(input, n=1, dim=-1, prepend=None, append=None):
    """Each element less the one before, along `dim`, `n` times over, with what is put before and after it.

    Parameters
    ----------
    input : Tensor
    n : int, default 1
    dim : int, default -1
    prepend, append : Tensor, optional
        Put before and after `input` along `dim`.
    """
    input = cat([t for t in (prepend, input, append) if t is not None], dim)
    for _ in np.arange(n):
        length = input.shape[dimensions.one("diff", dim, input.ndim)]
        input = input.narrow(dim, 1, length - 1) - input.narrow(dim, 0, length - 1)
    return input


@attach("dist")
def dist(input, other, p=2):
    """The `norm` of order `p` of the difference of `input` and `other`, over all elements."""
    return norm(input - other, p)


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The distance of each row of one tensor from the same row of another.

    Parameters
    ----------
    x1, x2 : Tensor of shape (N, D) or (D,)
    p : float, default 2
        The order of the norm.
    eps : float, default 1e-6
        Added to each difference.
    keepdim : bool, default False
        Keep the dimension that is summed over, with length 1.
    """
    return norm(x1 - x2 + eps, p, -1, keepdim)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosine of the angle between vectors that lie along a dimension.

    Parameters
    ----------
    x1, x2 : Tensor
        Of shapes that broadcast together.
    dim : int, default 1
        Along which dimension the vectors lie.
    eps : float, default 1e-8
        The least length that is divided by.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.cosine_similarity(microtorch.tensor([[1.0, 0.0]]), microtorch.tensor([[2.0, 0.0]]))
    tensor([1.])
    """
    return sum((x1 / clamp(norm(x1, 2, dim, True), min=eps)) * (x2 / clamp(norm(x2, 2, dim, True), min=eps)), dim)


def cdist(x1, x2, p=2.0, compute_mode=None):
    """The distance of each row of one matrix from each row of another.

    Parameters
    ----------
    x1 : Tensor of shape (..., P, D)
    x2 : Tensor of shape (..., R, D)
    p : float, default 2
        The order of the norm.
    compute_mode : str, optional
        Accepted for compatibility: differences are taken one by one, the exact way.

    Returns
    -------
    Tensor of shape (..., P, R)
    """
    return norm(x1.unsqueeze(-2) - x2.unsqueeze(-3), p, -1)


def pdist(input, p=2):
    """The distance of order `p` of each row of the matrix `input` from each later one, in one row."""
    first, second = (wrap(places.copy()) for places in np.triu_indices(len(input), 1))
    return norm(input[first] - input[second], p, -1)


@attach("logcumsumexp")
def logcumsumexp(input, dim):
    """The logarithm of the sum of the exponentials of the elements of `input` so far along `dim`, without overflow."""
    top = amax(input, dim, True).detach()
    top = where(top.isfinite(), top, 0.0)
    return cumsum(exp(input - top), dim).log() + top


def _running(input, dim, better):
    dim = dimensions.one("cummax", dim, input.ndim)
    rows = np.moveaxis(input._array, dim, 0)
    places = np.zeros(rows.shape, np.int64)
    best = rows[:1].copy()
    for k, row in enumerate(rows[1:], 1):
        taken = better(row, best[0]) | (row != row)
        places[k] = np.where(taken, k, places[k - 1])
        best[0] = np.where(taken, row, best[0])
    indices = wrap(np.ascontiguousarray(np.moveaxis(places, 0, dim)))
    return Found(gather(input, dim, indices), indices)


@attach("cummax")
def cummax(input, dim):
    """The largest element of `input` so far along `dim`, and the index of the last such."""
    return _running(input, dim, np.greater_equal)


@attach("cummin")
def cummin(input, dim):
    """The least element of `input` so far along `dim`, and the index of the last such."""
    return _running(input, dim, np.less_equal)


def _quantile(operation, input, q, dim, keepdim, interpolation, skip_nan):
    ways = ("linear", "lower", "higher", "midpoint", "nearest")
    if interpolation not in ways:
        raise ValueError(f"{operation}: interpolation {interpolation!r} is none of {', '.join(ways)}.")
    wanted = as_tensor(q, input.dtype)
    if not bool(((wanted >= 0) & (wanted <= 1)).all()):
        raise ValueError(f"{operation}: q lies from 0 to 1, and is {q}.")
    shape = input.shape
    flat = reshape(input, (-1,)) if dim is None else input.movedim(dim, -1)
    ordered = sort(flat, -1)[0]
    known = (ordered == ordered).sum(-1, True)  # NaN comes last
    count = known if skip_nan else wrap(np.full(known.shape, flat.shape[-1]))
    place = (count - 1).clamp(min=0).to(input.dtype) * reshape(wanted, (-1,))
    low, high = place.floor().detach(), place.ceil().detach()
    share = {"linear": place - low, "lower": 0 * place, "higher": 0 * place + 1, "midpoint": 0 * place + 0.5}
    share = share.get(interpolation, place.round() - low)
    below, above = gather(ordered, -1, low.long()), gather(ordered, -1, high.long())
    result = below + (above - below) * share
    if not skip_nan:
        result = where(known == flat.shape[-1], result, float("nan"))
    result = result.movedim(-1, 0)
    if keepdim:
        result = (
            reshape(result, (-1, *([1] * len(shape))))
            if dim is None
            else result.unsqueeze(dimensions.one(operation, dim, len(shape)) + 1)
        )
    return result[0] if wanted.ndim == 0 else result


@attach("quantile")
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The values below which given shares of the elements lie.

    Parameters
    ----------
    input : Tensor of floating dtype
    q : float or Tensor of 1 dimension
        The shares, from 0 to 1.
    dim : int, optional
        Along which dimension; default over all elements.
    keepdim : bool, default False
        Keep that dimension, with length 1.
    interpolation : str, default "linear"
        Between two elements: ``"linear"``, ``"lower"``, ``"higher"``, ``"midpoint"`` or ``"nearest"``.

    Returns
    -------
    Tensor
        The dimension of several `q` comes first.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.quantile(microtorch.tensor([1.0, 2.0, 4.0]), 0.75)
    tensor(3.)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


@attach("nanquantile")
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """As `quantile` of the elements of `input` that are not NaN; `q`, `dim`, `keepdim`, `interpolation` as there."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)


@attach("nanmedian")
def nanmedian(input):
    """The median of the elements of `input` that are not NaN, the lower of two."""
    return nanquantile(input, 0.5, interpolation="lower")


def trapezoid(y, x=None, *, dx=None, dim=-1):
    """The area below points that are joined by lines, along a dimension.

    Parameters
    ----------
    y : Tensor
        The heights.
    x : Tensor, optional
        Where they are.
    dx : float, default 1
        How far they are from each other, instead of `x`.
    dim : int, default -1
        Along which dimension.
    """
    return sum(_strips(y, x, dx, dim), dim)


trapz = trapezoid


def cumulative_trapezoid(y, x=None, *, dx=None, dim=-1):
    """As `trapezoid`, up to each point but the first; `y`, `x`, `dx` and `dim` as there."""
    return cumsum(_strips(y, x, dx, dim), dim)


def _strips(y, x, dx, dim):
    n = y.shape[dimensions.one("trapezoid", dim, y.ndim)]
    middle = (y.narrow(dim, 1, n - 1) + y.narrow(dim, 0, n - 1)) / 2
    if x is None:
        return middle * (1.0 if dx is None else dx)
    if x.ndim == 1 and y.ndim > 1:
        steps = diff(x)
        return middle * reshape(steps, tuple(n - 1 if k == dim % y.ndim else 1 for k, _ in enumerate(y.shape)))
    return middle * diff(x, dim=dim)


@attach("cov")
def cov(input, *, correction=1, fweights=None, aweights=None):
    """The covariance of variables.

    Parameters
    ----------
    input : Tensor of shape (V, N) or (N,)
        A row for each variable, a column for each observation.
    correction : int, default 1
        What the number of observations is lessened by.
    fweights, aweights : Tensor of shape (N,), optional
        How often each observation was made, and how much it counts.

    Returns
    -------
    Tensor of shape (V, V) or ()
    """
    if input.ndim > 2:
        raise ShapeError(f"cov: takes variables as rows, (V, N) or (N,), not {input.shape}.")
    rows = floating(input) if input.ndim == 2 else reshape(floating(input), (1, -1))
    weights = wrap(np.ones(rows.shape[1], rows.dtype))
    for w in (fweights, aweights):
        weights = weights if w is None else weights * w
    total = weights.sum()
    share = total if aweights is None or correction == 0 else None
    if share is None:
        share = total - correction * (weights * aweights).sum() / total + correction
    centred = rows - (rows * weights).sum(1, True) / total
    spread = (centred * weights) @ centred.T / clamp(share - correction, min=0.0)
    return spread if input.ndim == 2 else spread.squeeze()


@attach("corrcoef")
def corrcoef(input):
    """The correlations of the variables that are the rows of `input`, from −1 to 1."""
    spread = cov(input)
    if spread.ndim == 0:
        return spread / spread
    size = sqrt(spread.diagonal())
    return clamp(spread / size.unsqueeze(0) / size.unsqueeze(1), -1, 1)
