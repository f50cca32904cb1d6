"""The largest and smallest elements, and where they are.

Parameters
----------
dim : int or tuple of int, default ()
    The dimensions to reduce over; () means all.

Returns
-------
Tensor
    Of the dtype of `input`; NaN where one of the elements is NaN.
"""

from collections import namedtuple

import numpy as np

from ...autograd.function import ArrayFunction, outside_graph
from ...errors import DTypeError
from ...tensor import Tensor, attach
from .. import _dimensions as dimensions
from ..indexing.gather_and_scatter import PutAlong

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]


MaxResult = namedtuple("max", "values indices")
MinResult = namedtuple("min", "values indices")
AminmaxResult = namedtuple("aminmax", "min max")


class TiesShare(ArrayFunction):
    """y = 1 / (how many are equal to the extreme) at each of these, else 0        it has no derivative

    Why: It counts, and a count does not move under small changes.
    """

    @staticmethod
    def forward(ctx, x, extreme):
        tied = x == extreme
        if x.dtype.kind == "f" and np.isnan(extreme).any():
            tied |= np.isnan(x) & np.isnan(extreme)
        axes = tuple([i for i, n in enumerate(extreme.shape) if n == 1])
        share = np.asarray(tied / np.add.reduce(tied, axes, x.dtype, None, True), x.dtype)
        ctx.mark_non_differentiable(share)
        return share


class Amax(ArrayFunction):
    """y = max x        dx = dy / k where x = y, else 0, k = count(x = y)

    Letters: k is how many elements are equal to the largest.
    Why: Only the largest element makes the result, so it gets the gradient; where several are equal they share it
    evenly.
    Derivation: max x has the slope 1 in its largest element and 0 in the others. At a tie, a kink, the mean of the
    slopes is taken.
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim):
        return _extreme(ctx, "amax", np.maximum, x, dim, keepdim)

    @staticmethod
    def backward(ctx, dy):
        return _shared(ctx, dy)


class Amin(ArrayFunction):
    """y = min x        dx = dy / k where x = y, else 0, k = count(x = y)

    Letters: k is how many elements are equal to the smallest.
    Why: Only the smallest element makes the result, so it gets the gradient; where several are equal they share it
    evenly.
    Derivation: min x has the slope 1 in its smallest element and 0 in the others. At a tie, a kink, the mean of the
    slopes is taken.
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim):
        return _extreme(ctx, "amin", np.minimum, x, dim, keepdim)

    @staticmethod
    def backward(ctx, dy):
        return _shared(ctx, dy)


def _extreme(ctx, operation, ufunc, x, dim, keepdim):
    dims = dimensions.some(operation, dim, x.ndim)
    if x.size == 0:
        _refuse_empty(operation, x, dims)
    y = np.asarray(ufunc.reduce(x, dims, None, None, keepdim))
    ctx.save_for_backward(x, y)
    ctx.kept = dimensions.kept(x.shape, dims)
    return y


def _shared(ctx, dy):
    x, y = ctx.saved_tensors
    return dy.reshape(ctx.kept) * TiesShare.apply(x, y.reshape(ctx.kept))


def _refuse_empty(operation, x, dims):
    """Raise IndexError if the extreme of nothing is asked for."""
    if dimensions.length(x.shape, dims) == 0:
        where = f"over all of shape {x.shape}" if dims is None else f"over dim {dims} of shape {x.shape}"
        raise IndexError(f"{operation}: {where} there are no elements to choose from. Reduce over others.")


@attach("amax")
def amax(input, dim=(), keepdim=False, *, axis=None, keepdims=False):
    """The largest element, of all or over some dimensions; its gradient is shared by all that are equal to it.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Notes
    -----
    y = max x; dx = dy / m at each of the m elements equal to y, else 0. `max` with a dimension gives the whole
    gradient to the element that it chose.

    Examples
    --------
    >>> x = microtorch.tensor([3.0, 1.0, 3.0], requires_grad=True)
    >>> microtorch.amax(x).backward()
    >>> x.grad
    tensor([0.5, 0. , 0.5])
    """
    return Amax.apply(input, dim if axis is None else axis, keepdim or keepdims)


