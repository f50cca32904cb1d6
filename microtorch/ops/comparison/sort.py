"""Elements in order or by rank: sort, topk, kthvalue, mode; each gives values and where they were.

Equal elements keep their order, and NaN counts as larger than any number, as in PyTorch.

Parameters
----------
descending : bool, default False
    The largest first.
stable : bool, default True
    Equal elements keep their order; here they always do.
k : int
keepdim : bool, default False
    Keep the reduced dimensions, with length 1.
"""

from collections import namedtuple

import numpy as np

from ...autograd.function import ArrayFunction, outside_graph
from ...errors import DTypeError, ShapeError
from ...tensor import attach
from .. import _dimensions as dimensions
from ..reduction.max_and_min import put_back

__all__ = ["argsort", "kthvalue", "mode", "msort", "sort", "topk"]


SortResult = namedtuple("sort", "values indices")
TopkResult = namedtuple("topk", "values indices")
MedianResult = namedtuple("median", "values indices")
KthvalueResult = namedtuple("kthvalue", "values indices")
ModeResult = namedtuple("mode", "values indices")


def order(x, dim, descending):
    """The stable order of `x` along `dim` (0 for an array without dimensions), as positions."""
    if x.ndim == 0:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, dim, kind="stable")
    # Reversed, so that equal elements end up in their first order: their order is reversed twice.
    positions = np.argsort(np.flip(x, dim), dim, kind="stable")
    return np.ascontiguousarray(np.flip(x.shape[dim] - 1 - positions, dim))


class Sort(ArrayFunction):
    """y, i = x in order and where it was        dx = dy put back to where each came from

    Why: Sorting only moves numbers, so each gets the gradient of the place that it was moved to.
    Derivation: Near x the order does not change: y is a permutation of x, and the gradient goes through its
    inverse.
    """

    @staticmethod
    def forward(ctx, x, dim, descending):
        ctx.shape, ctx.dim = x.shape, dim
        indices = order(x, dim, descending)
        ctx.save_for_backward(indices)
        return (np.take_along_axis(x, indices, dim) if x.ndim else x.copy()), indices

    @staticmethod
    def backward(ctx, dy, _):
        return put_back(ctx, dy)


@attach("sort")
@dimensions.also_axis
def sort(input, dim=-1, descending=False, *, stable=True):
    """The elements in order along a dimension, and where each was.

    Parameters
    ----------
    dim : int or bool, default -1
        A bool is taken as `descending`, PyTorch's other spelling.

    Returns
    -------
    namedtuple (values, indices)
        ``values`` of the dtype of `input`, ``indices`` of int64.

    Notes
    -----
    y = x[i]; dx[i] = dy. Only the indices are saved.

    Examples
    --------
    >>> x = microtorch.tensor([3.0, 1.0, 2.0], requires_grad=True)
    >>> values, indices = x.sort()
    >>> indices
    tensor([1, 2, 0])
    >>> values.backward(microtorch.tensor([1.0, 10.0, 100.0]))
    >>> x.grad
    tensor([100.,   1.,  10.])
    """
    if isinstance(dim, bool):
        dim, descending = -1, dim
    return SortResult(*Sort.apply(input, dimensions.one("sort", dim, input._array.ndim), descending))


@attach(numpy=np.sort)
def _numpy_sort(a, axis=-1, kind=None):
    return sort(a, axis).values if axis is not None else sort(a.reshape(-1)).values


@attach("argsort")
def argsort(input, dim=-1, descending=False, *, stable=True, axis=None):
    """Where the elements in order along a dimension are.

    Returns
    -------
    Tensor of int64
        Not differentiable.

    Examples
    --------
    >>> microtorch.tensor([3.0, 1.0, 2.0]).argsort()
    tensor([1, 2, 0])
    """
    x = input._array
    along = dimensions.one("argsort", dim if axis is None else axis, x.ndim)
    return outside_graph(lambda x: order(x, along, descending), input)


class Topk(ArrayFunction):
    """y, i = the k largest of x and where they are        dx = dy put back to where each came from

    Why: What was chosen gets the gradient of the place that it was moved to; the rest has no influence and gets 0.
    Derivation: Near x the choice does not change: y picks entries of x, with the slope 1.
    """

    @staticmethod
    def forward(ctx, x, k, dim, largest):
        ctx.shape, ctx.dim = x.shape, dim
        if x.ndim == 0:
            indices = np.zeros((), np.int64)
        else:
            indices = np.take(order(x, dim, largest), np.arange(k), dim)
        ctx.save_for_backward(indices)
        return (np.take_along_axis(x, indices, dim) if x.ndim else x.copy()), indices

    @staticmethod
    def backward(ctx, dy, _):
        return put_back(ctx, dy)


