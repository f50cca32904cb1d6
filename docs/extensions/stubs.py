"""Writes the stubs that editors, pyright and mypy read (`*.pyi`), from signatures and docstrings.

    python docs/extensions/stubs.py          writes them
    python docs/extensions/stubs.py --check  says which are not current

A type stands once, in the docstring's Parameters and Returns; here it becomes an annotation. Each public name is
defined in the stub of the first namespace that has it and handed on by the others, as at run time. What Tensor's
methods are, only the running package knows: each operation attaches its own.
"""

import functools
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "tests")]

import annotations_of as types  # noqa: E402
import families  # noqa: E402
import reference  # noqa: E402

import microtorch  # noqa: E402
from microtorch.optim.state.options import HINTS  # noqa: E402
from microtorch.tensor import Tensor  # noqa: E402

ROOT = Path(microtorch.__file__).parent
HEAD = """# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike
"""
# Modules that are read under a name of their own, and their public names.
NAMESPACES = ["microtorch.tensor", *reference.NAMESPACES]
DUNDERS = {
    *("__len__", "__getitem__", "__setitem__", "__delitem__", "__iter__", "__contains__", "__call__", "__enter__"),
    *("__exit__", "__next__", "__bool__", "__float__", "__int__", "__index__", "__array__", "__format__"),
}


def pieces():
    """{namespace: {name: object}} of all names, in the order of NAMESPACES."""
    found, at_once = {}, modules_at_once()
    for path in NAMESPACES:
        if importlib.util.find_spec(path) is None:
            continue
        module = importlib.import_module(path)
        names = {name: getattr(module, name, None) for name in reference.names_of(module)}
        found[path] = {n: t for n, t in names.items() if not inspect.ismodule(t) or t.__name__ in at_once}
        if path == "microtorch.nn":
            lazy = importlib.import_module("microtorch.nn.lazy")
            found[path] |= {name: getattr(lazy, name) for name in lazy.__all__}
        if path == "microtorch":
            found[path] |= {name: module.__getattr__(name) for name in (*module._MODULES, *module._NAMES)}
            found[path] |= {"autograd": module.autograd, "nn": module.nn, "optim": module.optim}
            found[path]["__version__"] = module.__version__
    return found


def modules_at_once():
    """The modules that ``import microtorch`` loads: others are attributes of their packages only later."""
    code = "import sys, microtorch; print(*[m for m in sys.modules if m.startswith('microtorch')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, check=True)
    return {*done.stdout.split()} & {*NAMESPACES}


def is_defined(thing):
    """Whether a stub has a definition of it: functions and classes of the package."""
    return (inspect.isclass(thing) or inspect.isfunction(thing)) and thing.__module__.startswith("microtorch")


def homes(found):
    """{id of an object: the namespace and the name under which it is defined}."""
    best = {}
    for path, names in found.items():
        for name, thing in names.items():
            if is_defined(thing) and name == thing.__name__:
                best.setdefault(id(thing), (path, name))
    for path, names in found.items():
        for name, thing in names.items():
            if is_defined(thing):
                best.setdefault(id(thing), (path, name))
    return best


def stubs():
    """{path of a stub: its text}."""
    found = pieces()
    home = homes(found)
    return {file_of(path): Stub(path, names, home).text() for path, names in found.items()}


def file_of(path):
    """Where the stub of a namespace stands: beside the module."""
    source = Path(inspect.getsourcefile(importlib.import_module(path)))
    return source.with_suffix(".pyi")


