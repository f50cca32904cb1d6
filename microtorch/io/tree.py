"""Dicts and lists of tensors, numbers and strings in one file: what PyTorch's save and load are for.

The tensors are those of a safetensors file, each under its path in the tree (``model.fc1.weight``), so that anything
that reads the format finds them; the rest is JSON in the head of the file. Nothing in it can be executed.
"""

import contextlib
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from ..errors import CheckpointError, visible
from ..nn.module import Module
from ..tensor import Tensor
from .safetensors import read_file, save_file
from .strangers import documented

__all__ = ["load", "save"]

_OLDER = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # a pickled number, with which PyTorch's older files begin
_KEY = "microtorch"  # of the metadata
# What JSON cannot hold is an object with one key of these.
_TENSOR, _ARRAY, _TUPLE, _PAIRS, _MODULE = "$tensor", "$array", "$tuple", "$pairs", "$module"


def save(
    obj, f, pickle_module=None, pickle_protocol=2, _use_new_zipfile_serialization=True, _disable_byteorder_record=False
):
    """Write a tree of tensors, numbers and strings to a file.

    Parameters
    ----------
    obj : dict, list, tuple, Tensor, ndarray, str, int, float, bool, None or Module
        And any of these inside. A dict may have any of the simple ones as keys. Of a Module the names of its classes,
        its tensors and its plain attributes are written.
    f : path or file object
        A path is replaced, when all is written, if it is there: a process that is killed meanwhile leaves the old file.
        A file object, as ``io.BytesIO`` or ``open(path, "wb")``, is written to from where it is.
    pickle_module, pickle_protocol : optional
        Accepted for scripts written for PyTorch; no pickle is written.

    Raises
    ------
    TypeError
        If something else is inside; the message says where, and of a model what to write instead.
    OSError
        If it cannot be written, as on a full disk. What was there before is then as it was.

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
    if not hasattr(f, "write"):
        save_file(tensors, f, {_KEY: json.dumps(tree)})
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tensors")
        save_file(tensors, path, {_KEY: json.dumps(tree)})
        try:
            f.write(path.read_bytes())
        except TypeError:
            raise TypeError('save: the file is open for text. Open it for bytes: open(path, "wb").') from None


def load(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, max_bytes=None):
    """The tree in a file that `save`, or PyTorch's, wrote.

    Parameters
    ----------
    f : path or file object
        A file object is read from where it is to its end.
    map_location : optional
        Accepted: everything comes to the CPU.
    pickle_module : optional
        Only None: no pickle is run.
    weights_only : bool, default True
        Whether models that `save` wrote whole are refused. With False they are built of the classes of their names that
        the program has; see Notes. PyTorch's whole models are pickles, and always refused.
    mmap : bool, optional
        Accepted; all is read into memory of its own.
    max_bytes : int, optional
        The bytes of memory that a file of PyTorch's may ask for. Default: 64 MiB, or 32 times its size where that is
        more.

    Returns
    -------
    object
        As it was given to `save`; of a safetensors file of other origin, the dict of its tensors; of a file that
        ``torch.save`` wrote, dicts, lists and tuples of tensors, numbers and texts.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    CheckpointError
        If it is cut off, damaged, of another format, or asks for anything to be run, as a whole model of PyTorch's
        does. Nothing in a file is ever executed.
    ValueError
        If `map_location` names another device than the CPU, or `pickle_module` is given.

    Notes
    -----
    With ``weights_only=False`` a file chooses among the subclasses of Module that are imported already, and sets their
    attributes to values. No constructor runs and nothing is imported. Do it with files of your own.
    """
    if pickle_module is not None:
        raise ValueError("load: pickle_module is given, and no pickle is run here. Leave it out.")
    if isinstance(map_location, str) and map_location.partition(":")[0] != "cpu":
        raise ValueError(f"load: map_location {map_location!r}: microtorch runs on the CPU only. Pass 'cpu'.")
    if not hasattr(f, "read"):
        return _load(f, f, max_bytes, weights_only is False)
    data = f.read()
    if isinstance(data, str):
        raise TypeError('load: the file is open for text. Open it for bytes: open(path, "rb").')
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tensors")
        path.write_bytes(data)
        return _load(path, getattr(f, "name", "the file object"), max_bytes, weights_only is False)


def _load(path, name, max_bytes, whole):
    """The tree in the file at `path`, which messages call `name`."""
    if Path(path).is_file() and _is_pytorchs(path):
        from .torch_files import load_torch

        return load_torch(path, name, max_bytes)
    try:
        tensors, metadata = read_file(path)
    except CheckpointError as error:
        text = _other_format(path, name) or str(error).replace(str(path), str(name))
        raise CheckpointError(text) from error
    if _KEY not in metadata:
        return tensors
    with documented(CheckpointError, f"load: the description in the head of {visible(str(name))} is damaged ({{}})."):
        return _decoded(json.loads(metadata[_KEY]), tensors, f"load: {visible(str(name))}", whole)


def _is_pytorchs(path):
    """Whether the file at `path` looks like one that torch.save wrote."""
    with open(path, "rb") as file:
        head = file.read(len(_OLDER))
    if head == _OLDER:
        return True
    if head[:2] != b"PK":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("data.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # somebody else will say what is wrong with it


def _other_format(path, name):
    """The words for a file that PyTorch or numpy wrote, or None."""
    if not Path(path).is_file():
        return None
    with open(path, "rb") as file:
        head = file.read(6)
    members = []
    with contextlib.suppress(Exception):  # it may be damaged in any way
        members = zipfile.ZipFile(path).namelist()
    if any(member.endswith(".npy") for member in members):
        return f"load: {name} is an .npz file of numpy's. Read it with microtorch.io.load_npz."
    if head.startswith(b"\x93NUMPY"):
        return f"load: {name} is an .npy file of numpy's. Read it with microtorch.from_numpy(np.load(path))."
    if head[:1] == b"\x80":
        return f"load: {name} is a pickle, which could carry code, and not one that torch.save wrote. It was not run."
    return None


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
    if isinstance(value, Module):
        from .modules import described

        return {_MODULE: described(value, path, tensors, _encode)}
    if hasattr(value, "state_dict"):
        kind, name = type(value).__name__, path.rpartition(".")[2] or "model"
        raise TypeError(
            f"save: {path or 'this'} is a {kind}, an object with code, and a file holds values only. Save its values, "
            "and load them into a new one:\n"
            f"  microtorch.save({name}.state_dict(), 'file')\n"
            f"  {name} = {kind}(...); {name}.load_state_dict(microtorch.load('file'))"
        )
    raise TypeError(
        f"save: {path or 'this'} is of type {type(value).__name__}. A file holds dicts, lists, tuples, tensors, "
        "arrays, numbers, strings and None."
    )


def _decoded(tree, tensors, where, whole):
    """The object that a description stands for; models in it only if `whole`."""

    def decode(value):
        if isinstance(value, list):
            return [decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, content),) = value.items()
            if key == _TENSOR:
                return tensors[content]
            if key == _ARRAY:
                return tensors[content]._array
            if key == _TUPLE:
                return tuple(decode(item) for item in content)
            if key == _PAIRS:
                return {key: decode(item) for key, item in content}
            if key == _MODULE:
                return model(content)
        return {key: decode(item) for key, item in value.items()}

    def model(record):
        if not whole:
            raise CheckpointError(
                f"{where} holds a whole model. If the file is your own, load(..., weights_only=False) builds it of the "
                "classes that the program has. Between programs, exchange values: save(model.state_dict(), 'file')."
            )
        from .modules import Builder

        return Builder(decode, where).module(record)

    return decode(tree)
