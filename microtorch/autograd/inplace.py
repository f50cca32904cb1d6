"""Changes in place: who overwrote what, and when.

A change is remembered by the memory it touched and gets a number from the same counter as the nodes (Note [Newest
first] in function.py). A backward that needs a saved value asks for changes to that memory newer than itself. So an
operation pays nothing for the check, views and `detach` are covered because they share the memory, and two disjoint
parts of one array do not disturb each other.
"""

import bisect
import weakref
from operator import itemgetter

import numpy as np

from ..errors import DTypeError, GraphError, ShapeError, user_line
from ..tensor import Tensor, attach, wrap
from .function import Function, called_at, next_number
from .mode import state


class _Changes:
    """All changes to memory that is still alive."""

    def __init__(self):
        self.last = 0  # the number of the newest change
        self.by_owner = {}  # id of the owning array -> {(first, end) byte: (number, operation, line)}
        self.counts = {}  # id of the owning array -> how many changes
        self.whole = {}  # id of an array that owns its memory -> what `watch` found

    def forget(self, key):
        self.by_owner.pop(key, None)
        self.whole.pop(key, None)
        self.counts.pop(key, None)


changes = _Changes()


def owner(array):
    """The array that owns the memory `array` looks at."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def watch(array):
    """What `record_changes` needs, found once: for arrays that are written again and again, as parameters are."""
    found = changes.whole.get(id(array))
    if found is not None:
        return array, *found
    own = owner(array)
    key = id(own)
    regions = changes.by_owner.get(key)
    if regions is None:
        regions = changes.by_owner[key] = {}
        weakref.finalize(own, changes.forget, key).atexit = False
    found = regions, key, np.lib.array_utils.byte_bounds(array)
    if own is array:
        changes.whole[key] = found
    return array, *found


def record_changes(watched, operation, line):
    """As `record_change`, for many arrays at once: 0.15 µs each, where finding owner and bounds takes 2.6."""
    if state.recorder is not None:
        state.recorder.written(watched, operation, line)
    changes.last = number = next_number()
    change, counts = (number, operation, line), changes.counts
    for _, regions, key, bounds in watched:
        regions[bounds] = change
        counts[key] = counts.get(key, 0) + 1


def record_change(array, operation, line):
    """Remember that `operation`, called at `line`, wrote into `array`."""
    record_changes((watch(array),), operation, line)


def change_since(array, number):
    """The newest change to the memory of `array` after `number`, as (number, operation, line), or None."""
    regions = changes.by_owner.get(id(owner(array)))
    if not regions or max(regions.values())[0] <= number:
        return None
    first, end = np.lib.array_utils.byte_bounds(array)
    newest = max(
        (change for (start, stop), change in regions.items() if start < end and first < stop), default=(0, "", "")
    )
    return newest if newest[0] > number else None


def check_saved(node):
    """Raise GraphError if a value that `node` needs was overwritten after the node was made."""
    needed = node.saved
    if node.is_view:  # what was read through it may be stale; the view is made again to see how much it covers
        views = node.forward(Function(), *(a._array if isinstance(a, Tensor) else a for a in node.inputs))
        needed = (*needed, *(views if type(views) is tuple else (views,)))
    for array in needed:
        change = change_since(array, node.number) if isinstance(array, np.ndarray) else None
        if change is not None:
            _, operation, line = change
            names = [a.name for a in node.inputs if isinstance(a, Tensor) and a._array is array and a.name]
            value = f"{names[0]} of shape" if names else "a value of shape"
            remedy = (
                "Run every backward that needs the old values before the step, or compute the loss anew after it."
                if operation.endswith(".step")
                else "Use a version that makes a new tensor (y = y + 1 rather than y += 1), change a copy (t.clone()), "
                "or make the change after backward."
            )
            raise GraphError(
                f"backward: {node.name()}{called_at(node)} saved {value} {array.shape}, which was changed in place "
                f"afterwards, by {operation} at {line}. {remedy}"
            )


def in_place(self, operation, compute):
    """Give `self` the values of ``compute(self)``, in its own memory; where recorded, it takes the result's place.

    Parameters
    ----------
    self : Tensor
        What is changed.
    operation : str
        The name for messages, as ``add_``.
    compute : callable
        From a tensor to a new tensor of the same shape.

    Raises
    ------
    GraphError
        For a leaf that requires a gradient, and for a view inside the graph.
    """
    refuse_unsafe(self, operation)
    recorded = state.grad and self._requires_grad
    source = self
    if recorded:  # what is computed may save the values before the change, which are about to be overwritten
        source = stand_in(self, self._array.copy())
        if state.recorder is not None:
            state.recorder.copy(source._array, self._array)
    result = compute(source)
    if result._requires_grad and not recorded:  # another operand brings the graph: again, on what may be saved
        result = compute(stand_in(self, self._array.copy()))
    if result.shape != self.shape:
        raise ShapeError(
            f"{operation}: the result has shape {result.shape}, which does not fit into {self.shape} in place. "
            "Use the version that makes a new tensor."
        )
    if not np.can_cast(result.dtype, self.dtype, "same_kind"):
        raise DTypeError(
            f"{operation}: the result is {result.dtype} and cannot be kept in a {self.dtype} tensor. "
            "Use the version that makes a new tensor, or convert first."
        )
    if result.dtype != self.dtype:
        result = result.to(self.dtype)
    take_place(self, operation, result)
    np.copyto(self._array, result._array)
    record_change(self._array, operation, user_line())
    if state.recorder is not None:
        state.recorder.copy(self._array, result._array)
    return self


def attach_in_place(function, *names):
    """Give Tensor methods, as ``add_`` and ``__iadd__``, that keep the result of `function` in the tensor itself."""
    label = names[0]

    def method(self, *args, **kwargs):
        return in_place(self, label, lambda t: function(t, *args, **kwargs))

    method.__doc__ = f"In place: the tensor takes the values of `{function.__name__}`."
    for name in names:
        setattr(Tensor, name, method)


def refuse_unsafe(self, operation):
    """Raise GraphError where a change in place would spoil the graph."""
    if not state.grad or not self._requires_grad:
        return
    if self.grad_fn is None:
        raise GraphError(
            f"{operation}: {self.name or 'this tensor'} is a leaf that requires a gradient; changing it in place would "
            "lose the value its gradient belongs to. Do it inside `with microtorch.no_grad():`, or work on a copy "
            "(t.clone())."
        )
    if self.grad_fn.is_view:
        raise GraphError(
            f"{operation}: this tensor is a view made by {self.grad_fn.name()}, inside the graph; changing it in place "
            "would change its base behind the graph's back. Change the base (base[index] = value) or a clone()."
        )


def stand_in(self, array):
    """A tensor over `array` in the place that `self` has in the graph now."""
    other = wrap(array)
    other.grad_fn, other._output_nr, other._requires_grad = self.grad_fn, self._output_nr, self._requires_grad
    return other


def take_place(self, operation, result):
    """Put `self` where `result` is in the graph, if it is recorded."""
    if not result._requires_grad:
        return
    if not self._requires_grad and self._array.base is not None:
        raise GraphError(
            f"{operation}: this tensor shares its memory with another one (a view, detach or from_numpy), which would "
            "change without being recorded. Change the other one (base[0, 1] = value in one step), or a clone()."
        )
    # Note [Earlier users]: operations that took `self` before hold the very tensor that moves now. Each move leaves
    # behind a tensor in the old place, in a list that is handed on from node to node, so that `as_they_were` can find
    # the place that a user knew.
    node = result.grad_fn
    node.moves = moves = getattr(self.grad_fn, "moves", None) or []
    moves.append((node.number, stand_in(self, self._array)))
    self.grad_fn, self._output_nr, self._requires_grad = node, result._output_nr, True


def as_they_were(node):
    """The inputs of `node` in the places they had when it was made; see Note [Earlier users]."""
    return tuple([_before(a, node.number) if isinstance(a, Tensor) else a for a in node.inputs])


def _before(a, number):
    if a.grad_fn is None or a.grad_fn.number < number:
        return a
    moves = a.grad_fn.moves
    return moves[bisect.bisect(moves, number, key=itemgetter(0))][1]


def _version(self):
    """How many times the memory of this tensor was changed in place."""
    return changes.counts.get(id(owner(self._array)), 0)


attach("_version")(property(_version))
