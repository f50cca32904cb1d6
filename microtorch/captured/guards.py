"""When a recording is the right one: one function, made from source for each recording, that compares what it read.

What only changes of structure can alter is compared if `structure.number` has moved; the rest at each call, 10 to 25 ns
each. Made from source because a loop over getters takes three times as long.
"""

import threading

import numpy as np

from .. import dtypes
from ..autograd.mode import state
from ..nn.hooks import EVERY
from ..nn.module import Module
from ..structure import structure
from ..tensor import Tensor
from .keys import NUMBERS, flatten, objects_in, same
from .source import Source


class Guard:
    """The facts that a recording depends on.

    Attributes
    ----------
    holds : callable
        ``holds(args, kwargs)``: whether a replay would do what the step would; compiled.
    arrays_of : callable
        ``arrays_of(args, kwargs)``: the arrays of the arguments.
    """

    def __init__(self, recorder, args, kwargs, key):
        self.leaves, self.key, watch = recorder.leaves, key, recorder.watch
        self.alive = objects_in((args, kwargs), []), watch.keep  # so that their ids stay theirs
        self.grad, self.thread = state.grad, threading.get_ident()
        values = [edge.value for edge in watch.edges.values()]
        below = [m for value in values if isinstance(value, Module) for m in value.modules()]
        self.modules = [*dict.fromkeys([*recorder.modes, *below])]
        self.optimizers = [(optimizer, *groups) for optimizer, groups in recorder.optimizers.items()]
        self.starting = [(leaf, had) for leaf, had in recorder.starting.items() if had is not None]
        edges = [edge for edge in watch.edges.values() if not isinstance(edge.thing, tuple)]  # tuples stay
        self.structural = [edge for edge in edges if edge.by_structure]
        self.others = [edge for edge in edges if not edge.by_structure]
        self.number = -1  # the first replay looks closely
        dtype, modules, leaves, every = self._structure()
        leaves = [(*was, hooks) for was, (*_, hooks) in zip(self.leaves.values(), leaves)]
        self.before = dtype, modules, leaves, every

    # -- what only structure changes ---------------------------------------------------------------------------------

    def _structure(self):
        leaves = [(leaf._array, leaf._edge, tuple(leaf.hooks)) for leaf in self.leaves]
        return dtypes.get_default_dtype(), [structure_of(m) for m in self.modules], leaves, tuple(EVERY)

    def closer(self):
        """Whether the structure is what it was, after some of it changed; looked at once for each change."""
        number = structure.number
        if self.what_moved() is not None:
            return False
        self.number = number
        return True

    def what_moved(self):
        """The change of the structure, in words, or None."""
        dtype, modules, leaves, every = self._structure()
        if dtype is not self.before[0]:
            return "the default dtype"
        if every != self.before[3]:
            return "hooks of all modules"
        for module, now, then in zip(self.modules, modules, self.before[1]):
            if [*now] != [*then]:
                return f"the parts of {type(module).__name__}"
            for name, value in now.items():
                if not same(value, then[name]):
                    return _words_for(module, name, value)
        for now, then in zip(leaves, self.before[2]):
            if now[2] != then[2]:
                return "hooks of a tensor"
            if now[0] is not then[0] or now[1] is not then[1]:
                return "a parameter with other memory, or frozen or unfrozen"
        return next((f"another {edge}" for edge in self.structural if not _still(edge)), None)

    # -- the whole, slowly, in words ---------------------------------------------------------------------------------

    def why_not(self, key):
        """The reason why the recording is not the one for arguments of this `key`, in words, or None."""
        if self.thread != threading.get_ident():
            return "another thread"
        if self.grad is not state.grad:
            return "grad mode"
        if self.key != key:
            return "arguments of another kind, shape or dtype, or another value among them"
        if (moved := self.what_moved()) is not None:
            return moved
        for leaf, had in self.starting:
            if (leaf.grad is not None) is not had:
                return "no gradients to add to" if had else "gradients to add to"
        for optimizer, groups, members in self.optimizers:
            now = [(group, group.get("params")) for group in optimizer.param_groups]
            same_groups = optimizer.param_groups is groups and len(now) == len(members)
            if not same_groups or any(_other(*pair, *then) for pair, then in zip(now, members)):
                return "other parameters in an optimizer"
        for edge in self.others:
            if not _still(edge):
                return f"another value of {edge}"
        return None

    # -- the whole, compiled -----------------------------------------------------------------------------------------

    def compiled(self, args, kwargs):
        """Two functions made from source, for calls with arguments like these.

        Returns
        -------
        holds : callable
            ``holds(args, kwargs)``: whether a replay would do what the step would.
        arrays_of : callable
            ``arrays_of(args, kwargs)``: the arrays of the arguments.
        """
        source = _Guarded(self)
        tests = [f"get_ident() == {self.thread}", f"state.grad is {self.grad}"]
        of_arguments, arrays_of = source.arguments(args, kwargs, self.key)
        tests += of_arguments
        tests.append("(structure.number == guard.number or guard.closer())")
        for leaf, had in self.starting:
            tests.append(f"({source.constant(leaf)}.grad is not None) is {had}")
        for optimizer, groups, members in self.optimizers:
            name = source.constant(groups)
            tests.append(f"{source.constant(optimizer)}.param_groups is {name} and len({name}) == {len(members)}")
            for i, (group, params, members_then) in enumerate(members):
                # Lists compare by identity first; another tensor compares by element, and that has no truth: caught.
                held, then = source.constant(group), source.constant(members_then)
                tests.append(f"{name}[{i}] is {held} and {held}['params'] is {source.constant(params)}")
                tests.append(f"{held}['params'] == {then}")
        tests += map(source.edge, self.others)
        return source.predicate("holds", "args, kwargs", tests), arrays_of


