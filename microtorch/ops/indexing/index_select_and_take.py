"""Elements picked, put or replaced by a vector of positions or a mask.

Parameters
----------
index : Tensor of int64 or int32, shape (n,)
    The positions; several may be the same.

Raises
------
ShapeError
    If the shape of `source` does not fit.
"""

import numpy as np

from ...autograd.inplace.changes import attach_in_place
from ...autograd.inplace.views import as_own
from ...autograd.mode import state
from ...autograd.observe import one_call, tell
from ...dtypes import as_number
from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import attach, wrap
from .. import _dimensions as dimensions
from .._promotion import only_data, only_tensors, same_dtype
from .gather_and_scatter import within
from .index import AddAt, Index, position_of
from .masked import masked_fill

__all__ = ["index_add", "index_copy", "index_fill", "index_select", "take"]


def _along(operation, input, dim, index):
    """The index that names the positions in `index` along `dim`."""
    if index._array.dtype.kind not in "iu" or index.ndim > 1:
        raise IndexError(
            f"{operation}: index must be a vector of int64 or int32, not {index.dtype} of shape {index.shape}."
        )
    dim = dimensions.one(operation, dim, input.ndim)
    _check(operation, index, input.shape[dim] if input.ndim else 1, dim)
    return (*(slice(None),) * dim, index._array.reshape(-1))


@one_call
def _check(operation, index, n, dim):
    within(operation, index._array, n, dim)


@attach("index_select")
@dimensions.also_axis
def index_select(input, dim, index):
    """The parts of `input` at some positions along a dimension.

    Returns
    -------
    Tensor
        A copy, of length n along `dim`.

    Raises
    ------
    IndexError
        If there is no such dimension or position, or `index` is not a vector of integers.

    Notes
    -----
    dx gets dy at the positions, added up where they repeat. Only `index` is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = x.index_select(0, microtorch.tensor([0, 0, 2]))
    >>> y.detach()
    tensor([1., 1., 3.])
    >>> y.sum().backward()
    >>> x.grad
    tensor([2., 0., 1.])
    """
    only_tensors("index_select", input=input)
    index = only_data("index_select", "index", index)
    place = _along("index_select", input, dim, index)
    return Index.apply(input, place) if input.ndim else as_own(Index.apply(input.reshape(1), place).reshape(()))


def _check_source(operation, input, place, index, source):
    fits = [n for d, n in enumerate(input.shape) if d != len(place) - 1]
    rest = [n for d, n in enumerate(source.shape) if d != len(place) - 1]
    length = source.shape[len(place) - 1] if source.ndim else 1
    if fits != rest or input.ndim != source.ndim or length != index.numel():
        raise ShapeError(
            f"{operation}: source {source.shape} with {index.numel()} positions does not fit input {input.shape}: "
            f"all dimensions but {len(place) - 1} must agree, and it must be as long as index."
        )


@attach("index_add")
@dimensions.also_axis
def index_add(input, dim, index, source, *, alpha=1):
    """A copy of `input` with parts of `source` added at some positions along a dimension.

    Parameters
    ----------
    alpha : number, default 1
        A factor for `source`.

    Notes
    -----
    dinput = dy; dsource = α · dy at the positions. Only `index` is saved.

    Examples
    --------
    >>> microtorch.zeros(2).index_add(0, microtorch.tensor([0, 1, 0]), microtorch.tensor([1.0, 2.0, 3.0]))
    tensor([4., 2.])
    """
    only_tensors("index_add", input=input, source=source)
    index = only_data("index_add", "index", index)
    same_dtype("index_add", input=input, source=source)
    place = _along("index_add", input, dim, index)
    _check_source("index_add", input, place, index, source)
    if alpha != 1:
        source = source * wrap(np.asarray(as_number("index_add", alpha, source.dtype)))
    if not input.ndim:
        return input + AddAt.apply(source.reshape(1), place, (1,)).reshape(())
    return input + AddAt.apply(source, place, input.shape)


attach_in_place(index_add, "index_add_")


@attach("index_copy")
@dimensions.also_axis
def index_copy(input, dim, index, source):
    """A copy of `input` with parts of `source` put at some positions along a dimension.

    Parameters
    ----------
    index : Tensor of int64 or int32, shape (n,)
        The positions; where several are the same, the last counts.

    Notes
    -----
    dinput = dy, and 0 at the positions; dsource = dy at the positions.

    Examples
    --------
    >>> microtorch.zeros(3).index_copy(0, microtorch.tensor([2, 0]), microtorch.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    only_tensors("index_copy", input=input, source=source)
    index = only_data("index_copy", "index", index)
    same_dtype("index_copy", input=input, source=source)
    if state.observers:
        tell("left", "index_copy reads its positions into Python")
    place = _along("index_copy", input, dim, index)
    _check_source("index_copy", input, place, index, source)
    y = input.reshape(input.shape or 1).clone()
    y[place] = source.reshape(y.shape if not source.ndim else source.shape)
    return as_own(y.reshape(input.shape))


@attach("index_fill")
@dimensions.also_axis
def index_fill(input, dim, index, value):
    """A copy of `input` with `value` at some positions along a dimension.

    Parameters
    ----------
    index : Tensor of int64 or int32, shape (n,)
        The positions.
    value : number or Tensor, shape ()

    Raises
    ------
    ShapeError
        If `value` has dimensions.

    Notes
    -----
    dinput = dy, and 0 at the positions; dvalue = Σ dy at the positions.

    Examples
    --------
    >>> microtorch.zeros(3).index_fill(0, microtorch.tensor([0, 2]), 1.0)
    tensor([1., 0., 1.])
    """
    only_tensors("index_fill", input=input)
    index = only_data("index_fill", "index", index)
    if getattr(value, "ndim", 0):
        raise ShapeError(f"index_fill: value is one number, not a tensor of shape {value.shape}. See index_copy.")
    place = _along("index_fill", input, dim, index)
    named = np.zeros(input.shape or (1,), np.bool_)
    named[place] = True
    return masked_fill(input, wrap(named.reshape(input.shape)), value)


attach_in_place(index_copy, "index_copy_")
attach_in_place(index_fill, "index_fill_")


@attach("take")
def take(input, index):
    """The elements at positions counted through the flattened tensor.

    Parameters
    ----------
    index : Tensor of int64 or int32
        Positions in row-major order; negative ones count from the end. (``np.take`` can count along an axis.)

    Returns
    -------
    Tensor
        A copy, of the shape of `index`.

    Raises
    ------
    IndexError
        If there is no such position.

    Notes
    -----
    dx gets dy at the positions, added up where they repeat. Only `index` is saved.

    Examples
    --------
    >>> microtorch.tensor([[1, 2], [3, 4]]).take(microtorch.tensor([0, 3]))
    tensor([1, 4])
    """
    only_tensors("take", input=input)
    index = only_data("take", "index", index)
    return Index.apply(input.reshape(-1), (position_of(index) if index.ndim else index._array,))


@attach(numpy=np.take)
def _numpy_take(a, indices, axis=None):
    indices = as_tensor(indices)
    return take(a, indices) if axis is None else a[(slice(None),) * dimensions.one("take", axis, a.ndim) + (indices,)]
