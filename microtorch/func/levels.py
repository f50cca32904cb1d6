"""The common steps of every derivative of a function: starting points, products with vectors, arguments by number.

Note [Levels]: there is one graph, and derivatives nest in it to any depth. The arguments of a function that is
differentiated are new starting points, or views in the graph around it. An inner derivative is recorded if its value
depends on something from outside: on a leaf of the user's, or on a starting point of a call that is still running.
"""

import threading
from contextlib import contextmanager

import numpy as np

from ..autograd import gradients
from ..autograd.graph import maker
from ..autograd.mode import enable_grad, is_grad_enabled
from ..errors import DTypeError
from ..tensor import Tensor, edge_of, leaf_of, wrap
from .trees import leaves_of, mapped


class _Start(Tensor):
    """A leaf of its own for a tensor that is differentiated by; nobody sees it but the graph."""

    __slots__ = ()


class _Running(threading.local):
    """The starting points, by identity, of the calls that are running in this thread."""

    def __init__(self):
        self.starts = set()


_running = _Running()


class _Level:
    """One call of a derivative: its starting points, as a `tree` and in order, and whether anything is recorded."""

    def __init__(self, caller, tree, recorded):
        self.recorded, self.own = recorded, {}
        self.tree = mapped(lambda t: self._start(caller, t), tree)
        self.starts = leaves_of(self.tree)

    def _start(self, caller, t):
        if not isinstance(t, Tensor):
            raise TypeError(f"{caller}: what is differentiated by is a Tensor, not a {type(t).__name__}")
        if t.dtype.kind != "f":
            raise DTypeError(f"{caller}: a tensor of {t.dtype} has no gradient. Convert it with .float().")
        if self.recorded and t.requires_grad:
            return t.reshape(t.shape)
        leaf = leaf_of(_Start, t._array.view(), True)
        self.own[id(leaf)] = leaf
        return leaf.reshape(leaf.shape)

    def tracked_from_outside(self, outputs):
        """Whether `outputs` are to go on in a graph around this call. See Note [Levels]."""
        if not self.recorded:
            return False
        waiting, seen = [edge_of(y) for y in outputs], set()
        for edge in waiting:  # it grows as we go
            if isinstance(edge, Tensor):
                if not isinstance(edge, _Start) or (id(edge) in _running.starts and id(edge) not in self.own):
                    return True
                continue
            node, _ = (None, 0) if edge is None else maker(edge)
            if node is not None and id(node) not in seen:
                seen.add(id(node))
                waiting += node.edges
        return False


@contextmanager
def level_of(caller, tree):
    """A new `_Level` that is running, with recording on."""
    recorded = is_grad_enabled()
    with enable_grad():
        level = _Level(caller, tree, recorded)
        _running.starts |= level.own.keys()
        try:
            yield level
        finally:
            _running.starts -= level.own.keys()


def tensors_in(caller, what, tree):
    found = leaves_of(tree)
    for y in found:
        if not isinstance(y, Tensor):
            raise TypeError(f"{caller}: {what} must return Tensors, not a {type(y).__name__}")
    return found


def products(outputs, seeds, starts, create_graph):
    """Σ vᵢ · ∂yᵢ/∂x for each x, zeros where nothing depends on it."""
    pairs = [(y, v) for y, v in zip(outputs, seeds, strict=True) if y.requires_grad]
    if not pairs:
        return [wrap(np.zeros_like(x._array)) for x in starts]
    roots, weights = zip(*pairs, strict=True)
    found = gradients.grad(roots, starts, weights, retain_graph=True, create_graph=create_graph, allow_unused=True)
    return [wrap(np.zeros_like(x._array)) if g is None else g for x, g in zip(starts, found, strict=True)]


def let_go(tree, recorded):
    """`tree` with its tensors outside the graph, unless it is to be recorded."""
    return tree if recorded else mapped(lambda t: t.detach() if isinstance(t, Tensor) else t, tree)


def chosen_of(caller, argnums, args):
    """The arguments that `argnums`, an int or a tuple, names, and their positions."""
    several = isinstance(argnums, tuple)
    places = argnums if several else (argnums,)
    for place in places:
        if isinstance(place, bool) or not isinstance(place, int) or not -len(args) <= place < len(args):
            raise ValueError(f"{caller}: argnums is {argnums!r}, for {len(args)} positional arguments")
    places = [place % len(args) for place in places]
    if len(set(places)) < len(places):
        raise ValueError(f"{caller}: argnums {argnums!r} names an argument twice")
    return (tuple(args[i] for i in places) if several else args[places[0]]), places


def with_chosen(args, places, several, chosen):
    """`args` with `chosen` in their places."""
    args = list(args)
    for place, value in zip(places, chosen if several else (chosen,), strict=True):
        args[place] = value
    return args
