"""Products of matrices and vectors.

Parameters
----------
input : Tensor, shape (n, k)
mat2 : Tensor, shape (k, m)

Returns
-------
Tensor, shape (n, m)
"""

import math

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...dtypes import as_number
from ...errors import DTypeError, ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .._promotion import only_tensors, same_dtype

__all__ = ["addmm", "baddbmm", "bmm", "dot", "matmul", "mm", "mv", "outer"]


def rows(x):
    """`x` as a matrix of its last dimension, (…, D) -> (N, D)."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


class MatMul(ArrayFunction):
    """y = a @ b        da = dy @ bᵀ,  db = aᵀ @ dy

    Why: An entry of a meets a whole row of b and so moves a row of the result; its gradient gathers that row,
    weighted by b.
    Derivation: yᵢⱼ = Σₖ aᵢₖ bₖⱼ, so ∂L/∂aᵢₖ = Σⱼ ∂L/∂yᵢⱼ bₖⱼ, which is dy @ bᵀ; likewise for b. A vector counts as
    a row or column.
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_factors(a, b)
        if a.ndim <= 2 and b.ndim <= 2 and a.dtype.kind == "f":
            return a.dot(b) if a.ndim and b.ndim else a @ b  # half the overhead of `@`; 0-d is for `@` to refuse
        if b.ndim == 2 and a.dtype.kind == "f" and a.flags.c_contiguous:
            return rows(a).dot(b).reshape(*a.shape[:-1], b.shape[1])  # one product, not a loop of small ones
        return a @ b

    @staticmethod
    def explain(a, b):
        if not a.ndim or not b.ndim:
            return (
                f"matmul: operands {a.shape} and {b.shape}: a tensor without dimensions is not a matrix. Use * instead."
            )
        n, m = a.shape[-1], b.shape[-2] if b.ndim > 1 else b.shape[0]
        if n != m:
            return (
                f"matmul: operands {a.shape} and {b.shape}: {n} columns do not meet {m} rows. "
                "Transpose one with .mT, or reshape."
            )
        return f"matmul: operands {a.shape} and {b.shape}: their batch dimensions do not broadcast together."

    @staticmethod
    def notation(ctx, a, b):
        row, column = a.ndim == 1, b.ndim == 1
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        y = (*batch, 1 if row else a.shape[-2], 1 if column else b.shape[-1])
        views = {"a": (1, *a.shape) if row else a.shape, "b": (*b.shape, 1) if column else b.shape}
        return {"views": {**views, "y": y}}

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors  # None where the other's gradient is not wanted
        da = db = None
        a_ndim, b_ndim = (x.ndim for x in ctx.inputs)
        if a_ndim == 1 and b_ndim == 1:
            return None if b is None else dy * b, None if a is None else dy * a
        if b_ndim == 1:  # (…, n, k) @ (k,) -> (…, n)
            if b is not None:
                da = dy[..., None] * b
            if a is not None:
                db = (a.mT @ dy[..., None])[..., 0]
        elif a_ndim == 1:  # (k,) @ (…, k, m) -> (…, m)
            if b is not None:
                da = (b @ dy[..., None])[..., 0]
            if a is not None:
                db = a[:, None] * dy[..., None, :]
        else:
            if b is not None:
                da = dy @ b.mT
            if a is not None and b_ndim == 2 and a_ndim > 2:  # sums over the batch within the product
                db = rows(a).mT @ rows(dy)
            elif a is not None:
                db = a.mT @ dy
        return da, db


@attach("matmul", "__matmul__", reflected="__rmatmul__", numpy=np.matmul)
def matmul(input, other):
    """The matrix product; vectors count as a row on the left and a column on the right.

    Parameters
    ----------
    input : Tensor, shape (..., n, k) or (k,)
    other : Tensor, shape (..., k, m) or (k,)
        Leading dimensions broadcast together.

    Returns
    -------
    Tensor, shape (..., n, m)
        Without the dimension that a vector lacks.

    Raises
    ------
    ShapeError
        If the inner lengths differ, the leading dimensions do not broadcast, or an operand has no dimension.
    DTypeError
        If the dtypes differ.

    Notes
    -----
    y = a·b; da = dy·bᵀ, db = aᵀ·dy. Both operands are saved.

    Examples
    --------
    >>> a = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> b = microtorch.tensor([[1.0, 0.0], [0.0, 2.0]])
    >>> y = a @ b
    >>> y.detach()
    tensor([[1., 4.],
            [3., 8.]])
    >>> y.sum().backward()
    >>> a.grad
    tensor([[1., 2.],
            [1., 2.]])
    """
    return product("matmul", input, other)


