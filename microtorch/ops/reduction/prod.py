"""The product of elements. Its derivative, the product of the others, is computed so that zeros are no special case."""

import numpy as np

from ...autograd.function import ArrayFunction
from ...tensor import attach
from .. import _dimensions as dimensions
from .cumulative import CumProd, backwards, delayed, narrow, wide

__all__ = ["prod"]


class Prod(ArrayFunction):
    """y = Π x        dx = dy times the product of the other elements

    Why: A change of one factor counts as many times as all other factors together say.
    Derivation: ∂(Π x)/∂xᵢ = Π of xⱼ over j ≠ i; computed without dividing, so that zeros are no trouble.
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim):
        ctx.dim = dim
        y = np.asarray(np.multiply.reduce(x, dim, wide(x), None, keepdim)).astype(narrow(x), "C", copy=False)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, _ = ctx.saved_tensors
        dim = ctx.dim
        before = CumProd.apply(delayed(x, dim, 1), dim)
        after = backwards(CumProd.apply(delayed(backwards(x, dim), dim, 1), dim), dim)
        return dy.reshape(dimensions.kept(x.shape, (dim,))) * (before * after)

    @staticmethod
    def backward_kernel(ctx, dy):
        x, y = ctx.saved_tensors
        if not x.all() or not np.isfinite(y).all() or not y.all():  # overflow and underflow too forbid to divide
            return Prod.backward(ctx, dy)
        kept = dimensions.kept(x.shape, (ctx.dim,))
        return (dy * y).reshape(kept) / x


@attach("prod")
def prod(input, dim=None, keepdim=False, *, dtype=None, axis=None, keepdims=False):
    """The product of the elements, of all or along a dimension.

    Parameters
    ----------
    dim : int, optional
        The dimension to multiply along; default all elements.

    Returns
    -------
    Tensor
        Of the dtype of `input`; int64 for integers and bools. The product of nothing is 1.

    Notes
    -----
    y = Π x; dxᵢ = dy · Π_{j ≠ i} xⱼ, the product of the others, also where elements are zero. Input and output are
    saved.

    Examples
    --------
    >>> x = microtorch.tensor([2.0, 0.0, 3.0], requires_grad=True)
    >>> x.prod().backward()
    >>> x.grad
    tensor([0., 6., 0.])
    """
    if dtype is not None:
        return prod(input.to(dtype), dim, keepdim, axis=axis, keepdims=keepdims).to(dtype)
    dim, keepdim = dim if axis is None else axis, keepdim or keepdims
    ndim = input._array.ndim
    if dim is not None:
        dim = dimensions.one("prod", dim, ndim)
        if ndim:
            return Prod.apply(input, dim, keepdim)
    y = Prod.apply(input.reshape(-1), 0, False)
    return y.reshape((1,) * ndim) if keepdim and ndim else y
