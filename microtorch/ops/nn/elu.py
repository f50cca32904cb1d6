"""Activations that are a line above 0 and an exponential below: ELU, SELU, CELU."""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import in_place
from ...kernels.nn import elu as kernels
from ...tensor import Tensor
from .._promotion import only_tensors
from .relu import one_pass

__all__ = ["celu", "elu", "selu"]


class Elu(ArrayFunction):
    """y = scale · x where x > 0, else scale · alpha · (e^(rate · x) − 1)
    dx = dy · scale where x > 0, else dy · scale · alpha · rate · e^(rate · x)

    Why: A unit that is on passes its gradient; one that is off passes less and less the further below 0 it is.
    Derivation: The slope of x is 1; that of α (e^(rx) − 1) is α r e^(rx).
    """

    @staticmethod
    def forward(ctx, x, alpha=1.0, scale=1.0, rate=1.0):
        ctx.save_for_backward(x)
        ctx.shape = alpha, scale, rate
        return one_pass(ctx, kernels.elu, (x,), alpha, scale, rate)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        alpha, scale, rate = ctx.shape
        bent = np.exp(np.where(x < 0, x, 0) * rate)  # never of a positive number: it might be inf, and 0 · inf NaN
        return dy * np.where(x <= 0, bent * (scale * alpha * rate), scale)

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.elu_backward, (dy, *ctx.saved_tensors), *ctx.shape)


class Selu(Elu):
    """y = scale · x where x > 0, else scale · alpha · (eˣ − 1)
    dx = dy · scale where x > 0, else dy · scale · alpha · eˣ

    Why: As in an ELU, scaled so that mean 0 and spread 1 come out of mean 0 and spread 1.
    Derivation: The slope of x is 1; that of α (eˣ − 1) is α eˣ; both times the scale.
    """


class Celu(Elu):
    """y = x where x > 0, else alpha · (e^(x / alpha) − 1)        dx = dy where x > 0, else dy · e^(x / alpha)

    Why: As in an ELU, with a slope of 1 on both sides of 0.
    Derivation: The slope of α (e^(x/α) − 1) is e^(x/α).
    """


def elu(input, alpha=1.0, inplace=False):
    """The exponential linear unit: `input` where it is positive, else a curve down to ``-alpha``.

    Parameters
    ----------
    alpha : float, default 1.0

    Notes
    -----
    y = x where x > 0, else α·(eˣ − 1); dx = dy where x > 0, else α·eˣ·dy. The input is saved.

    References
    ----------
    D.-A. Clevert, T. Unterthiner, S. Hochreiter: Fast and Accurate Deep Network Learning by ELUs, ICLR 2016.

    Examples
    --------
    >>> x = microtorch.tensor([-1.0, 2.0], requires_grad=True)
    >>> F.elu(x).sum().backward()
    >>> x.grad
    tensor([0.3679, 1.    ])
    """
    if type(input) is not Tensor:
        only_tensors("elu", input=input)
    if inplace:
        return in_place(input, "elu_", lambda t: elu(t, alpha))
    return Elu.apply(input, float(alpha), 1.0, 1.0)


def selu(input, inplace=False):
    """The self-normalising ELU: `elu` with constants that keep mean 0 and variance 1 from layer to layer.

    Notes
    -----
    y = s·x where x > 0, else s·α·(eˣ − 1), with s = 1.0507… and α = 1.6733…; dx = s·dy or s·α·eˣ·dy. The input is
    saved.

    References
    ----------
    G. Klambauer et al.: Self-Normalizing Neural Networks, NeurIPS 2017.

    Examples
    --------
    >>> F.selu(microtorch.tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])
    """
    if type(input) is not Tensor:
        only_tensors("selu", input=input)
    if inplace:
        return in_place(input, "selu_", selu)
    return Selu.apply(input, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1.0)


def celu(input, alpha=1.0, inplace=False):
    """The ELU that is smooth at 0 for every `alpha`.

    Parameters
    ----------
    alpha : float, default 1.0
        Not 0.

    Notes
    -----
    y = x where x > 0, else α·(e^(x/α) − 1); dx = dy where x > 0, else e^(x/α)·dy. The input is saved.

    References
    ----------
    J. T. Barron: Continuously Differentiable Exponential Linear Units, 2017.

    Examples
    --------
    >>> F.celu(microtorch.tensor([-1.0, 1.0]), alpha=2.0)
    tensor([-0.7869,  1.    ])
    """
    if type(input) is not Tensor:
        only_tensors("celu", input=input)
    if alpha == 0:
        raise ZeroDivisionError("celu: alpha is 0, and the input is divided by it. Choose another.")
    if inplace:
        return in_place(input, "celu_", lambda t: celu(t, alpha))
    return Celu.apply(input, float(alpha), 1.0, 1.0 / alpha)
