"""Whether any or all elements are true, and how many are not zero.

Returns
-------
Tensor of bool
    uint8 for uint8. Not differentiable.
"""

import numpy as np

from ...autograd.function import outside_graph
from ...tensor import attach
from .. import _dimensions as dimensions

__all__ = ["all", "any", "count_nonzero"]


def _question(operation, ufunc, input, dim, keepdim):
    """all or any: bool, uint8 for uint8 as in PyTorch; not differentiable."""
    x = input._array
    axes, dtype = dimensions.some(operation, dim, x.ndim), np.uint8 if x.dtype == np.uint8 else np.bool_
    return outside_graph(lambda x: np.asarray(ufunc.reduce(x, axes, bool, None, bool(keepdim))).astype(dtype), input)


@attach("all")
def all(input, dim=None, keepdim=False, *, axis=None, keepdims=False):
    """Whether all elements are nonzero, of all or over some dimensions.

    Examples
    --------
    >>> microtorch.tensor([[True, False], [True, True]]).all(dim=1)
    tensor([False,  True])
    """
    return _question("all", np.logical_and, input, dim if axis is None else axis, keepdim or keepdims)


@attach("any")
def any(input, dim=None, keepdim=False, *, axis=None, keepdims=False):
    """Whether any element is nonzero, of all or over some dimensions.

    Examples
    --------
    >>> microtorch.tensor([[True, False], [False, False]]).any(dim=1)
    tensor([ True, False])
    """
    return _question("any", np.logical_or, input, dim if axis is None else axis, keepdim or keepdims)


@attach("count_nonzero")
def count_nonzero(input, dim=None, *, axis=None):
    """The number of nonzero elements, of all or over some dimensions.

    Parameters
    ----------
    dim : int or tuple of int, optional
        The dimensions to count over; default all.

    Returns
    -------
    Tensor of int64
        Not differentiable.

    Examples
    --------
    >>> microtorch.tensor([[0.0, 1.0], [2.0, 3.0]]).count_nonzero(dim=0)
    tensor([1, 2])
    """
    x = input._array
    dims = dimensions.some("count_nonzero", dim if axis is None else axis, x.ndim)
    return outside_graph(lambda x: np.add.reduce(x != 0, dims, np.int64), input)
