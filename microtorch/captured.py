"""Captured steps: a training step recorded once as a list of calls on arrays, then replayed without its bookkeeping.

The idea: everything an operation, a backward or an optimizer does comes down to calls on arrays, and the arrays can be
the same ones each time. While a step is recorded it runs eagerly, and each array-level call is noted with the arrays it
read and wrote. Replaying makes the same calls in the same order on the same arrays: no tensors, no nodes, no graph.

An operation's author need not know of this: the forward and the first-order backward are called again with the same
ctx, and what they return is copied into the recorded result. An operation that makes its results with ``ctx.empty``
gets the recorded arrays handed out again, and nothing is copied or allocated.

While nothing is being recorded, none of this costs anything: recording puts its own versions of a few methods in place.
"""

import functools
import sys
import types
import warnings
from collections import Counter

import numpy as np

from .autograd.function import Function, record
from .autograd.inplace import owner, record_changes, watch
from .autograd.mode import state
from .errors import CaptureError, explain, user_line
from .nn.module import Module
from .ops import creation
from .ops.promotion import Binary, pair
from .optim.lr_scheduler import LRScheduler
from .optim.optimizer import Optimizer
from .random import Generator
from .tensor import Tensor, wrap

tensors = sys.modules["microtorch.tensor"]  # the module; the name stands for the function too

__all__ = ["CapturedStep", "capture"]

READING = (
    *("item", "tolist", "numpy", "__contains__", "__format__", "__repr__"),
    *("__array__", "__bool__", "__float__", "__index__", "__int__"),
)
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
        runs under `detect_anomaly`, or draws random numbers outside an operation.

    Notes
    -----
    Tensor and array arguments are copied into the recorded inputs; a recorded input itself is used as it is. Results
    are tensors over recorded memory, outside the graph: the next replay overwrites them, ``clone()`` keeps them.
    Python code inside `step` runs only while recording: a number it computes is a constant afterwards. Learning rates,
    step counts, dropout masks, batch statistics and generators go on changing as in eager steps, bit for bit.

    Another shape or dtype, train or eval mode, grad mode, or another model or optimizer in the variables that `step`
    uses, is recorded anew; the last 4 recordings are kept.

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
        if state.recorder is not None:
            return self.step(*args, **kwargs)  # inside another captured step: part of it
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
            lines.append(f"     {recording.describe()}")
        lines.extend(f"  eager: {why}" for why in self._eager.values())
        return "\n".join(lines)

    @property
    def calls(self):
        """list of str: the names of the calls of the recording used last, in order."""
        return [call.name for call in self._recordings[0].calls] if self._recordings else []


def _flatten(value, leaves):
    """The structure of arguments as a key; their tensors and arrays are added to `leaves`."""
    if isinstance(value, Tensor | np.ndarray):
        leaves.append(value)
        tracked = isinstance(value, Tensor) and value._requires_grad
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


class Call:
    """One array-level call: what to run to make it again, and the arrays it writes.

    `gradient` is the leaf and the tensor of a call that sets ``leaf.grad``; `looks` says that the call looks at such.
    """

    __slots__ = ("gradient", "looks", "name", "outputs", "runs")

    def __init__(self, name, runs, outputs=(), gradient=None, looks=False):
        self.name, self.runs, self.outputs, self.gradient, self.looks = name, runs, outputs, gradient, looks


def _in_order(calls):
    """What to run for `calls`; of the gradients that are set, only those that somebody looks at, together."""
    runs, gradients = [], {}
    for call in calls:
        if call.gradient is not None:
            leaf, gradient = call.gradient
            gradients[leaf] = gradient
            continue
        if call.looks and gradients:
            runs.append(functools.partial(_set_gradients, list(gradients.items())))
            gradients = {}
        runs.extend(call.runs)
    if gradients:
        runs.append(functools.partial(_set_gradients, list(gradients.items())))
    return runs


def _set_gradients(gradients):
    for leaf, gradient in gradients:
        leaf._grad = gradient


