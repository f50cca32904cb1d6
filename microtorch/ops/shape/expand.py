"""Dimensions of length 1 repeated without a copy, as broadcasting does."""

import numpy as np

from ...autograd.function import Function
from ...errors import ShapeError
from ...tensor import attach
from .._promotion import only_tensors
from .reshape import sizes_of

__all__ = ["broadcast_to", "expand", "expand_as"]


class Expand(Function):
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
    input : Tensor
    *sizes : int or one tuple of int
        The lengths of the result; -1 leaves a dimension as it is. New dimensions come in front.

    Returns
    -------
    Tensor
        A view that cannot be written to: elements share memory.

    Raises
    ------
    ShapeError
        If a dimension is neither 1 nor of the length asked for.

    Notes
    -----
    dx is the sum of dy over the repeated dimensions. Nothing is saved.

    Examples
    --------
    >>> import microtorch
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
    input : Tensor
    shape : tuple of int

    Returns
    -------
    Tensor
        A view that cannot be written to: elements share memory.

    Raises
    ------
    ShapeError
        If a dimension is neither 1 nor of the length asked for.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.broadcast_to(microtorch.tensor([1.0, 2.0]), (2, 2))
    tensor([[1., 2.],
            [1., 2.]])
    """
    return expand(input, tuple(shape) if isinstance(shape, tuple | list) else (shape,))
