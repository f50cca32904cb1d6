"""t[index] = value: written straight into the memory of the tensor, which then stands at a new place in the graph."""

import numpy as np

from ...autograd.inplace.changes import is_recorded, put
from ...autograd.inplace.views import walk
from ...dtypes import as_number
from ...from_data import as_tensor
from ...tensor import Tensor, attach, wrap
from .index import Slice, steps_of

__all__ = []


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