class Memory:
    """``ctx.empty`` of a recorded operation: new arrays the first time, the same ones in the same order ever after."""

    def __init__(self):
        self.arrays, self.next = [], None

    def __call__(self, shape, dtype):
        if self.next is None:
            array = np.empty(shape, dtype)
            self.arrays.append(array)
            return array
        self.next += 1
        return self.arrays[self.next - 1]

    def empty_gradient(self, ctx, position):
        """``ctx.empty_gradient`` of a recorded operation."""
        array = ctx.inputs[position]._array
        return self(array.shape, array.dtype)


class _Input(np.ndarray):
    """An array argument of a step that is being recorded: what numpy made of it would be a constant."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        _refuse_numpy(ufunc.__name__)
        return getattr(ufunc, method)(*_plain(inputs), **_plain(kwargs))

    def __array_function__(self, function, types, args, kwargs):
        if any(issubclass(t, Tensor) for t in types):
            return NotImplemented
        _refuse_numpy(function.__name__)
        return function(*_plain(args), **_plain(kwargs))

    def __getitem__(self, index):
        part = super().__getitem__(index)
        if not isinstance(part, np.ndarray) or part.base is None:
            _refuse_numpy("array[index]")
        return part


def _refuse_numpy(name):
    recorder = state.recorder
    if recorder is not None and not recorder.inside:
        recorder.refuse(f"{name} of an array is a constant afterwards", "Use from_numpy(array), and its operations.")


def _plain(value):
    """`value` with plain arrays in place of inputs."""
    if isinstance(value, _Input):
        return value.view(np.ndarray)
    if isinstance(value, tuple | list):
        return type(value)(map(_plain, value))
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _reads_array(name):
    def method(self, *args, **kwargs):
        _refuse_numpy(name.strip("_"))
        return getattr(self.view(np.ndarray), name)(*args, **kwargs)

    return method


for _name in (
    *("item", "tolist", "astype", "copy", "tobytes"),
    *("__iter__", "__bool__", "__float__", "__index__", "__int__"),
):
    setattr(_Input, _name, _reads_array(_name))


class Recorder:
    """What notes the calls while a step runs."""

    def __init__(self, strict):
        self.strict, self.refused = strict, None
        self.calls, self.inside = [], 0
        self.unexplained, self.expected = None, False  # a write into memory: not yet noted, noted already
        self.modes = {}  # module -> its training flag
        self.optimizers = {}  # optimizer -> its groups, each with how many parameters it has
        self.leaves = {}  # leaf tensor -> (its array, requires_grad)
        self.starting = {}  # leaf that was accumulated into -> whether it had a gradient at the start
        self.reading = False  # whether what `tensor` copies next is values that change
        self.given = set()  # ids of the arrays that own the inputs' memory
        self.changed = set()  # the same of all memory that was written in place
        self.fresh = set()  # ids of arrays that only this recording writes
        self.alive = []  # so that those ids stay theirs

    def input(self, leaf):
        """The recorded input for an argument."""
        if isinstance(leaf, np.ndarray):
            buffer = leaf.copy()
            self.given.add(id(buffer))
            return buffer.view(_Input)
        if leaf._requires_grad:
            raise CaptureError(
                f"capture: an argument of shape {leaf.shape} requires a gradient, but arguments are copied, so none "
                "would reach it. Pass leaf.detach(), or let the step use the tensor without passing it."
            )
        return wrap(leaf._array.copy())

    def run(self, step, given):
        """Run `step` eagerly, noting its calls."""
        args, kwargs = given
        if state.anomaly is not None:
            self.refuse("detect_anomaly looks at every value, which a replay does not")
        state.recorder = self
        _watch(+1)
        try:
            result = step(*args, **kwargs)
            self.settle()
            self.calls = [c for c in self.calls if c.name != "constant" or id(c.outputs[0]) in self.changed]
            return result
        finally:
            _watch(-1)
            state.recorder = None

    def refuse(self, reason, remedy="Leave it out of the step, or use capture(step, strict=False)."):
        """What to do about something that cannot be recorded."""
        message = f"{reason} ({user_line()}). {remedy}"
        if self.strict:
            raise CaptureError(f"capture: {message}")
        self.refused = message
        state.recorder = None  # the step goes on eagerly

    # -- what is noted -----------------------------------------------------------------------------------------------

    def forward(self, cls, ctx, arrays, outputs, memory):
        """A forward that has just run."""
        scope = state.scope
        while scope is not None:
            self.modes[scope[0]] = scope[0].training
            scope = scope[1]
        for a in ctx.inputs:
            if isinstance(a, Tensor) and a.grad_fn is None:
                self.leaves.setdefault(a, (a._array, a._requires_grad))
        inputs = {id(owner(a)) for a in arrays if isinstance(a, np.ndarray)}
        kept = [None if id(owner(y)) in inputs else y for y in outputs]
        if cls.is_view and not any(y is not None for y in kept):
            return  # another look at memory that has its values already
        # A result over memory of an input (SetItem) has its values where they belong once forward has run.
        self.expected = any(k is None for k in kept)
        if memory.arrays and hasattr(cls, "replay") and (runs := cls.replay(ctx, arrays, outputs[0])) is not None:
            self.add(cls.__name__, runs, outputs)
            return
        plain = cls.forward

        def run():
            memory.next = 0
            try:
                ys = plain(ctx, *arrays)
            except Exception as error:
                raise explain(error, cls, arrays) from error.__cause__
            _keep(kept, ys if type(ys) is tuple else (ys,))

        self.add(cls.__name__, (run,), [y for y in kept if y is not None])

    def outside_graph(self, compute, arrays, y):
        """A result without a derivative that has just been computed."""
        if not self.inside:
            run = lambda: _keep((y,), (compute(*arrays),))  # noqa: E731
            self.add(getattr(compute, "__name__", "compute"), (run,), [y])

    def backward(self, first_order, ctx, dys, dxs):
        """A first-order backward that has just run; returns its gradients as arrays that stay."""
        taken = {id(d) for d in dys} | {id(s) for s in ctx.saved or ()}
        memories = {id(owner(d)) for d in dys}
        results, kept = [], []
        for dx in dxs:
            keep = None
            if dx is not None:
                if type(dx) is not np.ndarray or 0 in dx.strides:
                    dx = np.array(dx)
                elif id(owner(dx)) in memories and id(dx) not in taken:
                    results.append(dx)  # a view of dy: it has its values when dy has
                    kept.append(None)
                    continue
                if id(dx) not in taken:
                    keep = dx
                    taken.add(id(dx))
                    # What a ctx holds besides is not ours: a constant it returns each time.
                    if dx.base is None and not any(dx is v for v in ctx.__dict__.values()):
                        self.own(dx)
            results.append(dx)
            kept.append(keep)

        name, outputs = f"{type(ctx).__name__} backward", [k for k in kept if k is not None]
        bound = getattr(ctx, "replay_backward", None)
        runs = (
            bound(ctx, *dys, *kept) if bound is not None and len(outputs) == sum(d is not None for d in dxs) else None
        )
        if runs is not None:
            self.add(name, runs, outputs)
            return tuple(results)
        saved = ctx.saved

        def run():
            if ctx.saved is None:  # a forward by `replay` saves nothing
                ctx.saved = saved
            ys = first_order(ctx, *dys)
            _keep(kept, ys if type(ys) is tuple else (ys,))

        if outputs:
            self.add(name, (run,), outputs)
        return tuple(results)

    def check_pass(self, roots, order, create_graph):
        """Refuse hooks, and a graph, of a backward pass that starts at `roots` and visits the nodes of `order`."""
        if create_graph:
            self.refuse("backward with create_graph records itself for a further derivative")
        leaves = [x for node in order for x in node.inputs if isinstance(x, Tensor) and x.grad_fn is None]
        if any(node.hooks for node in order) or any(x.hooks for x in leaves):
            self.refuse("a hook is Python code that runs at every step")
        if len(roots) > 1 and len({id(r.grad_fn) for r in roots}) < len(roots):
            self.refuse("backward starts twice from one tensor")

    def written(self, watched, operation, line):
        """Some code wrote into tensors' memory; `copy`, called next, says how it is done again."""
        self.changed.update(key for _, _, key, _ in watched)
        if self.expected:
            self.expected = False
        elif not self.inside:
            self.settle()
            self.unexplained = f"{operation} writes into memory in a way of its own ({line})"

    def settle(self):
        """Refuse a write that nothing explained."""
        if self.unexplained is not None:
            reason, self.unexplained = self.unexplained, None
            self.refuse(reason)

    def constant(self, array):
        """A new tensor over `array`. If the step changes it in place, each replay starts with the same values."""
        if not self.inside:
            values = array.copy()
            self.add("constant", (functools.partial(np.copyto, array, values),), [array])

    def reads(self, data):
        """Whether `data`, which becomes a constant, comes from a tensor or from an input."""
        if isinstance(data, list | tuple):
            return any(map(self.reads, data))
        return isinstance(data, Tensor) or (isinstance(data, np.ndarray) and id(owner(data)) in self.given)

    def copies(self):
        """Refuse a constant that is made of values that change."""
        self.refuse("tensor(data) makes a constant of values that change", "Use data itself, .clone() or .to(dtype).")

    def own(self, array):
        """Note that nobody but this recording writes `array`."""
        self.fresh.add(id(array))
        self.alive.append(array)

    def sum(self, a, b, total):
        """``total = a + b`` in the engine; total may be a."""
        total = np.asarray(total)
        if total is not a:
            self.own(total)
        self.add("accumulate", (functools.partial(np.add, a, b, total),), [total])
        return total

    def unbroadcast(self, dx, axes, result):
        """The sum over broadcast dimensions."""
        kept = result if result.base is None else np.array(result)
        self.own(kept)
        wide = kept.reshape([1 if i in axes else n for i, n in enumerate(dx.shape)])
        run = functools.partial(np.add.reduce, dx, axes, keepdims=True, out=wide)
        self.add("sum over broadcast", (run,), [kept])
        return kept

    def copy(self, target, source):
        """``target[...] = source``"""
        self.unexplained = None
        self.add("copy", (functools.partial(np.copyto, target, source),), [target])

    def deposit(self, leaf, dx):
        """The gradient `dx` is added to ``leaf.grad``, an array, at the end of a pass."""
        if id(dx) not in self.fresh:
            kept = np.array(dx)
            self.copy(kept, dx)
            dx = kept
        self.fresh.discard(id(dx))  # from now on it is the leaf's
        self.leaves.setdefault(leaf, (leaf._array, leaf._requires_grad))
        old = leaf.grad
        self.starting.setdefault(leaf, old is not None)
        if old is None:
            gradient = wrap(dx)
        else:
            gradient = wrap(old._array + dx)
            total = gradient._array
            run = lambda: np.add(leaf._grad._array, dx, out=total)  # noqa: E731
            self.add("accumulate", (run,), [total], looks=True)
        leaf._grad = gradient
        self.add("grad", gradient=(leaf, gradient))

    def cleared(self, leaf):
        """``leaf.grad = None`` or another tensor."""
        self.starting.setdefault(leaf, None)  # what was there at the start does not matter
        self.add("grad", gradient=(leaf, leaf._grad))

    def whole(self, function, name, args, kwargs):
        """A call that works on arrays by itself: it is made again as it is."""
        if self.inside:
            return function(*args, **kwargs)
        args = tuple(list(a) if isinstance(a, types.GeneratorType) else a for a in args)  # model.parameters()
        self.inside += 1
        try:
            result = function(*args, **kwargs)
        finally:
            self.inside -= 1
        kept = result._array if isinstance(result, Tensor) else None

        def run():
            again = function(*args, **kwargs)
            if kept is not None:
                _keep((kept,), (again._array,))

        self.add(name, (run,), [] if kept is None else [kept], looks=True)
        return result

    def groups_of(self, optimizer):
        """Note which parameters `optimizer` has."""
        groups = optimizer.param_groups
        self.optimizers.setdefault(optimizer, (groups, [(g, g["params"], len(g["params"])) for g in groups]))

    def optimize(self, optimizer, plain, name):
        """An optimizer's step."""
        first = len(self.calls)
        result = self.whole(functools.partial(plain, optimizer), name, (), {})
        if (run := self._bound(optimizer, name, self.calls[first].runs[0])) is not None:
            self.calls[first].runs = (run,)
        return result

    def _bound(self, optimizer, name, plain):
        """The step of `optimizer` over arrays found once, or None; where it no longer fits, it runs `plain`."""
        recorded = {call.gradient[0]: call.gradient[1] for call in self.calls if call.gradient is not None}
        maker = next(cls for cls in type(optimizer).__mro__ if "update" in cls.__dict__ or "gradients" in cls.__dict__)
        if "replay" not in maker.__dict__:
            return None  # a rule of somebody's own
        groups, state_of = optimizer.param_groups, optimizer.state
        updates, known, watched = [], [], []
        for group in groups:
            entries = []
            for param in group["params"]:
                gradient = recorded.get(param)
                if gradient is None or gradient is not param._grad:
                    return None  # it may be another one next time
                p, g = param._array, gradient._array
                if p.shape != g.shape or p.dtype != g.dtype or not (p.flags.c_contiguous and g.flags.c_contiguous):
                    return None
                kept = state_of.get(param)
                entries.append((p, g, {} if kept is None else kept))
                known.append((param, p, kept))
                watched.append(watch(p))
            update = optimizer.replay(group, entries) if entries else None
            if update is None:
                return None
            updates.append((group, update))
        line = user_line()

        def run():
            fits = optimizer.state is state_of
            fits = fits and all(param._array is p and state_of.get(param) is kept for param, p, kept in known)
            if not fits or not updates[0][1]():
                plain()
                return
            optimizer.stepped = True
            for group, update in updates[1:]:
                if not update():
                    optimizer.update(group)
                    optimizer._written.clear()
            record_changes(watched, name, line)

        return run

    def add(self, name, runs=(), outputs=(), **more):
        """Note a call."""
        self.settle()
        self.calls.append(Call(name, runs, outputs, **more))


