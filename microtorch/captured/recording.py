"""A recording: the calls of one step, over memory of its own, and what is done around them at each replay."""

from collections import Counter

import numpy as np

from ..autograd.inplace.changes import record_change, record_changes, watch
from ..autograd.inplace.views import owner
from ..errors import explain
from ..tensor import Tensor, wrap
from .calls import in_order
from .inputs import plain_arrays
from .keys import flatten, rebuild
from .native import segments


class Recording:
    """The calls of one step.

    Parameters
    ----------
    guard : Guard
        What must hold for a replay.
    functions : tuple
        What `Guard.compiled` gives.
    why : str
        Why it was made.
    recorder : Recorder
    buffers : list of Tensor or ndarray
        What took the part of the arguments.
    result : object
        What the step returned.
    """

    def __init__(self, guard, functions, why, recorder, buffers, result):
        self.guard, self.why, self.replays = guard, why, 0
        self.holds, self.arrays_of = functions
        self.calls, self.operations = recorder.calls, recorder.operations
        self.optimizers, self.modules = guard.optimizers, guard.modules
        self.schedulers, self.changed = recorder.schedulers, recorder.changed
        self.buffers = [plain_arrays(b) if isinstance(b, np.ndarray) else b._array for b in buffers]
        inputs = {id(owner(b)) for b in self.buffers}
        mine = inputs | recorder.made_here  # an eager step leaves nothing there
        self.leaves = [leaf for leaf in recorder.leaves if id(owner(leaf._array)) not in mine]
        flatten(result, results := [])
        self.results = [_outside(r) for r in results]
        self.arrays = [getattr(r, "_array", r) for r in self.results]
        self.result = rebuild(result, iter(self.results))
        self.fresh = _has_mutable(result)  # a list or dict, which the caller may change
        self.stores = recorder.watch.stores
        self.watched = [watch(r._array) for r in results if isinstance(r, Tensor)]
        self.watched += [watch(array) for array in recorder.within.values()]
        self.runs, self.fused = in_order(self.calls)
        self.words = {run: call.words for call in self.calls if call.words for run in call.runs}
        self.runs = segments(self.runs)
        self.written = [i for i, b in enumerate(self.buffers) if id(owner(b)) in recorder.changed]
        # Only where a result lies over an input can what comes in lie over another one.
        self.overlaps = len(self.buffers) > 1 and any(id(owner(a)) in inputs for a in self.arrays if a is not None)

    def replay(self, args, kwargs):
        """Make the recorded calls, on new inputs."""
        given = self.arrays_of(args, kwargs)
        self.take(given)
        try:
            for run in self.runs:
                run()
        except Exception as error:
            run = getattr(run, "failed", run)
            raise (explain(error, *self.words[run]) if run in self.words else error) from error.__cause__
        if self.watched:
            record_changes(self.watched, "the replay of a captured step", "a later call of it")
        if self.written:
            self.copy_back(given)
        for put, thing, key, value in self.stores:
            put(thing, key, value)
        self.replays += 1
        return self.outcome()

    def outcome(self):
        """The result of the step, over recorded memory."""
        for tensor, array in zip(self.results, self.arrays):  # whatever was made of the last ones
            if type(tensor) is Tensor:
                tensor._array, tensor._edge = array, None
        return rebuild(self.result, iter(self.results)) if self.fresh else self.result

    def take(self, given):
        """Copy arguments, by their arrays, into the recorded inputs."""
        values = given
        if self.overlaps:  # what came out of a replay goes in at another place: read all before anything is written
            values = [a if a is b else a.copy() for a, b in zip(given, self.buffers)]
        for buffer, array in zip(self.buffers, values):
            if array is not buffer:
                buffer[...] = array

    def copy_back(self, given):
        """Change the arguments that the step changes in place where the caller has them."""
        for i in self.written:
            if given[i] is not self.buffers[i]:
                np.copyto(given[i], self.buffers[i])
                record_change(given[i], "a captured step", "its call")

    def describe(self):
        """Calls, buffers, bytes and what was fused, a line each."""
        arrays = {id(owner(a)): owner(a) for call in self.calls for a in call.outputs}
        size = sum(a.nbytes for a in arrays.values())
        calls = _counted(call.name for call in self.calls)
        lines = [f"{len(self.calls)} calls, {len(arrays)} buffers of {size:,} bytes: {calls}"]
        return lines + ([f"in one call each: {_counted(self.fused)}"] if self.fused else [])


def _counted(names):
    return ", ".join(f"{n}× {name}" if n > 1 else name for name, n in Counter(names).items())


def _outside(result):
    """A returned tensor over its recorded memory, outside the graph."""
    return wrap(result._array) if isinstance(result, Tensor) else result


def _has_mutable(value):
    if isinstance(value, tuple):
        return any(map(_has_mutable, value))
    return isinstance(value, list | dict)
