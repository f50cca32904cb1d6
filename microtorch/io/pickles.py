"""Pickles of data: numbers, texts, lists, dicts, and things of a few names that the caller allows; nothing is run.

A pickle is a program for a small machine with a stack, and Python's own machine calls whatever the file names and
takes what memory it asks for. This one knows the instructions that data are made of and looks nothing up: a name in the
file stands for what the caller's table has for it, and is refused if that has nothing. ``pickletools``, which only
takes the file apart, finds the instructions.
"""

import pickletools
from io import BytesIO

__all__ = ["Refused", "read_pickle", "read_pickles"]

_MOST = 1 << 19  # instructions, and values; a batch of 10,000 images has 40,000, a model of 10,000 tensors 300,000
_DEEPEST = 200  # lists in lists

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_OLD_BYTES = ("SHORT_BINSTRING", "BINSTRING")  # pickletools gives them as text
_GIVEN = ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BINUNICODE",
          "SHORT_BINUNICODE")  # fmt: skip
_PUTS = ("BINPUT", "LONG_BINPUT", "MEMOIZE")
_GETS = ("BINGET", "LONG_BINGET")
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_KEYS = (str, bytes, int, float, bool, type(None))


class Refused(ValueError):
    """The file asks for something to be run."""


class _Name:
    """Stands for a thing that the file names; `allowed` is what the caller has for it."""

    def __init__(self, text, allowed):
        self.text, self.allowed = text, allowed


def read_pickle(content, names):
    """Read what the pickle in `content`, bytes, describes.

    Parameters
    ----------
    content : bytes
    names : dict of str to object
        What a name in the file, as ``"module name"``, stands for: a callable, if the file may have it called, else a
        constant. An object may have a method ``build(state)``.

    Raises
    ------
    Refused
        If it asks for anything else to be imported or called.
    Exception
        Any, for what is damaged; the memory taken stays below a few times the length of `content`.
    """
    stream = BytesIO(content)
    found = _run(stream, names, None, len(content))
    if stream.tell() != len(content):
        raise ValueError("it goes on after its end")
    return found


def read_pickles(stream, count, names, persistent, room):
    """As `read_pickle`, the next `count` pickles of a stream, which is left where the last one ends.

    Parameters
    ----------
    stream : file
    count : int
    names : dict of str to object
    persistent : callable
        From what the file calls a persistent id to the object that it stands for.
    room : int
        Bytes that its texts may be turned into.
    """
    return [_run(stream, names, persistent, room) for _ in range(count)]


def _run(stream, names, persistent, room):
    machine = _Machine(names, persistent, room)
    for count, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
        if count > _MOST:
            raise ValueError(f"it has more than {_MOST:,} instructions")
        if instruction.name == "STOP":
            (found,) = machine.stack
            _check_whole(found)
            return found
        machine.run(instruction.name, argument)
    raise ValueError("it has no end")


def _check_whole(tree):
    """Refuse a tree with names of things to call in it, one that holds itself or is very deep, and one that is small
    only because it holds the same lists many times over: to copy or to print it would take for ever."""
    sizes, waiting = {}, [(tree, False)]
    while waiting:
        value, done = waiting.pop()
        if isinstance(value, _Name):
            raise Refused(value.text)
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else None
        if inside is None:
            continue
        if done:
            found = [sizes.get(id(item), (1, 0)) for item in inside]
            size, depth = 1 + sum(size for size, _ in found), 1 + max((depth for _, depth in found), default=0)
            if size > _MOST or depth > _DEEPEST:
                raise ValueError(f"it has more than {_MOST:,} values, or {_DEEPEST} lists in one another")
            sizes[id(value)] = size, depth
        elif id(value) not in sizes:
            sizes[id(value)] = None
            waiting.append((value, True))
            waiting += [(item, False) for item in inside]
        elif sizes[id(value)] is None:
            raise ValueError("it holds itself")


class _Machine:
    def __init__(self, names, persistent, room):
        self.stack, self.marks, self.memo = [], [], {}
        self.names, self.persistent = names, persistent
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
            stack.append(self._named(argument))
        elif name == "STACK_GLOBAL":
            stack.append(self._named("{} {}".format(*self._last(2))))
        elif name == "REDUCE":
            stack.append(self._made(*self._last(2)))
        elif name == "BUILD":
            self._build(*self._last(1))
        elif name == "BINPERSID" and self.persistent is not None:
            (identity,) = self._last(1)
            stack.append(self.persistent(identity))
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"it has the instruction {name}, which no data have")

    def _last(self, count):
        if count > len(self.stack):
            raise ValueError("it takes more than is there")
        items = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return items

    def _since_mark(self):
        return self._last(max(0, len(self.stack) - self.marks.pop()))

    def _top(self, kind):
        if not isinstance(self.stack[-1], kind):
            raise ValueError(f"it uses {type(self.stack[-1]).__name__} as {kind.__name__}")
        return self.stack[-1]

    def _set(self, found, items):
        keys = items[::2]
        # the hash of a tuple of tuples of tuples ... would end the process
        if len(items) % 2 or not all(type(key) in _KEYS for key in keys):
            raise ValueError("it has keys that are not names")
        found.update(zip(keys, items[1::2], strict=True))

    def _named(self, text):
        if text == "_codecs encode":  # how Python 3 writes old bytes
            return _Name(text, self._bytes)
        if text not in self.names:
            raise Refused(text.replace(" ", "."))
        allowed = self.names[text]
        return _Name(text, allowed) if callable(allowed) else allowed

    def _made(self, what, arguments):
        """The stand-in for the result of a call."""
        if not isinstance(what, _Name) or type(arguments) is not tuple:
            raise Refused("something that is not a name")
        return what.allowed(*[a.allowed if isinstance(a, _Name) else a for a in arguments])

    def _bytes(self, text, encoding):
        if type(text) is not str or (encoding != "latin1" and encoding != "latin-1"):
            raise Refused("the bytes to be made of other things")
        self.room -= len(text)
        if self.room < 0:
            raise ValueError("it makes more bytes than it has")
        return text.encode("latin-1")

    def _build(self, state):
        build = getattr(type(self.stack[-1]), "build", None)
        if build is None:
            raise Refused(f"the state of a {type(self.stack[-1]).__name__} to be set")
        build(self.stack[-1], state)
