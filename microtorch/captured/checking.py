"""`check_every`: now and then a step is replayed and run eagerly from the same state, and the two are compared."""

from collections import Counter

import numpy as np

from ..autograd.function import ArrayFunction
from ..autograd.inplace.views import owner
from ..autograd.mode import scope_path, state
from ..autograd.observe import Observer
from ..errors import CaptureError
from ..random import Generator, default_generator
from ..tensor import Tensor
from .keys import flatten


def checked(step, recording, args, kwargs):
    """Replay, put everything back, run the step as written, compare; the eager outcome is the one that stays.

    Raises
    ------
    CaptureError
        If a bit differs: with the tensor, and the first operation that gave something else.
    """
    before = _State(recording, (args, kwargs))
    seen = _replayed(recording, args, kwargs)
    outcome = _named(recording, recording.result)
    before.put_back()
    with _Eyes() as eyes:
        result = step(*args, **kwargs)
    for name, array in _named(recording, result).items():
        if name not in outcome or not _equal(outcome[name], array):
            first = next((key for key, ys in eyes.seen.items() if key in seen and not _alike(seen[key], ys)), None)
            where = "none of its operations" if first is None else f"{first[0]} {first[2]}" + _in(first[1])
            raise CaptureError(
                f"capture: a replay no longer does what the step does: {name} differs, and the first operation that "
                f"does is {where}. The step depends on something that a recording does not see: pass it as an argument."
            )
    return result


def _in(path):
    return f", in {path}" if path else ""


class _State:
    """All that a step may change, to be put back."""

    def __init__(self, recording, arguments):
        flatten(arguments, given := [])
        arrays = [*recording.changed.values(), *(owner(getattr(a, "_array", a)) for a in given)]
        arrays += [owner(leaf._array) for leaf in recording.leaves]
        arrays += [owner(b._array) for module in recording.modules for b in module.buffers(recurse=False)]
        self.optimizers = [optimizer for optimizer, *_ in recording.optimizers]
        self.states = [(kept, dict(kept)) for o in self.optimizers for kept in o.state.values()]
        arrays += [owner(v._array) for kept, _ in self.states for v in kept.values() if isinstance(v, Tensor)]
        self.groups = [(group, dict(group)) for o in self.optimizers for group in o.param_groups]
        self.schedules = [(schedule, dict(vars(schedule))) for schedule in recording.schedulers]
        self.grads = [(leaf, getattr(leaf, "_grad", None)) for leaf in recording.leaves]
        arrays += [owner(grad._array) for _, grad in self.grads if grad is not None]
        self.arrays = {id(a): (a, a.copy()) for a in arrays if a.flags.writeable}
        own = [vars(module).get("generator") for module in recording.modules]
        generators = {default_generator, *(g for g in own if isinstance(g, Generator))}
        self.generators = [(g, g.get_state()) for g in generators]

    def put_back(self):
        for array, values in self.arrays.values():
            np.copyto(array, values)
        for leaf, grad in self.grads:
            leaf._grad = grad
        for thing, then in [*self.states, *self.groups, *((vars(s), kept) for s, kept in self.schedules)]:
            thing.clear()
            thing.update(then)
        for generator, then in self.generators:
            generator.set_state(then)


def _named(recording, result):
    """Copies of what a step leaves behind, by names."""
    flatten(result, results := [])
    found = {f"result {i}": getattr(r, "_array", r).copy() for i, r in enumerate(results)}
    for i, leaf in enumerate(recording.leaves):
        name = leaf.name or f"tensor {i} of shape {leaf.shape}"
        found[f"{name} ({i})" if name in found else name] = leaf._array.copy()
        if (grad := getattr(leaf, "_grad", None)) is not None:
            found[f"{name}.grad ({i})"] = grad._array.copy()
    for i, module in enumerate(recording.modules):
        for name, b in module.named_buffers(recurse=False):
            found[f"{name} of {type(module).__name__} {i}"] = b._array.copy()
    return found


def _replayed(recording, args, kwargs):
    """Replay call by call; gives what each operation wrote, by (name, module path, direction, occurrence)."""
    seen, outside = {}, Counter()
    given = recording.arrays_of(args, kwargs)
    recording.take(given)
    for call in recording.calls:
        if call.gradient is not None:
            leaf, gradient = call.gradient
            leaf._grad = gradient
        for run in call.runs:
            run()
        for name, path, direction, occurrence in call.operations if call.outputs else ():
            if occurrence is None:
                occurrence = _next(outside, name, path)
            seen[name, path, direction, occurrence] = [y.copy() for y in call.outputs]
    recording.copy_back(given)
    recording.replays += 1
    return seen


def _next(counts, name, path):
    """The occurrence of an operation outside the graph, which no node has counted: below 0."""
    counts[name, path] -= 1
    return counts[name, path]


class _Eyes(Observer):
    """Sees what each operation of an eager step gives."""

    def __init__(self):
        self.seen, self.counts, self.places, self.inside = {}, Counter(), {}, 0
        self.outside = Counter()

    def starts(self, ctx):
        self.inside += 1

    def ends(self, ctx):
        self.inside -= 1

    def forward(self, ctx, arrays, outputs):
        if self.inside or not isinstance(ctx, ArrayFunction):
            return
        name, path = ctx.name(), scope_path(state.scope) if state.scope is not None else ""
        if hasattr(ctx, "number"):
            occurrence = self.counts[name, path]
            self.counts[name, path] += 1
        else:
            occurrence = _next(self.outside, name, path)
        self.places[ctx] = name, path, occurrence
        self.seen[name, path, "forward", occurrence] = [y._array.copy() for y in outputs]

    def backward(self, node, dys, dxs):
        if not self.inside and node in self.places:
            name, path, occurrence = self.places[node]
            kept = [np.array(getattr(dx, "_array", dx)) for dx in dxs if dx is not None]
            self.seen[name, path, "backward", occurrence] = kept
        return dxs


def _equal(a, b):
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def _alike(written, given):
    """Whether all that a replay wrote is among what the eager operation gave, or cannot be told apart."""
    return len(written) != len(given) or all(map(_equal, written, given))
