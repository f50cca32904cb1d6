"""The logarithm of a sum of exponentials."""

import numpy as np

from ...autograd.function import ArrayFunction
from ...kernels.reduction import sum_over
from ...tensor import attach
from .. import _dimensions as dimensions
from .._promotion import floating
from ..pointwise.arithmetic import absorb
from .variance import reduced

__all__ = ["logsumexp"]


class LogSumExp(ArrayFunction):
    """y = log Σ eˣ        dx = dy · e^(x − y)

    Why: A smooth maximum: each element gets the share that softmax gives it, the largest the most.
    Derivation: ∂ log Σ eˣ / ∂xⱼ = eˣ / Σ eˣ = e^(x − y).
    """

    @staticmethod
    def forward(ctx, x, dim, keepdim):
        dims = reduced(ctx, "logsumexp", x, dim)
        largest = np.maximum.reduce(x, dims, None, None, True, -np.inf)  # of nothing, log 0
        largest = np.where(np.isfinite(largest), largest, 0)
        y = np.asarray(np.log(sum_over(np.exp(x - largest), dims, keepdim)))
        y += largest.reshape(y.shape)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, y = ctx.saved_tensors
        return absorb(dy.reshape(ctx.kept), np.exp(x - y.reshape(ctx.kept)))


@attach("logsumexp")
@dimensions.also_axis
def logsumexp(input, dim, keepdim=False):
    """The logarithm of the sum of exponentials over some dimensions, without overflow.

    Parameters
    ----------
    input : Tensor
        Integers and bools are taken as float32.
    dim : int or tuple of int
        The dimensions to reduce over.

    Returns
    -------
    Tensor

    Notes
    -----
    y = m + log Σ exp(x − m) with m = max x, so that no exponential exceeds 1; dx = dy · exp(x − y), which is softmax.
    Input and output are saved.

    Examples
    --------
    >>> x = microtorch.tensor([1000.0, 1000.0], requires_grad=True)
    >>> y = microtorch.logsumexp(x, 0)
    >>> print(f"{y.item():.2f}")
    1000.69
    >>> y.backward()
    >>> x.grad
    tensor([0.5000, 0.5000])
    """
    return LogSumExp.apply(floating(input), dim, keepdim)
