"""Arrays of numbers out of MATLAB's files of version 5, in which SVHN comes.

A file is a head of 128 bytes and elements: a tag with kind and size, then the content; most are packed by zlib. An
array is an element made of elements: flags, dimensions, name, numbers in the order of Fortran.

References
----------
The MathWorks, MAT-File Format, R2022b, chapter 1.
"""

import math
import os
import struct
import zlib

import numpy as np

from ..io.strangers import too_large

__all__ = ["read_matlab"]

_MATRIX, _PACKED = 14, 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = range(6, 16)  # of arrays of numbers: double, single, int8 to uint64; others are cells, texts, objects
_COMPLEX = 0x800


def read_matlab(file, names, room):
    """The arrays of numbers with the given names.

    Parameters
    ----------
    file : file
        Open for reading bytes, from its start.
    names : collection of str
    room : int
        The bytes that one array may take.

    Returns
    -------
    dict of str to ndarray
        With the dtype in which the numbers are stored, which is the smallest that holds them.

    Raises
    ------
    Exception
        Any, if it is damaged or asks for more than `room`.
    """
    head = file.read(128)
    order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
    if order is None or struct.unpack(order + "H", head[124:126]) != (0x0100,):
        raise ValueError("it is no MATLAB file of version 5")
    found, length = {}, os.fstat(file.fileno()).st_size
    while tag := file.read(8):
        kind, size = struct.unpack(order + "II", tag)
        if size > length - file.tell():  # before `read` takes the memory
            raise EOFError(f"it ends after {length - file.tell():,} of an element's {size:,} bytes")
        content = file.read(size)
        if kind == _PACKED:
            kind, content = _unpack(content, order, room)
        if kind == _MATRIX:
            name, array = _matrix(memoryview(content), order, names)
            if array is not None:
                if name in found:
                    raise ValueError(f"{name} is there twice")
                found[name] = array
    return found


def _unpack(content, order, room):
    """Kind and content of a packed element."""
    unpacker = zlib.decompressobj()
    kind, size = struct.unpack(order + "II", unpacker.decompress(content, 8))
    if size > room:
        raise ValueError(f"it {too_large(size, room)}")
    unpacked = unpacker.decompress(unpacker.unconsumed_tail, size) if size else b""
    more = unpacker.decompress(unpacker.unconsumed_tail, 1)  # also compares the checksum
    if len(unpacked) != size or more or not unpacker.eof or unpacker.unused_data:
        raise ValueError("an element is not of the size it says")
    return kind, unpacked


def _matrix(content, order, names):
    """Name and numbers of an array; None in their place if it is not asked for."""
    flags, _, place = _part(content, 0, order)
    (flags,) = struct.unpack(order + "I", flags[:4])
    if flags & 0xFF not in _CLASSES:
        return "", None
    sizes, kind, place = _part(content, place, order)
    shape = tuple(np.frombuffer(sizes, order + _NUMBERS[kind]).tolist())
    name, _, place = _part(content, place, order)
    name = bytes(name).decode("ascii")
    if name not in names:
        return name, None
    numbers, kind, place = _part(content, place, order)
    dtype = np.dtype(order + _NUMBERS[kind])
    if flags & _COMPLEX or len(shape) > 32 or min(shape, default=0) < 0 or place < len(content):
        raise ValueError(f"{name} is no array of real numbers")
    if math.prod(shape) * dtype.itemsize != len(numbers):
        raise ValueError(f"{name} says it has the shape {shape}, and holds {len(numbers):,} bytes")
    return name, np.frombuffer(numbers, dtype).reshape(shape, order="F")


def _part(content, place, order):
    """Data and kind of the element at `place`, and the place of the next one."""
    (kind,) = struct.unpack(order + "I", content[place : place + 4])
    if kind >> 16:  # four bytes or fewer are in the tag itself
        kind, size, start, room = kind & 0xFFFF, kind >> 16, place + 4, 4
    else:
        (size,) = struct.unpack(order + "I", content[place + 4 : place + 8])
        start, room = place + 8, size + -size % 8
    if size > room or start + size > len(content):
        raise ValueError("an element is longer than what it is in")
    return content[start : start + size], kind, start + room
