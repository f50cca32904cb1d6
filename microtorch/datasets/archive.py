"""Files out of a tar archive, read one after the other; nothing is written anywhere, no name is taken as a path.

Of the format this knows the plain files. Links, devices, long names and files with holes, whose few bytes may stand
for gigabytes, are passed over by the room that they take in the archive.
"""

import re

from ..io.strangers import fill

__all__ = ["members"]

_BLOCK = 512


def members(stream, names):
    """The contents of the plain files with the given names, whatever folder they are in.

    Parameters
    ----------
    stream : Unpacked
        The archive; read to its end, so that a checksum at its end is compared. It limits what is read, and so the
        memory taken.
    names : collection of str

    Returns
    -------
    dict of str to bytearray
    """
    found = {}
    while head := stream.read(_BLOCK):
        if not any(head):  # two empty blocks, and what fills the last piece of tape
            continue
        name, size, kind = _entry(head)
        wanted = kind in (b"0", b"\0") and name in names
        stream.claim(size)
        if wanted:
            found[name] = fill(bytearray(size), stream)
        left = -size % _BLOCK if wanted else size + -size % _BLOCK
        while left:
            piece = stream.read(min(left, 1 << 20))
            if not piece:
                raise EOFError("the archive ends inside a file")
            left -= len(piece)
    return found


def _entry(head):
    """(name without folders, size, kind) of a head."""
    told = head[148:156].strip(b"\0 ")
    if len(head) < _BLOCK or not re.fullmatch(rb"[0-7]{1,7}", told):
        raise ValueError("it is no tar archive")
    if sum(head) - sum(head[148:156]) + 8 * ord(" ") != int(told, 8):
        raise ValueError("the head of a file in the archive is damaged")
    size = head[124:136].strip(b"\0 ")
    if not re.fullmatch(rb"[0-7]*", size):
        raise ValueError("a file in the archive says it is larger than 8 GB")
    name = head[:100].partition(b"\0")[0].decode("utf-8", "replace")
    return name.rpartition("/")[2], int(size or b"0", 8), head[156:157]
