"""Values on the way between the process that judges and the one that runs the answers: JSON, and nothing that runs."""

import base64
import json
import math
import struct
from collections.abc import Iterator

import numpy as np

from ..from_data import tensor
from ..tensor import Tensor

__all__ = ["decode", "encode", "read", "write"]

_LONGEST = 1 << 28  # bytes of a message


def write(file, message):
    """Send a message: its length, then JSON."""
    data = json.dumps(message).encode()
    file.write(struct.pack("<Q", len(data)) + data)
    file.flush()


def read(file):
    """The next message; EOFError where there is none, ValueError where it is damaged."""
    head = file.read(8)
    if len(head) < 8:
        raise EOFError
    (count,) = struct.unpack("<Q", head)
    if count > _LONGEST:
        raise ValueError("a message is too long")
    data = file.read(count)
    if len(data) < count:
        raise EOFError
    return json.loads(data)


def encode(value, refer):
    """`value` as JSON holds it; what it cannot hold becomes what ``refer(value)`` returns."""
    if value is None or isinstance(value, bool | str):
        return value
    if type(value) is int:
        return value if abs(value) < 1 << 53 else {"$int": str(value)}
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, np.ndarray | np.generic) and np.asarray(value).dtype.kind in "biuf":
        return {"$array": _packed(np.asarray(value))}
    if isinstance(value, tuple):
        return {"$tuple": [encode(item, refer) for item in value]}
    if isinstance(value, Iterator):
        value = list(value)
    if isinstance(value, list):
        return [encode(item, refer) for item in value]
    if type(value) is dict:
        return {"$dict": [[encode(k, refer), encode(v, refer)] for k, v in value.items()]}
    if isinstance(value, Tensor):
        return {"$tensor": _packed(value._array), "requires_grad": value.requires_grad, **refer(value)}
    return refer(value)


def decode(value, find):
    """The value that `encode` was given; ``find(dict)`` makes what it referred to. ValueError for anything else."""
    if value is None or isinstance(value, bool | str | int | float):
        return value
    if isinstance(value, list):
        return [decode(item, find) for item in value]
    match value:
        case {"$tensor": packed, "$handle": _}:
            return find({**value, "array": _unpacked(packed)})
        case {"$tensor": packed, "requires_grad": requires_grad}:
            return tensor(_unpacked(packed), requires_grad=bool(requires_grad))
        case {"$array": packed}:
            return _unpacked(packed)
        case {"$tuple": list(items)}:
            return tuple(decode(item, find) for item in items)
        case {"$dict": list(pairs)}:
            return {decode(k, find): decode(v, find) for k, v in pairs}
        case {"$int": str(digits)}:
            return int(digits)
        case {"$float": str(word)}:
            return float(word)
        case {"$handle": int()}:
            return find(value)
    raise ValueError("a message holds something unknown")


def _packed(array):
    return [array.dtype.str, list(array.shape), base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()]


def _unpacked(packed):
    kind, shape, text = packed
    dtype = np.dtype(kind)
    if dtype.kind not in "biuf":
        raise ValueError(f"an array of {dtype}")
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape).copy()
