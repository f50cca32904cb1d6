"""Values saved for backward, packed by functions of the user's own: PyTorch's saved_tensors_hooks."""

import functools

import numpy as np

from ...errors import GraphError, describe
from ...tensor import Tensor, over
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
        """Pack what an operation has saved; its node becomes one that unpacks."""
        if not ctx.saved or getattr(ctx, "number", None) is None or hasattr(ctx, "packed"):
            return
        if self is not next(o for o in reversed(state.observers) if isinstance(o, saved_tensors_hooks)):
            return  # of blocks inside each other the innermost packs, as in PyTorch
        with no_grad():
            ctx.packed = tuple([self._pack(a) for a in ctx.saved])
        ctx.unpack_hook = self.unpack_hook
        ctx.saved = (None,) * len(ctx.packed)
        ctx.__class__ = _unpacking(type(ctx))

    def _pack(self, saved):
        if not isinstance(saved, np.ndarray):
            return saved
        return _Packed(self.pack_hook(over(saved)), saved.shape, saved.dtype)


class save_on_cpu(saved_tensors_hooks):
    """Keep what is saved on the CPU, where it is in any case; `pin_memory` and `device_type` change nothing."""

    def __init__(self, pin_memory=False, device_type="cuda"):
        super().__init__(lambda t: t, lambda t: t)


class _Packed:
    def __init__(self, value, shape, dtype):
        self.value, self.shape, self.dtype = value, shape, dtype


@functools.cache
def _unpacking(operation):
    """The class of nodes like those of `operation` whose saved tensors are unpacked when they are asked for."""

    def saved_tensors(self):
        operation.saved_tensors.fget(self)  # complains if it was released
        return tuple([_unpacked(self, p) for p in self.packed])

    return type(operation.__name__, (operation,), {"__slots__": (), "saved_tensors": property(saved_tensors)})


def _unpacked(node, packed):
    if not isinstance(packed, _Packed):
        return packed
    t = node.unpack_hook(packed.value)
    if not isinstance(t, Tensor) or t.shape != packed.shape or t.dtype != packed.dtype:
        raise GraphError(
            f"saved_tensors_hooks: of what {node.name()} had saved, {packed.shape} {packed.dtype}, the unpack hook "
            f"made {describe(t)}. It must return a Tensor of that shape and dtype."
        )
    return t._array
