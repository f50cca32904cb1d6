"""A tree of saved values, damaged in every place in every way."""

import math

import numpy as np

import microtorch

_REMOVED = object()


def places(tree, path=()):
    """The paths of everything in a tree of dicts and lists, but of the tree itself."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list | tuple) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def damages(value):
    """By a name: what may stand in the place of `value`; `damaged` puts it there."""
    found = {
        "removed": _REMOVED,
        "None": None,
        "text": "x",
        "-5": -5,
        "1e400": 1e400,
        "nan": math.nan,
        "[]": [],
        "{}": {},
    }
    found |= {"10**400": 10**400, "bool": True, "a million": 10**6}
    if isinstance(value, microtorch.Tensor | np.ndarray):
        array = value.numpy(force=True) if isinstance(value, microtorch.Tensor) else value
        if array.dtype.kind in "Uc":  # one of these already
            array = np.zeros(array.shape)
        found |= {"another shape": array[None], "complex": array.astype(complex), "texts": array.astype(str)}
        found |= {"float16": array.astype(np.float16), "uint8": array.astype(np.uint8)}
        found["transposed or longer"] = array.T if array.T.shape != array.shape else np.concatenate([array.ravel()] * 2)
    if isinstance(value, list | tuple):
        found |= {"longer": [*value, value[-1]] if value else [0], "shorter": list(value[:-1]) if value else "x"}
    if isinstance(value, str):
        found["another text"] = value + "x"
    return {name: other for name, other in found.items() if not (type(other) is type(value) and _equal(other, value))}


def _equal(a, b):
    return (
        a == b if not isinstance(a, np.ndarray) else a.dtype == b.dtype and a.shape == b.shape and bool((a == b).all())
    )


def damaged(tree, path, other):
    """A copy of `tree`, as far as it is needed, with `other` at `path`."""
    if not path:
        return other
    key, *rest = path
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if other is _REMOVED and not rest:
        del copy[key]
    else:
        copy[key] = damaged(tree[key], rest, other)
    return copy if not isinstance(tree, tuple) else tuple(copy)


def names(path):
    """The words of which a message about this place has at least one: the name itself, or what it is in."""
    words = [str(key).lower() for key in path if isinstance(key, str)]
    return [word for name in words[-2:] for word in (name, name.removesuffix("s"))]  # an index of betas is a beta's
