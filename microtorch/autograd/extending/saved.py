"""Values saved for backward, packed by functions of the user's own: PyTorch's saved_tensors_hooks."""

import numpy as np

from ...errors import GraphError, describe
from ...tensor import Tensor, over
from ..inplace.views import owner
from ..mode import no_grad, state
from ..observe import Observer

__all__ = ["save_on_cpu", "saved_tensors_hooks"]


class saved_tensors_hooks(Observer):
    """Pack what the operations in this block save, and unpack it when their backward needs it.

    Parameters
    ----------
    pack_hook : callable
        ``pack_hook(tensor)`` gets each tensor that is saved and returns what to keep in its place: anything.
    unpack_hook : callable
        ``unpack_hook(packed)`` gets that back and returns a Tensor of the same shape and dtype.

    Raises
    ------
    GraphError
        In a backward, if what was unpacked is not such a Tensor; and under ``create_graph=True``: what was unpacked has
        no place in the graph.

    Examples
    --------
    >>> kept = []
    >>> x = microtorch.ones(3, requires_grad=True)
    >>> with microtorch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.shape) or t, lambda t: t):
    ...     y = x.exp()
    >>> y.sum().backward()
    >>> kept
    [(3,)]
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def forward(self, ctx, arrays, outputs):
        """Pack what an operation has saved."""
        if not ctx.saved or getattr(ctx, "number", None) is None or type(ctx.saved) is _Packed:
            return
        if self is not next(o for o in reversed(state.observers) if isinstance(o, saved_tensors_hooks)):
            return  # of blocks inside each other the innermost packs, as in PyTorch
        with no_grad():
            ctx.saved = _Packed(ctx.saved, self.pack_hook, self.unpack_hook)


class save_on_cpu(saved_tensors_hooks):
    """Keep what is saved on the CPU, where it is in any case; `pin_memory` and `device_type` change nothing."""

    def __init__(self, pin_memory=False, device_type="cuda"):
        super().__init__(lambda t: t, lambda t: t)


class _Packed(tuple):
    """The packed forms of what a node saved; as a tuple, the arrays that packing left in their memory, else None.

    So a change in place of what was saved is found as ever, and the memory that is kept is counted.
    """

    def __new__(cls, saved, pack_hook, unpack_hook):
        packed = [pack_hook(over(s)) if isinstance(s, np.ndarray) else s for s in saved]
        self = super().__new__(cls, [_left(p, s) for p, s in zip(packed, saved)])
        self.packed, self.unpack_hook = packed, unpack_hook
        self.kinds = [(s.shape, s.dtype) if isinstance(s, np.ndarray) else None for s in saved]
        return self

    def unpacked(self, node):
        """The arrays that `node` saved."""
        return tuple([p if k is None else self._unpacked(node, p, k) for p, k in zip(self.packed, self.kinds)])

    def _unpacked(self, node, packed, kind):
        t = self.unpack_hook(packed)
        if not isinstance(t, Tensor) or (t.shape, t.dtype) != kind:
            raise GraphError(
                f"saved_tensors_hooks: of what {node.name()} had saved, {kind[0]} {kind[1]}, the unpack hook "
                f"made {describe(t)}. It must return a Tensor of that shape and dtype."
            )
        return t._array


def _left(packed, saved):
    """The array of `packed`, if that is a tensor in the memory of `saved`."""
    kept = isinstance(packed, Tensor) and isinstance(saved, np.ndarray) and owner(packed._array) is owner(saved)
    return packed._array if kept else None
