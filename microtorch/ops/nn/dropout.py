"""Dropout: elements, or whole channels, are zeroed at random during training.

No mask is stored. A key drawn from the generator determines it, and a hash of the key and an element's place makes it
again in the backward pass, which is therefore the same operation: its own second derivative included.

Parameters
----------
p : float, default 0.5
    Between 0 and 1.
training : bool
    Otherwise the result is a view of `input`.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import in_place
from ...errors import DTypeError, ShapeError
from ...kernels.nn import dropout as kernels
from ...random import default_generator
from ...tensor import Tensor, wrap
from .._promotion import only_tensors

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]


def masked(ctx, x, key, limit, scale):
    """`x` times the mask and `scale`."""
    if x.dtype.kind != "f":
        raise DTypeError(f"dropout: takes float32 or float64, not {x.dtype}. Convert first, with .float().")
    y = ctx.empty(x.shape, x.dtype)
    ctx.call(kernels.dropout, x.ravel(), key, limit, scale, y.ravel())
    return y


class Dropout(ArrayFunction):
    """y = x / (1 − p) where kept, else 0        dx = dy / (1 − p) where kept, else 0

    Letters: kept says which elements were kept by chance.
    Why: What was dropped had no influence and gets 0; what was kept counts a little more, as in the forward.
    Derivation: y = m · x with a mask m of 0 and 1 / (1 − p), constant once drawn.
    """

    @staticmethod
    def forward(ctx, x, p, source):
        key = np.array([source & 0xFFFFFFFF, source >> 32], np.uint32) if isinstance(source, int) else source
        if key.dtype == np.uint64:  # the words of a generator
            key = ctx.empty((2,), np.uint32)
            ctx.call(kernels.draw_key, source, key)
        ctx.p, ctx.key = p, key
        scale = 1 / (1 - p) if p < 1 else 0.0
        limit = min(int(p * 4294967296.0 + 0.5), 4294967295)
        ctx.mask = key, limit, scale
        return masked(ctx, x, *ctx.mask)

    @staticmethod
    def notation(ctx, x, p, source):
        return {"letters": {"kept": masked(ctx, np.ones(x.shape, np.float64), *ctx.mask) != 0}}

    @staticmethod
    def backward(ctx, dy):
        return Dropout.apply(dy, ctx.p, ctx.key)

    @staticmethod
    def backward_kernel(ctx, dy):
        return masked(ctx, dy, *ctx.mask)


class Unchanged(ArrayFunction):
    """y = x        dx = dy

    Why: Nothing happens to the values, so the gradient passes unchanged.
    Derivation: ∂x/∂x = 1.
    """

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


def dropout(input, p=0.5, training=True, inplace=False, *, generator=None):
    """`input` with elements zeroed at random, each with probability `p`, and the others divided by ``1 - p``.

    Raises
    ------
    ValueError
        If `p` is not between 0 and 1.

    Notes
    -----
    y = x·m/(1 − p) with m = 0 or 1; dx = dy·m/(1 − p). The mask is not stored: it is a hash of a key from the
    generator and of each element's place, computed again in backward. So its cost is one pass each way, and the same
    seed gives the same mask whatever else was drawn meanwhile by other functions.

    References
    ----------
    N. Srivastava et al.: Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15, 2014.

    Examples
    --------
    >>> x = microtorch.ones(1000, requires_grad=True)
    >>> y = F.dropout(x, 0.2, generator=microtorch.Generator().manual_seed(0))
    >>> y.sum().backward()
    >>> bool((x.grad == y).all()), sorted(set(y.tolist()))
    (True, [0.0, 1.25])
    """
    if type(input) is not Tensor:
        only_tensors("dropout", input=input)
    check_p("dropout", p)
    if not training or p == 0:
        return input if inplace else Unchanged.apply(input)
    words = (generator or default_generator).words
    if inplace:
        return in_place(input, "dropout_", lambda t: Dropout.apply(t, float(p), words))
    return Dropout.apply(input, float(p), words)


def random_mask(shape, dtype, p, generator):
    """A tensor of `shape` that is 0 with probability `p`, else 1 / (1 − p)."""
    return Dropout.apply(wrap(np.ones(shape, dtype)), float(p), (generator or default_generator).words)


def by_channel(name, input, p, training, inplace, generator):
    """`input`, of shape (N, C, ...), with whole channels zeroed at random."""
    check_p(name, p)
    if input.ndim < 2:
        raise ShapeError(f"{name}: an input of shape {input.shape} has no channels. It needs shape (N, C, ...).")
    if not training or p == 0:
        return input if inplace else Unchanged.apply(input)
    mask = random_mask(input.shape[:2] + (1,) * (input.ndim - 2), input.dtype, p, generator)
    return in_place(input, f"{name}_", lambda t: t * mask) if inplace else input * mask


def dropout1d(input, p=0.5, training=True, inplace=False, *, generator=None):
    """`input` with whole channels (sequences) zeroed at random, and the others divided by ``1 - p``.

    Parameters
    ----------
    input : Tensor of shape (N, C, L) or (C, L)

    Raises
    ------
    ShapeError
        If the input has neither 2 nor 3 dimensions.

    Notes
    -----
    y[n, c] = x[n, c]·m[n, c]/(1 − p) with m = 0 or 1; dx likewise.

    References
    ----------
    J. Tompson et al.: Efficient Object Localization Using Convolutional Networks, CVPR 2015.

    Examples
    --------
    >>> y = F.dropout1d(microtorch.ones(1, 50, 4), generator=microtorch.Generator().manual_seed(0))
    >>> sorted(set(y.sum(2).flatten().tolist()))
    [0.0, 8.0]
    """
    only_tensors("dropout1d", input=input)
    if input.ndim not in (2, 3):
        raise ShapeError(f"dropout1d: an input of shape {input.shape}. It needs shape (N, C, L) or (C, L).")
    if input.ndim == 2 and not inplace:
        return by_channel("dropout1d", input.unsqueeze(0), p, training, False, generator).squeeze(0)
    return by_channel("dropout1d", input, p, training, inplace, generator)


def dropout2d(input, p=0.5, training=True, inplace=False, *, generator=None):
    """`input` with whole channels (images) zeroed at random, and the others divided by ``1 - p``.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (N, C, L)

    Notes
    -----
    As `dropout1d`. Three dimensions are taken as (N, C, L), as in PyTorch.

    Examples
    --------
    >>> y = F.dropout2d(microtorch.ones(1, 50, 2, 2), generator=microtorch.Generator().manual_seed(0))
    >>> sorted(set(y.sum((2, 3)).flatten().tolist()))
    [0.0, 8.0]
    """
    only_tensors("dropout2d", input=input)
    return by_channel("dropout2d", input, p, training, inplace, generator)


def dropout3d(input, p=0.5, training=True, inplace=False, *, generator=None):
    """`input` with whole channels (volumes) zeroed at random, and the others divided by ``1 - p``.

    Parameters
    ----------
    input : Tensor of shape (N, C, D, H, W) or (C, D, H, W)

    Notes
    -----
    As `dropout1d`.

    Examples
    --------
    >>> y = F.dropout3d(microtorch.ones(1, 50, 1, 2, 2), generator=microtorch.Generator().manual_seed(0))
    >>> sorted(set(y.sum((2, 3, 4)).flatten().tolist()))
    [0.0, 8.0]
    """
    only_tensors("dropout3d", input=input)
    if input.ndim == 4 and not inplace:
        return by_channel("dropout3d", input.unsqueeze(0), p, training, False, generator).squeeze(0)
    return by_channel("dropout3d", input, p, training, inplace, generator)


SATURATION = 1.7580993408473766  # −selu(−inf), what a dropped element is set to before the rescaling


def alpha(name, input, shape, p, training, inplace, generator):
    """`input` with elements set to SELU's lower limit at random, one fate per entry of `shape`, then rescaled."""
    check_p(name, p)
    if not training or p == 0:
        return input if inplace else Unchanged.apply(input)
    if p == 1:
        scale, shift = wrap(np.zeros(shape, input.dtype)), 0
    else:
        kept = random_mask(shape, input.dtype, p, generator) * (1 - p)
        a = ((SATURATION**2 * p + 1) * (1 - p)) ** -0.5
        scale, shift = kept * a, (kept - (1 - p)) * (SATURATION * a)
    return in_place(input, f"{name}_", lambda t: t * scale + shift) if inplace else input * scale + shift


