"""The one seam for those who look on: what a thread's computation tells while it runs.

`state.observers` holds who looks on in this thread, the outermost first; it is read where grad mode is read. Recording
a captured step, detecting anomalies, explaining a training and playing a backward pass are observers. While nobody
looks on, all of this costs one look at an empty tuple.
"""

import functools

from .mode import state

__all__ = ["Observer"]


class Observer:
    """One who looks on inside a ``with`` block, in one thread; it overrides what it wants to be told."""

    def __enter__(self):
        tell("joined", self)
        state.observers = (*state.observers, self)
        return self

    def __exit__(self, *error):
        # The last place where it stands, and not what was there before it came: others may come and go meanwhile.
        last = max(i for i, observer in enumerate(state.observers) if observer is self)
        state.observers = state.observers[:last] + state.observers[last + 1 :]

    def joined(self, other):
        """Hear that `other` begins to look on, inside."""

    def starts(self, ctx):
        """Hear that an operation, a backward or another work on arrays begins; what it does inside is its own."""

    def ends(self, ctx):
        """Hear that it has ended, or failed."""

    def forward(self, ctx, arrays, outputs):
        """See an operation that has run, on `arrays`, and the tensors it gave; ``ctx.number`` if it is recorded."""

    def begins(self, tensors):
        """Hear that a backward from these tensors begins."""

    def backward(self, node, dys, dxs):
        """See a backward that has run; returns the gradients to go on with, usually `dxs`."""
        return dxs

    def arrived(self, node, edge, dx, held, total):
        """See that `node` hands `dx` on along `edge`, where `held` waited (or None) and now `total` does."""

    def deposited(self, leaf, dx, old):
        """See that ``leaf.grad`` is set: `dx` was added to `old`, or None; by the user if `dx` is None."""

    def called(self, function, args, kwargs, result):
        """See a call on arrays or tensors outside the operations: `result` was returned or, where given, filled."""

    def made(self, array, data):
        """See a new tensor over `array` with the values of `data`, or constant ones if that is None."""

    def written(self, watched, operation, line):
        """See a change in place of the memory that `watch` found."""

    def used(self, thing):
        """See that an optimizer or a scheduler takes part."""

    def left(self, reason, remedy=None):
        """Hear that something is Python's: it happens here and now, and not in the arrays."""


def tell(event, *args):
    """Tell everybody who looks on."""
    for observer in state.observers:
        getattr(observer, event)(*args)


def observed(run, ctx, arrays):
    """``run(ctx, *arrays)`` between what `starts` and `ends`."""
    observers = state.observers
    for observer in observers:
        observer.starts(ctx)
    try:
        return run(ctx, *arrays)
    finally:
        for observer in reversed(observers):
            observer.ends(ctx)


def taking_part(step):
    """Decorate the step of an optimizer or a scheduler."""
    noted = one_call(step)

    @functools.wraps(step)
    def call(self, *args, **kwargs):
        if not state.observers:
            return step(self, *args, **kwargs)
        tell("used", self)
        if any(callable(a) for a in (*args, *kwargs.values())):
            tell("left", "an optimizer's closure is Python code that runs at every step")
        return noted(self, *args, **kwargs)

    return call


def one_call(function):
    """Decorate a function that works on arrays by itself: those who look on see one call."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        if not state.observers:
            return function(*args, **kwargs)
        args = tuple(list(a) if hasattr(a, "__next__") else a for a in args)  # as model.parameters()
        result = observed(lambda _, *args: function(*args, **kwargs), None, args)
        tell("called", function, args, kwargs, result)
        return result

    return call
