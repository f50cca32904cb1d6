"""The reads of a step's Python while it is recorded: the lines that run are watched.

Before each line of the user's code, and of the forwards of layers, runs, the names that it reads are followed from the
step's own variables: ``self.model.scale`` is three edges, each (thing, kind, key) -> value. Decorators, properties,
hooks and comprehensions need no resolving, as their lines are watched when they run, and lines that did not run are
not guarded. Things that the step makes itself do not count.
"""

import contextlib
import functools
import os
import random
import sys
import sysconfig
import types

import numpy as np

from ..autograd.inplace.views import owner
from ..nn.module import Module
from ..structure import structure
from ..tensor import Tensor
from .keys import NUMBERS, same
from .reads import chains

ITEMS = 64  # of a container, each followed; of longer ones only which objects they are
LARGEST = 1 << 16  # bytes of an array whose values are compared at each call
NOTHING = object()
# Packages whose functions do nothing but give a value.
_WITHOUT_EFFECT = {
    *("microtorch", "numpy", "builtins", "math", "cmath", "functools", "itertools", "operator", "collections"),
    *("typing", "types", "abc", "enum", "dataclasses", "contextlib", "copy", "numbers", "statistics", "string"),
}
_LOST = "A replay would not do that: do it outside of the step."
_BY_NAME = {"getattr", "hasattr", "vars", "attrgetter", "__dict__"}  # what reads attributes by computed names
_PACKAGE = os.path.dirname(os.path.dirname(__file__))
_STDLIB = sysconfig.get_path("stdlib")
_LAYERS = os.path.join(_PACKAGE, "nn")
_NOT_LAYERS = tuple(
    os.path.join(_LAYERS, name)
    for name in ("module.py", "hooks.py", "state.py", "functional.py", os.path.join("parallel", "reducer.py"))
)
_OUTSIDE = {"random", "time", "datetime", "secrets", "uuid", "numpy.random", "os.environ", "os.getenv"}
_USED_UP = random.Random | np.random.Generator | np.random.RandomState
_PLAIN_DESCRIPTORS = types.MemberDescriptorType | types.GetSetDescriptorType | types.FunctionType
# Only such containers are asked for an item by us: another's __getitem__ is code that is watched when it runs.
_CONTAINERS = list | tuple | dict


@functools.cache
def is_library(file):
    """Whether the code in `file` is nobody's step: this package but its Solver, Python's own and installed packages."""
    if file.startswith(os.path.join(_PACKAGE, "train")):
        return False
    return file.startswith((_PACKAGE, _STDLIB, "<frozen", "<__array")) or "-packages" in file


def _is_known(module):
    """Whether a module is of a package whose functions do nothing but give a value."""
    return module.partition(".")[0].strip("_") in _WITHOUT_EFFECT


def _is_installed(value):
    """Whether a function or class is that of a package, or of Python itself."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    return module is not None and is_library(getattr(module, "__file__", None) or "<frozen")


def _is_typed_in(frame):
    """Whether code without a file is the user's, as in ``python -c``, and not what some library has made."""
    module = sys.modules.get(frame.f_globals.get("__name__"))
    return module is not None and not is_library(getattr(module, "__file__", None) or "<user>")


def read(thing, kind, key):
    """The value at the end of an edge; LookupError or AttributeError where there is none. No property is run."""
    if kind == "item":
        return thing[key]
    if kind == "keys":
        return tuple(thing) if isinstance(thing, dict) else frozenset(thing) if isinstance(thing, set) else len(thing)
    if kind == "ids":
        return tuple(map(id, thing.values() if isinstance(thing, dict) else thing))
    if kind == "method":
        return getattr(thing, key).__func__
    if kind == "has":
        return key in thing.__dict__
    if not isinstance(thing, type) and key in getattr(thing, "__dict__", ()):
        return thing.__dict__[key]
    bases = (*(thing.__mro__ if isinstance(thing, type) else ()), *type(thing).__mro__)
    found = next((vars(c)[key] for c in bases if key in vars(c)), NOTHING)
    if found is NOTHING or (hasattr(type(found), "__get__") and not isinstance(found, _PLAIN_DESCRIPTORS)):
        raise AttributeError(key)
    return getattr(thing, key)


