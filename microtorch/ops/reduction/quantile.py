"""Quantiles: values below which a share of the elements lies.

Parameters
----------
input : Tensor of float32 or float64
q : float or Tensor, shape (m,) or ()
    From 0 to 1, of the dtype of `input`.
dim : int, optional
    The dimension to reduce over; default all.
interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}, default "linear"
    What lies between two elements.
"""

import numpy as np

from ...autograd.inplace.views import as_own
from ...autograd.mode import state
from ...autograd.observe import tell
from ...errors import DTypeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .. import _dimensions as dimensions
from .._promotion import only_tensors
from ..comparison.sort import sort
from ..indexing.gather_and_scatter import gather
from ..pointwise.arithmetic import lerp

__all__ = ["nanquantile", "quantile"]


INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@attach("quantile")
def quantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """The values below which the shares `q` of the elements lie, of all or along a dimension.

    Returns
    -------
    Tensor
        With m in front where `q` has a dimension. NaN where one of the elements is NaN.

    Raises
    ------
    DTypeError
        For integers and bools, and if `q` has another dtype.
    ValueError
        If a `q` is not between 0 and 1, or `interpolation` is another word.
    IndexError
        If there is no such dimension, or there are no elements.

    Notes
    -----
    With the elements x₀ … xₙ₋₁ in order and r = q·(n − 1): y = x at ⌊r⌋ + (r − ⌊r⌋)·(x at ⌈r⌉ − x at ⌊r⌋). The gradient
    goes to the two elements.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0, 2.0, 5.0], requires_grad=True)
    >>> y = microtorch.quantile(x, 0.5)
    >>> y.item()
    1.5
    >>> y.backward()
    >>> x.grad
    tensor([0. , 0.5, 0.5, 0. ])
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, False)


@attach("nanquantile")
def nanquantile(input, q, dim=None, keepdim=False, *, interpolation="linear"):
    """As `quantile`, of the elements that are not NaN.

    Returns
    -------
    Tensor
        With m in front where `q` has a dimension. NaN where there are no numbers.

    Raises
    ------
    DTypeError, ValueError, IndexError
        As `quantile`.

    Examples
    --------
    >>> microtorch.nanquantile(microtorch.tensor([0.0, float("nan"), 2.0]), 0.5)
    tensor(1.)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, True)


def _checked(operation, input, q, dim, interpolation):
    only_tensors(operation, input=input)
    if input._array.dtype.kind != "f":
        raise DTypeError(f"{operation}: takes float32 or float64, not {input.dtype}. Convert with .float().")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"{operation}: interpolation={interpolation!r} is none of {', '.join(INTERPOLATIONS)}.")
    if not isinstance(q, Tensor):
        q = as_tensor(q, input.dtype)
    elif state.observers:
        tell("left", f"{operation} reads the shares `q` into Python", "Give them as numbers.")
    if q.dtype != input.dtype:
        raise DTypeError(f"{operation}: q is {q.dtype}, input {input.dtype}. Convert one of them with .to(dtype).")
    if q.ndim > 1:
        raise ValueError(f"{operation}: q has shape {q.shape}. It is one share or a vector of them.")
    if not np.all((q._array >= 0) & (q._array <= 1)):
        raise ValueError(f"{operation}: q = {q.tolist()} is not between 0 and 1.")
    if not input.numel() and (dim is None or not input.shape[dimensions.one(operation, dim, input.ndim)]):
        raise IndexError(f"{operation}: shape {input.shape} has no elements to choose from (dim={dim}).")
    return q


def _quantile(operation, input, q, dim, keepdim, interpolation, ignore_nan):
    q = _checked(operation, input, q, dim, interpolation)
    ndim = input.ndim
    if dim is None:
        lines, at = input.reshape(-1), 0
    else:
        at = dimensions.one(operation, dim, ndim)
        lines = np.moveaxis(input, at, -1) if ndim else input.reshape(1)
    lines = sort(lines, -1).values
    numbers = lines._array == lines._array
    n = numbers.sum(axis=-1, keepdims=True)
    last = np.where(n == lines.shape[-1], n - 1, np.maximum(n - 1, 0) if ignore_nan else lines.shape[-1] - 1)
    ranks = q.reshape(-1) * as_tensor(last, q.dtype)
    if not ignore_nan:  # a NaN, which is last in the order, is every quantile of its line
        ranks = np.where(n == lines.shape[-1], ranks, as_tensor(last, q.dtype))
    if interpolation in ("lower", "higher", "nearest"):
        ranks = {"lower": np.floor, "higher": np.ceil, "nearest": np.round}[interpolation](ranks)
    below, above = (as_tensor(f(ranks._array).astype(np.int64)) for f in (np.floor, np.ceil))
    y = gather(lines, -1, below)
    if interpolation in ("linear", "midpoint"):
        weight = (
            ranks - below if interpolation == "linear" else as_tensor(np.where(above._array > below._array, 0.5, 0))
        )
        y = lerp(y, gather(lines, -1, above), weight.to(input.dtype))
    y = np.moveaxis(y, -1, 0)
    if keepdim:
        kept = (1,) * ndim if dim is None else tuple([1 if d == at else m for d, m in enumerate(input.shape)])
        y = y.reshape(y.shape[0], *kept)
    return as_own(y if q.ndim else y[0])
