"""Changes in place: who overwrote what, and when; and where a tensor stands in the graph afterwards.

A change is remembered by the memory it touched and gets a number from the same counter as the nodes (Note [Newest
first] in function.py). A backward that needs a saved value asks for changes to that memory newer than itself. So an
operation pays nothing for the check, views and `detach` are covered because they share the memory, and two disjoint
parts of one array do not disturb each other.

A recorded change is the operation of the same name on a copy, whose result takes the tensor's place and is written into
its memory. If the tensor is a view, its base takes the place of a `CopySlices`: the base with the result put in.
"""

import weakref

import numpy as np

from ...errors import DTypeError, GraphError, ShapeError, refuse_read_only, user_line
from ...tensor import LEAF, Tensor, attach, edge_of, tensor_at, wrap
from ..function import next_number
from ..messages import overwritten
from ..mode import state
from ..observe import tell
from .copy_slices import CopySlices
from .views import moves, owner, refresh, take_place, view_of, walk


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


def watch(array):
    """The arguments of `record_changes`, found once: for arrays that are written again and again, as parameters are."""
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
    if state.observers:
        tell("written", watched, operation, line)
    changes.last = number = next_number()
    change, counts = (number, operation, line), changes.counts
    for _, regions, key, bounds in watched:
        regions[bounds] = change
        counts[key] = counts.get(key, 0) + 1


def record_change(array, operation, line):
    """Remember that `operation`, called at `line`, wrote into `array`."""
    record_changes((watch(array),), operation, line)


def zero_gradient(t):
    """Fill ``t.grad``, if there is one, with zeros."""
    grad = t.grad
    if grad is not None and grad.requires_grad:
        t._grad = wrap(np.zeros(t.shape, t.dtype))  # the graph of one made with create_graph stays
    elif grad is not None:
        grad._array.fill(0)
        record_change(grad._array, "zero_grad", user_line())
    if state.observers:
        tell("called", zero_gradient, (t,), {}, None)


def change_since(array, number=0):
    """The newest change to the memory of `array`, of those after `number`, as (number, operation, line), or None."""
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
    for array in node.saved:
        change = change_since(array, node.number) if isinstance(array, np.ndarray) else None
        if change is not None:
            raise GraphError(overwritten(node, array, change))


def in_place(self, operation, compute, *args, **kwargs):
    """Give `self` the values of ``compute(self, *args, **kwargs)``, in its own memory; recorded, it moves there.

    Parameters
    ----------
    self : Tensor
        What is changed.
    operation : str
        The name for messages, as ``add_``.
    compute : callable
        From a tensor to a new tensor of the same shape.
    *args, **kwargs
        For `compute`; `self` may be among them.

    Raises
    ------
    GraphError
        For a leaf that requires a gradient or a view of one, and for memory that cannot be written.
    """
    recorded = is_recorded(self, operation, [*args, *kwargs.values()])
    source = self
    if recorded:  # what is computed may save the values before the change, which are about to be overwritten
        source = before_change(self)
        operand = tensor_at(edge_of(self), source._array.view())
        args = [operand if a is self else a for a in args]
        kwargs = {k: operand if a is self else a for k, a in kwargs.items()}
    result = compute(source, *args, **kwargs)
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
    view = view_of(self)
    if recorded and view is not None:
        put(self, (), None, result, operation, recorded)
        return self
    if recorded:
        move(self, result)
    np.copyto(self._array, result._array)
    record_change(self._array, operation, user_line())
    if state.observers:
        tell("called", np.copyto, (self._array, result._array), {}, None)
    return self


def attach_in_place(function, *names):
    """Give Tensor methods, as ``add_`` and ``__iadd__``, that keep the result of `function` in the tensor itself."""
    label = names[0]

    def method(self, *args, **kwargs):
        return in_place(self, label, function, *args, **kwargs)

    method.__doc__ = f"In place: the tensor takes the values of `{function.__name__}`."
    for name in names:
        setattr(Tensor, name, method)


def before_change(self):
    """A tensor with the values that `self` has now, in its place in the graph: of a view, where its base shows it."""
    copy, view = self._array.copy(), view_of(self)
    if state.observers:
        tell("called", np.copyto, (copy, self._array), {}, copy)
    return tensor_at(edge_of(self if view is None else walk(view.base, view.steps)), copy)


def move(self, result):
    """CopySlices `self` where `result` is in the graph; views of it will find their edges again."""
    take_place(self, result)
    moves.newest = next_number()


def put(self, steps, then, value, operation, recorded):
    """Write `value` where `steps` (and positions `then`) show `self`; recorded, `self` and its base move there."""
    view = view_of(self) if recorded else None
    base = self if view is None else view.base
    steps = steps if view is None else view.steps + steps
    line, target = user_line(), walk(base._array, steps)
    result = CopySlices.apply(tensor_at(edge_of(base), base._array.view()), value, steps, then)
    if recorded:
        move(base, result)
        if view is not None:
            refresh(self)
    record_change(target, operation, line)


def is_recorded(self, operation, operands):
    """Whether a change of `self` is recorded; raise GraphError where it would spoil the graph."""
    refuse_read_only(operation, self._array, self.name)
    view = view_of(self)
    seen = self if view is None else view.base
    if not state.grad or not any(isinstance(t, Tensor) and t.requires_grad for t in (self, seen, *operands)):
        return False
    if LEAF in (self._edge, seen._edge):
        what = "is a leaf" if seen is self else "is a view of a leaf"
        raise GraphError(
            f"{operation}: {self.name or 'this tensor'} {what} that requires a gradient; changing it in place would "
            "lose the value its gradient belongs to. Do it inside `with microtorch.no_grad():`, or work on a copy "
            "(t.clone())."
        )
    if view is not None and not view.recorded:
        node = self.grad_fn
        raise GraphError(
            f"{operation}: this tensor is a view made {f'by {node.name()}' if node else 'under no_grad'}, so the "
            "change of its base would not be recorded. Make the view where the graph is recorded, or work on a copy "
            "(t.clone())."
        )
    return True


def _version(self):
    """How many times the memory of this tensor was changed in place."""
    return changes.counts.get(id(owner(self._array)), 0)


attach("_version")(property(_version))
