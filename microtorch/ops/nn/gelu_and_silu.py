"""Smooth activations: GELU, SiLU, Mish, softplus, the logarithm of the sigmoid, and gates made of it.

Note [Far out]: beyond a bound these functions are straight lines to the last digit. Their derivatives are taken at the
bound, as the formula would come to 0 · ∞ there: a square overflows where the factor beside it is 0.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import in_place
from ...kernels.nn import gelu_and_silu as kernels
from ...tensor import Tensor
from .._promotion import only_tensors
from ..pointwise.special import Erf
from .relu import one_pass
from .sigmoid import Sigmoid
from .softplus import Softplus

__all__ = ["gelu", "mish", "silu"]


class Gelu(ArrayFunction):
    """y = x · Φ(x)        dx = dy · (Φ(x) + x · φ(x))

    Letters: Φ and φ are the distribution and the density of the standard normal distribution.
    Why: x times the chance that a normal number is smaller: it behaves like x far above 0 and like 0 far below.
    Derivation: The product rule: x′ · Φ + x · Φ′, and Φ′ = φ.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.gelu, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        x = np.clip(x, -40.0, 40.0)  # Note [Far out]
        below = 0.5 + 0.5 * Erf.apply(x * 0.7071067811865476)
        return dy * (below + x * np.exp(x * x * -0.5) * 0.3989422804014327)

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.gelu_backward, (dy, *ctx.saved_tensors))


class GeluTanh(ArrayFunction):
    """y = x · (1 + t) / 2, t = tanh(√(2 / π) · (x + 0.044715 · x³))
    dx = dy · (1 + t + x · (1 − t²) · v) / 2, v = √(2 / π) · (1 + 0.134145 · x²)

    Why: x times nearly the chance that a normal number is smaller, with tanh in place of the exact distribution.
    Derivation: The product rule with t′ = (1 − t²) · v, where v is the slope inside of tanh.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.gelu_tanh, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        x, c = np.clip(x, -40.0, 40.0), 0.7978845608028654  # Note [Far out]; sqrt(2 / π)
        t = np.tanh((x + x * x * x * 0.044715) * c)
        dt = (1 - t * t) * (x * x * (3 * 0.044715) + 1) * c
        return dy * (1 + t + x * dt) * 0.5

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.gelu_tanh_backward, (dy, *ctx.saved_tensors))


def gelu(input, approximate="none"):
    """The Gaussian error linear unit: `input` times the share of a standard normal below it.

    Parameters
    ----------
    approximate : {"none", "tanh"}, default "none"
        Whether to use the approximation by a tanh.

    Raises
    ------
    ValueError
        For any other `approximate`.

    Notes
    -----
    y = x·Φ(x) with Φ(x) = (1 + erf(x/√2))/2; dx = dy·(Φ(x) + x·φ(x)). With "tanh", Φ is replaced by
    (1 + tanh(√(2/π)·(x + 0.044715·x³)))/2. The input is saved.

    References
    ----------
    D. Hendrycks, K. Gimpel: Gaussian Error Linear Units, 2016.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> F.gelu(x).sum().backward()
    >>> x.grad
    tensor([0.5   , 1.0833])
    """
    if type(input) is not Tensor:
        only_tensors("gelu", input=input)
    if approximate == "none":
        return Gelu.apply(input)
    if approximate == "tanh":
        return GeluTanh.apply(input)
    raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}.")


class Silu(ArrayFunction):
    """y = x · σ(x)        dx = dy · σ(x) · (1 + x · (1 − σ(x)))

    Why: x times a gate that opens with x; both the way through and the gate pass a gradient.
    Derivation: The product rule: σ + x · σ · (1 − σ).
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.silu, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        x = np.clip(x, -1000.0, 1000.0)  # Note [Far out]
        s = Sigmoid.apply(x)
        return dy * s * (1 + x * (1 - s))

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.silu_backward, (dy, *ctx.saved_tensors))


def silu(input, inplace=False):
    """The sigmoid linear unit, also called swish: `input` times its sigmoid.

    Notes
    -----
    y = x·σ(x); dx = dy·σ·(1 + x·(1 − σ)). The input is saved.

    References
    ----------
    S. Elfwing, E. Uchibe, K. Doya: Sigmoid-Weighted Linear Units, Neural Networks 107, 2018.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> F.silu(x).sum().backward()
    >>> x.grad
    tensor([0.5   , 0.9277])
    """
    if type(input) is not Tensor:
        only_tensors("silu", input=input)
    return in_place(input, "silu_", silu) if inplace else Silu.apply(input)


class Mish(ArrayFunction):
    """y = x · t, t = tanh(log(1 + eˣ))        dx = dy · (t + x · σ(x) · (1 − t²))

    Why: x times a gate that opens with x; both the way through and the gate pass a gradient.
    Derivation: The product rule, with t′ = (1 − t²) · σ(x), since log(1 + eˣ) has the slope σ(x).
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.mish, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        x = np.clip(x, -1000.0, 40.0)  # Note [Far out]
        t = np.tanh(Softplus.apply(x, 1.0, 40.0))
        return dy * (t + x * Sigmoid.apply(x) * (1 - t * t))

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.mish_backward, (dy, *ctx.saved_tensors))


def mish(input, inplace=False):
    """`input` times the tanh of its softplus.

    Notes
    -----
    y = x·t with t = tanh(log(1 + eˣ)); dx = dy·(t + x·σ(x)·(1 − t²)). The input is saved.

    References
    ----------
    D. Misra: Mish: A Self Regularized Non-Monotonic Activation Function, BMVC 2020.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> F.mish(x).sum().backward()
    >>> x.grad
    tensor([0.6  , 1.049])
    """
    if type(input) is not Tensor:
        only_tensors("mish", input=input)
    return in_place(input, "mish_", mish) if inplace else Mish.apply(input)
