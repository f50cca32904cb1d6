"""The process that runs the answers: it loads the file and calls what it is told to, and judges nothing."""

import importlib.util
import os
import sys
import traceback
from functools import reduce
from pathlib import Path

import numpy as np

import microtorch

from ..autograd import grad
from ..datasets import Digits
from ..tensor import Tensor
from .wire import decode, encode, read, write

__all__ = ["evaluate", "main", "value_of"]


def evaluate(expression, names):
    """The value of an expression of a check, beside the answers: with numpy, microtorch, nn and Digits in reach."""
    reach = {"np": np, "microtorch": microtorch, "nn": microtorch.nn, "Digits": Digits, "reduce": reduce}
    return eval(expression, {**reach, **names})


def value_of(operation, path, args):
    """An operation, or for each number in `path` the derivative by that argument of what is before it.

    Parameters
    ----------
    operation : type
        The ArrayFunction.
    path : list of int
        ``[]`` is the operation itself; ``[i]`` takes a gradient of the result and then its arguments, and gives the
        gradient of argument i; ``[i, j]`` the same of that.
    args : list
        Tensors, the floating ones requiring a gradient, and others that are not differentiated.
    """
    if not path:
        return operation.apply(*args)
    *before, i = path
    dy, *inner = args
    y = value_of(operation, before, inner)
    if not y.requires_grad:
        return microtorch.zeros_like(inner[i])
    (found,) = grad(y, [inner[i]], dy, create_graph=True, allow_unused=True)
    return microtorch.zeros_like(inner[i]) if found is None else found


class Worker:
    """Does what each message says, and answers with a value or an error."""

    def __init__(self):
        self.things, self.file = [None], None

    def refer(self, value):
        """The number under which a thing stays here."""
        self.things.append(value)
        return {"$handle": len(self.things) - 1, "type": type(value).__name__}

    def find(self, reference):
        """The thing of that number."""
        return self.things[reference["$handle"]]

    def load(self, path):
        """The file as a module, under a name that no other module has."""
        self.file = Path(path)
        spec = importlib.util.spec_from_file_location("answers_", self.file)
        module = self.things[0] = importlib.util.module_from_spec(spec)
        sys.dont_write_bytecode = True  # no __pycache__ beside the answers
        spec.loader.exec_module(module)

    def get(self, thing, name):
        """An attribute."""
        if thing is self.things[0] and not hasattr(thing, name):
            raise Missing(f"{name} is missing from {self.file}")
        return getattr(thing, name)

    def call(self, thing, args, kwargs):
        """A call."""
        with np.errstate(all="ignore"):  # overflow in an answer is seen in its result
            return thing(*args, **kwargs)

    def derivative(self, name, path, args):
        """`value_of` of an operation in the file."""
        args = [a.requires_grad_() if isinstance(a, Tensor) and a.is_floating_point() else a for a in args]
        with np.errstate(all="ignore"):
            return value_of(self.get(self.things[0], name), path, args).detach()

    def there(self, expression, names):
        """`evaluate`."""
        return evaluate(expression, names)

    def answer(self, message):
        """The answer to a message."""
        try:
            do, *args = message
            value = {"value": encode(getattr(self, do)(*decode(args, self.find)), self.refer)}
        except BaseException as error:  # SystemExit too: an answer that exits has no value
            value = {"error": described(error, self.file)}
        return value


class Missing(Exception):
    """A name that the file does not have."""


def described(error, file):
    """An error in words: {"unwritten": bool, "text": str}."""
    if isinstance(error, NotImplementedError):
        return {"unwritten": True, "text": ""}
    if isinstance(error, Missing):
        return {"unwritten": False, "text": str(error)}
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename) == file:
        line = (error.text or "").strip()
        return {"unwritten": False, "text": f"SyntaxError at line {error.lineno} of {file.name}: {error.msg}: {line}"}
    if isinstance(error, SystemExit):
        return {"unwritten": False, "text": f"it ends the process: sys.exit({error.code!r})"}
    notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    at = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename) == file:
            at = f"\nat line {frame.lineno} of {file.name}"
    return {"unwritten": False, "text": f"{type(error).__name__}: {error}{notes}{at}"}


def main():
    """Answer until nothing more comes. What the answers print goes to standard error, and they read nothing."""
    asked, told = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    worker = Worker()
    while True:
        try:
            message = read(asked)
        except EOFError:
            return
        write(told, worker.answer(message))
