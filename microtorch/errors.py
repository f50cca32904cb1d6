"""The exceptions of microtorch, and the one place that words an explanation.

Every message says what happened, the facts (operation, shapes, names) and what to do. numpy's own errors are let
through the hot path and explained here, after the fact, because a `try` that does not raise costs nothing.
"""

import contextlib
import inspect
import os
import re
import warnings
from sys import _getframe

import numpy as np

__all__ = [
    "CaptureError",
    "CheckpointError",
    "DTypeError",
    "DatasetError",
    "DistributedError",
    "ExportError",
    "GradientError",
    "GraphError",
    "ShapeError",
]


class ShapeError(ValueError):
    """Shapes that do not fit together."""


class DTypeError(TypeError):
    """A dtype that the operation cannot take, or cannot differentiate."""


class GraphError(RuntimeError):
    """The graph cannot do what was asked: it was released, overwritten, or never recorded."""


class GradientError(RuntimeError):
    """A gradient is wrong: its shape, its number, or what a backward saved to compute it."""


class CaptureError(RuntimeError):
    """A step does something that cannot be recorded."""


class ExportError(RuntimeError):
    """A model does something that a file of another format cannot hold."""


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be read, or does not fit the model."""


class DatasetError(RuntimeError):
    """A data file that is missing, damaged or not what it claims to be."""


class DistributedError(RuntimeError):
    """Ranks that work together cannot: one is missing, does something else, or has ended."""


@contextlib.contextmanager
def needs(what, install, instead=""):
    """For imports of what an extra brings: where they fail, an ImportError says who needs it and how it is installed.

    Parameters
    ----------
    what : str
        Who needs which package, as ``"io.onnx needs onnx"``.
    install : str
        What pip is to install, as ``"'microtorch[onnx]'"``.
    instead : str, optional
        A sentence about doing without.
    """
    try:
        yield
    except ImportError as error:
        raise ImportError(
            f"{what}, which cannot be imported ({error}). Install it: pip install {install}"
            + (f". {instead}" if instead else "")
        ) from error


_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Line:
    """A place in the source, put into words only when somebody reads it: finding the number of a line searches a
    table of its function, at each step of an optimizer for nothing."""

    __slots__ = ("code", "instruction")

    def __init__(self, code, instruction):
        self.code, self.instruction = code, instruction

    def __str__(self):
        for start, end, line in self.code.co_lines():
            if start <= self.instruction < end:
                return f"{self.code.co_filename}:{line}"
        return self.code.co_filename


def user_line():
    """The user's line that led here, as a `Line`: in the nearest frame outside this package."""
    frame = _getframe(1)
    while frame.f_code.co_filename.startswith(_PACKAGE):
        if frame.f_back is None:
            return "an unknown line"
        frame = frame.f_back
    return Line(frame.f_code, frame.f_lasti)


def warn_at_user_line(message):
    """A UserWarning that points at the user's line, and so, by Python's default, is shown once for each such line."""
    frame = _getframe(1)
    while frame.f_code.co_filename.startswith(_PACKAGE) and frame.f_back is not None:
        frame = frame.f_back
    names = frame.f_globals
    warnings.warn_explicit(
        message,
        UserWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        names.get("__name__"),
        names.setdefault("__warningregistry__", {}),
    )


def operation_name(function):
    """The public name of an operation class: ``LogSoftmax`` is used as ``log_softmax``."""
    name = function.__name__
    words = "".join(
        "_" + c.lower() if c.isupper() and i and not name[i - 1].isupper() else c.lower() for i, c in enumerate(name)
    )
    return words


def visible(text, longest=None):
    """`text` as it may stand in any line: what cannot be seen, or turns the line round, as an escape (``\\x00``).

    Names and messages come from users and from files. Control characters, lone surrogates, line ends and marks of
    direction are written as in Python's string literals; a joiner stays, because it holds emoji together. Of more than
    `longest` characters the middle is left out.
    """
    if longest is not None and len(text) > longest:
        half = (longest - 1) // 2
        text = f"{text[:half]}…{text[len(text) - half :]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\u200d" else repr(c)[1:-1] for c in text)


