"""The exceptions of microtorch, and the one place that words an explanation.

Every message says what happened, the facts (operation, shapes, names) and what to do. numpy's own errors are let
through the hot path and explained here, after the fact, because a `try` that does not raise costs nothing.
"""

import os
from sys import _getframe

import numpy as np

__all__ = ["CaptureError", "CheckpointError", "DTypeError", "DatasetError", "GradientError", "GraphError", "ShapeError"]


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


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be read, or does not fit the model."""


class DatasetError(RuntimeError):
    """A data file that is missing, damaged or not what it claims to be."""


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


def explain(error, function, arrays):
    """What to raise for `error`, which came out of `function.forward(ctx, *arrays)`.

    Errors of our own are passed on as they are: the operation has already worded them. An operation may word
    numpy's errors itself in a static method ``explain(*arrays)`` that returns a text or None.
    """
    if isinstance(error, ShapeError | DTypeError | GraphError | GradientError) or not isinstance(
        error, ValueError | TypeError | IndexError
    ):
        return error
    own = getattr(function, "explain", None)
    text = own(*arrays) if own is not None else None
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
