"""How often values occur: counts of whole numbers, and of numbers in intervals."""

from collections import namedtuple

import numpy as np

from ...autograd.function import outside_graph
from ...errors import DTypeError, ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach, wrap
from ..indexing.index import refuse_counting

__all__ = ["bincount", "histc", "histogram"]


HistogramResult = namedtuple("histogram", "hist bin_edges")


@attach("bincount", numpy=np.bincount)
def bincount(input, weights=None, minlength=0):
    """How often each of the numbers 0, 1, 2, … occurs; with weights, their sums.

    Parameters
    ----------
    input : Tensor of integers, shape (n,)
        None negative.
    weights : Tensor, shape (n,), optional
        What each occurrence counts.
    minlength : int, default 0
        The result is at least as long.

    Returns
    -------
    Tensor, shape (max(largest number + 1, minlength),)
        int64; with weights float64, or float32 for weights of float32. Not differentiable.

    Raises
    ------
    DTypeError
        If `input` is floating or bool.
    ShapeError
        If the shapes are not those of two vectors of one length.
    ValueError
        If a number or `minlength` is negative.

    Examples
    --------
    >>> microtorch.bincount(microtorch.tensor([1, 3, 1]))
    tensor([0, 2, 0, 1])
    """
    input = as_tensor(input)
    x = input._array
    if x.dtype.kind not in "iu":
        raise DTypeError(f"bincount: takes integers, not {x.dtype}. Convert with .long().")
    if x.ndim != 1:
        raise ShapeError(f"bincount: takes a vector, not shape {x.shape}. Flatten it first.")
    if (x.size and x.min() < 0) or minlength < 0:
        raise ValueError(
            f"bincount: the numbers {x.min() if x.size else ''} and minlength {minlength} must be 0 or more."
        )
    refuse_counting("bincount")
    if weights is None:
        return outside_graph(lambda x: np.bincount(x, None, minlength), input)
    weights = as_tensor(weights)
    if weights.shape != x.shape:
        raise ShapeError(f"bincount: weights {weights.shape} do not belong to input {x.shape}, one for each.")
    dtype = weights.dtype if weights.dtype.kind == "f" else np.float64
    return outside_graph(lambda x, w: np.bincount(x, w, minlength).astype(dtype), input, weights)


def _range(operation, x, low, high):
    """The ends of the intervals: those of the values where both are 0."""
    if low == high == 0 and x.size:
        low, high = float(x.min()), float(x.max())
    elif low == high == 0 and operation == "histogram":
        return 0.0, 1.0
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(
            f"{operation}: the range from {low} to {high} is not finite. Give one, or take NaN and inf out."
        )
    if low > high:
        raise ValueError(f"{operation}: the range from {low} to {high} is empty. Swap its ends.")
    return (low - 1, high + 1) if low == high and operation == "histc" else (low, high)


@attach("histc")
def histc(input, bins=100, min=0, max=0):
    """How many elements lie in each of `bins` intervals of one width between `min` and `max`.

    Parameters
    ----------
    input : Tensor of float32 or float64
        Elements outside and NaN are not counted.
    bins : int, default 100
    min, max : number, default 0
        The ends; the smallest and largest element if both are 0. The last interval contains its end.

    Returns
    -------
    Tensor, shape (bins,)
        Of the dtype of `input`; not differentiable.

    Raises
    ------
    ValueError
        If `bins` is not positive, or the range is empty or not finite.

    Examples
    --------
    >>> microtorch.histc(microtorch.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    input = as_tensor(input)
    if bins <= 0:
        raise ValueError(f"histc: bins = {bins}. It takes at least 1.")
    if input.dtype.kind == "b":
        raise DTypeError("histc: a bool tensor has no range. Convert with .float().")
    ends = _range("histc", input._array, min, max)
    return outside_graph(lambda x: np.histogram(x.ravel(), bins, ends)[0].astype(x.dtype), input)


@attach("histogram")
def histogram(input, bins=100, *, range=None, weight=None, density=False):
    """How many elements lie in each of some intervals, and the ends of these.

    Parameters
    ----------
    input : Tensor of float32 or float64
        Elements outside are not counted.
    bins : int or Tensor, shape (n + 1,), default 100
        How many intervals of one width; or all their ends, increasing.
    range : tuple of float, optional
        The ends, where `bins` is a number; default the smallest and largest element.
    weight : Tensor, optional
        What each element counts, of the shape of `input`.
    density : bool, default False
        Shares of all elements divided by the width of the interval, so that they integrate to 1.

    Returns
    -------
    namedtuple (hist, bin_edges)
        Of shapes (n,) and (n + 1,), of the dtype of `input`; not differentiable.

    Raises
    ------
    DTypeError
        For integers and bools.
    ValueError
        If `bins` is not positive or not increasing, or the range is empty or not finite.

    Examples
    --------
    >>> microtorch.histogram(microtorch.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0))
    histogram(hist=tensor([0., 2., 1., 0.]), bin_edges=tensor([0.  , 0.75, 1.5 , 2.25, 3.  ]))
    """
    x = as_tensor(input)._array
    if x.dtype.kind != "f":
        raise DTypeError(f"histogram: takes float32 or float64, not {x.dtype}. Convert with .float().")
    if isinstance(bins, Tensor):
        if range is not None:
            raise ValueError("histogram: bins gives all ends, so range has no meaning. Leave it out.")
        edges, range = bins._array, None
        if edges.ndim != 1 or edges.size < 2 or not np.all(edges[1:] >= edges[:-1]):
            raise ValueError(
                "histogram: bins must be a vector of at least 2 increasing numbers, the ends of the intervals."
            )
    else:
        if bins <= 0:
            raise ValueError(f"histogram: bins = {bins}. It takes at least 1.")
        edges = int(bins)
        range = _range("histogram", x, *(range or (0, 0)))
        if range[0] == range[1]:
            range = range[0] - 0.5, range[1] + 0.5
    refuse_counting("histogram")
    weights = None if weight is None else as_tensor(weight)._array.ravel()
    hist, edges = np.histogram(x.ravel(), edges, range, density, weights)
    return HistogramResult(wrap(hist.astype(x.dtype)), wrap(edges.astype(x.dtype)))