class _Guarded(Source):
    """The text of a guard."""

    def __init__(self, guard):
        super().__init__(
            guard=guard, state=state, structure=structure, same=same, Tensor=Tensor, flatten=flatten,
            get_ident=threading.get_ident,
        )  # fmt: skip

    def arguments(self, args, kwargs, key):
        """Tests of the arguments, and a function that gives their arrays; by a key where there is no quicker way."""
        tests, leaves = [f"not kwargs and len(args) == {len(args)}"], []
        if kwargs or not all(self._argument(f"args[{i}]", a, tests, leaves) for i, a in enumerate(args)):
            return [f"flatten((args, kwargs), []) == {self.constant(key)}"], _arrays_of
        return tests, self.function("arrays_of", f"def arrays_of(args, kwargs):\n    return [{', '.join(leaves)}]\n")

    def _argument(self, text, a, tests, leaves):
        """Add to `tests` what `text` has to be, to `leaves` its arrays; whether there is a quick way."""
        if type(a) is Tensor:
            tests.append(
                f"type(a := {text}) is Tensor and a._edge is None and (a := a._array).shape == {a.shape} "
                f"and a.dtype is {self.constant(a.dtype)}"
            )
            leaves.append(f"{text}._array")
            return True
        if type(a) in (tuple, list):
            tests.append(f"type(a := {text}) is {type(a).__name__} and len(a) == {len(a)}")
            return all(self._argument(f"{text}[{i}]", item, tests, leaves) for i, item in enumerate(a))
        if a is None or isinstance(a, NUMBERS):
            tests.append(self.value(text, a))
            return True
        return False

    def value(self, text, value):
        """A test that `text` gives `value`."""
        constant = self.constant(value)
        if type(value) in (int, float):  # an equal number need not be the same object
            kind = type(value).__name__
            return (
                f"((t := {text}) is {constant} or (type(t) is {kind} and t == {constant} != 0) or same(t, {constant}))"
            )
        if isinstance(value, (*NUMBERS, tuple, slice, frozenset)):
            return f"((t := {text}) is {constant} or same(t, {constant}))"
        return f"{text} is {constant}"

    def edge(self, edge):
        thing, key = self.constant(edge.thing), edge.key
        if edge.kind == "keys":
            kind = dict if isinstance(edge.thing, dict) else set if isinstance(edge.thing, set) else list
            text = {dict: f"tuple({thing})", set: f"frozenset({thing})", list: f"len({thing})"}[kind]
        elif edge.kind == "ids":
            text = f"tuple(map(id, {thing}{'.values()' if isinstance(edge.thing, dict) else ''}))"
        elif edge.kind == "has":
            text = f"({key!r} in {thing}.__dict__)"
        elif edge.kind == "item":
            text = f"{thing}[{self.constant(key)}]"
        else:
            text = f"{thing}.{key}" + ".__func__" * (edge.kind == "method")
        test = self.value(text, edge.value)
        return test if edge.held is None else f"{test} and {self.constant(edge.value)}.tobytes() == {edge.held!r}"


def _arrays_of(args, kwargs):
    flatten((args, kwargs), leaves := [])
    return [a if isinstance(a, np.ndarray) else a._array for a in leaves]


def structure_of(module):
    """The part of a module that only changes of structure can alter, by name."""
    own = module.__dict__
    hooks, kinds = own.get("_hooks"), own["_kinds"]
    hooks = () if hooks is None else tuple([entry for each in vars(hooks).values() for entry in each])
    parts = {"hooks": hooks, "kinds": tuple(kinds.items()), "training": own["training"], "forward": own.get("forward")}
    return parts | {name: own[name] for name in kinds}


def _words_for(module, name, value):
    kind = type(module).__name__
    if name == "training":
        return f"{kind} in {'train' if value else 'eval'} mode"
    if name == "hooks":
        return f"hooks of {kind}"
    return f"the parts of {kind}" if name == "kinds" else f"another {name} of {kind}"


def _other(group, params, group_then, params_then, members_then):
    changed = group is not group_then or params is not params_then or len(params) != len(members_then)
    return changed or any(a is not b for a, b in zip(params, members_then))


def _still(edge):
    from .watch import read

    try:
        value = read(edge.thing, edge.kind, edge.key)
    except (AttributeError, LookupError, ValueError, TypeError):
        return False
    return edge.holds(value)
