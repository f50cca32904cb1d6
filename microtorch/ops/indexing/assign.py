"""t[index] = value, written straight into the memory of the tensor; and copies with a part replaced.

Raises
------
ShapeError
    If the shape of `src` does not fit.
"""

import numpy as np

from ...autograd.inplace.changes import attach_in_place, is_recorded, put
from ...autograd.inplace.views import as_own, walk
from ...dtypes import as_number
from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach, wrap
from .. import _dimensions as dimensions
from .._promotion import only_tensors, same_dtype
from ..shape.expand import expand
from .index import AddAt, Slice, steps_of

__all__ = ["diagonal_scatter", "index_put", "select_scatter", "slice_scatter"]


@attach("__setitem__")
def _setitem(self, index, value):
    """Write `value` where `index` names, in place; recorded where the tensor or `value` requires a gradient."""
    recorded = is_recorded(self, "t[index] = value", [value])
    first, then = steps_of(self, index)
    if isinstance(value, Tensor):
        value = value.to(self.dtype)
    elif isinstance(value, int | float | np.generic):
        value = wrap(np.asarray(as_number("t[index] = value", value, self.dtype)))
    else:
        value = as_tensor(value, self.dtype)
    steps = () if first is None else ((Slice, (first,), None),)
    target = walk(self._array, steps)
    room = target.ndim if then is None else target[then].ndim
    while value.ndim > room and value.shape[0] == 1:
        value = value.squeeze(0)
    put(self, steps, then, value, "t[index] = value", recorded)


@attach("index_put")
def index_put(input, indices, values, accumulate=False):
    """A copy of `input` with `values` put where `indices` name: ``t[indices] = values`` as a function.

    Parameters
    ----------
    indices : tuple of Tensor
        Positions or masks, as in ``t[indices]``.
    values : Tensor
        Of the dtype of `input`, and of a shape that broadcasts to that of ``input[indices]``.
    accumulate : bool, default False
        Add them, once for each naming; else the last counts.

    Raises
    ------
    ShapeError
        If `values` does not broadcast to the places.
    IndexError
        If a position is out of range.
    DTypeError
        If the dtypes differ.

    Notes
    -----
    dvalues = dy at the places; dinput = dy, and 0 at the places if it does not accumulate.

    Examples
    --------
    >>> places = (microtorch.tensor([0, 0, 2]),)
    >>> microtorch.zeros(3).index_put(places, microtorch.tensor(1.0), accumulate=True)
    tensor([2., 0., 1.])
    """
    only_tensors("index_put", input=input, values=values)
    same_dtype("index_put", input=input, values=values)
    indices = tuple(indices)
    if not accumulate:
        y = input.clone()
        y[indices] = values
        return y
    first, then = steps_of(input, indices)
    if first is not None or then is None:
        raise IndexError("index_put: indices are tensors of positions or masks. For slices use t[index] = value.")
    return input + AddAt.apply(expand(values, input._array[then].shape), then, input.shape)


@attach("put")
def _put_at(input, index, source, accumulate=False):
    """A copy of `input` with `source` put at positions counted through the flattened tensor.

    Parameters
    ----------
    input : Tensor
    index : Tensor of int64 or int32
        Positions in row-major order; negative ones count from the end.
    source : Tensor
        As many elements as `index`, of the dtype of `input`.
    accumulate : bool, default False
        Add them, once for each naming; else the last counts.

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Raises
    ------
    ShapeError
        If there are not as many elements as positions.
    IndexError
        If a position is out of range.

    Notes
    -----
    As `index_put` on ``input.reshape(-1)``.

    Examples
    --------
    >>> microtorch.zeros(2, 2).put(microtorch.tensor([0, 3]), microtorch.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    only_tensors("put", input=input, source=source)
    index = as_tensor(index)
    if index.numel() != source.numel():
        raise ShapeError(f"put: {source.numel()} elements for {index.numel()} positions. Give one for each.")
    lines = index_put(input.reshape(-1), (index.reshape(-1),), source.reshape(-1), accumulate)
    return as_own(lines.reshape(input.shape))


@attach("select_scatter")
def select_scatter(input, src, dim, index):
    """A copy of `input` with `src` at one position along a dimension.

    Parameters
    ----------
    src : Tensor
        Of the shape of ``input.select(dim, index)``.
    index : int

    Examples
    --------
    >>> microtorch.select_scatter(microtorch.zeros(2, 2), microtorch.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    return _put_into("select_scatter", input, src, lambda t: t.select(dim, index))


@attach("slice_scatter")
def slice_scatter(input, src, dim=0, start=None, end=None, step=1):
    """A copy of `input` with `src` in a slice of a dimension.

    Parameters
    ----------
    src : Tensor
        Of the shape of the slice.
    start, end : int, optional
        As in ``t[start:end]``; beyond the end is the end.
    step : int, default 1

    Examples
    --------
    >>> microtorch.slice_scatter(microtorch.zeros(4), microtorch.ones(2), start=1, end=3)
    tensor([0., 1., 1., 0.])
    """
    at = dimensions.one("slice_scatter", dim, input.ndim)
    return _put_into("slice_scatter", input, src, lambda t: t[(*(slice(None),) * at, slice(start, end, step))])


@attach("diagonal_scatter")
def diagonal_scatter(input, src, offset=0, dim1=0, dim2=1):
    """A copy of `input` with `src` on the diagonal of the matrices that two dimensions make.

    Parameters
    ----------
    src : Tensor
        Of the shape of ``input.diagonal(offset, dim1, dim2)``.
    offset : int, default 0
    dim1, dim2 : int, default 0 and 1

    Examples
    --------
    >>> microtorch.diagonal_scatter(microtorch.zeros(2, 2), microtorch.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _put_into("diagonal_scatter", input, src, lambda t: t.diagonal(offset, dim1, dim2))


def _put_into(operation, input, src, part):
    only_tensors(operation, input=input, src=src)
    y = input.clone()
    view = part(y)
    if view.shape != src.shape:
        raise ShapeError(f"{operation}: src {src.shape} does not fit into the place of shape {view.shape}.")
    view.copy_(src)
    return y


attach_in_place(index_put, "index_put_")
attach_in_place(_put_at, "put_")