def _keep(kept, results):
    """Copy new results into the recorded ones, where they are not those already."""
    for keep, new in zip(kept, results):
        if keep is not None and keep is not new:
            if keep.shape != np.shape(new):
                raise CaptureError(
                    f"capture: a result has shape {np.shape(new)} in this replay and had {keep.shape} when it was "
                    "recorded: it depends on values. Use capture(step, strict=False)."
                )
            np.copyto(keep, new)


class Recording:
    """The calls of one step, and what must hold for them to be the right ones."""

    def __init__(self, key, why, recorder, buffers, result, step):
        self.key, self.why, self.replays = key, why, 0
        self.calls = recorder.calls
        self.buffers = [_plain(b) if isinstance(b, np.ndarray) else b._array for b in buffers]
        self.modes, self.leaves, self.starting = recorder.modes, recorder.leaves, recorder.starting
        self.names = _objects_used_by(step)
        results = []
        _flatten(result, results)
        self.result = _rebuild(result, iter([_outside(r) for r in results]))
        self.watched = [watch(r._array) for r in results if isinstance(r, Tensor)]
        self.runs = _in_order(self.calls)
        (_, structure, kinds), self.grad = key  # args and kwargs
        plain = kinds == (dict,) and all(type(a) is tuple and a and a[0] is Tensor for a in structure[1:])
        self.kinds = [(shape, dtype) for _, shape, dtype, _ in structure[1:]] if plain else None
        self.flags = list(self.modes.items())
        self.optimizers = [(optimizer, *groups) for optimizer, groups in recorder.optimizers.items()]
        self.memory = [(leaf, array, tracked) for leaf, (array, tracked) in self.leaves.items()]
        self.accumulating = [(leaf, had) for leaf, had in self.starting.items() if had is not None]

    def takes(self, args):
        """Whether it is this recording for `args`, all tensors: the usual case, decided without making a key."""
        if self.kinds is None or len(args) != len(self.kinds) or state.grad is not self.grad:
            return False
        for a, (shape, dtype) in zip(args, self.kinds):
            if type(a) is not Tensor or a._requires_grad:
                return False
            array = a._array
            if array.shape != shape or array.dtype != dtype:
                return False
        return self.holds()

    def holds(self):
        """Whether a replay would do what the step would."""
        for module, training in self.flags:
            if module.training is not training:
                return False
        for leaf, array, tracked in self.memory:
            if leaf._array is not array or leaf._requires_grad is not tracked:
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
        return all(names.get(name) is thing for names, name, thing in self.names)

    def broken(self):
        """What has changed since the recording, or None."""
        for module, training in self.modes.items():
            if module.training is not training:
                return f"{type(module).__name__} in {'train' if module.training else 'eval'} mode"
        for leaf, (array, requires_grad) in self.leaves.items():
            if leaf._array is not array or leaf._requires_grad is not requires_grad:
                return "a parameter with other memory, or frozen or unfrozen"
        for leaf, had_gradient in self.starting.items():
            if had_gradient is not None and (leaf.grad is not None) is not had_gradient:
                return "gradients to add to" if leaf.grad is not None else "no gradients to add to"
        for names, name, thing in self.names:
            if names.get(name) is not thing:
                return f"another {type(thing).__name__} under the name {name}"
        return None if self.holds() else "other parameters in an optimizer"

    def replay(self, leaves):
        """Make the recorded calls, on new inputs."""
        for buffer, leaf in zip(self.buffers, leaves):
            given = leaf if isinstance(leaf, np.ndarray) else leaf._array
            if given is not buffer:
                np.copyto(buffer, given)
        for run in self.runs:
            run()
        if self.watched:
            record_changes(self.watched, "the replay of a captured step", "a later call of it")
        self.replays += 1
        return self.result

    def describe(self):
        """Calls, buffers and bytes in a line."""
        arrays = {id(owner(a)): owner(a) for call in self.calls for a in call.outputs}
        names = ", ".join(f"{n}× {name}" if n > 1 else name for name, n in Counter(c.name for c in self.calls).items())
        size = sum(a.nbytes for a in arrays.values())
        return f"{len(self.calls)} calls, {len(arrays)} buffers of {size:,} bytes: {names}"


