"""Dropout: elements, or whole channels, are zeroed at random during training.

No mask is stored. A key drawn from the generator determines it, and a hash of the key and an element's place makes it
again in the backward pass, which is therefore the same operation: its own second derivative included.
"""

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import in_place
from ..errors import ShapeError
from ..kernels import dropout as kernels
from ..random import default_generator
from ..tensor import attach
from .activation import one_pass

__all__ = ["dropout"]


class Dropout(Function):
    """y = x / (1 − p) where kept, else 0        dx = dy / (1 − p) where kept, else 0"""

    @staticmethod
    def forward(ctx, x, p, key):
        ctx.p, ctx.key = p, key
        scale = 1 / (1 - p) if p < 1 else 0.0
        limit = min(round(p * 2**32), 2**32 - 1)
        return one_pass(kernels.dropout, (x,), key & 0xFFFFFFFF, key >> 32, limit, scale)

    @staticmethod
    def backward(ctx, dy):
        return Dropout.apply(dy, ctx.p, ctx.key)


class Unchanged(Function):
    """y = x        dx = dy"""

    is_view = True

    @staticmethod
    def forward(ctx, x):
        return x.view()

    @staticmethod
    def backward(ctx, dy):
        return dy


def check_p(name, p):
    """Complain if `p` is not a probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: p is {p}. It is the probability of zeroing an element, between 0 and 1.")


@attach("dropout")
def dropout(input, p=0.5, training=True, inplace=False, *, generator=None):
    """`input` with elements zeroed at random, each with probability `p`, and the others divided by ``1 - p``.

    Parameters
    ----------
    input : Tensor of float32 or float64
    p : float, default 0.5
        Between 0 and 1.
    training : bool, default True
        Otherwise the result is a view of `input`.
    inplace : bool, default False
        Keep the result in `input`.
    generator : Generator, optional
        Where the randomness comes from; default the global one.

    Returns
    -------
    Tensor
        Of the same shape and dtype.

    Raises
    ------
    ValueError
        If `p` is not between 0 and 1.

    Notes
    -----
    y = x·m/(1 − p) with m = 0 or 1; dx = dy·m/(1 − p). The mask is not stored: it is a hash of a key from the
    generator and of each element's place, computed again in backward. So its cost is one pass each way, and the same
    seed gives the same mask whatever else was drawn meanwhile from `rand` and its kin.

    References
    ----------
    N. Srivastava et al.: Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15, 2014.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.ones(1000, requires_grad=True)
    >>> y = F.dropout(x, 0.2, generator=microtorch.Generator().manual_seed(0))
    >>> y.sum().backward()
    >>> bool((x.grad == y).all()), sorted(set(y.tolist()))
    (True, [0.0, 1.25])
    """
    check_p("dropout", p)
    if not training or p == 0:
        return input if inplace else Unchanged.apply(input)
    key = (generator or default_generator).next_key()
    if inplace:
        return in_place(input, "dropout_", lambda t: Dropout.apply(t, float(p), key))
    return Dropout.apply(input, float(p), key)
