"""Softmax, its logarithm and its mirror image, along one dimension.

Parameters
----------
dtype : numpy.dtype, optional
    Convert `input` first.
dim : int
    The dimension along which the result sums to 1.
axis : int, optional
    numpy's name for `dim`.

Returns
-------
Tensor
    Of the shape of `input`.
"""

import warnings

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import DTypeError
from ...kernels.nn import softmax as kernels
from ...tensor import Tensor, attach
from .._promotion import only_tensors
from ..creation.like import empty_like, zeros_like

__all__ = ["gumbel_softmax", "log_softmax", "softmax", "softmin"]


def by_rows(ctx, kernel, arrays, dim):
    """An array that `kernel` fills from arrays of one shape, given to it as rows along `dim`."""
    shape, dtype = arrays[0].shape, arrays[0].dtype
    if dtype.kind != "f":
        name = kernel.__name__
        raise DTypeError(f"{name}: takes float32 or float64, not {dtype}. Convert first, or give dtype=.")
    y = ctx.empty(shape, dtype)
    if y.size == 0:
        return y
    length, outer = shape[dim] if shape else 1, y
    if shape and dim not in (-1, len(shape) - 1):
        arrays = [a.swapaxes(dim, -1) for a in arrays]
        outer = np.empty(arrays[0].shape, dtype)
    kernel(
        *[a.reshape(-1, length) if a.flags.c_contiguous else a.copy().reshape(-1, length) for a in arrays],
        outer.reshape(-1, length),
    )
    if outer is not y:
        y[...] = outer.swapaxes(dim, -1)
    return y


def dimension(name, input, dim):
    """The dimension that is meant, checked; without one, PyTorch's old rule with PyTorch's warning."""
    if type(input) is not Tensor:
        only_tensors(name, input=input)
    if dim is None:
        dim = 0 if input.ndim in (0, 1, 3) else 1
        message = f"{name}: no dim was given; dim={dim} is only a guess from {input.ndim} dimensions. Give dim=."
        warnings.warn(message, UserWarning, stacklevel=3)
    ndim = max(input.ndim, 1)
    if not -ndim <= dim < ndim:
        raise IndexError(f"{name}: dim {dim} is outside of -{ndim} to {ndim - 1} for an input of shape {input.shape}.")
    return dim


class Softmax(ArrayFunction):
    """y = eˣ / Σ eˣ        dx = y · (dy − Σ dy · y)

    Why: The shares sum to 1, so raising one lowers the others: only what differs from the average gradient counts.
    Derivation: ∂yᵢ/∂xⱼ = yᵢ · ((1 if i = j, else 0) − yⱼ), so dxⱼ = Σᵢ dyᵢ ∂yᵢ/∂xⱼ = yⱼ · (dyⱼ − Σ dy · y).
    """

    @staticmethod
    def forward(ctx, x, dim):
        y = by_rows(ctx, kernels.softmax, (x,), dim)
        ctx.save_for_backward(y)
        ctx.dim = dim
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return y * (dy - (dy * y).sum(axis=ctx.dim, keepdims=True))

    @staticmethod
    def backward_kernel(ctx, dy):
        return by_rows(ctx, kernels.softmax_backward, (dy, *ctx.saved_tensors), ctx.dim)


@attach("softmax")
def softmax(input, dim=None, dtype=None, *, axis=None):
    """Positive numbers that sum to 1 along a dimension, in the proportions of the exponentials of `input`.

    Notes
    -----
    y = e^(x − max x) / Σ e^(x − max x); dx = y · (dy − Σ dy · y). Subtracting the maximum changes nothing but keeps
    the exponentials from overflowing. The output is saved. A row of only −inf gives NaN, as 0/0 does.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 0.0], requires_grad=True)
    >>> y = microtorch.softmax(x, dim=0)
    >>> y[0].backward()
    >>> y.detach(), x.grad
    (tensor([0.5, 0.5]), tensor([ 0.25, -0.25]))
    """
    dim = dimension("softmax", input, dim if axis is None else axis)
    return Softmax.apply(input if dtype is None else input.to(dtype), dim)


class LogSoftmax(ArrayFunction):
    """y = x − log Σ eˣ        dx = dy − eʸ · Σ dy

    Why: Each score moves its own logarithm by 1 and all of them down by its share.
    Derivation: ∂yᵢ/∂xⱼ = (1 if i = j, else 0) − softmaxⱼ, and softmax = eʸ.
    """

    @staticmethod
    def forward(ctx, x, dim):
        y = by_rows(ctx, kernels.log_softmax, (x,), dim)
        ctx.save_for_backward(y)
        ctx.dim = dim
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return dy - np.exp(y) * dy.sum(axis=ctx.dim, keepdims=True)

    @staticmethod
    def backward_kernel(ctx, dy):
        return by_rows(ctx, kernels.log_softmax_backward, (dy, *ctx.saved_tensors), ctx.dim)


@attach("log_softmax")
def log_softmax(input, dim=None, dtype=None, *, axis=None):
    """The logarithm of `softmax`, precise also where the softmax itself would round to 0 or 1.

    Parameters
    ----------
    dim : int
        The dimension along which the exponentials of the result sum to 1.

    Notes
    -----
    y = x − m − log Σ e^(x − m) with m = max x; dx = dy − eʸ · Σ dy. The output is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 0.0], requires_grad=True)
    >>> microtorch.log_softmax(x, dim=0)[0].backward()
    >>> x.grad
    tensor([ 0.5, -0.5])
    """
    dim = dimension("log_softmax", input, dim if axis is None else axis)
    return LogSoftmax.apply(input if dtype is None else input.to(dtype), dim)


def softmin(input, dim=None, dtype=None):
    """The softmax of the negative: the smallest entry gets the largest share.

    Notes
    -----
    y = e^−x / Σ e^−x; see `softmax`.

    Examples
    --------
    >>> F.softmin(microtorch.tensor([0.0, 0.0]), dim=0)
    tensor([0.5, 0.5])
    """
    dim = dimension("softmin", input, dim)
    negative = -input
    return Softmax.apply(negative if dtype is None else negative.to(dtype), dim)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """Samples of classes that have a gradient: the softmax of logits with noise.

    Parameters
    ----------
    logits : Tensor of float32 or float64
        Unnormalised log probabilities.
    tau : float, default 1
        The temperature: the lower, the closer to one class.
    hard : bool, default False
        Give 1 for the class drawn and 0 for the others, with the gradient of the soft sample.
    eps : float
        Has no effect, as in PyTorch.
    dim : int, default -1
        The dimension of the classes.

    Returns
    -------
    Tensor
        Of the same shape; sums to 1 along `dim`.

    Notes
    -----
    y = softmax((x + g) / τ), with g = −log e drawn from Gumbel's distribution, e from the exponential one.

    References
    ----------
    E. Jang, S. Gu, B. Poole: Categorical Reparameterization with Gumbel-Softmax, ICLR 2017.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> F.gumbel_softmax(microtorch.zeros(1, 3), hard=True).sum().item()
    1.0
    """
    only_tensors("gumbel_softmax", logits=logits)
    dim = dimension("gumbel_softmax", logits, dim)
    noise = -empty_like(logits).exponential_().log()
    soft = Softmax.apply((logits + noise) / tau, dim)
    if not hard:
        return soft
    chosen = zeros_like(logits).scatter(dim, soft.detach().argmax(dim, keepdim=True), 1.0)
    return chosen - soft.detach() + soft
