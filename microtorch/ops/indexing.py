"""t[index] and t[index] = value.

Slices and single positions give views. Arrays of positions and masks give copies; where they name an element several
times, its gradients add up. As in PyTorch, single positions beside arrays are taken first, so that they never move
dimensions (numpy would count them among the arrays).
"""

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import attach_in_place, record_change, refuse_unsafe, stand_in, take_place
from ..errors import DTypeError, ShapeError, user_line
from ..tensor import Tensor, as_tensor, attach, wrap
from . import dimensions
from .promotion import same_dtype
from .shape import expand

__all__ = ["index_add", "index_select", "masked_fill", "masked_select", "take"]


class Slice(Function):
    """y = x[index] of slices and single positions        dx = 0, and dy at index"""

    is_view = True

    @staticmethod
    def forward(ctx, x, index):
        ctx.shape, ctx.index = x.shape, index
        return _view(x, index)

    @staticmethod
    def backward(ctx, dy):
        return Place.apply(dy, ctx.index, ctx.shape)


class Place(Function):
    """y = 0, and x at index        dx = dy[index]"""

    @staticmethod
    def forward(ctx, x, index, shape):
        ctx.index = index
        y = np.zeros(shape, x.dtype)
        y[index] = x
        return y

    @staticmethod
    def backward(ctx, dy):
        return Slice.apply(dy, ctx.index)


class Index(Function):
    """y = x[index] of arrays of positions or masks        dx = 0, and dy added at index, once for each naming"""

    @staticmethod
    def forward(ctx, x, index):
        ctx.shape, ctx.index = x.shape, index
        ctx.save_for_backward(*[i for i in index if type(i) is np.ndarray])  # so that a change to them is noticed
        if len(index) == 1 and index[0].dtype.kind == "i":  # half the time of x[index]
            return x.take(index[0], 0)
        return x[index]

    @staticmethod
    def backward(ctx, dy):
        return AddAt.apply(dy, ctx.index, ctx.shape)


class AddAt(Function):
    """y = 0, and x added at index, once for each naming        dx = dy[index]"""

    @staticmethod
    def forward(ctx, x, index, shape):
        ctx.index = index
        y = np.zeros(shape, x.dtype)
        np.add.at(y, index, x)
        return y

    @staticmethod
    def backward(ctx, dy):
        return Index.apply(dy, ctx.index)


def _view(x, index):
    y = x[index]
    return y if type(y) is np.ndarray else x[(*index, ...)]  # a single element too shares memory


_PLAIN = {int, slice, type(None), type(Ellipsis)}


def _steps(x, index):
    """`index` as what is taken first (slices and positions) and then (arrays), each a tuple or None."""
    parts = index if type(index) is tuple else (index,)
    if _PLAIN.issuperset(map(type, parts)):
        return parts, None
    parts = [p if type(p) in _PLAIN or type(p) is slice else _position(p) for p in parts]
    arrays = [p for p in parts if type(p) is np.ndarray]
    if not arrays:
        return tuple(parts), None
    if not any(type(p) is int for p in parts):
        return None, tuple(parts)
    first, then = [], []
    for p in parts:
        if type(p) is np.ndarray:
            first += [slice(None)] * (p.ndim if p.dtype.kind == "b" else 1)
            then.append(p)
        else:
            first.append(p)
            if type(p) is not int:
                then.append(p if p is Ellipsis else slice(None))
    return tuple(first), tuple(then)


def _position(p):
    """A part of an index that is neither int, slice, None nor Ellipsis: as an int or an array."""
    if isinstance(p, Tensor):
        array = p._array
    elif isinstance(p, np.ndarray | np.generic | bool):
        array = np.array(p)  # a copy: nobody could tell if the caller changed it before backward
    elif isinstance(p, list | tuple | range):
        array = as_tensor(list(p))._array if len(p) else np.empty(0, np.int64)
    elif hasattr(p, "__index__"):
        return p.__index__()
    else:
        raise IndexError(
            f"index: {type(p).__name__} {p!r} is no index. "
            "Use ints, slices, None, Ellipsis, or tensors of int64, int32 or bool."
        )
    if array.dtype.kind == "f" or array.dtype == np.uint8:
        raise IndexError(
            f"index: a tensor of {array.dtype} is no index. Convert positions with .long() and masks with .bool()."
        )
    return int(array) if array.ndim == 0 and array.dtype.kind != "b" else array


