"""Dimensions of length 1 repeated without a copy, as broadcasting does.

Returns
-------
Tensor
    A view that cannot be written to: elements share memory.

Raises
------
ShapeError
    If a dimension is neither 1 nor of the length asked for.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.views import as_own
from ...errors import ShapeError
from ...tensor import attach
from .._promotion import only_tensors
from .reshape import sizes_of

__all__ = ["broadcast_shapes", "broadcast_tensors", "broadcast_to", "expand", "expand_as", "sum_to_size"]


class Expand(ArrayFunction):
    """y = x repeated along dimensions of length 1        dx = dy summed over what was repeated

    Why: Each copy acts on the loss, so the one original gets the sum of their gradients.
    Derivation: ∂L/∂xₖ = Σ of ∂L/∂yᵢ over all copies i of k.
    """

    is_view = True

    @staticmethod
    def forward(ctx, x, shape):
        y = np.broadcast_to(x, shape)
        if x.flags.writeable and y.size == x.size:  # no element stands for several
            y.flags.writeable = True
        return y

    @staticmethod
    def explain(x, shape):
        return (
            f"expand: shape {x.shape} does not expand to {tuple(shape)}: "
            "only dimensions of length 1 can grow, and new ones come in front."
        )

    @staticmethod
    def backward(ctx, dy):
        return dy


@attach("expand")
def expand(input, *sizes):
    """Dimensions of length 1 repeated, without a copy.

    Parameters
    ----------
    *sizes : int or one tuple of int
        The lengths of the result; -1 leaves a dimension as it is. New dimensions come in front.

    Notes
    -----
    dx is the sum of dy over the repeated dimensions. Nothing is saved.

    Examples
    --------
    >>> x = microtorch.tensor([[1.0], [2.0]], requires_grad=True)
    >>> x.expand(-1, 3).sum().backward()
    >>> x.grad
    tensor([[3.],
            [3.]])
    """
    sizes, shape = sizes_of(sizes), input._array.shape
    lead = len(sizes) - len(shape)
    if lead < 0 or any(n < 0 and (n != -1 or i < lead) for i, n in enumerate(sizes)):
        raise ShapeError(Expand.explain(input._array, sizes))
    return Expand.apply(input, tuple([n if n != -1 else shape[i - lead] for i, n in enumerate(sizes)]))


@attach("expand_as")
def expand_as(input, other):
    """`input` in the shape of `other`, by `expand`."""
    only_tensors("expand_as", input=input, other=other)
    return expand(input, other.shape)


@attach("broadcast_to")
def broadcast_to(input, shape):
    """`expand` to `shape`, as ``np.broadcast_to``.

    Parameters
    ----------
    shape : tuple of int

    Examples
    --------
    >>> microtorch.broadcast_to(microtorch.tensor([1.0, 2.0]), (2, 2))
    tensor([[1., 2.],
            [1., 2.]])
    """
    return expand(input, tuple(shape) if isinstance(shape, tuple | list) else (shape,))


@attach(numpy=np.broadcast_arrays)
def broadcast_tensors(*tensors):
    """Tensors expanded to the shape that they broadcast to.

    Returns
    -------
    tuple of Tensor
        Views, as by `expand`.

    Examples
    --------
    >>> a, b = microtorch.broadcast_tensors(microtorch.zeros(3, 1), microtorch.zeros(2))
    >>> a.shape, b.shape
    ((3, 2), (3, 2))
    """
    if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
        (tensors,) = tensors
    only_tensors("broadcast_tensors", **{f"tensors[{i}]": t for i, t in enumerate(tensors)})
    shape = broadcast_shapes(*[t.shape for t in tensors])
    return tuple([expand(t, shape) for t in tensors])


def broadcast_shapes(*shapes):
    """The shape that tensors of these shapes broadcast to.

    Parameters
    ----------
    *shapes : tuple of int or int

    Returns
    -------
    tuple of int

    Raises
    ------
    ShapeError
        If they do not broadcast together.

    Examples
    --------
    >>> microtorch.broadcast_shapes((3, 1), (2,))
    (3, 2)
    """
    shapes = [tuple(s) if isinstance(s, tuple | list) else (s,) for s in shapes]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            f"broadcast_shapes: {', '.join(map(str, shapes))}: counted from the last, the dimensions are neither equal "
            "nor 1, or a length is negative."
        ) from None


@attach("sum_to_size")
def sum_to_size(input, *size):
    """The sum over those dimensions in which broadcasting `size` would have to grow: the reverse of `expand`.

    Parameters
    ----------
    *size : int or one tuple of int
        A shape that expands to that of `input`.

    Returns
    -------
    Tensor
        Of shape `size`.

    Raises
    ------
    ShapeError
        If `size` does not expand to the shape of `input`.

    Notes
    -----
    dx is dy, repeated along the dimensions summed over.

    Examples
    --------
    >>> microtorch.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    size, shape = tuple(sizes_of(size)), input.shape
    lead = len(shape) - len(size)
    if lead < 0 or any(n not in (1, m) for n, m in zip(size, shape[lead:], strict=True)):
        raise ShapeError(f"sum_to_size: {size} does not expand to the shape {shape} of the tensor.")
    if not shape:
        return input.clone()  # as PyTorch has it: there is nothing to look at in another way
    dims = [d for d, m in enumerate(shape) if d < lead or (size[d - lead] == 1 and m != 1)]
    return as_own(input.sum(dims, keepdim=True).reshape(size)) if dims else input.reshape(size)