def describe(value):
    """A value in a message: its shape and dtype where it has them, else itself."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{tuple(value.shape)} {value.dtype}"
    text = visible(repr(value))
    return text if len(text) <= 60 else text[:57] + "..."


def not_a_tensor(operation, argument, value):
    """The words for an argument that should be a Tensor and is something else: what it is, and what makes a tensor."""
    if isinstance(value, type):
        return f"{operation}: {argument} is the class {value.__name__}, not a Tensor. Make one of it, or call it."
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    facts = kind.__name__ if library == "builtins" else f"{library}.{kind.__name__}"
    article = "an" if facts[0] in "aeiou" else "a"
    facts = "None" if value is None else f"{article} {facts}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        facts += f" of shape {tuple(value.shape)} and dtype {value.dtype}"
    return f"{operation}: {argument} is {facts}, not a Tensor. {_conversion(argument, value, library)}"


def _conversion(argument, value, library):
    """The call that makes a tensor of `value`, as a sentence."""
    if value is None:
        return "Was it left out, or does what should make it return nothing?"
    if library == "torch":
        detached = ".detach()" if getattr(value, "requires_grad", False) else ""
        return f"Convert it: microtorch.from_numpy({argument}{detached}.numpy())."
    if isinstance(value, np.ndarray):
        single = ".float() for float32 layers" if value.dtype == np.float64 else ""
        return f"Convert it: microtorch.from_numpy({argument}){f', with {single}' if single else ''}."
    if hasattr(value, "to_numpy"):  # as pandas and polars have
        return f"Convert it: microtorch.tensor({argument}.to_numpy(), dtype=microtorch.float32)."
    if isinstance(value, list | tuple) and any(hasattr(item, "grad_fn") for item in value):
        return f"It holds tensors: microtorch.stack({argument}) or microtorch.cat({argument}) makes one of them."
    if isinstance(value, list | tuple | bool | int | float | np.generic):
        return f"Convert it: microtorch.tensor({argument})."
    if hasattr(value, "__array__"):
        return f"Convert it: microtorch.tensor(np.asarray({argument}))."
    if callable(value):
        return "Was it meant to be called?"
    return "Make a tensor of its numbers: microtorch.tensor(numbers)."


# Types whose users mean their numbers where a tensor is wanted; anything else in its place may be meant.
_DATA = np.ndarray | np.generic | list | tuple | bool | int | float | None


def refuse_read_only(operation, array, name=None):
    """Raise GraphError if the memory of `array` must not be written to, for a change in place."""
    if array.flags.writeable:
        return
    what = f"{name or 'this tensor'} of shape {array.shape}"
    if any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape, strict=True)):
        raise GraphError(
            f"{operation}: {what} is expanded: several of its elements are one place in memory, so it cannot be "
            "changed in place. Change a copy, t.clone(), or what it was expanded from."
        )
    raise GraphError(
        f"{operation}: {what} lies in read-only memory, such as a file that is mapped or an array of another library, "
        "and cannot be changed in place. Work on a copy: t.clone(), or microtorch.tensor(array) instead of from_numpy."
    )


def foreign_data(error, arguments):
    """The name and value in `arguments`, a dict, for which `error` says that it lacks an attribute; else None.

    Nothing on the hot path asks whether data are tensors: what is not one has no ``_array``, and Python's
    AttributeError knows whose attribute was missing.
    """
    if not isinstance(error, AttributeError) or error.name is None:
        return None
    for name, value in arguments.items():
        if value is error.obj or getattr(value, "dtype", None) is error.obj:
            data = isinstance(value, _DATA) or hasattr(value, "to_numpy") or type(value).__module__.startswith("torch")
            if data or raised_here(error):
                return name, value
    return None


def foreign_argument(error, operation, function, args, kwargs):
    """The TypeError to raise for `error` if it came of an argument of `function` that should be a Tensor, else None."""
    if not isinstance(error, AttributeError):
        return None
    names = [p.name for p in inspect.signature(function).parameters.values() if p.kind is not p.VAR_KEYWORD]
    names += [f"argument {i}" for i in range(len(names), len(args))]
    found = foreign_data(error, dict(zip(names, args, strict=False)) | kwargs)
    return None if found is None else TypeError(not_a_tensor(operation, *found))


def raised_here(error):
    """Whether `error` was raised in a line of the package, and not in one of the user's that it called."""
    place = error.__traceback__
    while place.tb_next is not None:
        place = place.tb_next
    return place.tb_frame.f_code.co_filename.startswith(_PACKAGE)


def explain(error, function, arrays):
    """The exception for `error`, which came out of `function.forward(ctx, *arrays)`.

    Errors of our own are passed on as they are: the operation has already worded them. An operation may word
    numpy's errors itself in a static method ``explain(*arrays)`` that returns a text or None.
    """
    if isinstance(error, AttributeError):
        names = list(inspect.signature(function.forward).parameters)[1:]
        found = foreign_data(error, dict(zip(names, arrays, strict=False)))
        if found is not None and not isinstance(found[1], np.ndarray):  # a tensor's array is what forward works on
            return TypeError(not_a_tensor(operation_name(function), *found))
    if isinstance(error, ShapeError | DTypeError | GraphError | GradientError) or not isinstance(
        error, ValueError | TypeError | IndexError | OverflowError
    ):
        return error
    own = getattr(function, "explain", None)
    text = own(*arrays) if own is not None else None
    if text is None and re.match(r"\w+: ", str(error)):
        return error  # worded already, as the dimensions of a reduction are
    if text is None and "could not be broadcast together" in str(error):
        text = _not_broadcastable(operation_name(function), [a.shape for a in arrays if hasattr(a, "shape")])
    if text is None:
        text = f"{operation_name(function)}: {', '.join(describe(a) for a in arrays)}: {error}"
    if isinstance(error, IndexError):
        return IndexError(text)
    # numpy raises TypeError for dtypes it cannot combine, ValueError for shapes it cannot
    numeric = any(isinstance(a, np.ndarray) for a in arrays)
    if isinstance(error, TypeError):
        return DTypeError(text) if numeric else TypeError(text)
    return ShapeError(text)


def _not_broadcastable(name, shapes):
    """The words for shapes that do not broadcast: which dimension, and what would fit."""
    facts = f"{name}: shapes {' and '.join(map(str, shapes))} do not broadcast"
    for back in range(1, max(map(len, shapes)) + 1):
        lengths = [shape[-back] for shape in shapes if len(shape) >= back]
        if len({n for n in lengths if n != 1}) > 1:
            return (
                f"{facts}: from the right, their dimensions {-back} have lengths {' and '.join(map(str, lengths))}, "
                "which must be equal or 1. Check the layer before, or bring one into shape: reshape, unsqueeze, .mT."
            )
    return None