@attach("__getitem__")
def _getitem(self, index):
    """The elements that `index` names: a view for slices and positions, a copy for arrays and masks."""
    if type(index) is int or type(index) is slice:
        return Slice.apply(self, (index,))
    first, then = _steps(self, index)
    if first is not None:
        self = Slice.apply(self, first)
    return self if then is None else Index.apply(self, then)


class SetItem(Function):
    """y = x, with value at index        dx = dy, with 0 at index,  dvalue = dy[index]"""

    # Nothing is saved and nothing copied: what x held is needed by no derivative of this operation.

    @staticmethod
    def forward(ctx, x, value, first, then):
        ctx.first, ctx.then = first, then
        (x if first is None else _view(x, first))[... if then is None else then] = value
        return x.view()

    @staticmethod
    def backward(ctx, dy):
        need_x, need_value = ctx.needs_input_grad[:2]
        dvalue = None
        if need_value:
            dvalue = dy if ctx.first is None else Slice.apply(dy, ctx.first)
            dvalue = dvalue if ctx.then is None else Index.apply(dvalue, ctx.then)
        return Cleared.apply(dy, ctx.first, ctx.then) if need_x else None, dvalue


class Cleared(Function):
    """y = x, with 0 at index        dx = dy, with 0 at index"""

    @staticmethod
    def forward(ctx, x, first, then):
        ctx.first, ctx.then = first, then
        y = x.copy()
        (y if first is None else _view(y, first))[... if then is None else then] = 0
        return y

    @staticmethod
    def backward(ctx, dy):
        return Cleared.apply(dy, ctx.first, ctx.then)


@attach("__setitem__")
def _setitem(self, index, value):
    """Write `value` where `index` names, in place; recorded where the tensor or `value` requires a gradient."""
    refuse_unsafe(self, "t[index] = value")
    first, then = _steps(self, index)
    if isinstance(value, Tensor):
        value = value.to(self.dtype)
    else:
        value = as_tensor(np.asarray(value, self.dtype))
    target = self._array if first is None else _view(self._array, first)
    room = target.ndim if then is None else target[then].ndim
    while value.ndim > room and value.shape[0] == 1:
        value = value.squeeze(0)
    result = SetItem.apply(stand_in(self, self._array.view()), value, first, then)
    take_place(self, "t[index] = value", result)
    record_change(target, "t[index] = value", user_line())


def _along(operation, input, dim, index):
    """The index that names the positions in `index` along `dim`."""
    if index._array.dtype.kind not in "iu" or index.ndim > 1:
        raise IndexError(
            f"{operation}: index must be a vector of int64 or int32, not {index.dtype} of shape {index.shape}."
        )
    dim = dimensions.one(operation, dim, input.ndim)
    return (*(slice(None),) * dim, index._array.reshape(-1))


@attach("index_select")
def index_select(input, dim, index):
    """The parts of `input` at some positions along a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : Tensor of int64 or int32, shape (n,)
        The positions; several may be the same.

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
    >>> import microtorch
    >>> x = microtorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = x.index_select(0, microtorch.tensor([0, 0, 2]))
    >>> y.detach()
    tensor([1., 1., 3.])
    >>> y.sum().backward()
    >>> x.grad
    tensor([2., 0., 1.])
    """
    place = _along("index_select", input, dim, index)
    return Index.apply(input, place) if input.ndim else Index.apply(input.reshape(1), place).reshape(())


