"""The recorder: an observer that notes the calls on arrays while a step runs."""

import functools
import sys
from collections import Counter

import numpy as np

from ..autograd.function import ArrayFunction
from ..autograd.inplace.changes import zero_gradient
from ..autograd.inplace.views import owner
from ..autograd.mode import scope_path, state
from ..autograd.observe import Observer
from ..errors import CaptureError, user_line
from ..kernels._jit import ready
from ..optim.optimizer import Optimizer
from ..tensor import Tensor, wrap
from .calls import Call, Memory, keep_results
from .inputs import Input, plain_arrays
from .keys import containers_of
from .same_step import same_step
from .watch import Watch, is_library

_ARRAY_LEVEL = np.ndarray | np.generic | int | float | str | tuple | type(None)


def _heard(event):
    """Decorate an event: what happens inside a call that is noted as a whole is not noted by itself."""

    @functools.wraps(event)
    def hear(self, *args):
        if not self.inside and self.refused is None:
            event(self, *args)

    return hear


class Recorder(Observer):
    """The observer that notes the calls while a step runs."""

    def __init__(self, strict, step, values):
        self.strict, self.refused = strict, None
        # A replay prints nothing; who has not insisted on one is to see what is printed.
        self.watch = Watch(step, values, self.refuse, careful=not strict)
        self.calls, self.inside = [], 0
        self.operations = Counter()  # (name, module path) -> how many operations of the graph
        self.unexplained, self.expected = None, False  # a write into memory: not yet noted, noted already
        self.modes = {}  # module -> its training flag
        self.optimizers = {}  # optimizer -> its groups, each with its parameters
        self.schedulers = []
        self.leaves = {}  # leaf tensor -> (its array, its edge)
        self.starting = {}  # leaf that was accumulated into -> whether it had a gradient at the start
        self.given = set()  # ids of the arrays that own the inputs' memory
        self.changed = {}  # id -> array that owns memory that was written in place
        self.within = {}  # the same of what operations write into beyond their results, as statistics
        self.shared = set()  # ids of the arrays that own memory which tensors were made over
        self.made_here = set()  # ids of the arrays that own memory which the step itself has taken
        self.fresh = set()  # ids of arrays that only this recording writes
        self.kept = set()  # ids of the arrays that own memory which a list of calls fills again
        self.contexts = {}  # node -> (what runs again in its place, its place, ids of the memory it knows)
        self.memory, self.noted = None, []  # what the operation that runs has asked for, and called
        self.alive = []  # so that those ids stay theirs

    def input(self, leaf):
        """The recorded input for an argument."""
        if isinstance(leaf, np.ndarray):
            buffer = leaf.copy()
            self.given.add(id(buffer))
            return buffer.view(Input)
        if leaf.requires_grad:
            self.refuse(
                f"an argument of shape {leaf.shape} requires a gradient, which would not reach it: they are copied",
                "Pass leaf.detach(), or let the step use the tensor without passing it.",
            )
            return leaf
        return wrap(leaf._array.copy())

    def run(self, step, given):
        """Run `step` eagerly, noting its calls and what it reads."""
        args, kwargs = given
        held = containers_of((args, kwargs), [])
        try:
            with self:
                result = self.watch.run(step, args, kwargs)
            self.settle()
            if self.refused is None:
                self.watch.finish(self.shared)
        finally:
            self.watch.refuse = None  # each would keep the other, and memory, until cycles are looked for
        for container, then in held:
            now = [*(container.items() if isinstance(container, dict) else container)]
            if len(now) != len(then) or any(not _alike(a, b) for a, b in zip(now, then)):
                self.refuse(f"the step changes a {type(container).__name__} that it was given")
        self.calls = [c for c in self.calls if c.name != "constant" or id(c.outputs[0]) in self.changed]
        self.contexts.clear()
        return result

    def refuse(self, reason, remedy="Leave it out of the step, or use capture(step, strict=False).", line=None):
        """Decide about something that cannot be recorded: raise, or let the step go on eagerly."""
        message = f"{reason} ({line or user_line()}). {remedy}"
        if self.strict:
            raise CaptureError(f"capture: {message}")
        self.refused = self.refused or message

    def add(self, name, runs=(), outputs=(), **more):
        """Note a call."""
        self.settle()
        self.calls.append(Call(name, runs, outputs, **more))

    def own(self, array):
        """Note that nobody but this recording writes `array`."""
        self.fresh.add(id(array))
        self.alive.append(array)

    def settle(self):
        """Refuse a write that nothing explained."""
        if self.unexplained is not None:
            reason, self.unexplained = self.unexplained, None
            self.refuse(reason)

    # -- operations ------------------------------------------------------------------------------------------------

    def starts(self, ctx):
        self.inside += 1
        if self.inside == 1 and not _is_users(ctx):
            sys.settrace(None)  # nothing to watch, and compiled kernels may be loaded, by half a million calls
        if self.inside == 1 and isinstance(ctx, ArrayFunction):
            self.memory, self.noted = Memory(), []
            self.memory.lend(ctx)
            ctx.call = self._note

    def _note(self, function, *args):
        result = function(*args)
        self.noted.append((function, args))
        return result

    def ends(self, ctx):
        self.inside -= 1
        if self.inside == 0:
            sys.settrace(self.watch)
        if self.inside == 0 and isinstance(ctx, ArrayFunction):
            del ctx.empty, ctx.empty_gradient, ctx.call

    def _list_of(self, known, results):
        """The noted calls as partials, where they are all there is to do; else None.

        They are where every result lies in memory from ``ctx.empty`` and every array that is read lies there too, or in
        memory of `known` owners, which hold their values when the calls are made again.
        """
        mine = {id(a) for a in self.memory.arrays}
        if not self.noted or any(id(owner(y)) not in mine for y in results):
            return None
        arrays = [a for _, args in self.noted for a in args if isinstance(a, np.ndarray) and a.size]
        if any(id(owner(a)) not in mine | known | self.kept for a in arrays):
            return None
        self.kept |= mine
        self.alive += self.memory.arrays
        return [functools.partial(ready(function), *map(plain_arrays, args)) for function, args in self.noted]

    @_heard
    def forward(self, ctx, arrays, outputs):
        scope = state.scope
        while scope is not None:
            self.modes[scope[0]] = scope[0].training
            scope = scope[1]
        for a, edge in zip(ctx.inputs, ctx.edges):
            if isinstance(a, Tensor) and (edge is None or edge is a):
                self.leaves.setdefault(a, (a._array, a._edge))
        place = self._place(ctx)
        known = {id(owner(a)) for a in arrays if isinstance(a, np.ndarray)}
        results = [t._array for t in outputs]
        self.made_here.update({id(owner(y)) for y in results} - known)
        again = self._again(ctx, known | {id(owner(y)) for y in results}, place)
        kept = [None if id(owner(y)) in known else y for y in results]
        if ctx.is_view and not any(y is not None for y in kept):
            return  # another look at memory that has its values already
        # A result over memory of an input (CopySlices) has its values where they belong once forward has run.
        self.expected = any(k is None for k in kept)
        operation = (*place[:2], "forward", place[2])
        steady = all(isinstance(a, _ARRAY_LEVEL) for a in arrays)  # a generator gives something else each time
        runs = self._list_of(known, results) if steady else None
        if runs is None:
            runs = [functools.partial(_forward_again, type(ctx), again, arrays, kept, self.memory)]
        outputs = [y for y in kept if y is not None]
        self.add(ctx.name(), runs, outputs, operations=(operation,), words=(type(ctx), arrays))

    def _again(self, ctx, known, place):
        """The stand-in of `ctx` in replays."""
        again = type(ctx)()
        again.__dict__.update(ctx.__dict__)
        again.inputs, again.edges, again.saved = ctx.inputs, ctx.edges, ctx.saved
        self.contexts[ctx] = again, place, known
        return again

    def _place(self, ctx):
        """Name, module path and occurrence of an operation, as `Call` has them."""
        name, path, occurrence = ctx.name(), scope_path(state.scope) if state.scope is not None else "", None
        if hasattr(ctx, "number"):  # a node of the graph
            occurrence = self.operations[name, path]
            self.operations[name, path] += 1
        return name, path, occurrence

    def backward(self, node, dys, dxs):
        """Note a backward that has just run; returns its gradients as arrays that stay."""
        if self.inside or self.refused is not None:
            return dxs
        if any(isinstance(dy, Tensor) for dy in dys):
            self.refuse("backward with create_graph records itself for a further derivative")
            return dxs
        if node not in self.contexts:  # made before the step began
            self.refuse("backward goes on into a graph that was made outside the step")
            return dxs
        again, place, known = self.contexts[node]
        results, kept = self._staying(node, dys, dxs)
        outputs = [k for k in kept if k is not None]
        if outputs:
            known = known | {id(owner(dy)) for dy in dys if isinstance(dy, np.ndarray)}
            runs = self._list_of(known, outputs) if len(outputs) == sum(dx is not None for dx in dxs) else None
            if runs is None:
                rule, saved, memory = node.first_order(), again.saved, self.memory
                runs = [functools.partial(_backward_again, rule, again, dys, kept, saved, memory)]
            self.add(f"{type(node).__name__} backward", runs, outputs, operations=((*place[:2], "backward", place[2]),))
        return tuple(results)

    def _staying(self, node, dys, dxs):
        """The gradients as arrays of their own, and which of them a replay has to fill again."""
        taken = {id(d) for d in dys} | {id(s) for s in node.saved or ()}
        memories = {id(owner(d)) for d in dys if isinstance(d, np.ndarray)}
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
                    # All else that a ctx holds is not ours: a constant it returns each time.
                    if dx.base is None and not any(dx is v for v in node.__dict__.values()):
                        self.own(dx)
            results.append(dx)
            kept.append(keep)
        return results, kept

    # -- between operations ------------------------------------------------------------------------------------------

    @_heard
    def joined(self, other):
        self.refuse(f"{type(other).__name__} looks at every value, which a replay does not")

    @_heard
    def arrived(self, node, edge, dx, held, total):
        if held is not None:
            if total is not held:
                self.own(total)
            self.add("accumulate", (functools.partial(np.add, held, dx, total),), [total])

    @_heard
    def deposited(self, leaf, dx, old):
        if dx is None:
            self.starting.setdefault(leaf, None)  # what was there at the start does not matter
            self.add("grad", gradient=(leaf, leaf._grad))
            return
        self.leaves.setdefault(leaf, (leaf._array, leaf._edge))
        self.starting.setdefault(leaf, old is not None)
        total = leaf._grad._array
        if old is not None:

            def accumulate():
                np.add(dx, leaf._grad._array, out=total)

            self.add("accumulate", (accumulate,), [total], looks=True)
        elif total is not dx:
            if id(dx) in self.fresh:
                leaf._grad = wrap(dx)  # no copy is needed: from now on it is the leaf's
            else:
                self._copied(total, dx)
        self.fresh.discard(id(dx))
        self.made_here.add(id(owner(leaf._grad._array)))
        self.add("grad", gradient=(leaf, leaf._grad))

    def written(self, watched, operation, line):
        if self.refused is not None:
            return
        self.changed.update((key, owner(array)) for array, _, key, _ in watched)
        if self.inside:  # by a call that is noted as a whole
            self.within.update((key, array) for array, _, key, _ in watched if not operation.endswith(".step"))
        elif self.expected:
            self.expected = False
        else:
            self.settle()
            self.unexplained = f"{operation} writes into memory in a way of its own ({line})"

    def _copied(self, target, source):
        self.unexplained = None
        self.add("copy", (functools.partial(np.copyto, target, source),), [target])

    @_heard
    def called(self, function, args, kwargs, result):
        if function is np.copyto:
            if result is not None:
                self.made_here.add(id(owner(result)))
            self._copied(*args)
            return
        if function is zero_gradient:
            self.starting.setdefault(args[0], args[0].grad is not None)
            if args[0].grad is None:
                return
        self.unexplained = None
        if function is Optimizer.step.__wrapped__ and type(args[0]).update is Optimizer.update and len(args) == 1:
            gradients = {call.gradient[0]: call.gradient[1] for call in self.calls if call.gradient is not None}
            if (run := same_step(args[0], gradients)) is not None:
                self.add(f"{type(args[0]).__name__}.step", (run,), looks=True)
                return
        kept = result._array if isinstance(result, Tensor) else result
        kept = kept if isinstance(kept, np.ndarray) else None
        if kept is not None:
            given = (getattr(a, "_array", a) for a in args)
            self.made_here.update({id(owner(kept))} - {id(owner(a)) for a in given if isinstance(a, np.ndarray)})
        optimizer = args[0] if args and isinstance(args[0], Optimizer) else None

        def run():
            hooked = optimizer is not None and optimizer.has_step_hooks  # since; they are called, too
            new = optimizer.step(*args[1:], **kwargs) if hooked else function(*args, **kwargs)
            if kept is not None:
                keep_results((kept,), (new._array if isinstance(new, Tensor) else new,))

        name = getattr(function, "__name__", "compute")
        if args and not isinstance(args[0], Tensor | np.ndarray) and hasattr(args[0], name):
            name = f"{type(args[0]).__name__}.{name}"
        looks = not all(isinstance(a, _ARRAY_LEVEL) for a in args)
        self.add(name, (run,), [] if kept is None else [kept], looks=looks)

    @_heard
    def made(self, array, data):
        if data is not None and self._reads(data):
            if not (isinstance(data, np.ndarray) and np.may_share_memory(*plain_arrays((array, data)))):
                self.refuse(
                    "tensor(data) makes a constant of values that change", "Use data itself, .clone() or .to(dtype)."
                )
            return
        if isinstance(data, np.ndarray) and np.may_share_memory(array, data):
            self.shared.add(id(owner(array)))  # its values are those of then
            return
        self.made_here.add(id(owner(array)))
        values = array.copy()
        self.add("constant", (functools.partial(np.copyto, array, values),), [array])

    def _reads(self, data):
        """Whether `data`, which becomes a constant, comes from a tensor or from an input."""
        if isinstance(data, list | tuple):
            return any(map(self._reads, data))
        return isinstance(data, Tensor) or (isinstance(data, np.ndarray) and id(owner(data)) in self.given)

    @_heard
    def used(self, thing):
        if isinstance(thing, Optimizer):
            groups = thing.param_groups
            self.optimizers.setdefault(thing, (groups, [(g, g["params"], [*g["params"]]) for g in groups]))
        elif thing not in self.schedulers:
            self.schedulers.append(thing)

    @_heard
    def left(self, reason, remedy=None):
        self.refuse(reason, *([remedy] if remedy else []))


def _is_users(ctx):
    """Whether an operation is the user's own: what it reads may be a constant of what it gives."""
    return isinstance(ctx, ArrayFunction) and not is_library(type(ctx).forward.__code__.co_filename)


def _alike(a, b):
    return a is b or (isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) and all(map(_alike, a, b)))


def _forward_again(cls, again, arrays, kept, memory):
    memory.lend_again(again)
    ys = cls.forward(again, *arrays)
    keep_results(kept, ys if type(ys) is tuple else (ys,))


def _backward_again(first_order, again, dys, kept, saved, memory):
    memory.lend_again(again)
    if again.saved is None:
        again.saved = saved
    ys = first_order(again, *dys)
    keep_results(kept, ys if type(ys) is tuple else (ys,))