class Stub:
    """The text of one namespace."""

    def __init__(self, path, names, home):
        self.path, self.names, self.home = path, names, home
        self.imports, self.body = set(), []

    def text(self):
        classes, rest = [], []
        for name, thing in self.names.items():
            (classes if inspect.isclass(thing) else rest).append((name, thing))
        for name, thing in self.in_order(classes) + sorted(rest, key=lambda item: item[0]):
            self.add(name, thing)
        if self.path != "microtorch.tensor":
            self.imports.add("from microtorch.tensor import Tensor as Tensor")
        body = "\n".join(self.body)
        if self.path in ("microtorch", "microtorch.tensor"):  # where `float` is a dtype, or a method
            body = re.sub(
                r"(?<=[:>|\[,] )(int|float|bool|type)\b(?! *:)|(?<=\[)(int|float|bool)\b", r"builtins.\g<0>", body
            )
            body = re.sub(r"(?<=-> )(int|float|bool)\b", r"builtins.\g<0>", body)
            self.imports.add("import builtins")
        if self.path != "microtorch.nn" and re.search(r"\bModule\b", body) and "class Module" not in body:
            self.imports.add("from microtorch.nn import Module as Module, Parameter as Parameter")
        named = "\n".join(types.results_in(body))
        return "\n".join([HEAD, *sorted(self.imports), "", named, body]).rstrip() + "\n"

    def in_order(self, classes):
        """Bases before those that extend them."""
        return sorted(classes, key=lambda item: (len(item[1].__mro__), item[0]))

    def add(self, name, thing):
        path, known = self.home.get(id(thing), (self.path, name))
        if is_defined(thing) and path != self.path:
            self.imports.add(f"from {path} import {known} as {name}")
        elif is_defined(thing) and known != name:
            self.body.append(f"{name} = {known}")
        elif inspect.isclass(thing):
            self.body.append(class_text(thing, self.home))
        elif inspect.isfunction(thing):
            self.body.append(function_text(thing, name))
        elif inspect.ismodule(thing):
            package, _, last = thing.__name__.rpartition(".")
            self.imports.add(f"from {package} import {last} as {name}" if package else f"import {last} as {name}")
        else:
            self.body.append(f"{name}: {types.of_value(thing)}")


def function_text(function, name, method=False, indent=""):
    """The line of a function or method."""
    parameters = list(inspect.signature(function).parameters.values())
    doc = families.full(function)
    documented = types.parameters_of(doc)
    parts, seen_star = [], False
    for i, p in enumerate(parameters):
        if p.kind is p.KEYWORD_ONLY and not seen_star:
            parts.append("*")
            seen_star = True
        if p.kind is p.VAR_POSITIONAL:
            seen_star = True
        parts.append(p.name if method and i == 0 else parameter_text(p, documented))
    if p_extra := more_keywords(function, parameters):
        keywords = [p for p in parts if p.startswith("**")]
        parts = [p for p in parts if not p.startswith("**")]
        parts += ([] if seen_star else ["*"]) + p_extra + keywords
    returns = types.result_of(doc, name, function)
    ignore = "  # type: ignore[override]" if name in ("__eq__", "__ne__", "__hash__") else ""
    return f"{indent}def {name}({', '.join(parts)}) -> {returns}: ...{ignore}"


def parameter_text(p, documented):
    """A parameter with its annotation and, in place of a default, three dots."""
    kind = documented.get(p.name, documented.get(p.name.lstrip("*"), "Any"))
    if p.default is None and kind != "Any" and "None" not in kind:
        kind += " | None"
    if p.kind is p.VAR_POSITIONAL:
        return f"*{p.name}: {kind}"
    if p.kind is p.VAR_KEYWORD:
        return f"**{p.name}: Any"
    return f"{p.name}: {kind}" + ("" if p.default is p.empty else " = ...")


def more_keywords(function, parameters):
    """The keywords that decorators add: ``axis`` and ``keepdims``, and ``out``."""
    names, added, layer = {p.name for p in parameters}, [], function
    while (code := getattr(layer, "__code__", None)) is not None:
        if code.co_filename.endswith("_dimensions.py"):
            added += [
                f"{theirs}: Any = ..." for theirs, ours in (("axis", "dim"), ("keepdims", "keepdim")) if ours in names
            ]
        if code.co_filename.endswith("tensor.py") and code.co_name == "public":
            added.append("out: Any = ...")
        layer = getattr(layer, "__wrapped__", None)
    return [a for a in added if a.split(":")[0] not in names]