class Edge:
    """``thing.key is value``, as it was when first read; `held` are the bytes of an array."""

    __slots__ = ("held", "key", "kind", "line", "thing", "value")

    def __init__(self, thing, kind, key, value, line):
        self.thing, self.kind, self.key, self.value, self.line = thing, kind, key, value, line
        small = type(value) is np.ndarray and value.nbytes <= LARGEST and value.dtype != object
        self.held = value.tobytes() if small else None

    def holds(self, value):
        """Whether `value` is what was there."""
        return same(self.value, value) and (self.held is None or value.tobytes() == self.held)

    @property
    def by_structure(self):
        """bool: whether a change of it moves `structure`, so that it need not be compared at each call."""
        return isinstance(self.thing, Module) and self.kind == "attr" and self.key in self.thing.__dict__

    def __str__(self):
        if self.kind in ("attr", "has"):
            if isinstance(self.thing, types.CellType):
                return "a variable of the step"
            if isinstance(self.thing, types.FunctionType):
                return f"{self.key} of {self.thing.__name__}"
            owned = getattr(self.thing, "__name__", None) or type(self.thing).__name__
            return f"{owned}.{self.key}"
        if self.kind == "item":
            return f"{self.key!r}" if isinstance(self.key, str) else f"item {self.key!r} of a {_kind(self.thing)}"
        return f"the method {self.key}" if self.kind == "method" else f"the items of a {_kind(self.thing)}"


def _kind(thing):
    return type(thing).__name__