def _outside(result):
    """A returned tensor over its recorded memory, outside the graph."""
    return wrap(result._array) if isinstance(result, Tensor) else result


def _objects_used_by(step):
    """(namespace, name, object) for the models, optimizers and tensors that `step` finds in variables."""
    function = getattr(step, "__func__", step)
    if not isinstance(function, types.FunctionType):
        return []
    code, found = function.__code__, []
    cells = dict(zip(code.co_freevars, function.__closure__ or ()))
    for name, cell in cells.items():
        found.append((_Cell(cell), name, _Cell(cell).get(name)))
    found.extend((function.__globals__, name, function.__globals__.get(name)) for name in code.co_names)
    return [entry for entry in found if isinstance(entry[2], Module | Optimizer | LRScheduler | Tensor)]


class _Cell:
    """A closure's variable, read as a namespace is."""

    def __init__(self, cell):
        self.cell = cell

    def get(self, name):
        try:
            return self.cell.cell_contents
        except ValueError:  # not assigned yet
            return None


# -- what is put in place while a thread records ----------------------------------------------------------------------

_recording = 0
_replaced = []


def _watch(change):
    """Put recording versions of methods in place for the first thread that records; away after the last."""
    global _recording
    _recording += change
    if _recording == change == 1:
        for owner_, name, version in _versions():
            _replaced.append((owner_, name, owner_.__dict__[name]))
            setattr(owner_, name, version)
    elif _recording == 0:
        while _replaced:
            owner_, name, plain = _replaced.pop()
            setattr(owner_, name, plain)