def product(operation, input, other):
    """The matrix product of operands that must have one dtype: float64 data in a float32 net costs double."""
    if not isinstance(input, Tensor) or not isinstance(other, Tensor) or input._array.dtype is not other._array.dtype:
        input, other = as_tensor(input), as_tensor(other)
        same_dtype(operation, input=input, other=other)
    return MatMul.apply(input, other)


def _of_dimensions(operation, *expected):
    """Raise ShapeError unless each tensor has the number of dimensions expected of it."""
    if any(t._array.ndim != n for t, n in expected):
        shapes, wanted = ", ".join(str(t.shape) for t, _ in expected), ", ".join(f"{n}-d" for _, n in expected)
        raise ShapeError(f"{operation}: takes {wanted} tensors, not shapes {shapes}. matmul takes any, and broadcasts.")


@attach("mm")
def mm(input, mat2):
    """The product of two matrices.

    Raises
    ------
    ShapeError
        If one is not a matrix, or the inner lengths differ.

    Notes
    -----
    y = a·b; da = dy·bᵀ, db = aᵀ·dy. Both are saved.

    Examples
    --------
    >>> microtorch.mm(microtorch.ones(2, 3), microtorch.ones(3, 2))
    tensor([[3., 3.],
            [3., 3.]])
    """
    only_tensors("mm", input=input, mat2=mat2)
    _of_dimensions("mm", (input, 2), (mat2, 2))
    return product("mm", input, mat2)


@attach("bmm")
def bmm(input, mat2):
    """The products of two batches of matrices, one by one.

    Parameters
    ----------
    input : Tensor, shape (b, n, k)
    mat2 : Tensor, shape (b, k, m)

    Returns
    -------
    Tensor, shape (b, n, m)

    Raises
    ------
    ShapeError
        If one is not a batch of matrices, or the lengths do not fit.

    Notes
    -----
    y = a·b for each matrix; da = dy·bᵀ, db = aᵀ·dy. Both are saved.

    Examples
    --------
    >>> microtorch.bmm(microtorch.ones(4, 2, 3), microtorch.ones(4, 3, 5)).shape
    (4, 2, 5)
    """
    only_tensors("bmm", input=input, mat2=mat2)
    _of_dimensions("bmm", (input, 3), (mat2, 3))
    if input._array.shape[0] != mat2._array.shape[0]:
        raise ShapeError(f"bmm: batches {input.shape} and {mat2.shape} are of {len(input)} and {len(mat2)} matrices.")
    return product("bmm", input, mat2)


@attach("mv")
def mv(input, vec):
    """The product of a matrix and a vector.

    Parameters
    ----------
    vec : Tensor, shape (k,)

    Returns
    -------
    Tensor, shape (n,)

    Raises
    ------
    ShapeError
        If they are not a matrix and a vector, or the lengths differ.

    Notes
    -----
    y = a·v; da = dy vᵀ, dv = aᵀ·dy. Both are saved.

    Examples
    --------
    >>> microtorch.mv(microtorch.ones(2, 3), microtorch.ones(3))
    tensor([3., 3.])
    """
    only_tensors("mv", input=input, vec=vec)
    _of_dimensions("mv", (input, 2), (vec, 1))
    return product("mv", input, vec)


@attach("dot")
def dot(input, tensor):
    """The inner product of two vectors.

    Parameters
    ----------
    input, tensor : Tensor, shape (n,)

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    ShapeError
        If they are not vectors of one length.

    Notes
    -----
    y = Σ aᵢ bᵢ; da = dy·b, db = dy·a. Both are saved.

    Examples
    --------
    >>> a = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> a.dot(microtorch.tensor([3.0, 4.0])).backward()
    >>> a.grad
    tensor([3., 4.])
    """
    only_tensors("dot", input=input, tensor=tensor)
    _of_dimensions("dot", (input, 1), (tensor, 1))
    return product("dot", input, tensor)