def alpha_dropout(input, p=0.5, training=False, inplace=False, *, generator=None):
    """`input` with elements set at random to SELU's lower limit, then rescaled to keep mean 0 and variance 1.

    Notes
    -----
    y = a·(x·m − α·(1 − m)) + a·α·p with m = 0 or 1, α = 1.7581 and a = ((α²·p + 1)(1 − p))^−½; dx = dy·a·m.

    References
    ----------
    G. Klambauer et al.: Self-Normalizing Neural Networks, NeurIPS 2017.

    Examples
    --------
    >>> x = microtorch.randn(100000, generator=microtorch.Generator().manual_seed(0))
    >>> y = F.alpha_dropout(x, 0.2, training=True, generator=microtorch.Generator().manual_seed(0))
    >>> abs(y.mean().item()) < 0.02, abs(y.var().item() - 1) < 0.02
    (True, True)
    """
    only_tensors("alpha_dropout", input=input)
    return alpha("alpha_dropout", input, input.shape, p, training, inplace, generator)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False, *, generator=None):
    """`alpha_dropout` of whole channels.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)

    Notes
    -----
    As `alpha_dropout`, with one m for each channel of each sample.

    Examples
    --------
    >>> F.feature_alpha_dropout(microtorch.ones(2, 3), training=False)
    tensor([[1., 1., 1.],
            [1., 1., 1.]])
    """
    only_tensors("feature_alpha_dropout", input=input)
    if input.ndim < 2 and training and p > 0:
        raise ShapeError(f"feature_alpha_dropout: an input of shape {input.shape} has no channels to drop.")
    shape = input.shape[:2] + (1,) * (input.ndim - 2)
    return alpha("feature_alpha_dropout", input, shape, p, training, inplace, generator)
