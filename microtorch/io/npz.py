"""numpy's .npz: named arrays, for everything that reads numpy's files."""

import ast
import math
import os
import re
import zipfile

import numpy as np

from ..errors import CheckpointError, DTypeError, visible
from ..from_data import as_tensor
from ..tensor import Tensor, wrap
from .files import replacing
from .strangers import documented, fill, room_for, too_large

__all__ = ["load_npz", "save_npz"]

_LONGEST_HEAD = 10_000  # bytes; numpy's own limit


def save_npz(tensors, filename):
    """Write named tensors to an .npz file.

    Parameters
    ----------
    tensors : dict of str to Tensor or ndarray
        For instance a ``state_dict()``.
    filename : path
        Replaced, when all is written, if it is there; no ending is added.

    Raises
    ------
    OSError
        If it cannot be written, as on a full disk. What was there before is then as it was.

    Examples
    --------
    >>> import tempfile, microtorch
    >>> from microtorch.io import load_npz, save_npz
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_npz({"w": microtorch.tensor([1.0, 2.0])}, f"{folder}/model.npz")
    ...     load_npz(f"{folder}/model.npz")
    {'w': tensor([1., 2.])}
    """
    for name, value in tensors.items():
        if not isinstance(name, str) or not isinstance(value, Tensor | np.ndarray):
            raise TypeError(f"save_npz: {name!r} of type {type(value).__name__} is not a named tensor.")
    arrays = {name: as_tensor(value)._array for name, value in tensors.items()}
    # numpy.savez would take a tensor called "file" for its own argument, and it adds endings
    with (
        replacing(filename) as temporary,
        zipfile.ZipFile(temporary, "w", allowZip64=True) as archive,
    ):
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def load_npz(filename, max_bytes=None):
    """The tensors in an .npz file.

    Parameters
    ----------
    filename : path
        Written by `save_npz` or ``numpy.savez``.
    max_bytes : int, optional
        The bytes of memory that the file may ask for. Default: 64 MiB, or 32 times its size where that is more; a
        compressed file of two megabytes may hold two gigabytes of zeros.

    Returns
    -------
    dict of str to Tensor

    Raises
    ------
    FileNotFoundError
        If it is not there.
    CheckpointError
        If it is cut off, damaged, of another format, asks for more than `max_bytes`, or holds objects, which could be
        any code: none is run.
    """
    where = f"load_npz: {visible(str(filename))}"
    message = f"{where} is no whole .npz file of numbers ({{}}). It was cut off, damaged, or is of another format."
    with documented(CheckpointError, message, let=(FileNotFoundError,)), open(filename, "rb") as raw:
        room = room_for(raw, max_bytes)
        with zipfile.ZipFile(raw) as archive:
            members = members_of(archive, raw)
            if (asked := sum(member.file_size for member in members)) > room:
                raise CheckpointError(f"{where} {too_large(asked, room)}.")
            arrays = {}
            for member in members:
                name = member.filename.removesuffix(".npy")
                if name in arrays:
                    raise ValueError(f"{name!r} is there twice")
                arrays[name] = _member(archive, member)
            return {name: wrap(as_tensor(array)._array) for name, array in arrays.items()}


def members_of(archive, raw):
    """The members of the archive; ValueError if its list is not whole, for zipfile takes a damaged one as it is."""
    members = archive.infolist()
    raw.seek(-22 - len(archive.comment), os.SEEK_END)
    told = int.from_bytes(raw.read(22)[10:12], "little")
    if told != min(len(members), 0xFFFF) or min((m.header_offset for m in members), default=archive.start_dir) != 0:
        raise ValueError("the list of its members is damaged")
    return members


def _member(archive, member):
    """The array in one member of the archive."""
    # numpy writes no other kind, and the head of an LZMA member can ask for gigabytes
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{member.filename!r} is compressed in a way that numpy does not write")
    with archive.open(member) as stream:
        shape, dtype, fortran, start = npy_head(stream)
        count = math.prod(shape)
        if count * dtype.itemsize != member.file_size - start:
            raise ValueError(
                f"{member.filename!r} says it holds {shape} {dtype}, which is {count * dtype.itemsize} bytes, and "
                f"holds {member.file_size - start}"
            )
        array = fill(np.empty(count, dtype), stream) if count else np.empty(0, dtype)
        if stream.read(1):  # also compares the checksum, for an empty one too
            raise ValueError(f"{member.filename!r} is longer than it says")
        return array.reshape(shape, order="F" if fortran else "C")


def npy_head(stream):
    """(shape, dtype, fortran_order, length of the head) of an .npy file."""
    start = stream.read(8)
    if len(start) < 8 or start[:6] != b"\x93NUMPY" or start[6] not in (1, 2, 3):
        raise ValueError("one of its members is no .npy file")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(stream.read(width), "little")
    if length > _LONGEST_HEAD:
        raise ValueError(f"the head of a member has {length} bytes")
    text = stream.read(length).decode("latin1")
    try:
        head = ast.literal_eval(re.sub(r"(\d)L\b", r"\1", text).strip())  # Python 2 wrote 3L
    except MemoryError:  # so Python says that it is nested too deeply
        raise ValueError("the head of a member is no dict") from None
    shape, fortran, kind = head["shape"], head["fortran_order"], head["descr"]
    if "O" in str(kind):
        raise ValueError("it holds objects, each a pickle, which could be any code; none was run")
    if not isinstance(kind, str) or not re.fullmatch(r"[<>|=]?[biufc]\d{1,2}", kind):
        raise DTypeError(f"it holds {visible(repr(kind), 60)}, which tensors cannot be")
    if not isinstance(shape, tuple) or len(shape) > 64 or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"a member has the shape {visible(repr(shape), 60)}")
    return shape, np.dtype(kind), fortran is True, 8 + width + length