@attach("topk")
@dimensions.also_axis
def topk(input, k, dim=-1, largest=True, sorted=True):
    """The k largest (or smallest) elements along a dimension, and where they are.

    Parameters
    ----------
    largest : bool, default True
        False gives the smallest.
    sorted : bool, default True
        In order; here they always are.

    Returns
    -------
    namedtuple (values, indices)
        ``values`` of the dtype of `input`, ``indices`` of int64; of equal elements the first are taken.

    Raises
    ------
    ShapeError
        If the dimension has fewer than `k` elements.
    DTypeError
        For bool.

    Notes
    -----
    y = x[i]; dx[i] = dy, else 0. Only the indices are saved.

    Examples
    --------
    >>> microtorch.tensor([3.0, 1.0, 2.0]).topk(2)
    topk(values=tensor([3., 2.]), indices=tensor([0, 2]))
    """
    shape = input._array.shape
    if input._array.dtype.kind == "b":
        raise DTypeError("topk: a bool tensor has no order worth ranking. Convert first, with .int().")
    dim = dimensions.one("topk", dim, len(shape))
    n = shape[dim] if shape else 1
    if not 0 <= k <= n:
        raise ShapeError(f"topk: k = {k} is not between 0 and {n}, the length of dimension {dim} of shape {shape}.")
    return TopkResult(*Topk.apply(input, int(k), dim, largest))


@attach("msort")
def msort(input):
    """The elements in order along the first dimension: ``input.sort(0).values``.

    Examples
    --------
    >>> microtorch.msort(microtorch.tensor([3.0, 1.0, 2.0]))
    tensor([1., 2., 3.])
    """
    return sort(input, 0).values


class Kthvalue(ArrayFunction):
    """y, i = the k-th smallest of x and where it is        dx = dy at i, else 0

    Why: Only the element at this place of the order makes the result, so it alone gets the gradient.
    Derivation: Near x the choice does not change: y is one entry of x, with the slope 1.
    """

    @staticmethod
    def forward(ctx, x, k, dim, keepdim):
        place = np.take(order(x, dim, False), [k - 1], dim) if x.ndim else np.zeros((), np.int64)
        return _at(ctx, x, place, dim, keepdim)

    @staticmethod
    def backward(ctx, dy, _):
        return put_back(ctx, dy)


def _at(ctx, x, place, dim, keepdim):
    """The elements of `x` at `place`, one for each line along `dim`, and the place."""
    ctx.shape, ctx.dim = x.shape, dim
    y = np.take_along_axis(x, place, dim) if x.ndim else x.copy()
    if x.ndim and not keepdim:
        y, place = y.squeeze(dim), place.squeeze(dim)
    ctx.save_for_backward(place)
    return y, place


@attach("kthvalue")
@dimensions.also_axis
def kthvalue(input, k, dim=-1, keepdim=False):
    """The k-th smallest element along a dimension, counted from 1, and where it is.

    Returns
    -------
    namedtuple (values, indices)
        ``values`` of the dtype of `input`, ``indices`` of int64; NaN counts as larger than any number.

    Raises
    ------
    ShapeError
        If the dimension has no k-th element.
    DTypeError
        For bool.

    Notes
    -----
    y = x[i]; dx[i] = dy, else 0. Only the indices are saved.

    Examples
    --------
    >>> microtorch.kthvalue(microtorch.tensor([3.0, 1.0, 2.0]), 2)
    kthvalue(values=tensor(2.), indices=tensor(2))
    """
    shape = input._array.shape
    if input._array.dtype.kind == "b":
        raise DTypeError("kthvalue: a bool tensor has no order worth ranking. Convert first, with .int().")
    dim = dimensions.one("kthvalue", dim, len(shape))
    n = shape[dim] if shape else 1
    if not 1 <= k <= n:
        raise ShapeError(f"kthvalue: k = {k} is not between 1 and {n}, the length of dimension {dim} of shape {shape}.")
    return KthvalueResult(*Kthvalue.apply(input, int(k), dim, keepdim))


class Mode(ArrayFunction):
    """y, i = the most frequent value of x, the smallest of several, and where it is last        dx = dy at i, else 0

    Why: The result is taken from one place, the last that has this value, which gets the gradient.
    Derivation: y is one entry of x, with the slope 1.
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim):
        if not x.ndim:
            return _at(ctx, x, np.zeros((), np.int64), dim, keepdim)
        positions = order(x, dim, False)
        y = np.take_along_axis(x, positions, dim)
        rest = (slice(None),) * dim
        n = x.shape[dim]
        count = np.arange(n).reshape([-1 if d == dim else 1 for d in range(x.ndim)])
        new = np.ones(y.shape, np.bool_)
        new[(*rest, slice(1, n))] = y[(*rest, slice(1, n))] != y[(*rest, slice(0, n - 1))]
        run = count - np.maximum.accumulate(np.where(new, count, 0), dim)  # how many equal ones stand before
        longest = np.argmax(run, dim, keepdims=True)  # the first: the smallest value; its end: the last of its places
        return _at(ctx, x, np.take_along_axis(positions, longest, dim), dim, keepdim)

    @staticmethod
    def backward(ctx, dy, _):
        return put_back(ctx, dy)


@attach("mode")
@dimensions.also_axis
def mode(input, dim=-1, keepdim=False):
    """The most frequent value along a dimension, and where it is.

    Returns
    -------
    namedtuple (values, indices)
        Of several equally frequent values the smallest, and the last of its places.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Notes
    -----
    y = x[i]; dx[i] = dy, else 0. Only the indices are saved.

    Examples
    --------
    >>> microtorch.mode(microtorch.tensor([3, 1, 2, 3]))
    mode(values=tensor(3), indices=tensor(3))
    """
    shape = input._array.shape
    dim = dimensions.one("mode", dim, len(shape))
    if shape and not shape[dim]:
        raise IndexError(f"mode: dimension {dim} of shape {shape} has no elements to choose from.")
    return ModeResult(*Mode.apply(input, dim, keepdim))