@attach("amin")
def amin(input, dim=(), keepdim=False, *, axis=None, keepdims=False):
    """The smallest element, of all or over some dimensions; its gradient is shared by all that are equal to it.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Notes
    -----
    y = min x; dx = dy / m at each of the m elements equal to y, else 0.

    Examples
    --------
    >>> x = microtorch.tensor([3.0, 1.0, 2.0], requires_grad=True)
    >>> microtorch.amin(x).backward()
    >>> x.grad
    tensor([0., 1., 0.])
    """
    return Amin.apply(input, dim if axis is None else axis, keepdim or keepdims)


@attach("aminmax")
def aminmax(input, *, dim=None, keepdim=False):
    """The smallest and the largest element, of all or along a dimension.

    Parameters
    ----------
    dim : int, optional
        The dimension to reduce over; default all.

    Returns
    -------
    namedtuple (min, max)
        Of the dtype of `input`; as `amin` and `amax` give them, with their gradients.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Examples
    --------
    >>> microtorch.aminmax(microtorch.tensor([3.0, 1.0, 2.0]))
    aminmax(min=tensor(1.), max=tensor(3.))
    """
    return AminmaxResult(Amin.apply(input, dim, keepdim), Amax.apply(input, dim, keepdim))


class Max(ArrayFunction):
    """y, i = max x and its position along a dimension        dx = dy at i, else 0

    Why: Only the largest element makes the result, so it alone gets the gradient.
    Derivation: max x has the slope 1 in the element at i and 0 in the others.
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim):
        return _chosen(ctx, "max", np.maximum, np.argmax, x, dim, keepdim)

    @staticmethod
    def backward(ctx, dy, _):
        return put_back(ctx, dy)


class Min(ArrayFunction):
    """y, i = min x and its position along a dimension        dx = dy at i, else 0

    Why: Only the smallest element makes the result, so it alone gets the gradient.
    Derivation: min x has the slope 1 in the element at i and 0 in the others.
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim):
        return _chosen(ctx, "min", np.minimum, np.argmin, x, dim, keepdim)

    @staticmethod
    def backward(ctx, dy, _):
        return put_back(ctx, dy)


def _chosen(ctx, operation, ufunc, position, x, dim, keepdim):
    ctx.shape, ctx.dim = x.shape, dimensions.one(operation, dim, x.ndim)
    if x.size == 0:
        _refuse_empty(operation, x, (ctx.dim,))
    if x.ndim == 0:
        values, indices = x.copy(), np.zeros((), np.int64)
    else:
        values = np.asarray(ufunc.reduce(x, ctx.dim, None, None, keepdim))
        indices = np.asarray(position(x, ctx.dim, keepdims=bool(keepdim)), np.int64)
    ctx.save_for_backward(indices)
    return values, indices


def put_back(ctx, dy):
    """Zeros of ``ctx.shape`` with `dy` at the saved indices along ``ctx.dim``."""
    (indices,) = ctx.saved_tensors
    return PutAlong.apply(dy, indices, ctx.shape, ctx.dim)