def class_text(cls, home):
    """A class with its constructor, its public methods and its properties."""
    bases = []
    handed_on = {c for base in cls.__mro__[1:] if id(base) in home for c in base.__mro__}  # by a base with a stub
    own = [c for c in cls.__mro__ if c is cls or (c.__module__.startswith("microtorch") and c not in handed_on)]
    for c in cls.__bases__:
        bases += [
            b.__name__ for b in c.__mro__ if id(b) in home or (b.__module__ == "builtins" and b not in (object, tuple))
        ][:1]
    lines = [f"class {cls.__name__}({', '.join(dict.fromkeys(bases))}):" if bases else f"class {cls.__name__}:"]
    members = {}
    for c in reversed(own):
        members.update(vars(c))
    lines += [
        f"    {name}: {kind}"
        for name, kind in types.attributes_of(inspect.getdoc(cls) or "").items()
        if name not in members
    ]
    for name, member in sorted(members.items()):
        lines += member_lines(cls, name, member)
    if cls is Tensor:
        lines.append("    __hash__: Any")
    if cls is microtorch.nn.Module:
        lines.append("    def __getattr__(self, name: str) -> Any: ...")
    return "\n".join(lines if len(lines) > 1 else [lines[0] + " ..."])


def member_lines(cls, name, member):
    """The lines of one member, none for what is private."""
    if name == "__init__":
        return [constructor(cls)]
    if name.startswith("_") and name not in DUNDERS and not (cls is Tensor and name in OPERATORS):
        return []
    if isinstance(member, staticmethod | classmethod):
        text = function_text(member.__func__, name, isinstance(member, classmethod), "    ")
        return [f"    @{type(member).__name__}", text]
    if isinstance(member, property | functools.cached_property):
        getter = member.fget if isinstance(member, property) else member.func
        kind = types.of_property(inspect.getdoc(getter) or "")
        lines = ["    @property", f"    def {name}(self) -> {kind}: ..."]
        if getattr(member, "fset", None) is not None:
            lines += [f"    @{name}.setter", f"    def {name}(self, value: Any) -> None: ..."]
        return lines
    if not inspect.isfunction(member):
        return []
    if name in OPERATORS and cls is Tensor:
        ignored = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
        return [f"    def {name}(self{OPERATORS[name]}) -> Tensor: ...{ignored}"]
    if cls is Tensor and name == "__iter__":
        return ["    def __iter__(self) -> Iterator[Tensor]: ..."]
    if name == "forward" and issubclass(cls, microtorch.nn.Module) and cls is not microtorch.nn.Module:
        arguments = [types.forward_parameter(p) for p in list(inspect.signature(member).parameters.values())[1:]]
        return [f"    def {n}({', '.join(['self', *arguments])}) -> Tensor: ..." for n in ("forward", "__call__")]
    return [function_text(member, name, True, "    ")]


def constructor(cls):
    """``__init__`` with the types of the class's Parameters."""
    documented = types.parameters_of(families.full(cls))
    parts, star = ["self"], False
    for p in list(inspect.signature(cls.__init__).parameters.values())[1:]:
        if p.kind is p.KEYWORD_ONLY and not star:
            parts.append("*")
        star = star or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        if p.kind is p.VAR_KEYWORD and p.name == "hints":
            parts += ([] if star else ["*"]) + [f"{name}: bool | None = ..." for name in HINTS]
        else:
            parts.append(parameter_text(p, documented))
    return f"    def __init__({', '.join(parts)}) -> None: ..."


_BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"]
OPERATORS = {
    **{f"__{kind}{name}__": ", other: Any" for name in _BINARY for kind in ("", "r", "i")},
    **{f"__{name}__": ", other: Any" for name in ["lt", "le", "gt", "ge", "eq", "ne"]},
    **{f"__{name}__": "" for name in ["neg", "pos", "abs", "invert"]},
}


def main():
    """Write the stubs, or say which are not current."""
    stale = []
    for file, text in stubs().items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(str(file.relative_to(ROOT.parent)))
            if "--check" not in sys.argv:
                file.write_text(text, encoding="utf-8")
    if "--check" in sys.argv:
        print(
            "\n".join(f"{s} is not current: python docs/extensions/stubs.py" for s in stale) or "All stubs are current."
        )
        sys.exit(1 if stale else 0)


if __name__ == "__main__":
    main()
