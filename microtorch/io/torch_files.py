"""PyTorch's own files of tensors: what torch.save wrote, as a zip archive or in the older format, and nothing run.

Both hold a pickle that describes the tree and names the memory of its tensors. It is read by `pickles`, with a table of
the few names that trees of tensors need; whatever else a file names is refused.
"""

import math
import zipfile
from io import BytesIO

import numpy as np

from ..dtypes import bool_, float32, float64, int32, int64, uint8
from ..errors import CheckpointError, visible
from ..nn import Parameter
from ..tensor import wrap
from .npz import members_of
from .pickles import Refused, read_pickles
from .strangers import documented, fill, room_for, too_large

__all__ = ["load_torch"]

_STORAGES = {
    "FloatStorage": float32, "DoubleStorage": float64, "LongStorage": int64, "IntStorage": int32, "ByteStorage": uint8,
    "BoolStorage": bool_,
}  # fmt: skip
_DTYPES = {"float32": float32, "float64": float64, "int64": int64, "int32": int32, "uint8": uint8, "bool": bool_}
# What PyTorch's other dtypes and their storages are called, for the words that refuse them.
_OTHERS = {"HalfStorage": "float16", "BFloat16Storage": "bfloat16", "CharStorage": "int8", "ShortStorage": "int16",
           "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128"}  # fmt: skip
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # what the older format begins with


def load_torch(path, name, max_bytes=None):
    """The tree of tensors, numbers and texts in a file that torch.save wrote.

    Parameters
    ----------
    path : path
    name : object
        What messages call the file.
    max_bytes : int, optional
        The bytes of memory that it may ask for; default as in `load_npz`.

    Raises
    ------
    CheckpointError
        If it is damaged, holds what tensors here cannot be, asks for too much memory, or for anything to be run.
    """
    where = f"load: {visible(str(name))}"
    message = f"{where} is no whole file of PyTorch's ({{}}). It was cut off, damaged, or is of another format."
    try:
        with documented(CheckpointError, message, let=(Refused,)), open(path, "rb") as file:
            room = room_for(file, max_bytes)
            return _zipped(file, where, room) if file.read(2) == b"PK" else _older(file, where, room)
    except Refused as error:
        raise CheckpointError(
            f"{where} asks for {visible(str(error), 60)} to be made, which is code: it was not. Of a whole model save "
            "the values, torch.save(model.state_dict(), 'model.pt'), and load them into the model here, "
            "model.load_state_dict(microtorch.load('model.pt'))."
        ) from error


def _zipped(file, where, room):
    """The tree in a zip archive: data.pkl beside a member for each memory."""
    with zipfile.ZipFile(file) as archive:
        members = {member.filename: member for member in members_of(archive, file)}
        if any(name.endswith("constants.pkl") for name in members):
            raise Refused("a compiled TorchScript module")
        (pickle,) = (name for name in members if name.endswith("data.pkl"))
        if (asked := sum(member.file_size for member in members.values())) > room:
            raise CheckpointError(f"{where} {too_large(asked, room)}.")
        if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
            raise ValueError("it is compressed, which PyTorch never does")
        folder = pickle.removesuffix("data.pkl")
        order = _content(archive, members[f"{folder}byteorder"]) if f"{folder}byteorder" in members else b"little"
        if order not in (b"little", b"big"):
            raise ValueError("it does not say the order of its bytes")

        def memory(key, dtype, count):
            member = members[f"{folder}data/{key}"]
            if member.file_size != count * dtype.itemsize:
                raise ValueError(f"memory {visible(key, 20)} has {member.file_size} bytes, not {count} {dtype}")
            array = np.frombuffer(_content(archive, member), dtype)
            return array.byteswap() if order == b"big" else array

        # In memory: from a file, a text that says it has 2³¹ bytes would be given them before it is found to end.
        content = _content(archive, members[pickle])
        (tree,) = read_pickles(BytesIO(content), 1, _names(room), _Memories(memory), len(content))
        return tree


def _content(archive, member):
    """The bytes of a member of an archive, as a bytearray; its checksum is compared."""
    with archive.open(member) as stream:
        content = fill(bytearray(member.file_size), stream)
        stream.read(1)
        return content


def _older(file, where, room):
    """The tree in the format before PyTorch 1.6: five pickles, and then each memory."""
    file.seek(0)
    content = file.read()
    file, size = BytesIO(content), len(content)
    names, claimed, left = _names(room), {}, size

    def memory(key, dtype, count):
        nonlocal left
        left -= count * dtype.itemsize
        if left < 0:
            raise ValueError("its tensors are larger than the file")
        claimed[key] = np.empty(count, dtype)
        return claimed[key]

    magic, protocol, system = read_pickles(file, 3, names, None, size)
    if (magic, protocol) != (_MAGIC, _PROTOCOL):
        raise ValueError("it is a pickle of another kind")
    if system.get("little_endian", True) is not True:
        raise CheckpointError(f"{where} was written on a machine with the other order of bytes.")
    memories = _Memories(memory)
    tree, keys = read_pickles(file, 2, names, memories, size)
    if sorted(keys) != sorted(claimed):
        raise ValueError("the list of its memories is another one than its tensors need")
    for key in keys:
        if int.from_bytes(file.read(8), "little") != claimed[key].size:
            raise ValueError("a memory has another size than its tensors say")
        fill(claimed[key], file)
    if file.read(1):
        raise ValueError("it goes on after its end")
    return tree


