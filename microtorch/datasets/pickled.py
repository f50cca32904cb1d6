"""The pickles of CIFAR's batches: numbers, bytes, lists, dicts and arrays of bytes, and nothing else.

A pickle is a program for a small machine with a stack, and Python's own machine calls whatever the file names and
takes what memory it asks for. This one knows the instructions that a batch is made of, looks nothing up and calls
nothing; ``pickletools``, which only takes the file apart, finds them.
"""

import math
import pickletools

import numpy as np

__all__ = ["Refused", "read_pickle"]

_MOST = 1 << 18  # instructions; a batch of 10,000 images has 10,000 labels and 10,000 names of files

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_OLD_BYTES = ("SHORT_BINSTRING", "BINSTRING")  # pickletools gives them as text
_GIVEN = ("BININT", "BININT1", "BININT2", "LONG1", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BINUNICODE",
          "SHORT_BINUNICODE")  # fmt: skip
_PUTS = ("BINPUT", "LONG_BINPUT", "MEMOIZE")
_GETS = ("BINGET", "LONG_BINGET")
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}

# What numpy's arrays name when they are pickled, in all its versions; _codecs is how Python 3 writes old bytes.
_NAMES = {
    "numpy.core.multiarray _reconstruct": "array",
    "numpy._core.multiarray _reconstruct": "array",
    "numpy ndarray": "kind of array",
    "numpy dtype": "dtype",
    "_codecs encode": "bytes",
}


class Refused(ValueError):
    """The file asks for something to be run."""


class _Name(str):
    """Stands for a thing that the file names: its word in _NAMES."""


class _Stored:
    """Stands for a dtype or an array: `arguments` it was made with, `state` it was given afterwards."""

    def __init__(self, word, arguments):
        self.word, self.arguments, self.state = word, arguments, None

    def array(self):
        """The ndarray, a view of the bytes in the file."""
        _, shape, dtype, fortran, data = self.state
        if not (isinstance(dtype, _Stored) and dtype.arguments and dtype.arguments[0] in (b"u1", "u1")):
            raise ValueError("its pixels are not unsigned bytes")
        whole = isinstance(shape, tuple) and 0 < len(shape) <= 4 and all(type(n) is int and n >= 0 for n in shape)
        if not whole or not isinstance(data, bytes) or math.prod(shape) != len(data):
            raise ValueError("its pixels do not fill the shape it says")
        return np.frombuffer(data, np.uint8).reshape(shape, order="F" if fortran is True else "C")


def read_pickle(content):
    """What the pickle in `content`, bytes, describes; an array is an object with the method ``array()``.

    Raises
    ------
    Refused
        If it asks for anything to be imported or called.
    Exception
        Any, for what is damaged; the memory taken stays below a few times the length of `content`.
    """
    machine = _Machine(len(content))
    for count, (instruction, argument, place) in enumerate(pickletools.genops(content)):
        if count > _MOST:
            raise ValueError(f"it has more than {_MOST:,} instructions")
        if instruction.name == "STOP":
            if place != len(content) - 1:
                raise ValueError("it goes on after its end")
            (found,) = machine.stack
            return found
        machine.run(instruction.name, argument)
    raise ValueError("it has no end")


class _Machine:
    def __init__(self, room):
        self.stack, self.marks, self.memo = [], [], {}
        self.room = room  # bytes that texts may be turned into: each text is there once

    def run(self, name, argument):
        """Carry out one instruction."""
        stack = self.stack
        if name in _GIVEN:
            stack.append(argument)
        elif name in _OLD_BYTES:
            stack.append(argument.encode("latin-1"))
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _PUTS:
            self.memo[len(self.memo) if name == "MEMOIZE" else argument] = stack[-1]
        elif name in _GETS:
            stack.append(self.memo[argument])
        elif name == "MARK":
            self.marks.append(len(stack))
        elif name in _TUPLES:
            stack.append(tuple(self._last(_TUPLES[name])))
        elif name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name == "EMPTY_LIST":
            stack.append([])
        elif name == "EMPTY_DICT":
            stack.append({})
        elif name in ("APPEND", "APPENDS"):
            items = self._last(1) if name == "APPEND" else self._since_mark()
            self._top(list).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = self._last(2) if name == "SETITEM" else self._since_mark()
            self._set(self._top(dict), items)
        elif name == "GLOBAL":
            stack.append(_named(argument))
        elif name == "STACK_GLOBAL":
            stack.append(_named("{} {}".format(*self._last(2))))
        elif name == "REDUCE":
            stack.append(self._made(*self._last(2)))
        elif name == "BUILD":
            (state,) = self._last(1)
            self._top(_Stored).state = state
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"it has the instruction {name}, which no batch has")

    def _last(self, count):
        if count > len(self.stack):
            raise ValueError("it takes more than is there")
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def _since_mark(self):
        return self._last(max(0, len(self.stack) - self.marks.pop()))

    def _top(self, kind):
        if type(self.stack[-1]) is not kind:
            raise ValueError(f"it uses {type(self.stack[-1]).__name__} as {kind.__name__}")
        return self.stack[-1]

    def _set(self, found, items):
        keys = items[::2]
        # the hash of a tuple of tuples of tuples ... would end the process
        if len(items) % 2 or not all(type(key) in (bytes, str) for key in keys):
            raise ValueError("it has keys that are not names")
        found.update(zip(keys, items[1::2], strict=True))

    def _made(self, what, arguments):
        """What a call of one of _NAMES would give."""
        if not isinstance(what, _Name) or type(arguments) is not tuple:
            raise Refused("something that is not a name")
        if what in ("array", "dtype"):
            return _Stored(what, arguments)
        if what != "bytes" or len(arguments) != 2 or type(arguments[0]) is not str:
            raise Refused(f"the {what} to be made of other things")
        self.room -= len(arguments[0])
        if self.room < 0:
            raise ValueError("it makes more bytes than it has")
        return arguments[0].encode("latin-1")


def _named(text):
    if text not in _NAMES:
        raise Refused(text.replace(" ", "."))
    return _Name(_NAMES[text])
