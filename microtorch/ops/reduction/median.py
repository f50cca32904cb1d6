"""The middle value along a dimension.

Parameters
----------
dim : int, optional
    The dimension to reduce over.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import DTypeError
from ...tensor import attach
from .. import _dimensions as dimensions
from ..comparison.sort import MedianResult, order
from .max_and_min import put_back

__all__ = ["median", "nanmedian"]


class Median(ArrayFunction):
    """y, i = the median of x, the lower of two, and where it is        dx = dy put back to where each came from

    Why: Only the element in the middle makes the result, so it alone gets the gradient.
    Derivation: Near x the choice does not change: y is one entry of x, with the slope 1.
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim, ignore_nan):
        ctx.shape, ctx.dim = x.shape, dim
        if x.ndim == 0:
            values, indices = x.copy(), np.zeros((), np.int64)
        else:
            positions = order(x, dim, False)
            if ignore_nan:  # they are last in the order
                n = np.add.reduce(x == x, dim, np.int64, None, True)
            else:
                n = np.full([1 if d == dim else m for d, m in enumerate(x.shape)], x.shape[dim])
            places = np.take_along_axis(positions, np.maximum(n - 1, 0) // 2, dim)
            if x.dtype.kind == "f" and not ignore_nan:  # a NaN is the median of any line it is in
                places = np.where(np.isnan(x).any(axis=dim, keepdims=True), _first_nan(x, dim), places)
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
    >>> x = microtorch.tensor([3.0, 1.0, 2.0, 9.0], requires_grad=True)
    >>> y = x.median()
    >>> y.item()
    2.0
    >>> y.backward()
    >>> x.grad
    tensor([0., 0., 1., 0.])
    """
    return _middle("median", input, dim, keepdim, False)


@attach("nanmedian")
@dimensions.also_axis
def nanmedian(input, dim=None, keepdim=False):
    """As `median`, of the elements that are not NaN.

    Returns
    -------
    Tensor or namedtuple (values, indices)
        With `dim` a pair. NaN where there are no numbers.

    Raises
    ------
    IndexError
        If there is no such dimension, or it has no elements.

    Examples
    --------
    >>> microtorch.nanmedian(microtorch.tensor([3.0, 1.0, float("nan")]))
    tensor(1.)
    """
    return _middle("nanmedian", input, dim, keepdim, True)


def _middle(operation, input, dim, keepdim, ignore_nan):
    x = input._array
    if x.dtype.kind == "b":
        raise DTypeError(f"{operation}: a bool tensor has no middle. Convert first, with .int().")
    if dim is None:
        if not x.size:
            return input.sum() * float("nan") if x.dtype.kind == "f" else _refuse_empty(operation, x, dim)
        return Median.apply(input.reshape(-1), 0, False, ignore_nan)[0]
    dim = dimensions.one(operation, dim, x.ndim)
    if x.ndim and not x.shape[dim]:
        _refuse_empty(operation, x, dim)
    return MedianResult(*Median.apply(input, dim, keepdim, ignore_nan))


def _refuse_empty(operation, x, dim):
    where = f"shape {x.shape}" if dim is None else f"dimension {dim} of shape {x.shape}"
    raise IndexError(f"{operation}: {where} has no elements to choose from.")