def _versions():
    """(class, attribute, version while recording) of everything a recording looks at."""
    yield Function, "apply", classmethod(_recorded_apply)
    yield Binary, "apply", classmethod(functools.partial(_recorded_binary, Binary.__dict__["apply"].__func__))
    for name in READING:
        yield Tensor, name, _refusing(Tensor.__dict__[name], f"{name.strip('_')} reads a value into Python")
    data = Tensor.__dict__["data"]
    yield Tensor, "data", property(data.fget, _refusing(data.fset, "t.data = value gives a tensor other memory"))
    yield tensors, "_to_array", _recorded_to_array(tensors._to_array)
    yield tensors, "wrap", _recorded_copy
    yield creation, "wrap", _recorded_new
    yield Tensor, "grad", _recorded_grad(Tensor.__dict__["grad"])
    drawing = "random numbers are drawn outside an operation"
    yield Generator, "numpy", property(_refusing(Generator.__dict__["numpy"].fget, drawing))
    yield Generator, "next_key", _refusing(Generator.__dict__["next_key"], drawing)
    yield Optimizer, "zero_grad", _recorded_zero_grad(Optimizer.__dict__["zero_grad"])
    for base in (Optimizer, LRScheduler):
        for cls in (base, *_subclasses(base)):
            if "step" in cls.__dict__:
                yield cls, "step", _recorded_step(cls.__dict__["step"])