@attach("max")
def max(input, dim=None, keepdim=False, *, other=None, axis=None, keepdims=False):
    """The largest element of all; or with `dim`, the largest along it and its position; or of two tensors.

    Parameters
    ----------
    dim : int or Tensor, optional
        The dimension to reduce over. With a tensor the result is `maximum` of both.
    other : Tensor, optional
        The result is `maximum` of both.

    Returns
    -------
    Tensor or namedtuple (values, indices)
        With `dim` a pair: `values` of the dtype of `input` and `indices` of int64.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Notes
    -----
    With `dim` the gradient goes to the element chosen, the first of equal ones; without, it is shared evenly by all
    that are equal to the largest. A NaN counts as larger than any number.

    Examples
    --------
    >>> x = microtorch.tensor([[1.0, 5.0], [4.0, 2.0]], requires_grad=True)
    >>> values, indices = x.max(dim=1)
    >>> indices
    tensor([1, 0])
    >>> values.sum().backward()
    >>> x.grad
    tensor([[0., 1.],
            [1., 0.]])
    """
    return _either(input, dim if axis is None else axis, keepdim or keepdims, other, np.maximum, Amax, Max, MaxResult)


@attach("min")
def min(input, dim=None, keepdim=False, *, other=None, axis=None, keepdims=False):
    """The smallest element of all; or with `dim`, the smallest along it and its position; or of two tensors.

    Parameters
    ----------
    dim : int or Tensor, optional
        The dimension to reduce over. With a tensor the result is `minimum` of both.
    other : Tensor, optional
        The result is `minimum` of both.

    Returns
    -------
    Tensor or namedtuple (values, indices)
        With `dim` a pair: `values` of the dtype of `input` and `indices` of int64.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Notes
    -----
    As `max`. A NaN counts as smaller than any number.

    Examples
    --------
    >>> microtorch.tensor([[1.0, 5.0], [4.0, 2.0]]).min(dim=0)
    min(values=tensor([1., 2.]), indices=tensor([0, 1]))
    """
    return _either(input, dim if axis is None else axis, keepdim or keepdims, other, np.minimum, Amin, Min, MinResult)


def _either(input, dim, keepdim, other, of_two, of_all, along, result):
    if isinstance(dim, Tensor):
        dim, other = None, dim
    if not isinstance(input, Tensor):
        raise TypeError(f"{result.__name__}: input must be a Tensor, not {type(input).__name__} {input!r}.")
    if other is not None:
        return of_two(input, other)
    return of_all.apply(input, None, keepdim) if dim is None else result(*along.apply(input, dim, keepdim))


@attach("argmax")
def argmax(input, dim=None, keepdim=False, *, axis=None, keepdims=False):
    """The position of the largest element, the first of equal ones.

    Parameters
    ----------
    dim : int, optional
        The dimension to search along; default the position among all elements in row-major order.

    Returns
    -------
    Tensor of int64
        Not differentiable. A NaN counts as the largest.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Examples
    --------
    >>> microtorch.tensor([[1.0, 5.0], [4.0, 2.0]]).argmax(dim=1)
    tensor([1, 0])
    """
    return _position("argmax", np.argmax, input, dim if axis is None else axis, keepdim or keepdims)


@attach("argmin")
def argmin(input, dim=None, keepdim=False, *, axis=None, keepdims=False):
    """The position of the smallest element, the first of equal ones.

    Parameters
    ----------
    dim : int, optional
        The dimension to search along; default the position among all elements in row-major order.

    Returns
    -------
    Tensor of int64
        Not differentiable. A NaN counts as the smallest.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Examples
    --------
    >>> microtorch.tensor([[1.0, 5.0], [4.0, 2.0]]).argmin()
    tensor(0)
    """
    return _position("argmin", np.argmin, input, dim if axis is None else axis, keepdim or keepdims)


def _position(operation, find, input, dim, keepdim):
    x = input._array
    dims = dimensions.some(operation, dim, x.ndim)
    if x.size == 0:
        _refuse_empty(operation, x, dims)
    if x.dtype.kind == "b":
        raise DTypeError(f"{operation}: a bool tensor has only two values. Convert first, with .int().")
    if dims is not None and len(dims) > 1:
        raise TypeError(f"{operation}: dim must be one dimension, not {dim}.")
    axis = None if dims is None else dims[0]
    return outside_graph(lambda x: find(x, axis, keepdims=bool(keepdim)), input)
