"""t[index] = value: written straight into the memory of the tensor, which then stands at a new place in the graph."""

import sys

import numpy as np

from ..autograd.engine import run
from ..autograd.function import Function
from ..autograd.inplace import record_change, refuse_unsafe, stand_in, take_place
from ..errors import refuse_read_only, user_line
from ..from_data import as_tensor
from ..tensor import Tensor, attach, wrap
from .indexing import Index, Slice, steps_of, view_of

__all__ = []


class SetItem(Function):
    """y = x, with value at index        dx = dy, with 0 at index,  dvalue = dy[index]"""

    # Nothing is saved and nothing copied: what x held is needed by no derivative of this operation.

    @staticmethod
    def forward(ctx, x, value, first, then):
        ctx.first, ctx.then = first, then
        (x if first is None else view_of(x, first))[... if then is None else then] = value
        return x.view()

    @staticmethod
    def explain(x, value, first, then):
        part = x if first is None else view_of(x, first)
        named = part if then is None else part[then]
        return f"t[index] = value: a value of shape {value.shape} does not fill {named.shape}, which the index names."

    @staticmethod
    def backward(ctx, dy):
        need_x, need_value = ctx.needs_input_grad[:2]
        dvalue = None
        if need_value:
            dvalue = dy if ctx.first is None else Slice.apply(dy, ctx.first)
            dvalue = dvalue if ctx.then is None else Index.apply(dvalue, ctx.then)
        return Cleared.apply(dy, ctx.first, ctx.then) if need_x else None, dvalue

    @staticmethod
    def backward_kernel(ctx, dy):
        # Note [Last reader]: a gradient that only the engine holds may be written into: a loop that fills n rows then
        # costs n rows going back, not n arrays. Hooks, `grad` of an intermediate and views of dy each hold it too.
        alone = sys.getrefcount(dy) <= _ALONE and dy.base is None and dy.flags.writeable
        need_x, need_value = ctx.needs_input_grad[:2]
        if not (alone and need_x):
            return SetItem.backward(ctx, dy)
        part = dy if ctx.first is None else view_of(dy, ctx.first)
        place = ... if ctx.then is None else ctx.then
        dvalue = np.array(part[place]) if need_value else None
        part[place] = 0
        return dy, dvalue


class _Alone(Function):
    """y = x        dx = dy; it counts how many hold a gradient that only the engine holds"""

    count = None

    @staticmethod
    def forward(ctx, x):
        return x.copy()

    @staticmethod
    def backward(ctx, dy):
        _Alone.count = sys.getrefcount(dy)
        return dy.copy()


def _references_of_the_engine():
    x = wrap(np.zeros(1)).requires_grad_()
    run([_Alone.apply(_Alone.apply(x))], [np.zeros(1)])  # the second gradient is one that a backward has made
    return _Alone.count


_ALONE = _references_of_the_engine()


class Cleared(Function):
    """y = x, with 0 at index        dx = dy, with 0 at index"""

    @staticmethod
    def forward(ctx, x, first, then):
        ctx.first, ctx.then = first, then
        y = x.copy()
        (y if first is None else view_of(y, first))[... if then is None else then] = 0
        return y

    @staticmethod
    def backward(ctx, dy):
        return Cleared.apply(dy, ctx.first, ctx.then)


@attach("__setitem__")
def _setitem(self, index, value):
    """Write `value` where `index` names, in place; recorded where the tensor or `value` requires a gradient."""
    refuse_read_only("t[index] = value", self._array, self.name)
    refuse_unsafe(self, "t[index] = value")
    first, then = steps_of(self, index)
    if isinstance(value, Tensor):
        value = value.to(self.dtype)
    else:
        value = as_tensor(np.asarray(value, self.dtype))
    target = self._array if first is None else view_of(self._array, first)
    room = target.ndim if then is None else target[then].ndim
    while value.ndim > room and value.shape[0] == 1:
        value = value.squeeze(0)
    result = SetItem.apply(stand_in(self, self._array.view()), value, first, then)
    take_place(self, "t[index] = value", result)
    record_change(target, "t[index] = value", user_line())
