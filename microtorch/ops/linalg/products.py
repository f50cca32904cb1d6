"""Products of vectors, and of blocks.

Returns
-------
Tensor, shape (n, m)
"""

import numpy as np

from ...autograd.inplace.changes import attach_in_place
from ...autograd.inplace.views import as_own
from ...errors import ShapeError
from ...tensor import attach, wrap
from .. import _dimensions as dimensions
from .._promotion import only_tensors, pair
from ..shape.expand import broadcast_shapes, expand
from ..shape.flip_and_roll import roll
from .einsum import tensordot
from .matmul import bmm, dot, matmul, mv, outer, plus, whole

__all__ = ["addbmm", "addmv", "addr", "chain_matmul", "cross", "ger", "inner", "kron", "matrix_power", "vdot"]


@attach("vdot")
def vdot(input, other):
    """The inner product of two vectors: `dot`. (Of complex numbers it would conjugate the first.)

    Parameters
    ----------
    input, other : Tensor, shape (n,)

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    ShapeError
        If they are not vectors of one length.

    Examples
    --------
    >>> microtorch.vdot(microtorch.tensor([1.0, 2.0]), microtorch.tensor([3.0, 4.0]))
    tensor(11.)
    """
    return dot(input, other)


@attach("inner")
def inner(input, other):
    """The inner products of all vectors along the last dimensions.

    Parameters
    ----------
    input : Tensor, shape (..., n)
    other : Tensor, shape (m..., n)
        One of 0 dimensions is a factor.

    Returns
    -------
    Tensor, shape (..., m...)

    Raises
    ------
    ShapeError
        If the last dimensions differ.

    Notes
    -----
    y[…, j] = Σᵢ a[…, i] · b[j, i]; the gradients are those of the products.

    Examples
    --------
    >>> microtorch.inner(microtorch.tensor([[1.0, 2.0], [3.0, 4.0]]), microtorch.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    only_tensors("inner", input=input, other=other)
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(f"inner: the last dimensions of {input.shape} and {other.shape} differ.")
    return tensordot(input, other, ([-1], [-1]))


@attach("kron")
def kron(input, other):
    """The Kronecker product: each element of `input` times the whole of `other`, in the place of the element.

    Parameters
    ----------
    input, other : Tensor
        The one with fewer dimensions gets dimensions of length 1 in front.

    Returns
    -------
    Tensor
        Along each dimension as long as the product of both lengths.

    Notes
    -----
    y[i·m + k, j·l + h] = a[i, j] · b[k, h] for matrices, b of shape (m, l).

    Examples
    --------
    >>> microtorch.kron(microtorch.eye(2), microtorch.tensor([[1.0, 2.0]]))
    tensor([[1., 2., 0., 0.],
            [0., 0., 1., 2.]])
    """
    only_tensors("kron", input=input, other=other)
    ndim = max(input.ndim, other.ndim)
    a, b = ((1,) * (ndim - t.ndim) + t.shape for t in (input, other))
    product = input.reshape([k for n in a for k in (n, 1)]) * other.reshape([k for m in b for k in (1, m)])
    return as_own(product.reshape([n * m for n, m in zip(a, b, strict=True)]))


@attach("cross")
def cross(input, other, dim=None):
    """The cross products of vectors of three numbers.

    Parameters
    ----------
    input, other : Tensor
        Of shapes that broadcast together.
    dim : int, optional
        The dimension of length 3 along which the vectors lie; default the first such.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    ShapeError
        If the shapes do not fit, or the dimension has not length 3.

    Notes
    -----
    y₀ = a₁b₂ − a₂b₁, and so on around; da = b × dy, db = dy × a.

    Examples
    --------
    >>> microtorch.cross(microtorch.tensor([1.0, 0.0, 0.0]), microtorch.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    only_tensors("cross", input=input, other=other)
    a, b = pair(input, other)
    if dim is None:
        dim = next((d for d, n in enumerate(a.shape) if n == 3), None)
        if dim is None:
            raise ShapeError(f"cross: shape {a.shape} has no dimension of length 3.")
    if a.ndim != b.ndim:
        raise ShapeError(f"cross: shapes {a.shape} and {b.shape} have not the same number of dimensions.")
    dim = dimensions.one("cross", dim, a.ndim)
    if a.shape[dim] != 3 or b.shape[dim] != 3:
        raise ShapeError(f"cross: dimension {dim} of {a.shape} and {b.shape} must have length 3.")
    shape = broadcast_shapes(a.shape, b.shape)
    a, b = expand(a, shape), expand(b, shape)
    return roll(a, -1, dim) * roll(b, -2, dim) - roll(a, -2, dim) * roll(b, -1, dim)


@attach("ger")
def ger(input, vec2):
    """The outer product of two vectors: `outer` under its older name.

    Parameters
    ----------
    input : Tensor, shape (n,)
    """
    return outer(input, vec2)


def chain_matmul(*matrices):
    """The product of several matrices, from left to right.

    Parameters
    ----------
    *matrices : Tensor
        Of shapes that fit.

    Returns
    -------
    Tensor
    """
    product = matrices[0]
    for matrix in matrices[1:]:
        product = matmul(product, matrix)
    return product


@attach("matrix_power")
def matrix_power(input, n):
    """Square matrices times themselves, `n` times.

    Parameters
    ----------
    input : Tensor, shape (..., m, m)
    n : int
        0 or more; 0 gives the identity.

    Returns
    -------
    Tensor
        Of the same shape.

    Raises
    ------
    ValueError
        If `n` is negative: invert the matrix first, with ``linalg.inv``.
    ShapeError
        If the matrices are not square.

    Examples
    --------
    >>> microtorch.matrix_power(microtorch.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    tensor([[1., 3.],
            [0., 1.]])
    """
    if n < 0:
        raise ValueError(f"matrix_power: n={n}. Invert the matrix first: linalg.inv(matrix), with {-n}.")
    if input.ndim < 2 or input.shape[-1] != input.shape[-2]:
        raise ShapeError(f"matrix_power: takes square matrices, not shape {input.shape}.")
    power = wrap(np.broadcast_to(np.eye(input.shape[-1], dtype=input.dtype), input.shape).copy())
    square = input
    while n:
        if n & 1:
            power = power @ square
        square, n = square @ square, n >> 1
    return power


@attach("addmv")
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """A vector plus the product of a matrix and a vector: ``beta * input + alpha * (mat @ vec)``.

    Parameters
    ----------
    input : Tensor
        Of a shape that expands to (n,). Where `beta` is 0 its values, even NaN, do not matter.
    mat : Tensor, shape (n, k)
    vec : Tensor, shape (k,)

    Returns
    -------
    Tensor, shape (n,)

    Examples
    --------
    >>> microtorch.addmv(microtorch.ones(2), microtorch.ones(2, 3), microtorch.ones(3), alpha=2)
    tensor([7., 7.])
    """
    only_tensors("addmv", input=input, mat=mat, vec=vec)
    return plus("addmv", input, mv(mat, vec), *whole(input, beta, alpha))


@attach("addr")
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    """A matrix plus the outer product of two vectors: ``beta * input + alpha * outer(vec1, vec2)``.

    Parameters
    ----------
    input : Tensor
        Of a shape that expands to (n, m). Where `beta` is 0 its values, even NaN, do not matter.
    vec1 : Tensor, shape (n,)

    Examples
    --------
    >>> microtorch.addr(microtorch.zeros(2, 2), microtorch.tensor([1.0, 2.0]), microtorch.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    return plus("addr", input, outer(vec1, vec2), beta, alpha)


@attach("addbmm")
def addbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """A matrix plus the sum of the products of two batches: ``beta * input + alpha * (batch1 @ batch2).sum(0)``.

    Parameters
    ----------
    input : Tensor
        Of a shape that expands to (n, m). Where `beta` is 0 its values, even NaN, do not matter.
    batch1 : Tensor, shape (b, n, k)
    batch2 : Tensor, shape (b, k, m)

    Examples
    --------
    >>> microtorch.addbmm(microtorch.zeros(1, 1), microtorch.ones(4, 1, 3), microtorch.ones(4, 3, 1))
    tensor([[12.]])
    """
    only_tensors("addbmm", input=input, batch1=batch1, batch2=batch2)
    product = bmm(batch1, batch2)
    return plus("addbmm", input, product.sum(0).to(product.dtype), *whole(input, beta, alpha))


for _function in (addmv, addr, addbmm):
    attach_in_place(_function, _function.__name__ + "_")