@attach(numpy=np.dot)
def _numpy_dot(a, b):
    a, b = as_tensor(a), as_tensor(b)
    if not a.ndim or not b.ndim:
        return a * b
    if b.ndim > 2 or (b.ndim == 2 and a.ndim > 2 and b.shape[-2] != a.shape[-1]):
        raise ShapeError(f"np.dot of tensors {a.shape} and {b.shape}: use matmul or tensordot, which say which axes.")
    return product("dot", a, b)


@attach("outer")
def outer(input, vec2):
    """The outer product of two vectors: every element of one times every element of the other.

    Parameters
    ----------
    input : Tensor, shape (n,)

    Returns
    -------
    Tensor, shape (n, m)
        In the common dtype.

    Raises
    ------
    ShapeError
        If they are not vectors.

    Notes
    -----
    yᵢⱼ = aᵢ bⱼ; da = dy·b, db = dyᵀ·a. Both are saved.

    Examples
    --------
    >>> microtorch.outer(microtorch.tensor([1.0, 2.0]), microtorch.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    input, vec2 = as_tensor(input), as_tensor(vec2)
    _of_dimensions("outer", (input, 1), (vec2, 1))
    return input[:, None] * vec2


@attach("addmm")
def addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """A matrix plus the product of two: ``beta * input + alpha * (mat1 @ mat2)``.

    Parameters
    ----------
    input : Tensor
        Of a shape that expands to (n, m). Where `beta` is 0 its values, even NaN, do not matter.
    mat1 : Tensor, shape (n, k)

    Notes
    -----
    y = β·c + α·a·b; dc = β·dy, da = α·dy·bᵀ, db = α·aᵀ·dy.

    Examples
    --------
    >>> microtorch.addmm(microtorch.ones(2), microtorch.ones(2, 3), microtorch.ones(3, 2), alpha=2)
    tensor([[7., 7.],
            [7., 7.]])
    """
    only_tensors("addmm", input=input, mat1=mat1, mat2=mat2)
    _of_dimensions("addmm", (mat1, 2), (mat2, 2))
    return plus("addmm", input, product("addmm", mat1, mat2), beta, alpha)


@attach("baddbmm")
def baddbmm(input, batch1, batch2, *, beta=1, alpha=1):
    """A batch of matrices plus the products of two: ``beta * input + alpha * (batch1 @ batch2)``.

    Parameters
    ----------
    input : Tensor
        Of a shape that expands to (b, n, m). Where `beta` is 0 its values, even NaN, do not matter.
    batch1 : Tensor, shape (b, n, k)
    batch2 : Tensor, shape (b, k, m)
    beta, alpha : number, default 1
        For integer tensors only their integer part counts, as in PyTorch.

    Returns
    -------
    Tensor, shape (b, n, m)

    Notes
    -----
    y = β·c + α·a·b; dc = β·dy, da = α·dy·bᵀ, db = α·aᵀ·dy.

    Examples
    --------
    >>> microtorch.baddbmm(microtorch.zeros(1), microtorch.ones(4, 2, 3), microtorch.ones(4, 3, 5)).shape
    (4, 2, 5)
    """
    only_tensors("baddbmm", input=input, batch1=batch1, batch2=batch2)
    return plus("baddbmm", input, bmm(batch1, batch2), *whole(input, beta, alpha))


def whole(input, *factors):
    """`factors` as they are for floating tensors; for integers only their integer part counts, as in PyTorch."""
    return factors if input._array.dtype.kind == "f" else [int(f) for f in factors]


def plus(operation, input, product, beta, alpha):
    """``beta * input + alpha * product``, where `input` expands to the shape of `product`."""
    same_dtype(operation, input=input, product=product)
    if input._array.dtype.kind != "f" and not (isinstance(beta, int) and isinstance(alpha, int)):
        raise DTypeError(f"{operation}: {input.dtype} tensors take integer factors, not {beta=} and {alpha=}.")
    beta, alpha = (as_number(operation, x, input.dtype).item() for x in (beta, alpha))
    pairs = zip(input.shape[::-1], product.shape[::-1], strict=False)
    if input.ndim > product.ndim or any(n not in (1, m) for n, m in pairs):
        raise ShapeError(f"{operation}: input {input.shape} does not expand to the product's shape {product.shape}.")
    product = product if alpha == 1 else product * alpha
    if beta == 0:
        return product
    return (input if beta == 1 else input * beta) + product


attach_in_place(addmm, "addmm_")
attach_in_place(baddbmm, "baddbmm_")
