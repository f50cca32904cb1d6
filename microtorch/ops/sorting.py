"""Elements in order: sort, topk, median. Each gives values and where they were; gradients go back there.

Equal elements keep their order, and NaN counts as larger than any number, as in PyTorch.
"""

from collections import namedtuple

import numpy as np

from ..autograd.function import Function, outside_graph
from ..errors import DTypeError, ShapeError
from ..tensor import attach
from . import dimensions
from .extremes import put_back

__all__ = ["argsort", "median", "sort", "topk"]

SortResult = namedtuple("sort", "values indices")
TopkResult = namedtuple("topk", "values indices")
MedianResult = namedtuple("median", "values indices")


def order(x, dim, descending):
    """The stable order of `x` along `dim` (0 for an array without dimensions), as positions."""
    if x.ndim == 0:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, dim, kind="stable")
    # Reversed, so that equal elements end up in their first order: their order is reversed twice.
    positions = np.argsort(np.flip(x, dim), dim, kind="stable")
    return np.ascontiguousarray(np.flip(x.shape[dim] - 1 - positions, dim))


class Sort(Function):
    """y, i = x in order and where it was        dx at i = dy"""

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
    input : Tensor
    dim : int or bool, default -1
        A bool is taken as `descending`, PyTorch's other spelling.
    descending : bool, default False
        The largest first.
    stable : bool, default True
        Equal elements keep their order; here they always do.

    Returns
    -------
    namedtuple (values, indices)
        ``values`` of the dtype of `input`, ``indices`` of int64.

    Raises
    ------
    IndexError
        If there is no such dimension.

    Notes
    -----
    y = x[i]; dx[i] = dy. Only the indices are saved.

    Examples
    --------
    >>> import microtorch
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

    Parameters
    ----------
    input : Tensor
    dim : int, default -1
    descending : bool, default False
        The largest first.
    stable : bool, default True
        Equal elements keep their order; here they always do.
    axis
        numpy's name for `dim`.

    Returns
    -------
    Tensor of int64
        Not differentiable.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.tensor([3.0, 1.0, 2.0]).argsort()
    tensor([1, 2, 0])
    """
    x = input._array
    along = dimensions.one("argsort", dim if axis is None else axis, x.ndim)
    return outside_graph(lambda x: order(x, along, descending), input)


class Topk(Function):
    """y, i = the k largest of x and where they are        dx at i = dy"""

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
    input : Tensor
    k : int
    dim : int, default -1
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
    >>> import microtorch
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


class Median(Function):
    """y, i = the median of x, the lower of two, and where it is        dx at i = dy"""

    @staticmethod
    def forward(ctx, x, dim, keepdim):
        ctx.shape, ctx.dim = x.shape, dim
        if x.ndim == 0:
            values, indices = x.copy(), np.zeros((), np.int64)
        else:
            n = x.shape[dim]
            positions = order(x, dim, False)
            places = np.take(positions, [(n - 1) // 2], dim)
            if x.dtype.kind == "f":  # a NaN, which is last in the order, is the median of any line it is in
                last = np.take(positions, [n - 1], dim)
                places = np.where(np.isnan(np.take_along_axis(x, last, dim)), _first_nan(x, dim), places)
            values, indices = np.take_along_axis(x, places, dim), places
            if not keepdim:
                values, indices = values.squeeze(dim), indices.squeeze(dim)
        ctx.save_for_backward(indices)
        return values, indices

    @staticmethod
    def backward(ctx, dy, _):
        return put_back(ctx, dy)


def _first_nan(x, dim):
    return np.argmax(np.isnan(x), dim, keepdims=True)


@attach("median")
@dimensions.also_axis
def median(input, dim=None, keepdim=False):
    """The median of all elements; or with `dim`, the median along it and its position.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        The dimension to reduce over.
    keepdim : bool, default False
        Keep this dimension, with length 1.

    Returns
    -------
    Tensor or namedtuple (values, indices)
        With `dim` a pair. Of an even number of elements the lower middle one (``np.median`` gives the mean of both);
        NaN where one of the elements is NaN.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Notes
    -----
    The gradient goes to the element chosen. Only the indices are saved.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([3.0, 1.0, 2.0, 9.0], requires_grad=True)
    >>> y = x.median()
    >>> y.item()
    2.0
    >>> y.backward()
    >>> x.grad
    tensor([0., 0., 1., 0.])
    """
    x = input._array
    if x.dtype.kind == "b":
        raise DTypeError("median: a bool tensor has no middle. Convert first, with .int().")
    if dim is None:
        if not x.size:
            return input.sum() * float("nan") if x.dtype.kind == "f" else _refuse_empty(x, dim)
        return Median.apply(input.reshape(-1), 0, False)[0]
    dim = dimensions.one("median", dim, x.ndim)
    if x.ndim and not x.shape[dim]:
        _refuse_empty(x, dim)
    return MedianResult(*Median.apply(input, dim, keepdim))


def _refuse_empty(x, dim):
    where = f"shape {x.shape}" if dim is None else f"dimension {dim} of shape {x.shape}"
    raise IndexError(f"median: {where} has no elements to choose from.")