def _subclasses(cls):
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _recorded_to_array(plain):
    def to_array(data, dtype):
        array, recorder = plain(data, dtype), state.recorder
        if recorder is not None and not recorder.inside:
            recorder.reading = recorder.reads(data)
            if recorder.reading and not (isinstance(data, np.ndarray) and np.may_share_memory(array, _plain(data))):
                recorder.copies()
        return array

    return to_array


def _recorded_copy(array):
    """`wrap` in ``tensor(data)``."""
    if state.recorder is not None and not state.recorder.inside and state.recorder.reading:
        state.recorder.copies()
    return _recorded_new(array)


def _recorded_new(array):
    if state.recorder is not None:
        state.recorder.constant(array)
    return wrap(array)


def _recorded_apply(cls, *args):
    recorder = state.recorder
    if recorder is None or recorder.inside or not any(isinstance(a, Tensor) for a in args):
        return _plain_apply(cls, *args)
    ctx = cls()
    ctx.saved, ctx.inputs = (), args
    arrays = [a._array if isinstance(a, Tensor) else a for a in args]
    ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a._requires_grad for a in args)
    ctx.empty = memory = Memory()
    ctx.empty_gradient = functools.partial(memory.empty_gradient, ctx)
    recorder.inside += 1
    try:
        y = cls.forward(ctx, *arrays)
    except Exception as error:
        raise explain(error, cls, arrays) from error.__cause__
    finally:
        recorder.inside -= 1
    out = record(ctx, y, True in ctx.needs_input_grad)
    outputs = [t._array for t in (out if isinstance(out, tuple) else (out,))]
    recorder.forward(cls, ctx, arrays, outputs, memory)
    ctx.first_order = functools.partial(_recorded_backward, recorder, cls.first_order)
    return out


