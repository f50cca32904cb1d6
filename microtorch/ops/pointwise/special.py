"""The error function, by element."""

from math import pi, sqrt

import numpy as np

from ...autograd.function import Function
from ...kernels import pointwise as kernels
from ...tensor import attach
from .._promotion import floating
from ..nn.relu import one_pass
from .arithmetic import absorb

__all__ = ["erf"]


FEW = 500  # elements below which numpy is faster than a call of a kernel
SLOPE = 2 / sqrt(pi)  # of erf at 0


class Erf(Function):
    """y = erf(x)        dx = dy · 2 / √π · e^(−x²)

    Why: The slope of this curve is a bell: steep around 0, flat far out.
    Derivation: erf x = 2/√π · ∫ e^(−t²) dt from 0 to x, so its derivative is the integrand at x.
    """

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return one_pass(ctx, kernels.erf, (x,))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return absorb(dy, SLOPE * np.exp(-x * x))


@attach("erf")
def erf(input):
    """The error function of each element.

    Parameters
    ----------
    input : Tensor
        Integers and bools are taken as floats of the default dtype.

    Returns
    -------
    Tensor
        Of the same shape, floating, from -1 to 1.

    Notes
    -----
    y = 2/√π · ∫₀ˣ e^(−t²) dt; dx = dy · 2/√π · e^(−x²). The input is saved.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> y = microtorch.erf(x)
    >>> y
    tensor([0.    , 0.8427], grad_fn=<Erf>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1.1284, 0.4151])
    """
    return Erf.apply(floating(input))
