"""Products and determinants that are made of other operations, so that their derivatives are, too."""

import numpy as np

from ...errors import ShapeError
from ...tensor import attach, wrap
from .. import _dimensions as dimensions
from ..shape.cat import stack
from ..shape.reshape import reshape
from .matmul import dot, matmul, mv, outer

__all__ = ["addmv", "addr", "chain_matmul", "cross", "ger", "inner", "kron", "matrix_power", "vdot"]


@attach("addmv")
def addmv(input, mat, vec, *, beta=1, alpha=1):
    """`beta` times the vector `input` plus `alpha` times the product of the matrix `mat` and the vector `vec`."""
    return (beta * input if beta != 1 else input) + (alpha * mv(mat, vec) if alpha != 1 else mv(mat, vec))


@attach("addr")
def addr(input, vec1, vec2, *, beta=1, alpha=1):
    """`beta` times the matrix `input` plus `alpha` times the outer product of the vectors `vec1` and `vec2`."""
    return (beta * input if beta != 1 else input) + alpha * outer(vec1, vec2)


@attach("ger")
def ger(input, vec2):
    """The products of each element of the vector `input` with each of `vec2`, as `outer`."""
    return outer(input, vec2)


@attach("inner")
def inner(input, other):
    """The sums of products along the last dimensions of `input` and `other`, each row with each."""
    if input.ndim == 0 or other.ndim == 0:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(f"inner: last dimensions of {input.shape} and {other.shape} differ.")
    flat = reshape(input, (-1, input.shape[-1])) @ reshape(other, (-1, other.shape[-1])).T
    return reshape(flat, (*input.shape[:-1], *other.shape[:-1]))


@attach("vdot")
def vdot(input, other):
    """The sum of the products of the vectors `input` and `other`, as `dot`."""
    return dot(input, other)


def chain_matmul(*matrices):
    """The product of several `matrices`, from left to right."""
    product = matrices[0]
    for matrix in matrices[1:]:
        product = matmul(product, matrix)
    return product


@attach("matrix_power")
def matrix_power(input, n):
    """The square matrix `input` times itself, `n` times; `n` is 0 or more."""
    if n < 0:
        raise ValueError(f"matrix_power: n={n}. Invert the matrix first: linalg.inv(matrix), with {-n}.")
    power = wrap(np.broadcast_to(np.eye(input.shape[-1], dtype=input.dtype), input.shape).copy())
    square = input
    while n:
        if n & 1:
            power = power @ square
        square, n = square @ square, n >> 1
    return power


@attach("kron")
def kron(input, other):
    """Each element of `input` times the whole of `other`, as blocks: the Kronecker product."""
    ndim = max(input.ndim, other.ndim)
    a, b = (reshape(t, (*([1] * (ndim - t.ndim)), *t.shape)) for t in (input, other))
    pairs = [n for lengths in zip(a.shape, [1] * ndim, strict=True) for n in lengths]
    inside = [n for lengths in zip([1] * ndim, b.shape, strict=True) for n in lengths]
    product = reshape(a, tuple(pairs)) * reshape(b, tuple(inside))
    return reshape(product, tuple(n * m for n, m in zip(a.shape, b.shape, strict=True)))


@attach("cross")
def cross(input, other, dim=None):
    """The cross products of vectors of `input` and `other`, 3 numbers along `dim`; by default the first of length 3."""
    if dim is None:
        dim = next((k for k, n in enumerate(input.shape) if n == 3), None)
    if dim is None or input.shape[dim] != 3 or other.shape[dim] != 3:
        raise ShapeError(f"cross: {input.shape} and {other.shape} have no dimension of length 3 in common.")
    dim = dimensions.one("cross", dim, input.ndim)
    a, b = ([t.select(dim, k) for k in (0, 1, 2)] for t in (input, other))
    return stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], dim)
