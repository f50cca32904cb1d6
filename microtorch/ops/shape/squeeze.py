"""Dimensions of length 1, taken out and put in.

Returns
-------
Tensor or tuple of Tensor
    Views; one where one was given.
"""

import numpy as np

from ...from_data import as_tensor
from ...tensor import attach
from .. import _dimensions as dimensions
from .reshape import Reshape

__all__ = ["atleast_1d", "atleast_2d", "atleast_3d", "squeeze", "unsqueeze"]


@attach("squeeze")
@dimensions.also_axis
def squeeze(input, dim=None):
    """Without dimensions of length 1.

    Parameters
    ----------
    dim : int or tuple of int, optional
        Only these, where they have length 1; default all of length 1.

    Returns
    -------
    Tensor
        A view.

    Notes
    -----
    dx is dy in the shape of x. Nothing is saved.

    Examples
    --------
    >>> microtorch.zeros(1, 3, 1).squeeze().shape
    (3,)
    >>> microtorch.zeros(1, 3, 1).squeeze(0).shape
    (3, 1)
    """
    shape = input._array.shape
    dims = range(len(shape)) if dim is None else () if dim == () else dimensions.some("squeeze", dim, len(shape)) or ()
    return Reshape.apply(input, tuple([n for i, n in enumerate(shape) if n != 1 or i not in dims]))


@attach(numpy=np.squeeze)
def _numpy_squeeze(a, axis=None):
    return squeeze(a, axis)


@attach("unsqueeze")
@dimensions.also_axis
def unsqueeze(input, dim):
    """With a dimension of length 1 inserted.

    Parameters
    ----------
    dim : int
        Which dimension of the result it is.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    IndexError
        If the result has no such dimension.

    Notes
    -----
    dx is dy in the shape of x. Nothing is saved.

    Examples
    --------
    >>> microtorch.zeros(3).unsqueeze(0).shape
    (1, 3)
    """
    shape = input._array.shape
    dim = dimensions.one("unsqueeze", dim, len(shape) + 1)
    return Reshape.apply(input, (*shape[:dim], 1, *shape[dim:]))


@attach(numpy=np.expand_dims)
def _numpy_expand_dims(a, axis):
    shape = list(a.shape)
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    for i in sorted(dimensions.some("expand_dims", axes, len(shape) + len(axes))):
        shape.insert(i, 1)
    return Reshape.apply(a, tuple(shape))


@attach(numpy=np.atleast_1d)
def atleast_1d(*tensors):
    """Tensors with at least 1 dimension: one of 0 dimensions becomes a vector.

    Examples
    --------
    >>> microtorch.atleast_1d(microtorch.tensor(5))
    tensor([5])
    """
    return _each(lambda t: t.reshape(1) if t.ndim == 0 else t, tensors)


@attach(numpy=np.atleast_2d)
def atleast_2d(*tensors):
    """Tensors with at least 2 dimensions: a vector becomes a row.

    Examples
    --------
    >>> microtorch.atleast_2d(microtorch.tensor([1, 2]))
    tensor([[1, 2]])
    """
    return _each(lambda t: t.reshape(1, -1) if t.ndim < 2 else t, tensors)


@attach(numpy=np.atleast_3d)
def atleast_3d(*tensors):
    """Tensors with at least 3 dimensions: a vector of n gets shape (1, n, 1), a matrix (n, m, 1).

    Examples
    --------
    >>> microtorch.atleast_3d(microtorch.tensor([1, 2]))
    tensor([[[1],
             [2]]])
    """
    return _each(lambda t: t.reshape(1, -1, 1) if t.ndim < 2 else t.reshape(*t.shape, 1) if t.ndim == 2 else t, tensors)


def _each(function, tensors):
    if len(tensors) == 1 and not isinstance(tensors[0], tuple | list):
        return function(as_tensor(tensors[0]))
    return tuple([function(as_tensor(t)) for t in (tensors[0] if len(tensors) == 1 else tensors)])
