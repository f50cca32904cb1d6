"""The safetensors format: named tensors that any framework reads and that cannot carry code."""

import numpy as np
import safetensors
import safetensors.numpy

from ..dtypes import as_dtype
from ..errors import CheckpointError, visible
from ..from_data import as_tensor
from ..tensor import Tensor, wrap
from .files import replacing
from .strangers import documented

__all__ = ["load_file", "load_metadata", "save_file"]

# What the format calls the dtypes of tensors.
_DTYPES = {"BOOL": "bool", "U8": "uint8", "I32": "int32", "I64": "int64", "F32": "float32", "F64": "float64"}


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
        If a name is not a string, or a value not a tensor.
    DTypeError
        If a dtype is not one that tensors have.

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
        # The format is little-endian and row-major; safetensors 0.8.0 writes other layouts without a word, wrongly.
        arrays[name] = np.asarray(array, array.dtype.newbyteorder("<"), order="C")
    with replacing(filename) as temporary:
        safetensors.numpy.save_file(arrays, temporary, metadata)


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
    return _read(filename)[0]


def load_metadata(filename):
    """The metadata in the head of the safetensors file `filename`: dict of str to str. Raises as `load_file`."""
    return _read(filename, names=())[1]


def _read(filename, names=None):
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
                if kind not in _DTYPES:
                    raise CheckpointError(
                        f"load_file: {visible(name, 200)} in {where} is {kind}, which tensors here cannot be. Save it "
                        "as float32."
                    )
                tensors[name] = wrap(file.get_tensor(name).astype(as_dtype(_DTYPES[kind]), copy=False))
            return tensors, dict(file.metadata() or {})