class Watch:
    """The edges that a step went along, from its variables and arguments on; a trace function.

    Parameters
    ----------
    step : callable
    values : list
        The arguments that are neither tensors nor containers of them.
    refuse : callable
        ``refuse(reason, remedy, line)`` for what cannot be repeated.
    careful : bool, default False
        Refuse also what may have an effect that a replay has not: `print`, and functions of packages that are not known
        to have none.
    """

    def __init__(self, step, values, refuse, careful=False):
        self.careful = careful
        self.edges = {}  # (id of the thing, kind, key) -> Edge
        self.known, self.globals, self.names = set(), set(), set()
        self.written = {}  # the same of what is set before it is read -> (thing, key, how to set it)
        self.keep, self.functions, self.last = [], {}, {}
        self.refuse, self.line, self.changed = refuse, "before it ran", set()
        function = getattr(step, "__func__", step)
        code = getattr(function, "__code__", None)
        self.own_file = code.co_filename if code is not None else None
        for value in (step, getattr(step, "__self__", None), *values):
            self.meet(value)
            self.contents(value)

    def run(self, step, args, kwargs):
        """Run the step, watching."""
        before = sys.gettrace()
        sys.settrace(self)
        try:
            return step(*args, **kwargs)
        finally:
            sys.settrace(before)
            self.last.clear()  # frames hold what they hold

    # -- what is known ------------------------------------------------------------------------------------------------

    def meet(self, value):
        """Note that `value` was there before the step: what is read of it counts from now on."""
        if value is None or id(value) in self.known or isinstance(value, NUMBERS):
            return
        self.known.add(id(value))
        self.keep.append(value)
        if isinstance(value, functools.partial):
            for part in (value.func, *value.args, *value.keywords.values()):
                self.meet(part)
        function = getattr(value, "__func__", value)
        if isinstance(function, types.FunctionType):
            self._meet_function(function)
        for module in value.modules() if isinstance(value, Module) else ():
            self.meet(module)
            for name in ("before", "after", "backward_before", "backward") if module._hooks else ():
                for entry in getattr(module._hooks, name):
                    self.meet(entry[0])
        for base in (value if isinstance(value, type) else type(value)).__mro__:
            file = getattr(sys.modules.get(base.__module__), "__file__", None) or "<frozen"
            for f in () if is_library(file) else vars(base).values():
                f = getattr(f, "__func__", getattr(f, "fget", f))  # of a class method, of a property
                if isinstance(f, types.FunctionType):
                    self.functions.setdefault(f.__code__, f)

    def _meet_function(self, function):
        self.functions[function.__code__] = function  # to find its cells when it runs
        for cell in function.__closure__ or ():
            self.meet(cell)
            if cell != types.CellType() and isinstance(cell.cell_contents, types.FunctionType):
                self.meet(cell.cell_contents)  # what a decorator wraps
        for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self.meet(value)
        if not is_library(function.__code__.co_filename):
            for key in ("__code__", "__defaults__", "__kwdefaults__"):
                self.edge(function, "attr", key)

    # -- edges --------------------------------------------------------------------------------------------------------

    def edge(self, thing, kind, key):
        """Note that ``thing.key`` is read; give its value, or NOTHING where there is nothing to go on with."""
        if isinstance(thing, Module) and kind == "attr":
            structure.names.add(key)  # first: a change from here on is to be told
        try:
            value = read(thing, kind, key)
        except (AttributeError, LookupError, ValueError, TypeError):
            return NOTHING
        if isinstance(value, types.MethodType):  # a new object at each reading
            kind, value = "method", value.__func__
        library = kind == "method" and is_library(getattr(getattr(value, "__code__", None), "co_filename", "<frozen"))
        if library or isinstance(value, types.BuiltinMethodType | types.MethodWrapperType):
            self._outside(value)
            self._effect_of(value, key)
            return NOTHING
        place = id(thing), kind, key
        known = self.edges.get(place)
        if known is None:
            if place not in self.written:
                self.edges[place] = Edge(thing, kind, key, value, self.line)
                self.meet(value)
        elif not known.holds(value) and place not in self.changed:
            self.changed.add(place)
            self.refuse(
                f"the step changes {known}, which it reads",
                "A replay runs none of its Python: let it be a tensor, or do that outside of the step.",
                known.line,
            )
        return value

    def contents(self, value, depth=3):
        """Note that all of a container is read."""
        if not isinstance(value, list | tuple | dict | set) or not depth or id(value) not in self.known:
            return
        self.edge(value, "keys", None)
        if len(value) > ITEMS:
            if not isinstance(value, set):
                self.edge(value, "ids", None)
            return
        for key in value if isinstance(value, dict) else () if isinstance(value, set) else range(len(value)):
            self.contents(self.edge(value, "item", key), depth - 1)

    def _outside(self, value):
        """Refuse a function that gives something else at each call."""
        if getattr(value, "__module__", None) in _OUTSIDE and callable(value):
            self._refuse(f"{value.__module__}.{getattr(value, '__name__', 'function')} is called")

    def _effect_of(self, function, name):
        """Where no effect may be lost, refuse a function of a package that may have one."""
        if self.careful and callable(function):
            where = getattr(function, "__module__", None) or type(getattr(function, "__self__", None)).__module__
            if function is print or not _is_known(where):
                self._refuse(f"{name} is called", _LOST)

    def _refuse(self, reason, remedy="Do that outside, and pass the result to the step."):
        self.refuse(reason, remedy, self.line)

    # -- lines --------------------------------------------------------------------------------------------------------

    def __call__(self, frame, event, arg):
        code, file = frame.f_code, frame.f_code.co_filename
        layer = is_library(file) and file != self.own_file
        if file == "<string>" and file != self.own_file and not _is_typed_in(frame):
            return None
        if layer and (not file.startswith(_LAYERS) or file in _NOT_LAYERS or code.co_varnames[:1] != ("self",)):
            return None
        if event == "call" and not layer:
            self.names.update(code.co_names, [c for c in code.co_consts if type(c) is str])
        here = frame.f_lineno if event == "line" else None
        for line in (self.last.get(frame), here):  # again after it ran: it may have assigned the name that it reads
            self.line = f"{file}:{line}"
            for name, path in chains(code).get(line, ()):
                if name == "self" if layer else line == here or name in code.co_varnames:
                    self.follow(frame, name, path)
        if event == "return":
            self.last.pop(frame, None)  # a frame holds what it holds
        else:
            self.last[frame] = here
        return self

    def follow(self, frame, name, path):
        """Go along ``name.path`` as `frame` sees it now."""
        if path and path[0][0] == "assign":
            self._assigned(frame, name)
            return
        value = self._variable(frame, name)
        if value is NOTHING:
            return
        for kind, key in path:
            if isinstance(value, types.ModuleType) and not self._goes_into(value, key):
                return
            if kind == "is" or (isinstance(value, Module) and key in ("__dict__", "_kinds", "_hooks")):
                return  # only whether it is None; or what `structure_of` tells
            if id(value) not in self.known or isinstance(value, Tensor | np.ndarray):
                return  # made by the step; or followed by itself
            if isinstance(value, _USED_UP):
                self._refuse("random numbers are drawn outside an operation", "Use microtorch's, as randn.")
            if kind == "attr" and isinstance(value, list | dict | set | tuple):
                break  # a method, which may read or change everything
            if kind == "item" and not isinstance(value, _CONTAINERS):
                break
            if kind == "store":  # what is written before it is read does not matter
                self._set(value, "attr", key, setattr)
                return
            value = self.edge(value, kind, key)
            if value is NOTHING:
                return
        if hasattr(type(value), "__next__") and id(value) in self.known:
            self._refuse("an iterator is used up")
        self._outside(value)
        if value is print or (callable(value) and _is_installed(value)):
            self._effect_of(value, getattr(value, "__name__", name))
        self.contents(value)
        if not _BY_NAME.isdisjoint(frame.f_code.co_names):
            self._attributes(value, {*frame.f_code.co_names, *frame.f_code.co_consts})

    def _attributes(self, thing, names):
        """Note the attributes under any of these names, for code that reads them by computed names."""
        if id(thing) in self.known and not isinstance(thing, Module | Tensor | type | types.ModuleType):
            for name in names if hasattr(thing, "__dict__") else ():
                if isinstance(name, str) and (id(thing), "attr", name) not in self.written:
                    self.edge(thing, "has", name)
                    self.edge(thing, "attr", name)

    def _variable(self, frame, name):
        """The value of a name, with an edge to it where it is not a local one."""
        code = frame.f_code
        if name in code.co_freevars and code in self.functions:
            self.meet(cell := self.functions[code].__closure__[code.co_freevars.index(name)])
            return self.edge(cell, "attr", "cell_contents")
        value = frame.f_locals.get(name, NOTHING)
        if value is not NOTHING:
            if isinstance(value, Module):
                self.meet(value)
            return value
        if name in frame.f_globals:
            self.known.add(id(frame.f_globals))
            self.globals.add(id(frame.f_globals))
            return self.edge(frame.f_globals, "item", name)
        if name in ("open", "input"):
            self._refuse(f"{name} is called")
        return print if name == "print" else NOTHING

    def _assigned(self, frame, name):
        code = frame.f_code
        if name in code.co_freevars and code in self.functions:
            cell = self.functions[code].__closure__[code.co_freevars.index(name)]
            self._set(cell, "attr", "cell_contents", setattr)
        elif name in frame.f_globals and name not in code.co_cellvars:
            self._set(frame.f_globals, "item", name, dict.__setitem__)

    def _set(self, thing, kind, key, how):
        place = id(thing), kind, key
        if place not in self.edges:
            self.written[place] = thing, key, how
            self.keep.append(thing)

    def _goes_into(self, module, key):
        """Whether `key` of an imported module can change: in the user's own."""
        if {module.__name__, f"{module.__name__}.{key}"} & _OUTSIDE:
            self._refuse(f"{module.__name__}.{key} is used")
        if not is_library(getattr(module, "__file__", None) or "<frozen"):
            return True
        value = getattr(module, str(key), None)  # a file, as sys.stdout, or a function
        if self.careful and not isinstance(value, (*NUMBERS, types.ModuleType)) and not _is_known(module.__name__):
            self._refuse(f"{module.__name__}.{key} is used", _LOST)
        return False

    # -- afterwards ---------------------------------------------------------------------------------------------------

    def finish(self, shared):
        """After the step: attributes by computed names are those that occur in it; what it changed is refused.

        `shared` are ids of arrays that the step has made tensors over: their values are followed.
        """
        self.line = "at its end"
        computed = not self.names.isdisjoint(_BY_NAME)
        items = {id(e.value) for e in self.edges.values() if e.kind == "item" and id(e.thing) not in self.globals}
        for thing in [t for t in self.keep if (computed or id(t) in items) and not isinstance(t, Module)]:
            for name in self.names & set(getattr(thing, "__dict__", ())):
                self.edge(thing, "attr", name)
        for edge in self.edges.values():
            if type(edge.value) is np.ndarray:
                if id(owner(edge.value)) in shared:
                    edge.held = None
                elif edge.held is None:
                    self.refuse(
                        f"the step reads {edge}, an array of {edge.value.nbytes:,} bytes",
                        "Use microtorch.from_numpy(array) in it, or pass what it needs as an argument.",
                        edge.line,
                    )
            self.edge(edge.thing, edge.kind, edge.key)
        self.stores = []  # what the step leaves in attributes and variables, to be left there by each replay
        for (_, kind, key), (thing, _, how) in self.written.items():
            with contextlib.suppress(AttributeError, LookupError, ValueError):
                self.stores.append((how, thing, key, read(thing, kind, key)))
