"""t[index] and t[index] = value.

Slices and single positions give views. Arrays of positions and masks give copies; where they name an element several
times, its gradients add up. As in PyTorch, single positions beside arrays are taken first, so that they never move
dimensions (numpy would count them among the arrays).
"""

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import record_change, refuse_unsafe, stand_in, take_place
from ..errors import user_line
from ..tensor import Tensor, as_tensor, attach

__all__ = []


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
        if len(index) == 1 and index[0].dtype.kind == "i":
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
