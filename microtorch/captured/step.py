"""`capture`, the recordings of a step, and what must hold for one of them to be replayed."""

import functools
import types
import warnings
from collections import Counter

import numpy as np

from ..autograd.inplace.changes import record_changes, watch
from ..autograd.inplace.views import owner
from ..autograd.mode import state
from ..errors import explain
from ..nn.module import Module
from ..optim.lr_scheduler import LRScheduler
from ..optim.optimizer import Optimizer
from ..tensor import Tensor, wrap
from .calls import in_order
from .inputs import plain_arrays
from .recorder import Recorder

__all__ = ["CapturedStep", "capture"]

KEPT = 4  # recordings of one step that are kept, as for the last, smaller batch of an epoch


def capture(step=None, *, strict=True):
    """Record `step` at its first call and replay it from then on; also a decorator.

    Parameters
    ----------
    step : callable
        Runs forward, loss, backward and an optimizer's step, or any part of these, on the tensors it is given.
    strict : bool, default True
        Raise CaptureError for what cannot be recorded. Otherwise such a step runs eagerly, and a warning says so once.

    Returns
    -------
    CapturedStep

    Raises
    ------
    CaptureError
        At the first call: if the step reads a value into Python (``item``, ``bool``, ``numpy``, printing), has hooks,
        enters `detect_anomaly`, or draws random numbers outside an operation.

    Notes
    -----
    Tensor and array arguments are copied into the recorded inputs; a recorded input itself is used as it is. Results
    are tensors over recorded memory, outside the graph: the next replay overwrites them, ``clone()`` keeps them.
    Python code inside `step` runs only while recording: a number it computes is a constant afterwards. Learning rates,
    step counts, dropout masks, batch statistics and generators go on changing as in eager steps, bit for bit.

    Another shape or dtype, train or eval mode, grad mode, or another model or optimizer in the variables that `step`
    uses, is recorded anew; the last 4 recordings are kept. Inside `detect_anomaly`, and while `explain` watches, the
    step runs eagerly.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn, optim
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> @microtorch.capture
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = nn.functional.mse_loss(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = microtorch.ones(4, 2), microtorch.ones(4, 1)
    >>> losses = [step(x, y).item() for _ in range(3)]
    >>> losses[0] > losses[1] > losses[2]
    True
    """
    if step is None:
        return functools.partial(capture, strict=strict)
    if isinstance(step, CapturedStep):
        return step
    if not callable(step):
        raise TypeError(f"capture takes a function, not {type(step).__name__}")
    return CapturedStep(step, strict)


class CapturedStep:
    """A step that is recorded once and replayed; made by `capture`.

    Attributes
    ----------
    step : callable
        The function as it was written.
    """

    def __init__(self, step, strict):
        functools.update_wrapper(self, step)
        self.step, self.strict = step, strict
        self._recordings = []  # the one used last comes first
        self._eager = {}  # what could not be recorded: key -> why
        self._warned = False

    def __call__(self, *args, **kwargs):
        if state.observers:  # inside another captured step it is part of that; others want to see what happens
            return self.step(*args, **kwargs)
        if self._recordings and not kwargs and self._recordings[0].takes(args):
            return self._recordings[0].replay(args)
        leaves = []
        key = (_flatten((args, kwargs), leaves), state.grad)
        for i, recording in enumerate(self._recordings):
            if recording.key == key and recording.holds():
                if i:
                    self._recordings.insert(0, self._recordings.pop(i))
                return recording.replay(leaves)
        if key in self._eager:
            return self.step(*args, **kwargs)
        return self._record(key, leaves, args, kwargs)

    def _record(self, key, leaves, args, kwargs):
        why = self._why(key)
        recorder = Recorder(self.strict)
        buffers = [recorder.input(leaf) for leaf in leaves]
        given = _rebuild((args, kwargs), iter(buffers))
        result = recorder.run(self.step, given)
        if recorder.refused is not None:
            self._eager[key] = recorder.refused
            if not self._warned:
                self._warned = True
                warnings.warn(f"capture: this step runs eagerly. {recorder.refused}", stacklevel=3)
            return result
        recording = Recording(key, why, recorder, buffers, result, self.step)
        self._recordings.insert(0, recording)
        del self._recordings[KEPT:]
        return recording.result

    def _why(self, key):
        """Why a new recording is made."""
        if not self._recordings:
            return "the first call"
        for recording in self._recordings:
            if recording.key == key:
                return f"{recording.broken()}"
        return "arguments of another kind, shape or dtype" if self._recordings[0].key[1] == key[1] else "grad mode"

    def report(self):
        """What each recording holds, as text: its calls, buffers and bytes, and why it was made."""
        lines = [f"captured {getattr(self.step, '__name__', 'step')}: {len(self._recordings)} recordings"]
        for i, recording in enumerate(self._recordings):
            lines.append(f"  {i}: because of {recording.why}; replayed {recording.replays} times")
            lines.extend(f"     {line}" for line in recording.describe())
        lines.extend(f"  eager: {why}" for why in self._eager.values())
        return "\n".join(lines)

    @property
    def recording(self):
        """Recording: the one used last, or None where none has been made."""
        return self._recordings[0] if self._recordings else None

    @property
    def calls(self):
        """list of str: the names of the calls of the recording used last, in order."""
        return [call.name for call in self._recordings[0].calls] if self._recordings else []


