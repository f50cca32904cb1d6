"""What is there and how often: unique values, counts, histograms, places."""

from typing import NamedTuple

import numpy as np

from ...autograd.function import outside_graph
from ...errors import DTypeError, ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach, wrap
from .. import _dimensions as dimensions
from ..creation.constant import linspace
from ..indexing.gather_and_scatter import gather

__all__ = [
    "argwhere",
    "bincount",
    "bucketize",
    "histc",
    "histogram",
    "isin",
    "kthvalue",
    "mode",
    "nonzero",
    "searchsorted",
    "unique",
    "unique_consecutive",
]


@attach("nonzero")
def nonzero(input, *, as_tuple=False):
    """The places of the elements that are not 0.

    Parameters
    ----------
    input : Tensor
    as_tuple : bool, default False
        One tensor for each dimension, as an index is, instead of a matrix.

    Returns
    -------
    Tensor of shape (N, ndim), or tuple of ndim Tensors of shape (N,), int64

    Examples
    --------
    >>> import microtorch
    >>> microtorch.nonzero(microtorch.tensor([[0, 1], [2, 0]]))
    tensor([[0, 1],
            [1, 0]])
    """
    found = outside_graph(lambda x: np.argwhere(x), as_tensor(input))
    return tuple(wrap(column.copy()) for column in found._array.T) if as_tuple else found


@attach("argwhere")
def argwhere(input):
    """The places of the elements of `input` that are not 0, as a matrix of one row each."""
    return nonzero(input)


