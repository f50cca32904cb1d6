"""Views: tensors that look at the memory of another one, and what becomes of their edges when that one changes.

A view knows its base and the steps that show it. Where the base takes a new place in the graph, because it was changed
in place, an edge that the view found before leads to the old values. So reading the view finds its edge again, by the
same steps from where the base is now.
"""

import numpy as np

from ...errors import GraphError
from ...structure import structure
from ..graph import maker
from ..mode import state


class View:
    """How a tensor is seen.

    Attributes
    ----------
    base : Tensor
        Whose memory it is; itself no view.
    steps : tuple
        (operation, its further arguments, which of its outputs) one after another.
    number : int
        When its edge was found.
    recorded : bool
        Whether all of that ran in grad mode, by operations that say how they see; else its edge cannot be found again.
    """

    __slots__ = ("base", "number", "recorded", "steps")

    def __init__(self, source, step, number):
        outer = getattr(source, "_view", None)
        self.number = number
        recorded = state.grad and step is not None
        if outer is None:
            self.base, self.steps, self.recorded = source, (step,), recorded
        else:
            self.base, self.steps, self.recorded = outer.base, (*outer.steps, step), outer.recorded and recorded


class _Moves:
    newest = 0  # when a tensor last took a new place in the graph because it was changed in place


moves = _Moves()


def view_of(t):
    """How `t` is seen, or None if it is no view."""
    return getattr(t, "_view", None)


def as_own(result, *arguments):
    """The result of a function as no view, unless it is one of the `arguments`.

    What a function computes and then only reshapes looks at a tensor that nobody else sees. As a view, hooks on it
    would miss the gradients of its values once it is changed in place, since those then go to the base directly.
    """
    view = view_of(result)
    if view is not None and not any(view.base is a or view.base is getattr(view_of(a), "base", a) for a in arguments):
        del result._view
    return result


def take_place(t, other):
    """Give `t` the place in the graph that `other` has; what retains its gradient goes along, as in PyTorch."""
    old, k = maker(t._edge)
    if old is not None and old.retains(t, k):
        old.retained = {n: kept for n, kept in old.retained.items() if n != k}
        new, k = maker(other._edge)
        new.retain(t, k)
    t._edge = other._edge
    if old is None:  # it was a leaf
        structure.moved()


def walk(x, steps):
    """The part of `x` that the steps show, a tensor or an array."""
    for operation, args, output in steps:
        x = operation.apply(x, *args)
        x = x if output is None else x[output]
    return x


def owner(array):
    """The array that owns the memory `array` looks at."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def share(a, b):
    """Whether two arrays look at the memory of one owner."""
    return a.base is b or owner(a) is owner(b)  # the first is what a view of a whole array is, and quick


def is_stale(t):
    """Whether `t` is a view whose base has moved since the view found its edge."""
    view = view_of(t)
    if view is None or view.number > moves.newest:
        return False
    node, _ = maker(view.base._edge)
    return node is not None and node.number > view.number and owner(view.base._array) is owner(t._array)


def refresh(t):
    """Find the edge of `t` again if it is a stale view, and that can be done."""
    if is_stale(t) and (view := view_of(t)).recorded:
        before, state.grad = state.grad, True
        try:
            seen = walk(view.base, view.steps)
        finally:
            state.grad = before
        take_place(t, seen)
        view.number = seen._view.number


def refresh_all(args):
    """`refresh` for every tensor among the arguments of an operation; raise GraphError where that cannot be done."""
    for a in args:
        if view_of(a) is not None:
            refresh(a)
            if state.grad and is_stale(a):
                raise GraphError(
                    f"a tensor of shape {a.shape} is a view that was made under no_grad, or by an operation that does "
                    "not tell how it sees its input, and that input was changed in place since. Make the view again "
                    "where the graph is recorded."
                )