_plain_apply = Function.__dict__["apply"].__func__


def _recorded_binary(plain, cls, a, b):
    if state.recorder is None or not (isinstance(a, Tensor) or isinstance(b, Tensor)):
        return plain(cls, a, b)
    return _recorded_apply(cls, *pair(a, b))


def _recorded_backward(recorder, first_order, ctx, *dys):
    if state.recorder is not recorder:
        return first_order(ctx, *dys)
    recorder.inside += 1
    try:
        dxs = first_order(ctx, *dys)
    finally:
        recorder.inside -= 1
    return recorder.backward(first_order, ctx, dys, dxs if type(dxs) is tuple else (dxs,))


def _refusing(plain, reason):
    @functools.wraps(plain)
    def method(self, *args, **kwargs):
        recorder = state.recorder
        if recorder is not None and not recorder.inside:
            recorder.refuse(reason)
        return plain(self, *args, **kwargs)

    return method


def _recorded_grad(plain):
    def set_grad(self, value):
        plain.fset(self, value)
        if state.recorder is not None and not state.recorder.inside:
            state.recorder.cleared(self)

    return property(plain.fget, set_grad)


def _recorded_zero_grad(plain):
    @functools.wraps(plain)
    def zero_grad(self, *args, **kwargs):
        if state.recorder is not None:
            state.recorder.groups_of(self)
        return plain(self, *args, **kwargs)

    return zero_grad


def _recorded_step(plain):
    @functools.wraps(plain)
    def step(self, *args, **kwargs):
        recorder = state.recorder
        if recorder is None or recorder.inside:
            return plain(self, *args, **kwargs)
        if any(callable(a) for a in (*args, *kwargs.values())):
            recorder.refuse("an optimizer's closure is Python code that runs at every step")
        name = f"{type(self).__name__}.step"
        if isinstance(self, Optimizer):
            recorder.groups_of(self)
        if isinstance(self, Optimizer) and not args and not kwargs and type(self).step is step:
            return recorder.optimize(self, plain, name)
        return recorder.whole(functools.partial(plain, self), name, args, kwargs)

    return step
