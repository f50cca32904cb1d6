"""Systems of linear equations, and the triangular factor of a positive definite matrix."""

from typing import NamedTuple

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.views import as_own
from ...errors import ShapeError
from ...tensor import Tensor, attach
from .._promotion import only_tensors, same_dtype
from ..indexing.where import where
from ..pointwise.exp import exp

__all__ = ["cholesky", "det", "inverse", "logdet", "slogdet"]


class Solve(ArrayFunction):
    """y = the solution of a @ y = b        db = a⁻ᵀ @ dy,  da = −a⁻ᵀ @ dy @ yᵀ

    Letters: a⁻ᵀ is the inverse of a, transposed; it is not computed: another system with aᵀ is solved.
    Why: A small change b′ of b changes y through the same equations, so its gradient solves the transposed ones. What a
    change a′ of a does to y is what a change of b by −a′ y would do.
    Derivation: For small changes a′ y + a y′ = b′, so y′ = a⁻¹ (b′ − a′ y): the gradient of b is a⁻ᵀ dy, and that of a
    is −(gradient of b) yᵀ.
    """

    @staticmethod
    def forward(ctx, a, b):
        try:
            y = np.linalg.solve(a, b)
        except np.linalg.LinAlgError:
            raise RuntimeError(f"solve: a matrix of {a.shape} is singular: it has no inverse.") from None
        ctx.save_for_backward(a, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        a, y = ctx.saved_tensors
        db = Solve.apply(a.mT, dy)
        return -(db @ y.mT), db


class Cholesky(ArrayFunction):
    """y @ yᵀ = x, y lower triangular
    dx = (s + sᵀ) / 2, s = g @ p @ gᵀ, g = y⁻ᵀ, p = m · (yᵀ @ dy)

    Letters: m is 1 below the diagonal, ½ on it and 0 above; g = y⁻ᵀ is the inverse of y, transposed.
    Why: x is symmetric and y triangular: each has as many free numbers as the other. m keeps those of y once, the mean
    of s and sᵀ gives x a gradient that is symmetric as x is.
    Derivation: A small change of x is y′ yᵀ + y y′ᵀ. Multiplied by y⁻¹ and y⁻ᵀ it is b + bᵀ with b = y⁻¹ y′ lower
    triangular, so b = m · (y⁻¹ x′ y⁻ᵀ) and y′ = y b. The transpose of this map of x′ to y′ is what dx is.
    """

    @staticmethod
    def forward(ctx, x):
        try:
            y = np.linalg.cholesky(x)
        except np.linalg.LinAlgError:
            raise RuntimeError(
                f"cholesky: a matrix of {x.shape} is not positive definite. Is it symmetric? A small number on its "
                "diagonal often helps: x + 1e-6 * microtorch.eye(n)."
            ) from None
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def notation(ctx, x):
        ones = np.ones(x.shape[-2:])
        return {"letters": {"m": (np.tril(ones) + np.tril(ones, -1)) / 2}}

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        inner = y.mT @ dy
        lower = (np.tril(inner) + np.tril(inner, -1)) * 0.5
        s = Solve.apply(y.mT, Solve.apply(y.mT, lower.mT).mT)
        return (s + s.mT) * 0.5


def _square(operation, input):
    only_tensors(operation, input=input)
    if input.ndim < 2 or input.shape[-1] != input.shape[-2]:
        raise ShapeError(f"{operation}: a matrix of shape {input.shape} is not square. It takes (..., n, n).")


def solve(A, B, *, left=True):
    """X with A X = B.

    Parameters
    ----------
    A : Tensor, shape (..., n, n)
    B : Tensor, shape (..., n, k) or (n,)
        Leading dimensions broadcast with those of `A`. A B with one dimension less, (..., n), is a batch of vectors
        where its leading dimensions are those of `A`.
    left : bool, default True
        If not, X with X A = B.

    Returns
    -------
    Tensor
        Of the shape of `B`, broadcast.

    Raises
    ------
    ShapeError
        If `A` is not square, or `B` does not fit.
    RuntimeError
        If a matrix has no inverse.

    Notes
    -----
    X = A⁻¹B by LU factors; dB = A⁻ᵀdX, dA = −dB·Xᵀ. `A` and X are saved.

    Examples
    --------
    >>> A = microtorch.tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> x = microtorch.linalg.solve(A, microtorch.tensor([2.0, 2.0]))
    >>> x.detach()
    tensor([1. , 0.5])
    >>> x.sum().backward()
    >>> A.grad
    tensor([[-0.5  , -0.25 ],
            [-0.25 , -0.125]])
    """
    _square("solve", A)
    only_tensors("solve", B=B)
    same_dtype("solve", A=A, B=B)
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    b = B.unsqueeze(-1) if vector else B
    if not left:
        A, b = A.mT, b if vector else b.mT
    if b.shape[-2] != A.shape[-1]:
        raise ShapeError(f"solve: A {A.shape} and B {B.shape}: {A.shape[-1]} unknowns do not meet {b.shape[-2]} rows.")
    x = Solve.apply(A, b)
    return as_own(x.squeeze(-1) if vector else x if left else x.mT)


def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """X with A X = B for a triangular A; what is on its other side is not looked at.

    Parameters
    ----------
    A : Tensor, shape (..., n, n)
    B : Tensor, shape (..., n, k)
        Leading dimensions broadcast with those of `A`.
    upper : bool
        Whether the upper triangle is A, else the lower.
    left : bool, default True
        If not, X with X A = B.
    unitriangular : bool, default False
        Whether the diagonal is taken as 1.

    Returns
    -------
    Tensor
        Of the shape of `B`, broadcast.

    Raises
    ------
    ShapeError, RuntimeError
        As `solve`.

    Examples
    --------
    >>> A = microtorch.tensor([[2.0, 9.0], [1.0, 1.0]])
    >>> microtorch.linalg.solve_triangular(A, microtorch.tensor([[2.0], [3.0]]), upper=False)
    tensor([[1.],
            [2.]])
    """
    _square("solve_triangular", A)
    side = 1 if upper else -1
    triangle = A.triu(int(unitriangular)) if upper else A.tril(side * int(unitriangular))
    if unitriangular:
        triangle = triangle + np.eye(A.shape[-1], dtype=A.dtype)
    return solve(triangle, B, left=left)


@attach("inverse")
def inverse(input):
    """The inverse of each matrix; where it is only multiplied, ``linalg.solve`` is cheaper and more exact.

    Parameters
    ----------
    input : Tensor, shape (..., n, n)

    Raises
    ------
    ShapeError
        If a matrix is not square.
    RuntimeError
        If one has no inverse.

    Examples
    --------
    >>> microtorch.inverse(microtorch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    _square("inverse", input)
    identity = np.broadcast_to(np.eye(input.shape[-1], dtype=input.dtype), input.shape)
    return Solve.apply(input, identity)


@attach("cholesky")
def cholesky(input, upper=False):
    """The triangular factor L of each symmetric positive definite matrix, L Lᵀ = `input`.

    Parameters
    ----------
    input : Tensor, shape (..., n, n)
        Its lower triangle is looked at.
    upper : bool, default False
        Give Lᵀ.

    Returns
    -------
    Tensor
        Of the same shape, lower triangular, with a positive diagonal.

    Raises
    ------
    ShapeError
        If a matrix is not square.
    RuntimeError
        If one is not positive definite.

    Notes
    -----
    dx = (s + sᵀ)/2 with s = L⁻ᵀ Φ(LᵀdL) L⁻¹, where Φ keeps the lower triangle with half the diagonal. L is saved.

    References
    ----------
    I. Murray: Differentiation of the Cholesky decomposition, arXiv:1602.07527, 2016.

    Examples
    --------
    >>> x = microtorch.tensor([[4.0, 2.0], [2.0, 2.0]], requires_grad=True)
    >>> L = microtorch.cholesky(x)
    >>> L.detach()
    tensor([[2., 0.],
            [1., 1.]])
    >>> L.diagonal().log().sum().backward()
    >>> x.grad
    tensor([[ 0.25, -0.25],
            [-0.25,  0.5 ]])
    """
    _square("cholesky", input)
    lower = Cholesky.apply(input)
    return as_own(lower.mT) if upper else lower


class Slogdet(ArrayFunction):
    """y = sign det x and log |det x|        dx = x⁻ᵀ times the gradient of log |det x|

    Why: The sign stands still under small changes and gets no gradient. The determinant grows with an element as its
    cofactor is, and a logarithm's slope is 1 over the number.
    Derivation: ∂ det x / ∂xᵢⱼ is the cofactor, which is det x · (x⁻¹)ⱼᵢ; divided by det x this is (x⁻ᵀ)ᵢⱼ.
    """

    @staticmethod
    def forward(ctx, x):
        with np.errstate(invalid="ignore"):  # NaN stays NaN, without a word
            sign, size = (np.asarray(part, x.dtype) for part in np.linalg.slogdet(x))
        ctx.save_for_backward(x)
        ctx.mark_non_differentiable(sign)
        return sign, size

    @staticmethod
    def backward(ctx, dsign, dsize):
        (x,) = ctx.saved_tensors
        identity = np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape).copy()
        return Solve.apply(x.mT, identity) * dsize[..., None, None]


class SignAndLogarithm(NamedTuple):
    """The sign of a determinant, and the logarithm of its magnitude."""

    sign: Tensor
    logabsdet: Tensor


@attach("slogdet")
def slogdet(input):
    """The sign of the determinant of the square matrices `input`, and the logarithm of its magnitude, with gradient."""
    _square("slogdet", input)
    return SignAndLogarithm(*Slogdet.apply(input))


@attach("logdet")
def logdet(input):
    """The logarithm of the determinant of the square matrices `input`; NaN where that is negative."""
    sign, size = slogdet(input)
    return where(sign < 0, float("nan"), size)


@attach("det")
def det(input):
    """The determinant of the square matrices `input`; its gradient needs matrices that have an inverse.

    d det x = det x · tr(x⁻¹ dx).
    """
    sign, size = slogdet(input)
    return sign * exp(size)
