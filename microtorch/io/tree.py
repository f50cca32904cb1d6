"""Dicts and lists of tensors, numbers and strings in one file: what PyTorch's save and load are for.

The tensors are those of a safetensors file, each under its path in the tree (``model.fc1.weight``), so that anything
that reads the format finds them; the rest is JSON in the head of the file. Nothing in it can be executed.
"""

import json

import numpy as np

from ..errors import CheckpointError, visible
from ..tensor import Tensor
from .safetensors import _read, save_file
from .strangers import documented

__all__ = ["load", "save"]

_KEY = "microtorch"  # of the metadata
# What JSON cannot hold is an object with one key of these.
_TENSOR, _ARRAY, _TUPLE, _PAIRS = "$tensor", "$array", "$tuple", "$pairs"


def save(obj, f):
    """Write a tree of tensors, numbers and strings to a file.

    Parameters
    ----------
    obj : dict, list, tuple, Tensor, ndarray, str, int, float, bool or None
        And any of these inside. A dict may have any of the simple ones as keys.
    f : path
        Replaced, when all is written, if it is there: a process that is killed meanwhile leaves the old file.

    Raises
    ------
    TypeError
        If something else is inside; the message says where.

    Notes
    -----
    The file is a safetensors file with JSON in its head. It holds values, not references: a tensor that appears twice
    is stored twice.

    Examples
    --------
    >>> import tempfile, microtorch
    >>> from microtorch.io import load, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save({"w": microtorch.tensor([1.0, 2.0]), "epoch": 3, "betas": (0.9, 0.999)}, f"{folder}/state")
    ...     load(f"{folder}/state")
    {'w': tensor([1., 2.]), 'epoch': 3, 'betas': (0.9, 0.999)}
    """
    tensors = {}
    tree = _encode(obj, "", tensors)
    save_file(tensors, f, {_KEY: json.dumps(tree)})


def load(f):
    """The tree that `save` wrote to a file.

    Parameters
    ----------
    f : path

    Returns
    -------
    object
        As it was given to `save`; of a safetensors file of other origin, the dict of its tensors.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    CheckpointError
        If it is cut off, damaged, or of another format. Nothing in a file is ever executed.
    """
    tensors, metadata = _read(f)
    if _KEY not in metadata:
        return tensors
    with documented(CheckpointError, f"load: the description in the head of {visible(str(f))} is damaged ({{}})."):
        return _decode(json.loads(metadata[_KEY]), tensors)


def _encode(value, path, tensors):
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return value
    if isinstance(value, np.bool_ | np.integer | np.floating):
        return value.item()
    if isinstance(value, Tensor | np.ndarray):
        name = path or "tensor"
        while name in tensors:  # {"a.b": t, "a": {"b": t}} has two places that are spelled alike
            name += "'"
        tensors[name] = value
        return {_TENSOR if isinstance(value, Tensor) else _ARRAY: name}
    dot = f"{path}." if path else ""
    if isinstance(value, list | tuple):
        items = [_encode(item, f"{dot}{i}", tensors) for i, item in enumerate(value)]
        return {_TUPLE: items} if isinstance(value, tuple) else items
    if isinstance(value, dict):
        for key in value:
            if not (key is None or isinstance(key, str | bool | int | float)):
                raise TypeError(f"save: {path or 'the dict'} has a key of type {type(key).__name__}, {key!r}.")
        if all(isinstance(key, str) and not key.startswith("$") for key in value):
            return {key: _encode(item, f"{dot}{key}", tensors) for key, item in value.items()}
        return {_PAIRS: [[key, _encode(item, f"{dot}{key}", tensors)] for key, item in value.items()]}
    raise TypeError(
        f"save: {path or 'this'} is of type {type(value).__name__}. A file holds dicts, lists, tuples, tensors, "
        "arrays, numbers, strings and None; of modules and optimizers save the state_dict()."
    )


def _decode(value, tensors):
    if isinstance(value, list):
        return [_decode(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, content),) = value.items()
        if key == _TENSOR:
            return tensors[content]
        if key == _ARRAY:
            return tensors[content]._array
        if key == _TUPLE:
            return tuple(_decode(item, tensors) for item in content)
        if key == _PAIRS:
            return {key: _decode(item, tensors) for key, item in content}
    return {key: _decode(item, tensors) for key, item in value.items()}
