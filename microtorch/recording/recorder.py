"""The recorder: what notes the calls while a step runs."""

import functools
import types
from collections import Counter

import numpy as np

from ..autograd.inplace import owner
from ..autograd.mode import scope_path, state
from ..errors import CaptureError, explain, user_line
from ..tensor import Tensor, wrap
from .calls import Call, keep_results
from .inputs import Input
from .methods import watch_methods


class Recorder:
    """What notes the calls while a step runs."""

    def __init__(self, strict):
        self.strict, self.refused = strict, None
        self.calls, self.inside = [], 0
        self.fused = []  # what one call does for several
        self.operations = Counter()  # (name, module path) -> how many operations of the graph
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
            return buffer.view(Input)
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
        watch_methods(+1)
        try:
            result = step(*args, **kwargs)
            self.settle()
            self.calls = [c for c in self.calls if c.name != "constant" or id(c.outputs[0]) in self.changed]
            return result
        finally:
            watch_methods(-1)
            state.recorder = None

    def refuse(self, reason, remedy="Leave it out of the step, or use capture(step, strict=False)."):
        """What to do about something that cannot be recorded."""
        message = f"{reason} ({user_line()}). {remedy}"
        if self.strict:
            raise CaptureError(f"capture: {message}")
        self.refused = message
        state.recorder = None  # the step goes on eagerly

    # -- what is noted -----------------------------------------------------------------------------------------------

    def place(self, ctx):
        """Name, module path and occurrence of an operation that has just run, as `Call` has them."""
        name, path, occurrence = ctx.name(), scope_path(state.scope) if state.scope is not None else "", None
        if hasattr(ctx, "number"):  # a node of the graph
            occurrence = self.operations[name, path]
            self.operations[name, path] += 1
        return name, path, occurrence

    def forward(self, cls, ctx, place, arrays, outputs, memory):
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
        operation = *place[:2], "forward", place[2]
        if memory.arrays and hasattr(cls, "replay") and (runs := cls.replay(ctx, arrays, outputs[0])) is not None:
            self.add(cls.__name__, runs, outputs, operations=(operation,))
            return
        plain = cls.forward

        def run():
            memory.next = 0
            try:
                ys = plain(ctx, *arrays)
            except Exception as error:
                raise explain(error, cls, arrays) from error.__cause__
            keep_results(kept, ys if type(ys) is tuple else (ys,))

        self.add(cls.__name__, (run,), [y for y in kept if y is not None], operations=(operation,))

    def outside_graph(self, compute, arrays, y):
        """A result without a derivative that has just been computed."""
        if not self.inside:

            def run():
                keep_results((y,), (compute(*arrays),))

            self.add(getattr(compute, "__name__", "compute"), (run,), [y])

    def backward(self, first_order, ctx, place, dys, dxs):
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
        operation = *place[:2], "backward", place[2]
        bound = getattr(ctx, "replay_backward", None)
        runs = (
            bound(ctx, *dys, *kept) if bound is not None and len(outputs) == sum(d is not None for d in dxs) else None
        )
        if runs is not None:
            self.add(name, runs, outputs, operations=(operation,))
            return tuple(results)
        saved = ctx.saved

        def run():
            if ctx.saved is None:  # a forward by `replay` saves nothing
                ctx.saved = saved
            ys = first_order(ctx, *dys)
            keep_results(kept, ys if type(ys) is tuple else (ys,))

        if outputs:
            self.add(name, (run,), outputs, operations=(operation,))
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

            def run():
                np.add(leaf._grad._array, dx, out=total)

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
                keep_results((kept,), (again._array,))

        self.add(name, (run,), [] if kept is None else [kept], looks=True)
        return result

    def groups_of(self, optimizer):
        """Note which parameters `optimizer` has."""
        groups = optimizer.param_groups
        self.optimizers.setdefault(optimizer, (groups, [(g, g["params"], len(g["params"])) for g in groups]))

    def add(self, name, runs=(), outputs=(), **more):
        """Note a call."""
        self.settle()
        self.calls.append(Call(name, runs, outputs, **more))
