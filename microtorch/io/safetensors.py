"""The safetensors format: named tensors that any framework reads and that cannot carry code."""

import json

import numpy as np
import safetensors

from ..dtypes import as_dtype
from ..errors import CheckpointError, visible
from ..from_data import as_tensor
from ..tensor import Tensor, wrap
from .files import replacing
from .strangers import documented

__all__ = ["load_file", "load_metadata", "save_file"]

# What the format calls the dtypes of tensors.
DTYPES = {"BOOL": "bool", "U8": "uint8", "I32": "int32", "I64": "int64", "F32": "float32", "F64": "float64"}
_NAMES = {ours: theirs for theirs, ours in DTYPES.items()}
LONGEST = 99_999_992  # bytes of the JSON in the head, that readers take


def save_file(tensors, filename, metadata=None):
    """Write named tensors to a safetensors file.

    Parameters
    ----------
    tensors : dict of str to Tensor or ndarray
        For instance a ``state_dict()``. Transposed and strided ones are stored in row-major order.
    filename : path
        Replaced, when all is written, if it is there.
    metadata : dict of str to str, optional
        Kept in the head of the file.

    Raises
    ------
    TypeError
        If a name is not a string, a value not a tensor, or the metadata not strings.
    DTypeError
        If a dtype is not one that tensors have.
    OSError
        If it cannot be written, as on a full disk. What was there before is then as it was.

    Examples
    --------
    >>> import tempfile, microtorch
    >>> from microtorch.io import safetensors
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     safetensors.save_file({"w": microtorch.tensor([1.0, 2.0])}, f"{folder}/model.safetensors")
    ...     safetensors.load_file(f"{folder}/model.safetensors")
    {'w': tensor([1., 2.])}
    """
    arrays = {}
    for name, value in tensors.items():
        if not isinstance(name, str) or name == "__metadata__":
            raise TypeError(f"save_file: {name!r} cannot name a tensor in a safetensors file.")
        if not isinstance(value, Tensor | np.ndarray):
            raise TypeError(f"save_file: {name} is of type {type(value).__name__}, not a tensor.")
        array = as_tensor(value)._array
        # The format is little-endian and row-major.
        arrays[name] = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
    # Wide numbers first, so that each lies at a multiple of its size.
    arrays = dict(sorted(arrays.items(), key=lambda item: (-item[1].itemsize, item[0])))
    head = _head(arrays, metadata)
    # Written here and not by the library, whose own temporary files a kill would leave behind for good.
    with replacing(filename) as temporary, open(temporary, "wb") as file:
        file.write(head)
        for array in arrays.values():
            file.write(array.reshape(-1).view(np.uint8))


def _head(arrays, metadata):
    """The head of a file: its length in 8 bytes and JSON that says where each array begins and ends."""
    entries, start = {}, 0
    if metadata:
        if not all(isinstance(text, str) for pair in metadata.items() for text in pair):
            raise TypeError("save_file: metadata are strings under names that are strings.")
        entries["__metadata__"] = dict(metadata)
    for name, array in arrays.items():
        ends = [start, start := start + array.nbytes]
        entries[name] = {"dtype": _NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": ends}
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode()
    if len(text) > LONGEST:
        raise ValueError(f"save_file: names, shapes and metadata take {len(text)} bytes, the format allows {LONGEST}.")
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def load_file(filename):
    """The tensors in a safetensors file.

    Parameters
    ----------
    filename : path
        Written by `save_file`, PyTorch or any other framework.

    Returns
    -------
    dict of str to Tensor

    Raises
    ------
    FileNotFoundError
        If it is not there.
    CheckpointError
        If it is cut off, damaged, of another format, or holds a dtype that tensors do not have.
    """
    return read_file(filename)[0]


def load_metadata(filename):
    """The metadata in the head of the safetensors file `filename`: dict of str to str. Raises as `load_file`."""
    return read_file(filename, names=())[1]


def read_file(filename, names=None):
    """The tensors called `names`, or all, and the metadata."""
    where = visible(str(filename))
    message = (
        f"load_file: {where} is no whole safetensors file ({{}}). It was cut off, damaged, or is of another format."
    )
    with documented(CheckpointError, message, let=(FileNotFoundError,)):
        open(filename, "rb").close()  # the usual error for a file that is not there
        with safetensors.safe_open(filename, framework="np") as file:
            tensors = {}
            for name in file.keys() if names is None else names:
                kind = file.get_slice(name).get_dtype()
                if kind not in DTYPES:
                    raise CheckpointError(
                        f"load_file: {visible(name, 200)} in {where} is {kind}, which tensors here cannot be. Save it "
                        "as float32."
                    )
                tensors[name] = wrap(file.get_tensor(name).astype(as_dtype(DTYPES[kind]), copy=False))
            return tensors, dict(file.metadata() or {})
