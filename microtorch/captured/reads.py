"""The reads of a line of code, from its bytecode: names, and attributes and constant items of them.

The instructions are those of Python 3.11 to 3.14. One that is not known here ends a chain, so that the whole of what it
has led to counts as read.
"""

import dis
import functools

# Instructions between two parts of a chain, as ``self.model``, that leave its value where it is.
_TRANSPARENT = {"PUSH_NULL", "PRECALL", "COPY", "EXTENDED_ARG", "CACHE", "RESUME", "NOT_TAKEN", "NOP"}
_CONSTANTS = {"LOAD_CONST", "LOAD_SMALL_INT"}
_NAMES = (
    *("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_FAST", "LOAD_CLOSURE", "LOAD_CLASSDEREF"),
    *("LOAD_FROM_DICT_OR_GLOBALS", "LOAD_FROM_DICT_OR_DEREF", "STORE_FAST_LOAD_FAST"),
)


@functools.cache
def chains(code):
    """The names that each line of `code` reads.

    Returns
    -------
    dict of int to list of (str, list of (str, object))
        For each line its chains: a name, and the steps from there: ``("attr", "model")``, ``("item", 0)``,
        ``("is", None)`` where it is only asked whether it is None, ``("store", "model")`` and ``("assign", None)``
        where an attribute or the name itself is set.
    """
    lines, path, line = {}, None, code.co_firstlineno
    ops = [op for op in dis.get_instructions(code) if op.opname not in _TRANSPARENT]
    for op, after in zip(ops, [*ops[1:], None]):
        name = op.opname
        line = op.positions.lineno or line
        if name.startswith(_NAMES):
            # Two names in one instruction, from Python 3.13 on; the chain goes on from the second.
            for read in op.argval if type(op.argval) is tuple else (op.argval,):
                lines.setdefault(line, []).append((read, path := []))
        elif name in ("STORE_GLOBAL", "STORE_DEREF"):
            lines.setdefault(line, []).append((op.argval, [("assign", None)]))
            path = None
        elif path is None:
            continue
        elif "NONE" in name or (name == "LOAD_CONST" and op.argval is None and after.opname == "IS_OP"):
            path.append(("is", None))
        elif name in ("LOAD_ATTR", "LOAD_METHOD"):
            path.append(("attr", op.argval))
        elif name == "STORE_ATTR":
            path.append(("store", op.argval))
        elif name in _CONSTANTS and _is_subscript(after):
            path.append(("item", op.argval))
        elif not _is_subscript(op):
            path = None
    return lines


def _is_subscript(op):
    # From Python 3.14 on it is one of the binary operators; no other instruction has these brackets.
    return op is not None and (op.opname == "BINARY_SUBSCR" or op.argrepr == "[]")
