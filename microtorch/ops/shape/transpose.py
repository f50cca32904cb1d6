"""The same elements with their dimensions in another order: always views.

Returns
-------
Tensor
    A view.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from ...tensor import attach
from .. import _dimensions as dimensions
from .reshape import sizes_of

__all__ = ["adjoint", "moveaxis", "movedim", "permute", "swapaxes", "swapdims", "t", "transpose"]


class Permute(ArrayFunction):
    """y = x with its dimensions in another order        dx = dy with its dimensions back in their order

    Why: The numbers only change places, so their gradients change them back.
    Derivation: y is a permutation of the entries of x, with the slope 1.
    """

    is_view = True

    @staticmethod
    def forward(ctx, x, axes):
        ctx.axes = axes
        return x.transpose(axes)

    @staticmethod
    def backward(ctx, dy):
        return np.transpose(dy, tuple([ctx.axes.index(i) for i in range(len(ctx.axes))]))


@attach("permute")
def permute(input, *order, dims=None):
    """The dimensions in another order.

    Parameters
    ----------
    *order : int or one tuple of int
        Each dimension once, in the new order.

    Raises
    ------
    ShapeError
        If it is not each dimension once.

    Notes
    -----
    dx is dy with the dimensions in the old order. Nothing is saved.

    Examples
    --------
    >>> microtorch.zeros(2, 3, 4).permute(2, 0, 1).shape
    (4, 2, 3)
    """
    dims, ndim = sizes_of(order, dims), input._array.ndim
    axes = dimensions.some("permute", tuple(dims), ndim) or () if ndim else tuple(dims)
    if len(axes) != ndim:
        raise ShapeError(f"permute: {tuple(dims)} are {len(axes)} dimensions, the tensor {input.shape} has {ndim}.")
    return Permute.apply(input, axes)


@attach(numpy=(np.transpose, np.permute_dims) if hasattr(np, "permute_dims") else np.transpose)
def _numpy_transpose(a, axes=None):
    return permute(a, range(a.ndim)[::-1] if axes is None else axes)


@attach("transpose", "swapdims")
def transpose(input, dim0, dim1):
    """Two dimensions exchanged.

    Parameters
    ----------
    dim0, dim1 : int

    Returns
    -------
    Tensor
        A view. (``np.transpose(t, axes)`` is `permute`, as for arrays.)

    Notes
    -----
    dx is dy with the same dimensions exchanged. Nothing is saved.

    Examples
    --------
    >>> microtorch.zeros(2, 3, 4).transpose(0, 2).shape
    (4, 3, 2)
    """
    ndim = input._array.ndim
    a, b = dimensions.one("transpose", dim0, ndim), dimensions.one("transpose", dim1, ndim)
    axes = list(range(ndim))
    if ndim:
        axes[a], axes[b] = b, a
    return Permute.apply(input, tuple(axes))


swapdims = transpose


@attach("swapaxes")
def swapaxes(input, axis0, axis1):
    """As `transpose`: two dimensions swapped, a view.

    Parameters
    ----------
    axis0, axis1 : int

    Returns
    -------
    Tensor
    """
    return transpose(input, axis0, axis1)


@attach("adjoint")
def adjoint(input):
    """Matrices with rows and columns swapped, a view: ``input.mT``. (Of complex numbers it would also conjugate.)

    Parameters
    ----------
    input : Tensor, shape (..., n, m)

    Returns
    -------
    Tensor, shape (..., m, n)

    Raises
    ------
    ShapeError
        If it has fewer than 2 dimensions.
    """
    return input.mT


@attach("movedim", "moveaxis")
def movedim(input, source, destination):
    """Dimensions moved to other places; the others keep their order.

    Parameters
    ----------
    source, destination : int or tuple of int
        Where each is, and where it goes.

    Raises
    ------
    ShapeError
        If there are not as many sources as destinations.

    Notes
    -----
    dx is dy with the dimensions moved back. Nothing is saved.

    Examples
    --------
    >>> microtorch.zeros(2, 3, 4).movedim(0, -1).shape
    (3, 4, 2)
    """
    ndim = input._array.ndim
    source = dimensions.some("movedim", source, ndim) or ()
    destination = dimensions.some("movedim", destination, ndim) or ()
    if len(source) != len(destination):
        raise ShapeError(f"movedim: {len(source)} dimensions {source} do not go to {len(destination)} {destination}.")
    order = [i for i in range(ndim) if i not in source]
    for to, i in sorted(zip(destination, source, strict=True)):
        order.insert(to, i)
    return Permute.apply(input, tuple(order))


moveaxis = movedim


@attach("t")
def t(input):
    """The transpose of a matrix; a tensor of fewer dimensions as it is.

    Parameters
    ----------
    input : Tensor, of at most 2 dimensions

    Raises
    ------
    ShapeError
        If it has more dimensions.

    Examples
    --------
    >>> microtorch.zeros(2, 3).t().shape
    (3, 2)
    """
    if input.ndim > 2:
        raise ShapeError(f"t: takes at most 2 dimensions, not shape {input.shape}. Use .mT or .permute(...).")
    return Permute.apply(input, tuple(range(input.ndim)[::-1]))


def _reversed(self):
    """Tensor: a view with the order of dimensions reversed; of a matrix, its transpose."""
    return Permute.apply(self, tuple(range(self._array.ndim)[::-1]))


def _matrix_transpose(self):
    """Tensor: a view with the last two dimensions exchanged."""
    if self._array.ndim < 2:
        raise ShapeError(f"mT: shape {self.shape} has no last two dimensions. Use .unsqueeze(...) first.")
    return transpose(self, -1, -2)


attach("T")(property(_reversed))
attach("mT")(property(_matrix_transpose))
