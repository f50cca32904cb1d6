"""New shapes for the same elements. Results share memory with their input where that is possible.

Returns
-------
Tensor
    A view where possible, else a copy.
"""

import math

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from ...tensor import attach
from .. import _dimensions as dimensions

__all__ = ["contiguous", "flatten", "ravel", "reshape", "unflatten", "view"]


class Reshape(ArrayFunction):
    """y = x in another shape        dx = dy in the shape of x

    Why: The numbers stay what they are, in another arrangement, so their gradients are arranged back.
    Derivation: y is a permutation of the entries of x, with the slope 1.
    """

    is_view = True

    @staticmethod
    def forward(ctx, x, shape):
        ctx.shape = x.shape
        y = x.reshape(shape)
        if y.shape != shape and min(shape if isinstance(shape, tuple | list) else (shape,), default=0) < -1:
            raise ShapeError(Reshape.explain(x, shape))  # numpy takes any negative length for -1
        ctx.is_view = y.base is x or (x.base is not None and y.base is x.base)
        return y

    @staticmethod
    def explain(x, shape):
        wanted = tuple(shape) if isinstance(shape, tuple | list) else shape
        return (
            f"reshape: {x.size} elements of shape {x.shape} do not fit into {wanted}. "
            "One length may be -1, which stands for what is left."
        )

    @staticmethod
    def backward(ctx, dy):
        return dy.reshape(ctx.shape)


def sizes_of(sizes, named=None):
    """Numbers given one by one, as one sequence, or by name."""
    if named is not None:
        return named
    return sizes[0] if len(sizes) == 1 and not hasattr(sizes[0], "__index__") else sizes


@attach("reshape")
def reshape(input, *sizes, shape=None):
    """The same elements in another shape; they share memory where the layout allows it.

    Parameters
    ----------
    *sizes : int or one tuple of int
        The lengths; one of them may be -1, which stands for what is left.
    shape : tuple of int, optional
        The same by name.

    Raises
    ------
    ShapeError
        If the number of elements does not fit.

    Notes
    -----
    dx is dy in the shape of x. Nothing is saved.

    Examples
    --------
    >>> x = microtorch.arange(6.0).requires_grad_()
    >>> y = x.reshape(2, -1)
    >>> y.detach()
    tensor([[0., 1., 2.],
            [3., 4., 5.]])
    >>> y[1].sum().backward()
    >>> x.grad
    tensor([0., 0., 0., 1., 1., 1.])
    """
    return Reshape.apply(input, sizes_of(sizes, shape))


@attach(numpy=np.reshape)
def _numpy_reshape(a, shape=None, **kwargs):
    if kwargs.pop("order", "C") != "C" or kwargs:
        raise TypeError("np.reshape of a tensor takes a shape only, in row-major order")
    return Reshape.apply(a, tuple(shape) if hasattr(shape, "__iter__") else (shape,))


@attach("ravel")
def ravel(input):
    """All elements in one dimension, in row-major order.

    Returns
    -------
    Tensor, shape (n,)
        A view where possible, else a copy.

    Notes
    -----
    dx is dy in the shape of x. Nothing is saved.

    Examples
    --------
    >>> microtorch.tensor([[1, 2], [3, 4]]).T.ravel()
    tensor([1, 3, 2, 4])
    """
    return Reshape.apply(input, (input._array.size,))


@attach(numpy=np.ravel)
def _numpy_ravel(a, order="C"):
    if order != "C":
        raise TypeError("np.ravel of a tensor works in row-major order only")
    return ravel(a)


class Contiguous(ArrayFunction):
    """y = x        dx = dy

    Why: The same numbers stored in another order: the gradient passes unchanged.
    Derivation: ∂x/∂x = 1.
    """

    @staticmethod
    def forward(ctx, x):
        return np.array(x, order="C")

    @staticmethod
    def backward(ctx, dy):
        return dy


@attach("contiguous")
def contiguous(input, memory_format=None):
    """The same tensor with its elements in memory in row-major order.

    Parameters
    ----------
    memory_format : str, optional
        Accepted for compatibility: contiguous is row by row.

    Returns
    -------
    Tensor
        `input` itself where they already are, else a copy.

    Notes
    -----
    dx = dy. Nothing is saved.

    Examples
    --------
    >>> x = microtorch.zeros(2, 3).T
    >>> x.is_contiguous(), x.contiguous().is_contiguous()
    (False, True)
    """
    return input if input._array.flags.c_contiguous else Contiguous.apply(input)


@attach("view")
def view(input, *shape):
    """The same elements in another shape, sharing memory; an error where the layout does not allow that.

    Parameters
    ----------
    *shape : int or one tuple of int
        One of them may be -1, which stands for what is left.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the number of elements does not fit, or if it would need a copy.

    Notes
    -----
    dx is dy in the shape of x. Nothing is saved.

    Examples
    --------
    >>> x = microtorch.zeros(2, 3)
    >>> y = x.view(6)
    >>> y[0] = 1.0
    >>> x
    tensor([[1., 0., 0.],
            [0., 0., 0.]])
    """
    y = Reshape.apply(input, sizes_of(shape))
    if not np.may_share_memory(y._array, input._array) and input._array.size:
        raise ShapeError(
            f"view: shape {input.shape} with strides {input._array.strides} (bytes) cannot be seen as {y.shape} "
            "without a copy. Use .reshape(), which copies where it must."
        )
    return y


@attach("flatten")
def flatten(input, start_dim=0, end_dim=-1):
    """Several neighbouring dimensions as one.

    Parameters
    ----------
    start_dim, end_dim : int, default 0 and -1
        The first and the last of them.

    Returns
    -------
    Tensor
        A view where possible, else a copy. A tensor without dimensions gets one.

    Raises
    ------
    ShapeError
        If `start_dim` comes after `end_dim`.

    Notes
    -----
    dx is dy in the shape of x. Nothing is saved.

    Examples
    --------
    >>> microtorch.zeros(2, 3, 4).flatten(1).shape
    (2, 12)
    """
    shape = input._array.shape
    start = dimensions.one("flatten", start_dim, len(shape))
    end = dimensions.one("flatten", end_dim, len(shape))
    if start > end:
        raise ShapeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim} in shape {shape}.")
    return Reshape.apply(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@attach("unflatten")
def unflatten(input, dim, sizes):
    """One dimension as several.

    Parameters
    ----------
    sizes : tuple of int
        Their lengths; one may be -1, which stands for what is left.

    Raises
    ------
    ShapeError
        If the lengths do not multiply to that of `dim`.

    Notes
    -----
    dx is dy in the shape of x. Nothing is saved.

    Examples
    --------
    >>> microtorch.zeros(2, 12).unflatten(1, (3, -1)).shape
    (2, 3, 4)
    """
    shape = input._array.shape
    if not shape:
        raise ShapeError("unflatten: the tensor has no dimensions. Reshape it to one first.")
    dim = dimensions.one("unflatten", dim, len(shape))
    known = math.prod(n for n in sizes if n != -1)
    left = shape[dim] // known if known else 0
    lengths = tuple([left if n == -1 else n for n in sizes])
    if not lengths or lengths.count(-1) > 1 or math.prod(lengths) != shape[dim]:
        raise ShapeError(f"unflatten: dimension {dim} of shape {shape} cannot be divided into {tuple(sizes)}.")
    return Reshape.apply(input, (*shape[:dim], *lengths, *shape[dim + 1 :]))
