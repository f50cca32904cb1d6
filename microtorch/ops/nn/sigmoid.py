"""The logistic function, its inverse, and the gate made of it.

Parameters
----------
input : Tensor
    Integers and bools are taken as floats of the default dtype.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...errors import ShapeError
from ...kernels import pointwise as kernels
from ...tensor import Tensor, attach
from .._promotion import floating, only_tensors
from ..pointwise.arithmetic import absorb
from ..pointwise.clamp_and_maximum import clamp
from ..pointwise.hyperbolic import tanh
from ..pointwise.special import erf
from .relu import one_pass

__all__ = ["glu", "logit", "sigmoid"]


class Sigmoid(ArrayFunction):
    """y = 1 / (1 + e⁻ˣ)        dx = dy · y · (1 − y)

    Why: The slope is at most 1/4, at y = 1/2, and falls to 0 where y comes near 0 or 1: a sure unit hardly passes a
    gradient.
    Derivation: y = (1 + e⁻ˣ)⁻¹, so y′ = e⁻ˣ / (1 + e⁻ˣ)² = y · (1 − y), since 1 − y = e⁻ˣ / (1 + e⁻ˣ).
    """

    @staticmethod
    def forward(ctx, x):
        y = one_pass(ctx, kernels.sigmoid, (x,))
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return absorb(dy, y * (1 - y))

    @staticmethod
    def backward_kernel(ctx, dy):
        (y,) = ctx.saved_tensors
        return one_pass(ctx, kernels.sigmoid_backward, (dy, y))


@attach("sigmoid")
def sigmoid(input):
    """The logistic function of each element.

    Returns
    -------
    Tensor
        Of the same shape, floating, from 0 to 1.

    Notes
    -----
    y = 1 / (1 + e⁻ˣ); dx = dy · y · (1 − y). The output is saved.

    Examples
    --------
    >>> x = microtorch.tensor([-1.0, 0.0, 100.0], requires_grad=True)
    >>> y = microtorch.sigmoid(x)
    >>> y
    tensor([0.2689, 0.5   , 1.    ], grad_fn=<Sigmoid>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.1966, 0.25  , 0.    ])
    """
    if type(input) is not Tensor:
        only_tensors("sigmoid", input=input)
    return Sigmoid.apply(floating(input))


for _function in (sigmoid, tanh, erf):
    attach_in_place(_function, _function.__name__ + "_")


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


class Logit(ArrayFunction):
    """y = ln(x / (1 − x))        dx = dy / (x · (1 − x))

    Why: The inverse of a sigmoid: steep where that is flat. Outside of 0 to 1 it is NaN.
    Derivation: y = ln x − ln(1 − x), with the derivative 1/x + 1/(1 − x) = 1 / (x (1 − x)).
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return np.log(x / (1 - x))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        outside = np.less(x, 0) | np.greater(x, 1)
        return absorb(dy, np.where(outside, np.nan, 1 / (x * (1 - x))))


@attach("logit")
def logit(input, eps=None):
    """The inverse of the `sigmoid`, of each element: the logarithm of the odds of a probability.

    Parameters
    ----------
    eps : float, optional
        Elements are first limited to the range from `eps` to 1 − `eps`; there dx is 0.

    Returns
    -------
    Tensor
        Of the same shape, floating; -inf at 0, inf at 1, NaN outside.

    Notes
    -----
    y = ln(x / (1 − x)); dx = dy / (x · (1 − x)). The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.5, 0.8], requires_grad=True)
    >>> y = microtorch.logit(x)
    >>> y
    tensor([0.    , 1.3863], grad_fn=<Logit>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([4.  , 6.25])
    """
    input = floating(input)
    return Logit.apply(input if eps is None else clamp(input, eps, 1 - eps))


attach_in_place(logit, "logit_")