@attach("unique")
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The values that occur, each once, in order.

    Parameters
    ----------
    input : Tensor
    sorted : bool, default True
        They are in any case.
    return_inverse : bool, default False
        Also where each element is among them, in the shape of `input`.
    return_counts : bool, default False
        Also how often each occurs.
    dim : int, optional
        Compare what lies along this dimension as wholes, rows for 0; default the elements.

    Returns
    -------
    Tensor or tuple of Tensor

    Examples
    --------
    >>> import microtorch
    >>> microtorch.unique(microtorch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    found = np.unique(input._array, return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    shape = input.shape if dim is None else (input.shape[dim],)
    results = [wrap(found[0])]
    if return_inverse:
        results.append(wrap(found[1].reshape(shape)))
    if return_counts:
        results.append(wrap(found[2]))
    return results[0] if len(results) == 1 else tuple(results)


@attach("unique_consecutive")
def unique_consecutive(input, return_inverse=False, return_counts=False):
    """The elements of `input`, in one row, without those equal to the one before.

    `return_inverse` and `return_counts` add where each element is among them, and how often it follows itself.
    """
    flat = input._array.reshape(-1)
    starts = np.ones(len(flat), bool)
    starts[1:] = flat[1:] != flat[:-1]
    results = [wrap(flat[starts])]
    if return_inverse:
        results.append(wrap((np.cumsum(starts) - 1).reshape(input.shape)))
    if return_counts:
        results.append(wrap(np.diff(np.append(np.flatnonzero(starts), len(flat)))))
    return results[0] if len(results) == 1 else tuple(results)


@attach("bincount")
def bincount(input, weights=None, minlength=0):
    """How often each of 0, 1, 2, ... occurs in the 1-D integers `input`, or the sum of their `weights`.

    There are as many as the largest needs, and at least `minlength`.
    """
    if input.dtype.kind not in "iu" or input.ndim != 1:
        raise DTypeError(f"bincount: takes integers of one dimension, not {input.dtype} of shape {input.shape}.")
    if input.numel() and int(input.min()) < 0:
        raise ValueError(f"bincount: {int(input.min())} is negative; it counts 0, 1, 2, ...")
    counts = np.bincount(input._array, None if weights is None else weights._array, minlength)
    single = weights is not None and weights.dtype == np.float32
    return wrap(counts.astype(np.float32) if single else counts)


@attach("histc")
def histc(input, bins=100, min=0, max=0):
    """How many elements of `input` lie in each of so many `bins` of equal width from `min` to `max`.

    With both 0, from the least element to the largest. What lies outside is not counted.
    """
    low, high = (float(input.min()), float(input.max())) if min == max == 0 and input.numel() else (min, max)
    if low == high:
        low, high = low - 1, high + 1
    return wrap(np.histogram(input._array, bins, (low, high))[0].astype(input.dtype))


class Histogram(NamedTuple):
    """What `histogram` returns: the counts, and the edges of the bins, one more."""

    hist: Tensor
    bin_edges: Tensor


@attach("histogram")
def histogram(input, bins=100, *, range=None, weight=None, density=False):
    """How many elements lie in each bin, and where the bins are.

    Parameters
    ----------
    input : Tensor of floating dtype
    bins : int or Tensor, default 100
        How many of equal width, or their edges.
    range : tuple of float, optional
        From where to where; default from the least element to the largest.
    weight : Tensor, optional
        How much each element counts.
    density : bool, default False
        Divide by the total and the widths, so that it is a density.

    Returns
    -------
    named tuple
        ``hist`` and ``bin_edges``.
    """
    edges = bins._array if isinstance(bins, Tensor) else bins
    if not isinstance(bins, Tensor):
        low, high = range or (float(input.min()), float(input.max()))
        if low == high:
            low, high = low - 1, high + 1
        edges = linspace(low, high, bins + 1, dtype=input.dtype)._array
    weights = None if weight is None else weight._array.reshape(-1)
    counts = np.histogram(input._array.reshape(-1), edges, weights=weights, density=density)[0]
    return Histogram(wrap(counts.astype(input.dtype)), wrap(edges.copy()))


def searchsorted(sorted_sequence, values, *, right=False, side=None, out_int32=False):
    """Where each of some values would be put into a row of numbers that is in order.

    Parameters
    ----------
    sorted_sequence : Tensor
        In order along the last dimension; of 1 dimension, or of those of `values` but the last.
    values : Tensor or number
    right : bool, default False
        After equal ones, not before.
    side : str, optional
        ``"right"`` or ``"left"``, the same.
    out_int32 : bool, default False
        Indices of int32, not int64.

    Returns
    -------
    Tensor
        Of the shape of `values`.
    """
    side = side or ("right" if right else "left")
    order, wanted = sorted_sequence._array, as_tensor(values)._array
    if order.ndim == 1:
        found = np.searchsorted(order, wanted, side)
    elif order.shape[:-1] == wanted.shape[:-1]:
        rows = zip(order.reshape(-1, order.shape[-1]), wanted.reshape(-1, wanted.shape[-1]), strict=True)
        found = np.array([np.searchsorted(row, x, side) for row, x in rows], np.int64).reshape(wanted.shape)
    else:
        raise ShapeError(f"searchsorted: {order.shape} and values {wanted.shape} differ before the last dimension.")
    return wrap(np.asarray(found).astype(np.int32 if out_int32 else np.int64))


def bucketize(input, boundaries, *, out_int32=False, right=False):
    """Between which of the 1-D `boundaries` each element of `input` lies: `searchsorted` with its arguments turned.

    Of one that equals a boundary it is the place before it, or after it if `right`; of int32 with `out_int32`.
    """
    return searchsorted(boundaries, input, right=right, out_int32=out_int32)


def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Whether each of `elements` is one of `test_elements`, or none of them with `invert`.

    Both are Tensors or numbers; `assume_unique` is accepted, and changes nothing.
    """
    return outside_graph(lambda a, b: np.isin(a, b, invert=invert), as_tensor(elements), as_tensor(test_elements))


class Found(NamedTuple):
    """Values and where they are."""

    values: Tensor
    indices: Tensor


@attach("kthvalue")
def kthvalue(input, k, dim=-1, keepdim=False):
    """The `k`-th smallest element of `input` along `dim`, counted from 1, and its index; `keepdim` keeps length 1."""
    dim = dimensions.one("kthvalue", dim, input.ndim)
    if not 1 <= k <= input.shape[dim]:
        raise ValueError(f"kthvalue: k={k} of {input.shape[dim]} elements; it counts from 1.")
    places = np.argsort(input._array, axis=dim, kind="stable").take([k - 1], dim)
    return _found(input, places, dim, keepdim)


@attach("mode")
def mode(input, dim=-1, keepdim=False):
    """The element of `input` that is most frequent along `dim`, the least of several, and its last index.

    `keepdim` keeps the dimension, with length 1.
    """
    dim = dimensions.one("mode", dim, input.ndim)
    rows = np.moveaxis(input._array, dim, -1)
    places = np.empty(rows.shape[:-1], np.int64)
    for index in np.ndindex(places.shape):
        values, counts = np.unique(rows[index], return_counts=True)
        places[index] = np.flatnonzero(rows[index] == values[counts.argmax()])[-1]
    return _found(input, np.expand_dims(places, dim), dim, keepdim)


def _found(input, places, dim, keepdim):
    places = wrap(places)
    values = gather(input, dim, places)
    return Found(values, places) if keepdim else Found(values.squeeze(dim), places.squeeze(dim))
