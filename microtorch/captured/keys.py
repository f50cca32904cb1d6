"""Arguments and values as keys: what counts as the same when a step is called again."""

import copy

import numpy as np

from ..tensor import Tensor

NUMBERS = (int, float, complex, str, bytes, np.generic)
_EXACT = (bool, int, str, bytes, type(None))


def atom(value):
    """A key for what is neither tensor nor array, by type and value: 1, 1.0 and True differ, 0.0 and -0.0 too.

    Other objects are themselves; who keeps the key keeps the object, else another may get its id.
    """
    kind = type(value)
    if kind in _EXACT:
        return kind, value
    if kind in (float, complex, slice, range) or isinstance(value, np.generic | np.dtype):
        return kind, repr(value)
    if kind in (tuple, list):
        return kind, tuple(map(atom, value))
    if kind in (set, frozenset):
        return kind, frozenset(map(atom, value))
    return kind, id(value)


def same(a, b):
    """Whether `a` and `b` are one object, or numbers, strings or tuples of one type and value."""
    if a is b:
        return True
    return type(a) is type(b) and isinstance(a, (*NUMBERS, tuple, slice, frozenset)) and atom(a) == atom(b)


def flatten(value, leaves):
    """The structure of arguments or results as a key; their tensors and arrays are added to `leaves`."""
    if isinstance(value, Tensor | np.ndarray):
        leaves.append(value)
        tracked = isinstance(value, Tensor) and value.requires_grad
        return type(value), value.shape, value.dtype, tracked
    if isinstance(value, tuple | list):
        return (type(value), *[flatten(item, leaves) for item in value])
    if isinstance(value, dict):
        return (type(value), *[(atom(name), flatten(item, leaves)) for name, item in value.items()])
    return atom(value)


def rebuild(value, leaves):
    """`value` with its tensors and arrays replaced by the next ones of the iterator `leaves`."""
    if isinstance(value, Tensor | np.ndarray):
        return next(leaves)
    if isinstance(value, tuple | list):
        items = [rebuild(item, leaves) for item in value]
        if isinstance(value, tuple):
            return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
        rebuilt = copy.copy(value)  # with what else an object of its class has
        rebuilt[:] = items
        return rebuilt
    if isinstance(value, dict):
        rebuilt = copy.copy(value)
        rebuilt.update({name: rebuild(item, leaves) for name, item in value.items()})
        return rebuilt
    return value


def containers_of(value, found):
    """Add every list and dict within arguments to `found`, with what it holds."""
    if isinstance(value, list | dict):
        found.append((value, [*(value.items() if isinstance(value, dict) else value)]))
    if isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            containers_of(item, found)
    return found


def objects_in(value, found):
    """Add what arguments hold other than tensors, arrays and numbers to `found`, which is returned."""
    if isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            objects_in(item, found)
    elif not isinstance(value, Tensor | np.ndarray):
        found.append(value)
    return found
