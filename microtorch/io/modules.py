"""Whole models in a file of values: the names of their classes, what they hold, and no code.

A model is built again of classes that the program has: a name in the file is looked for among the modules that are
imported already, and must be a subclass of Module. Nothing is imported and no constructor runs: an object of the class
is given the attributes that it had.
"""

import sys

import numpy as np

from .. import ops
from ..errors import CheckpointError, visible
from ..nn.module import MODULE, Module
from ..nn.parameter import Parameter, is_lazy
from ..nn.state import BUFFER, PARAMETER, TRANSIENT
from ..tensor import Tensor

__all__ = ["Builder", "described"]

_HOOKS = ("_hooks", "_state_hooks")
_KINDS = (PARAMETER, BUFFER, TRANSIENT, MODULE)


def described(module, path, tensors, encode):
    """A model as what JSON can hold; its tensors go into the dict `tensors`, under their paths.

    Parameters
    ----------
    module : Module
    path : str
        Where it is in what is saved.
    tensors : dict
    encode : callable
        ``encode(value, path, tensors)`` for plain attributes.

    Raises
    ------
    TypeError
        If it holds what is no value, as a function of the user's own; with the lines to write instead.
    """
    try:
        return _Writer(tensors, encode).module(module, path)
    except TypeError as error:
        kind, name = type(module).__name__, path.rpartition(".")[2] or "model"
        raise TypeError(
            f"{error} So this {kind} cannot be saved whole. Save its values, and load them into a new one:\n"
            f"  microtorch.save({name}.state_dict(), 'file')\n"
            f"  {name} = {kind}(...); {name}.load_state_dict(microtorch.load('file'))"
        ) from None


class _Writer:
    def __init__(self, tensors, encode):
        self.tensors, self.encode = tensors, encode
        self.numbers = {}  # of modules and tensors, by identity: what is there twice is written once

    def module(self, module, path):
        """The record of a module."""
        if id(module) in self.numbers:
            return {"same": self.numbers[id(module)]}
        name = f"{type(module).__module__}:{type(module).__qualname__}"
        if _class_called(name) is not type(module):
            raise TypeError(
                f"save: {name.partition(':')[2]} is not found under its name, as a class inside a function."
            )
        if any(vars(module).get(hooks) for hooks in _HOOKS):
            raise TypeError(f"save: {path or 'this'} has hooks, which are code.")
        self.numbers[id(module)] = number = len(self.numbers)
        dot, plain, held = f"{path}." if path else "", {}, []
        for key, value in vars(module).items():
            if key not in module._kinds and key not in ("_kinds", *_HOOKS):
                plain[key] = self.value(value, dot + key)
        for key, kind in module._kinds.items():
            value = module.__dict__[key]
            record = value and self.module(value, dot + key) if kind == MODULE else self.tensor(value, dot + key)
            held.append([key, kind, record])
        return {"number": number, "class": name, "plain": plain, "held": held}

    def tensor(self, tensor, path):
        """The record of a parameter or buffer, or None."""
        if tensor is None:
            return None
        if id(tensor) in self.numbers:
            return {"same": self.numbers[id(tensor)]}
        if is_lazy(tensor):
            raise TypeError(f"save: {path} is not initialised yet. Run the model once first.")
        self.numbers[id(tensor)] = number = len(self.numbers)
        values = self.encode(tensor.detach(), path, self.tensors)
        return {"number": number, "values": values, "requires_grad": tensor.requires_grad}

    def value(self, value, path):
        """The JSON form of a plain attribute."""
        name = getattr(value, "__name__", None)
        if callable(value) and name in ops.__all__ and getattr(ops, name) is value:
            return {"function": name}
        if isinstance(value, np.dtype):
            return {"dtype": value.name}
        return {"value": self.encode(value, path, self.tensors)}


def _class_called(name):
    """The class of that name among the modules that are imported, or None."""
    module, _, path = name.partition(":")
    found = sys.modules.get(module)
    for part in path.split("."):
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
    return found if isinstance(found, type) else None


class Builder:
    """Makes the models that a file describes.

    Parameters
    ----------
    decode : callable
        From what JSON holds of a value to the value.
    where : str
        What messages call the file.
    """

    def __init__(self, decode, where):
        self.decode, self.where, self.made = decode, where, {}

    def module(self, record):
        """The module that a record describes."""
        if "same" in record:
            return self._again(record, Module)
        name = record["class"]
        cls = _class_called(name)
        if cls is None:
            raise CheckpointError(
                f"{self.where} holds a model of class {visible(name.replace(':', '.'), 100)}, which is not there. "
                "Define or import it first: nothing is imported for a file."
            )
        if not issubclass(cls, Module) or cls.__new__ is not Module.__new__:
            raise CheckpointError(f"{self.where} wants {visible(name, 100)} made as a model, which is none.")
        made = self.made[record["number"]] = cls.__new__(cls)
        for key, value in record["plain"].items():
            made.__dict__[_plain_name(key)] = self._plain(value)
        for key, kind, held in record["held"]:
            if kind not in _KINDS:
                raise ValueError(f"an attribute is a {visible(str(kind), 40)}")
            value = None if held is None else self.module(held) if kind == MODULE else self._tensor(held, kind)
            made.__dict__[_plain_name(key)] = value
            made._kinds[key] = kind
            if kind == PARAMETER and value is not None and value.name is None:
                value.name = key
        return made

    def _again(self, record, kind):
        found = self.made[record["same"]]
        if not isinstance(found, kind):
            raise ValueError("one thing is held as two kinds")
        return found

    def _tensor(self, record, kind):
        if "same" in record:
            return self._again(record, Parameter if kind == PARAMETER else Tensor)
        values, wanted = self.decode(record["values"]), record["requires_grad"] is True
        values = Parameter(values, wanted) if kind == PARAMETER else values.requires_grad_(wanted)
        self.made[record["number"]] = values
        return values

    def _plain(self, record):
        ((kind, value),) = record.items()
        if kind == "value":
            return self.decode(value)
        if kind == "dtype":
            return np.dtype(value)
        if kind != "function" or value not in ops.__all__:
            raise ValueError("an attribute is described in an unknown way")
        return getattr(ops, value)


def _plain_name(key):
    if key in ("_kinds", *_HOOKS):
        raise ValueError(f"an attribute is called {key}")
    return key