def _flatten(value, leaves):
    """The structure of arguments as a key; their tensors and arrays are added to `leaves`."""
    if isinstance(value, Tensor | np.ndarray):
        leaves.append(value)
        tracked = isinstance(value, Tensor) and value.requires_grad
        return (type(value), value.shape, value.dtype, tracked)
    if isinstance(value, tuple | list):
        return (type(value), *[_flatten(item, leaves) for item in value])
    if isinstance(value, dict):
        return (dict, *[(name, _flatten(item, leaves)) for name, item in value.items()])
    return value


def _rebuild(value, leaves):
    """`value` with its tensors and arrays replaced by the next ones of the iterator `leaves`."""
    if isinstance(value, Tensor | np.ndarray):
        return next(leaves)
    if isinstance(value, tuple | list):
        items = [_rebuild(item, leaves) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {name: _rebuild(item, leaves) for name, item in value.items()}
    return value


class Recording:
    """The calls of one step, and what must hold for them to be the right ones."""

    def __init__(self, key, why, recorder, buffers, result, step):
        self.key, self.why, self.replays = key, why, 0
        self.calls, self.operations = recorder.calls, recorder.operations
        self.buffers = [plain_arrays(b) if isinstance(b, np.ndarray) else b._array for b in buffers]
        self.modes, self.leaves, self.starting = recorder.modes, recorder.leaves, recorder.starting
        self.names = _objects_used_by(step)
        results = []
        _flatten(result, results)
        self.result = _rebuild(result, iter([_outside(r) for r in results]))
        self.watched = [watch(r._array) for r in results if isinstance(r, Tensor)]
        self.runs, self.fused = in_order(self.calls)
        self.words = {run: call.words for call in self.calls if call.words for run in call.runs}
        (_, structure, kinds), self.grad = key  # args and kwargs
        plain = kinds == (dict,) and all(type(a) is tuple and a and a[0] is Tensor for a in structure[1:])
        self.kinds = [(shape, dtype) for _, shape, dtype, _ in structure[1:]] if plain else None
        self.flags = list(self.modes.items())
        self.optimizers = [(optimizer, *groups) for optimizer, groups in recorder.optimizers.items()]
        self.memory = [(leaf, array, edge) for leaf, (array, edge) in self.leaves.items()]
        self.accumulating = [(leaf, had) for leaf, had in self.starting.items() if had is not None]

    def takes(self, args):
        """Whether it is this recording for `args`, all tensors: the usual case, decided without making a key."""
        if self.kinds is None or len(args) != len(self.kinds) or state.grad is not self.grad:
            return False
        for a, (shape, dtype) in zip(args, self.kinds):
            if type(a) is not Tensor or a._edge is not None:
                return False
            array = a._array
            if array.shape != shape or array.dtype != dtype:
                return False
        return self.holds()

    def holds(self):
        """Whether a replay would do what the step would."""
        for module, training in self.flags:
            if module.training is not training or module._hooks:
                return False
        for leaf, array, edge in self.memory:
            if leaf._array is not array or leaf._edge is not edge or (leaf._edge is not None and leaf.hooks):
                return False
        for leaf, had_gradient in self.accumulating:
            if (leaf.grad is not None) is not had_gradient:
                return False
        for optimizer, groups, members in self.optimizers:
            if optimizer.param_groups is not groups or len(groups) != len(members):
                return False
            for group, (before, params, n) in zip(groups, members):
                if group is not before or group["params"] is not params or len(params) != n:
                    return False
        for get, name, thing in self.names:  # noqa: SIM110 — a generator takes 0.3 µs more
            if get(name) is not thing:
                return False
        return True

    def broken(self):
        """What has changed since the recording, or None."""
        for module, training in self.modes.items():
            if module._hooks:
                return f"hooks of {type(module).__name__}"
            if module.training is not training:
                return f"{type(module).__name__} in {'train' if module.training else 'eval'} mode"
        for leaf, (array, edge) in self.leaves.items():
            if edge is not None and leaf.hooks:
                return "hooks of a tensor"
            if leaf._array is not array or leaf._edge is not edge:
                return "a parameter with other memory, or frozen or unfrozen"
        for leaf, had_gradient in self.starting.items():
            if had_gradient is not None and (leaf.grad is not None) is not had_gradient:
                return "gradients to add to" if leaf.grad is not None else "no gradients to add to"
        for get, name, thing in self.names:
            if get(name) is not thing:
                return f"another {type(thing).__name__} under the name {name}"
        return None if self.holds() else "other parameters in an optimizer"

    def replay(self, leaves):
        """Make the recorded calls, on new inputs."""
        for buffer, leaf in zip(self.buffers, leaves):
            given = leaf if isinstance(leaf, np.ndarray) else leaf._array
            if given is not buffer:
                np.copyto(buffer, given)
        try:
            for run in self.runs:
                run()
        except Exception as error:
            raise (explain(error, *self.words[run]) if run in self.words else error) from error.__cause__
        if self.watched:
            record_changes(self.watched, "the replay of a captured step", "a later call of it")
        self.replays += 1
        return self.result

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


def _objects_used_by(step):
    """(getter, name, object) for the models, optimizers and tensors that `step` finds in variables."""
    function = getattr(step, "__func__", step)
    if not isinstance(function, types.FunctionType):
        return []
    code, outside = function.__code__, function.__globals__.get
    getters = [
        (functools.partial(_contents, cell), name) for name, cell in zip(code.co_freevars, function.__closure__ or ())
    ]
    getters += [(outside, name) for name in code.co_names]
    found = [(get, name, get(name)) for get, name in getters]
    return [entry for entry in found if isinstance(entry[2], Module | Optimizer | LRScheduler | Tensor)]


def _contents(cell, name):
    """What a closure's variable holds, read as a global is."""
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None
