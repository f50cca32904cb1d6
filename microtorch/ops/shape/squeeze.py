"""Dimensions of length 1, taken out and put in."""

import numpy as np

from ...tensor import attach
from .. import _dimensions as dimensions
from .reshape import Reshape

__all__ = ["squeeze", "unsqueeze"]


@attach("squeeze")
@dimensions.also_axis
def squeeze(input, dim=None):
    """Without dimensions of length 1.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Only these, where they have length 1; default all of length 1.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    IndexError
        If there is no such dimension.

    Notes
    -----
    dx is dy in the shape of x. Nothing is saved.

    Examples
    --------
    >>> import microtorch
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
    input : Tensor
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
    >>> import microtorch
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
