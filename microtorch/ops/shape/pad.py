"""Padding: an array made longer, or shorter, at its ends."""

import numpy as np

from ...autograd.function import ArrayFunction
from ...dtypes import as_number, cannot_hold
from ...errors import ShapeError
from .._promotion import only_tensors

__all__ = ["pad"]


class Pad(ArrayFunction):
    """y = x with constants around it        dx = dy without the border

    Why: The border is constant and its gradient is dropped; the inside passes unchanged.
    Derivation: y = x with slope 1 inside, a constant with slope 0 outside. What was cut off has no influence.
    """

    @staticmethod
    def forward(ctx, x, amounts, value):
        ctx.amounts = amounts
        shape = tuple(n + before + after for n, (before, after) in zip(x.shape, amounts, strict=True))
        y = np.full(shape, value, x.dtype)
        inside = tuple(slice(max(b, 0), n - max(a, 0)) for n, (b, a) in zip(shape, amounts, strict=True))
        kept = tuple(slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(x.shape, amounts, strict=True))
        y[inside] = x[kept]
        return y

    @staticmethod
    def backward(ctx, dy):
        return Pad.apply(dy, tuple((-before, -after) for before, after in ctx.amounts), 0)


def reflected(n, before, after):
    """The places 0 … n − 1, continued beyond both ends by mirroring at the first and the last."""
    i = np.abs(np.arange(-before, n + after))
    return np.where(i >= n, 2 * (n - 1) - i, i)


def replicated(n, before, after):
    """The places 0 … n − 1, continued by repeating the first and the last."""
    return np.clip(np.arange(-before, n + after), 0, n - 1)


def repeated(n, before, after):
    """The places 0 … n − 1, continued from the other end."""
    return np.arange(-before, n + after) % n


# mode: (places, the most that an end of length n can be padded)
MODES = {"reflect": (reflected, lambda n: n - 1), "replicate": (replicated, None), "circular": (repeated, lambda n: n)}


def pad(input, pad, mode="constant", value=None):
    """`input` with elements added (or, for negative numbers, taken away) at the ends of its last dimensions.

    Parameters
    ----------
    pad : sequence of int
        How many before and after, for the last dimension, then the last but one, and so on.
    mode : {"constant", "reflect", "replicate", "circular"}, default "constant"
        What is added: `value`; the elements mirrored at the end; the last element; those from the other end.
    value : float, default 0
        For "constant" only.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If `pad` has an odd length, is for more dimensions than there are, or is larger than the mode can fill.
    ValueError
        For an unknown mode, or a value that the mode has no use for.

    Notes
    -----
    y[i + before] = x[i]; dx[i] = dy[i + before], plus the gradients of the copies of x[i].

    Examples
    --------
    >>> x = microtorch.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    >>> F.pad(x, (1, 0), value=9.0).detach()
    tensor([[9., 1., 2., 3.]])
    >>> F.pad(x, (1, 0), mode="reflect").sum().backward()
    >>> x.grad
    tensor([[1., 2., 1.]])
    """
    only_tensors("pad", input=input)
    pad = tuple(int(n) for n in pad)
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise ShapeError(
            f"pad: {len(pad)} numbers {pad} for an input of shape {input.shape}. It takes two for each dimension, "
            "starting with the last."
        )
    amounts = [(0, 0)] * (input.ndim - len(pad) // 2)
    amounts += [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    for n, (before, after) in zip(input.shape, amounts, strict=True):
        if n + before + after < 0:
            raise ShapeError(f"pad: {pad} takes more than there is of an input of shape {input.shape}.")
    if mode == "constant":
        filling = as_number("pad", 0 if value is None else value, input.dtype)
        if input.dtype.kind == "u" and value is not None and value < 0:
            raise cannot_hold("pad", value, input.dtype)
        return Pad.apply(input, tuple(amounts), filling)
    if mode not in MODES:
        raise ValueError(f"pad: mode is {mode!r}. Choose 'constant', 'reflect', 'replicate' or 'circular'.")
    if value:
        raise ValueError(f"pad: mode {mode!r} has no use for value {value}.")
    places, limit = MODES[mode]
    copied = False
    if mode == "circular":  # what is added at one end comes from what is left at the other
        input = input[tuple(slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(input.shape, amounts, strict=True))]
        amounts = [(max(before, 0), max(after, 0)) for before, after in amounts]
    for dim, (before, after) in enumerate(amounts):
        n = input.shape[dim]
        if (before, after) == (0, 0):
            continue
        if n == 0 or (limit is not None and max(before, after) > limit(n)):
            raise ShapeError(
                f"pad: {(before, after)} at dimension {dim} of an input of shape {input.shape} is more than mode "
                f"{mode!r} can fill from {n} elements."
            )
        input = input[(slice(None),) * dim + (places(n, before, after),)]
        copied = True
    return input if copied else input.clone()
