"""Names in pictures: tensors by the user's variables, arguments by forward's parameters."""

import inspect
import re
import sys
from functools import cache

import numpy as np

from ... import ops
from ...errors import operation_name, visible
from ...nn import functional
from ...tensor import Tensor


def callers_names():
    """The tensors without a name of their own in the variables of who called from outside of the package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "microtorch":
        frame = frame.f_back
    names = {**frame.f_globals, **frame.f_locals}
    return {name: x for name, x in names.items() if isinstance(x, Tensor) and x.name is None}


def names_in(names):
    """{leaf tensor, or (node, output): name} from a dict such as locals(), one level into lists, tuples and dicts."""
    found = {}

    def take(name, x):
        if isinstance(x, Tensor):
            found.setdefault(x if x.is_leaf else (x.grad_fn, x.output_nr), name)

    for name, x in names.items():
        if name.startswith("_"):
            continue
        take(name, x)
        if isinstance(x, list | tuple):
            for i, element in enumerate(x):
                take(f"{name}[{i}]", element)
        elif isinstance(x, dict):
            for key, element in x.items():
                take(f"{name}[{key!r}]", element)
        elif hasattr(x, "named_parameters") and not isinstance(x, type):
            for path, parameter in x.named_parameters():
                take(f"{name}.{path}", parameter)
    return found


@cache
def arguments(cls):
    """The names of forward's arguments after ctx; a starred one gives names without end."""
    return _Arguments(cls)


class _Arguments:
    def __init__(self, cls):
        self.names, self.starred = [], "input"
        for p in list(inspect.signature(cls.forward).parameters.values())[1:]:
            if p.kind is p.VAR_POSITIONAL:
                self.starred = p.name
            else:
                self.names.append(p.name)

    def __iter__(self):
        yield from self.names
        i = 0
        while True:
            yield f"{self.starred}[{i}]"
            i += 1


def options(node):
    """{argument: text} of the arguments that are not tensors and not as the public function takes them by itself.

    Arrays that it does not take at all, such as the state of a generator, are the operation's own.
    """
    function, found = public_function(type(node)), {}
    taken = inspect.signature(function).parameters if function is not None else {}
    own = inspect.signature(type(node).forward).parameters
    for name, x in zip(arguments(type(node)), node.inputs, strict=False):
        p = taken.get(_PUBLIC_NAMES.get(name, name)) or own.get(name)
        usual = p is not None and p.default is not p.empty and repr(p.default) == repr(x)
        hidden = isinstance(x, np.ndarray) and function is not None and name not in taken
        if not (x is None or isinstance(x, Tensor) or usual or hidden):
            found[name] = brief(x)
    return found


_PUBLIC_NAMES = {"smoothing": "label_smoothing"}


def public_function(cls):
    """The public function of an operation of the package, or None; the user's own have none, whatever their names."""
    if not cls.__module__.startswith("microtorch."):
        return None
    name = operation_name(cls)
    return getattr(functional, name, None) or getattr(ops, name, None)


def signature(module):
    """The text of a module about itself, short."""
    try:
        text = module.extra_repr()
    except AttributeError:
        return ""
    parameters = inspect.signature(type(module).__init__).parameters
    for name, p in parameters.items():  # what is as by default is not told
        if p.default is not p.empty:
            text = re.sub(rf",? ?\b{name}={re.escape(repr(p.default))}(?=,|$)", "", text)
    text = re.sub(r"in_features=(\d+), out_features=(\d+)(, bias=True)?", r"\1 → \2", text)
    return text if len(text) <= 48 else text[:45] + "..."


def brief(x):
    if isinstance(x, np.ndarray):
        return f"{x.dtype} {x.shape}"
    text = visible(" ".join(repr(x).split()))
    text = f"<{type(x).__name__}>" if " at 0x" in text else text  # an address is another one in the next run
    return text if len(text) <= 32 else text[:29] + "..."
