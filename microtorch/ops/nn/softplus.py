"""Softplus, the logarithm of the sigmoid, and the activations with slowly falling tails."""

import numpy as np

from ...autograd.function import ArrayFunction
from ...kernels.nn import softplus as kernels
from ...tensor import Tensor
from .._promotion import only_tensors
from ..pointwise.hyperbolic import tanh
from .relu import one_pass
from .sigmoid import Sigmoid

__all__ = ["logsigmoid", "softplus", "softsign", "tanhshrink"]


class Softplus(ArrayFunction):
    """y = x where beta · x > threshold, else log(1 + e^(beta · x)) / beta
    dx = dy where beta · x > threshold, else dy · σ(beta · x)

    Why: A ReLU with a round corner: its slope goes smoothly from 0 to 1, as a sigmoid does.
    Derivation: d log(1 + e^(βx)) / dx = β e^(βx) / (1 + e^(βx)) = β · σ(βx); divided by β.
    """

    @staticmethod
    def forward(ctx, x, beta, threshold):
        ctx.save_for_backward(x)
        ctx.beta, ctx.threshold = beta, threshold
        return one_pass(ctx, kernels.softplus, (x,), beta, threshold)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return np.where(x * ctx.beta > ctx.threshold, dy, dy * Sigmoid.apply(x * ctx.beta))

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.softplus_backward, (dy, *ctx.saved_tensors), ctx.beta, ctx.threshold)


def softplus(input, beta=1.0, threshold=20.0):
    """A smooth `relu`: the logarithm of 1 plus the exponential.

    Parameters
    ----------
    beta : float, default 1.0
        Its sharpness.
    threshold : float, default 20.0
        Where ``beta * input`` is above it, the result is `input`.

    Notes
    -----
    y = log(1 + e^(β·x))/β, computed as max(x, 0) + log(1 + e^−|β·x|)/β, which cannot overflow; dx = dy·σ(β·x). The
    input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 30.0], requires_grad=True)
    >>> F.softplus(x).sum().backward()
    >>> x.grad
    tensor([0.5, 1. ])
    """
    if type(input) is not Tensor:
        only_tensors("softplus", input=input)
    return Softplus.apply(input, float(beta), float(threshold))


class Logsigmoid(ArrayFunction):
    """y = log(σ(x))        dx = dy · σ(−x)

    Why: The surer the sigmoid is of 1, the less is left to gain.
    Derivation: d log σ / dx = σ · (1 − σ) / σ = 1 − σ(x) = σ(−x).
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.logsigmoid, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * Sigmoid.apply(-x)

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.logsigmoid_backward, (dy, *ctx.saved_tensors))


def logsigmoid(input):
    """The logarithm of the sigmoid, precise also where the sigmoid rounds to 0.

    Notes
    -----
    y = log σ(x) = min(x, 0) − log(1 + e^−|x|); dx = dy·σ(−x). The input is saved.

    Examples
    --------
    >>> F.logsigmoid(microtorch.tensor([0.0, -200.0]))
    tensor([  -0.6931, -200.    ])
    """
    if type(input) is not Tensor:
        only_tensors("logsigmoid", input=input)
    return Logsigmoid.apply(input)


def softsign(input):
    """`input` divided by 1 plus its size: between −1 and 1.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor
        Of the same shape.

    Notes
    -----
    y = x/(1 + |x|); dx = dy/(1 + |x|)².

    Examples
    --------
    >>> F.softsign(microtorch.tensor([-1.0, 0.0, 3.0]))
    tensor([-0.5 ,  0.  ,  0.75])
    """
    only_tensors("softsign", input=input)
    return input / (abs(input) + 1)


def tanhshrink(input):
    """`input` minus its tanh.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor
        Of the same shape.

    Notes
    -----
    y = x − tanh x; dx = dy·tanh² x.

    Examples
    --------
    >>> F.tanhshrink(microtorch.tensor([0.0, 1.0]))
    tensor([0.    , 0.2384])
    """
    only_tensors("tanhshrink", input=input)
    return input - tanh(input)
