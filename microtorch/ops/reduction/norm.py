"""Norms. At zero, where a norm has a kink, the derivative is 0, the subgradient of least norm."""

import math

import numpy as np

from ...autograd.function import ArrayFunction, once_differentiable
from ...autograd.inplace.changes import attach_in_place
from ...errors import DTypeError, ShapeError
from ...kernels.reduction import sum_over
from ...tensor import attach
from .. import _dimensions as dimensions
from ..indexing.where import where
from .max_and_min import TiesShare
from .variance import in_range, scaled

__all__ = ["norm", "renorm"]


class Norm(ArrayFunction):
    """y = (Σ |x|ᵖ)^(1 / p)        dx = 0 where y = 0, else dy · sign(x) · (|x| / y)^(p − 1)

    With p=2: y = √(Σ x²)        dx = 0 where y = 0, else dy · x / y
    With p=1: y = Σ |x|        dx = dy · sign(x)
    With p=0: y = count(x ≠ 0)        dx = 0
    With p=inf: y = max(|x|)        dx = dy · sign(x) / k where |x| = y, else 0, k = count(|x| = y)
    With p=-inf: y = min(|x|)        dx = dy · sign(x) / k where |x| = y, else 0, k = count(|x| = y)
    Letters: k is how many elements are as large as the norm says.
    Why: Each element moves the norm by its share of it, and in the direction of its sign.
    Derivation: With s = Σ |x|ᵖ, y = s^(1/p): ∂y/∂x = (1/p) s^(1/p − 1) · p |x|ᵖ⁻¹ sign x = sign x · (|x| / y)ᵖ⁻¹;
    at 0 a kink, taken as 0.
    """

    @staticmethod
    def forward(ctx, x, p, dim, keepdim):
        dims = dimensions.some("norm", dim, x.ndim)
        ctx.p, ctx.kept = p, dimensions.kept(x.shape, dims)
        if p == 1:
            y = sum_over(np.abs(x), dims, keepdim)
        elif math.isinf(p):
            largest = np.maximum if p > 0 else np.minimum
            if dimensions.length(x.shape, dims) == 0:
                raise ShapeError(f"norm: p = {p} of no elements, shape {x.shape}, has no value.")
            y = largest.reduce(np.abs(x), dims, None, None, keepdim)
        elif p == 0:
            y = np.add.reduce(x != 0, dims, np.int64, None, keepdim).astype(x.dtype)
        else:
            y = _sum_of_powers(x, p, dims, keepdim)
            if in_range(y):
                y = np.sqrt(y) if p == 2 else y ** (1 / p)
            else:
                near_one, exponent = scaled(x, dims)
                y = np.ldexp(_sum_of_powers(near_one, p, dims, keepdim) ** (1 / p), exponent.reshape(y.shape))
        y = np.asarray(y)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, y = ctx.saved_tensors
        p = ctx.p
        y, dy = y.reshape(ctx.kept), dy.reshape(ctx.kept)
        if p == 0:
            return np.broadcast_to(dy * 0, x.shape)
        if p == 1:
            return dy * np.sign(x)
        if math.isinf(p):
            return dy * np.sign(x) * TiesShare.apply(np.abs(x), y)
        dy, y = np.where(y == 0, 0, dy), np.where(y == 0, 1, y)
        if p == 2:
            return dy * (x / y)
        return dy * np.sign(x) * np.where(x == 0, 0, (np.abs(x) / y) ** (p - 1))


def _sum_of_powers(x, p, dims, keepdim):
    return sum_over(x * x if p == 2 else np.abs(x) ** p, dims, keepdim)


class NuclearNorm(ArrayFunction):
    """y = Σ σ(x), the singular values of matrices        dx = dy · (U @ V)

    Letters: U and V are the singular vectors, x = U Σ V.
    Why: A change of x acts on a singular value as far as it lies in the direction of its pair of singular vectors.
    Derivation: dσᵢ = uᵢᵀ dx vᵢ, so the sum of all has the gradient Σ uᵢ vᵢᵀ = U V.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.add.reduce(np.linalg.svd(x, compute_uv=False), -1)

    @staticmethod
    def notation(ctx, x):
        u, values, v = np.linalg.svd(x.astype(np.float64), full_matrices=False)
        letters = {"U": u * (values > 0)[..., None, :], "V": v}
        return {"letters": letters, "views": {"y": (*x.shape[:-2], 1, 1)}, "varies": True}

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy[..., None, None] * Polar.apply(x)


class Polar(ArrayFunction):
    """y = U Vᵀ of the singular value decomposition x = U Σ Vᵀ
    dx = U ((Uᵀ dy V − its transpose) / (σᵢ + σⱼ)) Vᵀ, …

    Why: The factor turns, but does not stretch; its derivative is that of a rotation, weighted by the singular
    values.
    Derivation: From x = (U Vᵀ) (V Σ Vᵀ) by differentiating and using that (U Vᵀ)ᵀ d(U Vᵀ) is skew where x is
    square. Once differentiable.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        u, s, vt = _decomposed(x)
        return (u * (s > 0)[..., None, :]) @ vt

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        # With x = U Σ Vᵀ: the part of dx within the ranges of U and V is (M − Mᵀ) / (σᵢ + σⱼ) for M = Uᵀ dy V, the
        # parts that leave one of them are divided by σ alone.
        (x,) = ctx.saved_tensors
        u, s, vt = _decomposed(x)
        v, inverse = vt.mT, np.where(s > 0, 1 / s, 0)
        m = u.mT @ dy @ v
        sums = s[..., :, None] + s[..., None, :]
        inner = np.where(sums > 0, (m - m.mT) / sums, 0)
        outside_u = (dy @ v - u @ m) * inverse[..., None, :]
        outside_v = (u.mT @ dy - m @ vt) * inverse[..., :, None]
        return u @ inner @ vt + outside_u @ vt + u @ outside_v


