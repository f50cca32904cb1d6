"""Smooth activations: GELU, SiLU, Mish, softplus, the logarithm of the sigmoid, and gates made of it.

Note [Far out]: beyond a bound these functions are straight lines to the last digit. Their derivatives are taken at the
bound, as the formula would come to 0 · ∞ there: a square overflows where the factor beside it is 0.
"""

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import in_place
from ..errors import ShapeError
from ..kernels import smooth as kernels
from ..tensor import Tensor
from .activation import one_pass
from .elementwise import Erf, Sigmoid, sigmoid, tanh
from .promotion import only_tensors

__all__ = ["gelu", "glu", "logsigmoid", "mish", "silu", "softplus", "softsign", "tanhshrink"]


class Gelu(Function):
    """y = x · Φ(x)        dx = dy · (Φ(x) + x · φ(x))"""

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


class GeluTanh(Function):
    """y = x · (1 + t) / 2, t = tanh(√(2/π) · (x + 0.044715 x³))        dx = dy · dy/dx, by the product rule"""

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
    input : Tensor of float32 or float64
    approximate : {"none", "tanh"}, default "none"
        Whether to use the approximation by a tanh.

    Returns
    -------
    Tensor
        Of the same shape and dtype.

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
    >>> import microtorch
    >>> from microtorch.nn import functional as F
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


class Silu(Function):
    """y = x · σ(x)        dx = dy · σ(x) · (1 + x · (1 − σ(x)))"""

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

    Parameters
    ----------
    input : Tensor of float32 or float64
    inplace : bool, default False
        Keep the result in `input`.

    Returns
    -------
    Tensor
        Of the same shape and dtype.

    Notes
    -----
    y = x·σ(x); dx = dy·σ·(1 + x·(1 − σ)). The input is saved.

    References
    ----------
    S. Elfwing, E. Uchibe, K. Doya: Sigmoid-Weighted Linear Units, Neural Networks 107, 2018.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> F.silu(x).sum().backward()
    >>> x.grad
    tensor([0.5   , 0.9277])
    """
    if type(input) is not Tensor:
        only_tensors("silu", input=input)
    return in_place(input, "silu_", silu) if inplace else Silu.apply(input)


class Mish(Function):
    """y = x · t, t = tanh(log(1 + eˣ))        dx = dy · (t + x · σ(x) · (1 − t²))"""

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

    Parameters
    ----------
    input : Tensor of float32 or float64
    inplace : bool, default False
        Keep the result in `input`.

    Returns
    -------
    Tensor
        Of the same shape and dtype.

    Notes
    -----
    y = x·t with t = tanh(log(1 + eˣ)); dx = dy·(t + x·σ(x)·(1 − t²)). The input is saved.

    References
    ----------
    D. Misra: Mish: A Self Regularized Non-Monotonic Activation Function, BMVC 2020.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> F.mish(x).sum().backward()
    >>> x.grad
    tensor([0.6  , 1.049])
    """
    if type(input) is not Tensor:
        only_tensors("mish", input=input)
    return in_place(input, "mish_", mish) if inplace else Mish.apply(input)


class Softplus(Function):
    """y = log(1 + e^(β·x)) / β, or x where β · x > threshold        dx = dy · σ(β · x), or dy"""

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
    input : Tensor of float32 or float64
    beta : float, default 1.0
        Its sharpness.
    threshold : float, default 20.0
        Where ``beta * input`` is above it, the result is `input`.

    Returns
    -------
    Tensor
        Of the same shape and dtype.

    Notes
    -----
    y = log(1 + e^(β·x))/β, computed as max(x, 0) + log(1 + e^−|β·x|)/β, which cannot overflow; dx = dy·σ(β·x). The
    input is saved.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([0.0, 30.0], requires_grad=True)
    >>> F.softplus(x).sum().backward()
    >>> x.grad
    tensor([0.5, 1. ])
    """
    if type(input) is not Tensor:
        only_tensors("softplus", input=input)
    return Softplus.apply(input, float(beta), float(threshold))


class Logsigmoid(Function):
    """y = log σ(x)        dx = dy · σ(−x)"""

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

    Parameters
    ----------
    input : Tensor of float32 or float64

    Returns
    -------
    Tensor
        Of the same shape and dtype.

    Notes
    -----
    y = log σ(x) = min(x, 0) − log(1 + e^−|x|); dx = dy·σ(−x). The input is saved.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
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
    >>> import microtorch
    >>> from microtorch.nn import functional as F
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
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> F.tanhshrink(microtorch.tensor([0.0, 1.0]))
    tensor([0.    , 0.2384])
    """
    only_tensors("tanhshrink", input=input)
    return input - tanh(input)


def glu(input, dim=-1):
    """The gated linear unit: the first half of `input` times the sigmoid of the second.

    Parameters
    ----------
    input : Tensor of float32 or float64
    dim : int, default -1
        The dimension that is halved; its length is even.

    Returns
    -------
    Tensor
        Half as long in `dim`.

    Raises
    ------
    ShapeError
        If the length is odd, or there are no dimensions.

    Notes
    -----
    With input = (a, b): y = a·σ(b); da = dy·σ(b), db = dy·a·σ(b)·(1 − σ(b)).

    References
    ----------
    Y. Dauphin et al.: Language Modeling with Gated Convolutional Networks, ICML 2017.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> F.glu(microtorch.tensor([3.0, 0.0]))
    tensor([1.5])
    """
    only_tensors("glu", input=input)
    if input.ndim == 0:
        raise ShapeError("glu: a 0-d tensor has no dimension to halve.")
    if not -input.ndim <= dim < input.ndim:
        raise IndexError(f"glu: dim {dim} is outside of an input of shape {input.shape}.")
    length = input.shape[dim]
    if length % 2:
        raise ShapeError(f"glu: dimension {dim} of an input of shape {input.shape} has odd length {length}.")
    before = (slice(None),) * (dim % input.ndim)
    return input[(*before, slice(length // 2))] * sigmoid(input[(*before, slice(length // 2, None))])