@attach("index_add")
def index_add(input, dim, index, source, *, alpha=1):
    """A copy of `input` with parts of `source` added at some positions along a dimension.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : Tensor of int64 or int32, shape (n,)
        The positions; several may be the same.
    source : Tensor
        Of the shape of `input` but for length n along `dim`.
    alpha : number, default 1
        A factor for `source`.

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Raises
    ------
    ShapeError
        If the shape of `source` does not fit.
    IndexError
        If there is no such dimension or position.

    Notes
    -----
    dinput = dy; dsource = α · dy at the positions. Only `index` is saved.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.zeros(2).index_add(0, microtorch.tensor([0, 1, 0]), microtorch.tensor([1.0, 2.0, 3.0]))
    tensor([4., 2.])
    """
    same_dtype("index_add", input=input, source=source)
    place = _along("index_add", input, dim, index)
    fits = [n for d, n in enumerate(input.shape) if d != len(place) - 1]
    rest = [n for d, n in enumerate(source.shape) if d != len(place) - 1]
    length = source.shape[len(place) - 1] if source.ndim else 1
    if fits != rest or input.ndim != source.ndim or length != index.numel():
        raise ShapeError(
            f"index_add: source {source.shape} with {index.numel()} positions does not fit input {input.shape}: "
            f"all dimensions but {len(place) - 1} must agree, and it must be as long as index."
        )
    if alpha != 1:
        source = source * wrap(np.asarray(alpha).astype(source.dtype))  # -1 is 255 in uint8, as in PyTorch
    if not input.ndim:
        return input + AddAt.apply(source.reshape(1), place, (1,)).reshape(())
    return input + AddAt.apply(source, place, input.shape)


attach_in_place(index_add, "index_add_")


@attach("take")
def take(input, index):
    """The elements at positions counted through the flattened tensor.

    Parameters
    ----------
    input : Tensor
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
    >>> import microtorch
    >>> microtorch.tensor([[1, 2], [3, 4]]).take(microtorch.tensor([0, 3]))
    tensor([1, 4])
    """
    return Index.apply(input.reshape(-1), (_position(index) if index.ndim else index._array,))


@attach(numpy=np.take)
def _numpy_take(a, indices, axis=None):
    indices = as_tensor(indices)
    return take(a, indices) if axis is None else a[(slice(None),) * dimensions.one("take", axis, a.ndim) + (indices,)]


@attach("masked_fill")
def masked_fill(input, mask, value):
    """`value` where `mask` is True, else `input`.

    Parameters
    ----------
    input : Tensor
    mask : Tensor of bool
        Of a shape that broadcasts with `input`.
    value : number or Tensor, shape ()

    Returns
    -------
    Tensor
        Of the dtype of `input`.

    Raises
    ------
    ShapeError
        If `value` has dimensions.
    DTypeError
        If `mask` is not bool, or an integer tensor cannot hold `value`.

    Notes
    -----
    dinput = dy where `mask` is False, else 0; dvalue = Σ dy where it is True.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x.masked_fill(microtorch.tensor([True, False]), -1.0)
    >>> y.detach()
    tensor([-1.,  2.])
    >>> y.sum().backward()
    >>> x.grad
    tensor([0., 1.])
    """
    value = as_tensor(value)
    if value.ndim:
        raise ShapeError(f"masked_fill: value must be one number, not a tensor of shape {value.shape}. See where.")
    if mask._array.dtype.kind != "b":
        raise DTypeError(f"masked_fill: mask must be bool, not {mask.dtype}. Convert with .bool().")
    if input._array.dtype.kind != "f" and value._array.dtype.kind == "f" and value.item() != int(value.item()):
        raise DTypeError(
            f"masked_fill: a tensor of {input.dtype} cannot hold {value.item()}. Convert it with .float()."
        )
    return np.where(mask, value.to(input.dtype), input)


attach_in_place(masked_fill, "masked_fill_")


@attach("masked_select")
def masked_select(input, mask):
    """The elements where `mask` is True, in row-major order.

    Parameters
    ----------
    input : Tensor
    mask : Tensor of bool
        Of a shape that broadcasts with `input`.

    Returns
    -------
    Tensor, shape (n,)
        A copy.

    Raises
    ------
    DTypeError
        If `mask` is not bool.
    ShapeError
        If the shapes do not broadcast.

    Notes
    -----
    dx = dy in its places, else 0.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([1.0, 2.0, 3.0])
    >>> x.masked_select(x > 1.5)
    tensor([2., 3.])
    """
    if mask._array.dtype.kind != "b":
        raise DTypeError(f"masked_select: mask must be bool, not {mask.dtype}. Convert with .bool().")
    try:
        shape = np.broadcast_shapes(input.shape, mask.shape)
    except ValueError:
        raise ShapeError(f"masked_select: mask {mask.shape} does not broadcast with input {input.shape}.") from None
    return Index.apply(expand(input, shape), (np.broadcast_to(mask._array, shape),))