def _decomposed(x):
    """The singular value decomposition, with rounding noise in the singular values set to 0."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    if s.size:
        s = np.where(s > s.max(axis=-1, keepdims=True) * (max(x.shape[-2:]) * np.finfo(x.dtype).eps), s, 0)
    return u, s, vt


@attach("norm")
def norm(input, p="fro", dim=None, keepdim=False, dtype=None):
    """The p-norm of the elements, of all or over some dimensions.

    Parameters
    ----------
    input : Tensor of float32 or float64
    p : number or "fro" or "nuc", default "fro"
        The exponent; inf and -inf are the largest and smallest magnitude, 0 counts nonzero elements, "fro" is 2. "nuc"
        is the sum of the singular values of matrices.
    dim : int or tuple of int, optional
        The dimensions to reduce over; default all. For "nuc" two, default the only two.

    Returns
    -------
    Tensor

    Raises
    ------
    DTypeError
        For integers and bools.

    Notes
    -----
    y = (Σ |x|ᵖ)^(1/p); dx = dy · sign(x) · (|x| / y)^(p − 1), for p = 2 dy · x / y. Where y = 0, and for p < 1 where an
    element is 0, the derivative is 0. For "nuc" with x = U Σ Vᵀ: dx = dy · U Vᵀ. Input and output are saved.

    References
    ----------
    G. A. Watson: Characterization of the subdifferential of some matrix norms, Linear Algebra and its Applications
    170, 1992 (the nuclear norm).

    Examples
    --------
    >>> x = microtorch.tensor([3.0, 4.0], requires_grad=True)
    >>> y = x.norm()
    >>> y.item()
    5.0
    >>> y.backward()
    >>> x.grad
    tensor([0.6000, 0.8000])
    """
    if dtype is not None:
        input = input.to(dtype)
    if input._array.dtype.kind != "f":
        raise DTypeError(f"norm: takes float32 or float64, not {input.dtype}. Convert first, with .float().")
    if p == "nuc":
        return _nuclear(input, dim, keepdim)
    if isinstance(p, str) and p != "fro":
        raise ValueError(f"norm: p = {p!r} is neither a number nor 'fro' nor 'nuc'.")
    return Norm.apply(input, 2 if p in ("fro", None) else p, dim, keepdim)


def _nuclear(input, dim, keepdim):
    ndim = input.ndim
    dims = dimensions.some("norm", range(ndim) if dim is None else dim, ndim)
    if dims is None or len(dims) != 2:
        raise ShapeError(f"norm: p = 'nuc' takes matrices; give two dimensions of shape {input.shape}, not dim={dim}.")
    y = NuclearNorm.apply(np.moveaxis(input, dims, (-2, -1)))
    return y.reshape(dimensions.kept(input.shape, dims)) if keepdim else y


@attach("renorm")
def renorm(input, p, dim, maxnorm):
    """The parts of a tensor along a dimension, each scaled down so that its p-norm is at most `maxnorm`.

    Parameters
    ----------
    input : Tensor of float32 or float64
    p : number
        The exponent of the norm, above 0.
    dim : int
        The dimension whose parts are looked at.
    maxnorm : number

    Raises
    ------
    ValueError
        If `p` is not positive or `maxnorm` is negative.
    ShapeError
        If there are fewer than 2 dimensions.

    Notes
    -----
    y = x · m / (‖x‖ + 1e-7) where ‖x‖ > m, else x.

    Examples
    --------
    >>> microtorch.renorm(microtorch.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6, 0.8],
            [0.3, 0.4]])
    """
    if input.ndim < 2:
        raise ShapeError(f"renorm: takes at least 2 dimensions, not shape {input.shape}.")
    if p <= 0 or maxnorm < 0:
        raise ValueError(f"renorm: p = {p} must be positive, and maxnorm = {maxnorm} not negative.")
    dim = dimensions.one("renorm", dim, input.ndim)
    length = norm(input, p, tuple([d for d in range(input.ndim) if d != dim]), keepdim=True)
    return input * where(length > maxnorm, maxnorm / (length + 1e-7), 1.0)


attach_in_place(renorm, "renorm_")
