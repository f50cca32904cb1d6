"""Each value once."""

import numpy as np

from ...from_data import as_tensor
from ...tensor import attach, wrap
from .. import _dimensions as dimensions
from ..indexing.index import refuse_counting

__all__ = ["unique", "unique_consecutive"]


@attach("unique")
def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """The different values of a tensor, in order; with `dim`, its different parts along that dimension.

    Parameters
    ----------
    sorted : bool, default True
        In order; here they always are.
    return_inverse : bool, default False
        Also where each element of `input` is in the result.
    return_counts : bool, default False
        Also how often each value occurs.
    dim : int, optional
        Compare whole parts along this dimension.

    Returns
    -------
    Tensor or tuple of Tensor
        The values, and the inverse and the counts (int64) where they are asked for; not differentiable. Each NaN is a
        value of its own.

    Examples
    --------
    >>> microtorch.unique(microtorch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    x = as_tensor(input)._array
    refuse_counting("unique")
    if dim is not None:
        dim = dimensions.one("unique", dim, x.ndim) if x.ndim else None
    values, inverse, counts = np.unique(x, False, True, True, axis=dim, equal_nan=False)
    return _results(values, inverse.reshape(-1 if dim is not None else x.shape), counts, return_inverse, return_counts)


@attach("unique_consecutive")
def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """The values of a tensor without those that only repeat the one before.

    Parameters
    ----------
    return_inverse : bool, default False
        Also where each element of `input` is in the result.
    return_counts : bool, default False
        Also how often each value is repeated.
    dim : int, optional
        Compare whole parts along this dimension; default: the flattened tensor.

    Returns
    -------
    Tensor or tuple of Tensor
        The values, and the inverse and the counts (int64) where they are asked for; not differentiable.

    Examples
    --------
    >>> microtorch.unique_consecutive(microtorch.tensor([1, 1, 2, 2, 1]))
    tensor([1, 2, 1])
    """
    x = as_tensor(input)._array
    refuse_counting("unique_consecutive")
    along = 0 if dim is None or not x.ndim else dimensions.one("unique_consecutive", dim, x.ndim)
    parts = x.reshape(-1) if dim is None or not x.ndim else np.moveaxis(x, along, 0)
    new = np.ones(len(parts), np.bool_)
    new[1:] = (parts[1:] != parts[:-1]).any(axis=tuple(range(1, parts.ndim)))
    starts = np.flatnonzero(new)
    inverse = np.cumsum(new) - 1
    counts = np.diff(np.append(starts, len(parts)))
    values = np.moveaxis(parts[starts], 0, along)
    return _results(values, inverse.reshape(x.shape) if dim is None else inverse, counts, return_inverse, return_counts)


def _results(values, inverse, counts, return_inverse, return_counts):
    asked = [values, *([inverse] if return_inverse else ()), *([counts] if return_counts else ())]
    tensors = tuple([wrap(np.array(a, order="C")) for a in asked])
    return tensors if len(tensors) > 1 else tensors[0]
