"""Elements in order: sort, topk, median. Each gives values and where they were; gradients go back there.

Equal elements keep their order, and NaN counts as larger than any number, as in PyTorch.
"""

from collections import namedtuple

import numpy as np

from ...autograd.function import Function, outside_graph
from ...errors import DTypeError, ShapeError
from ...tensor import attach
from .. import _dimensions as dimensions
from .max_and_min import put_back

__all__ = ["argsort", "sort", "topk"]


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