class _Memories:
    """From a persistent id to the array that is the memory of a tensor: each once, for tensors that share it."""

    def __init__(self, read):
        self.read, self.arrays = read, {}

    def __call__(self, identity):
        kind, dtype, key, _location, count, *view = identity
        if kind != "storage" or type(key) is not str or type(count) is not int or count < 0 or (view and view[0]):
            raise ValueError("it names a memory in an unknown way")
        if not isinstance(dtype, np.dtype):
            raise CheckpointError(_no_such_dtype(dtype))
        if key not in self.arrays:
            self.arrays[key] = self.read(key, dtype, count)
        array = self.arrays[key]
        if array.dtype != dtype or array.size != count:
            raise ValueError("two tensors see one memory in different dtypes")
        return array


def _no_such_dtype(dtype):
    name = getattr(dtype, "name", None)
    if name is None:
        raise ValueError("it names no dtype")
    return (
        f"load: the file holds {name}, which tensors here cannot be. Save it as float32 where PyTorch is installed: "
        "torch.save({name: t.float() for name, t in state.items()}, path)."
    )


class _Dict(dict):
    """An OrderedDict of PyTorch's; what it carries beside, as the versions of layers, is left."""

    def build(self, state):
        """Leave it."""


class _Other:
    """A dtype that is not here; it may be named, but no tensor can have it."""

    def __init__(self, name):
        self.name = name


def _names(room):
    """The meaning of the names in a file of tensors stand for."""

    def tensor(memory, offset, shape, strides, requires_grad=False, *_hooks):
        array = _view(memory, offset, shape, strides, room)
        return wrap(array).requires_grad_(requires_grad is True and array.dtype.kind == "f")

    def parameter(data, requires_grad=True, *_hooks):
        return Parameter(data.detach(), requires_grad is True)

    def size(shape=()):
        return tuple(shape)

    def scalar(dtype, data):
        if not isinstance(dtype, _Scalar) or type(data) is not bytes:
            raise ValueError("a number of numpy's is damaged")
        return np.frombuffer(data, dtype.dtype, 1)[0].item()

    return {
        "collections OrderedDict": lambda *items: _Dict(*map(_pairs, items)),
        "torch._utils _rebuild_tensor_v2": tensor,
        "torch._utils _rebuild_tensor": tensor,
        "torch._utils _rebuild_parameter": parameter,
        "torch._utils _rebuild_parameter_with_state": parameter,
        "torch.nn.parameter Parameter": parameter,
        "torch Size": size,
        "torch device": lambda kind, index=None: "cpu",
        "numpy.core.multiarray scalar": scalar,
        "numpy._core.multiarray scalar": scalar,
        "numpy dtype": _Scalar,
        **{f"torch {name}": dtype for name, dtype in _STORAGES.items()},
        **{f"torch {name}": dtype for name, dtype in _DTYPES.items()},
        **{f"torch {name}": _Other(dtype) for name, dtype in _OTHERS.items()},
        **{f"torch {dtype}": _Other(dtype) for dtype in _OTHERS.values()},
    }


def _pairs(items):
    """The pairs that a dict of long ago is made of, whose keys may be texts only."""
    pairs = [tuple(pair) for pair in items]
    if not all(len(pair) == 2 and type(pair[0]) is str for pair in pairs):
        raise ValueError("it has keys that are not names")
    return pairs


class _Scalar:
    """The dtype of a number of numpy's."""

    def __init__(self, code, *_rest):
        if isinstance(code, bytes):
            code = code.decode("latin-1")
        if code not in ("f4", "f8", "i8", "i4", "u1", "b1"):
            raise ValueError("a number of numpy's has a dtype that tensors cannot have")
        self.dtype = np.dtype(code)

    def build(self, state):
        """Its order of bytes, the second of what numpy keeps."""
        if state[1] in (">", b">"):
            self.dtype = self.dtype.newbyteorder(">")


def _view(memory, offset, shape, strides, room):
    """The array that a tensor is of its memory, if it lies within."""
    if not isinstance(memory, np.ndarray) or type(shape) is not tuple or type(strides) is not tuple:
        raise ValueError("a tensor is described in an unknown way")
    numbers = (offset, *shape, *strides)
    if len(shape) != len(strides) or len(shape) > 64 or not all(type(n) is int and n >= 0 for n in numbers):
        raise ValueError("a tensor has a shape or strides that are no numbers")
    count = math.prod(shape)
    if count == 0:
        return np.empty(shape, memory.dtype)
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if last >= memory.size or count * memory.itemsize > room:
        raise ValueError("a tensor is larger than its memory")
    steps = [step * memory.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(memory[offset:], shape, steps)
