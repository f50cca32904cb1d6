"""A damaged file must never give anything but well-formed data or the documented error, in 200 MB and 5 s.

Small files of every kind (files_made.py) are damaged by seeds: bytes changed, cut, inserted, taken out, numbers of
headers replaced by extreme ones, pieces repeated and swapped, other files appended; also inside of what a checksum
guards. Each is read in a process of its own (limited.py), so that a crash, a loop and a bomb are seen.
"""

import itertools
import pathlib
import random
import re
import struct
import tempfile

from files_made import FILES
from limited import Limited

SMALL = 300

EXTREMES = (0, 1, 2, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**60, 2**63 - 1, 2**63, 2**64 - 1)
WORDS = (b"-1", b"99999999999999999999", b"4294967295", b"1e999", b"NaN", b"null", b"[]", b"{}", b'""', b"0", b"",
         b"'O'", b"True", b"[" * 3000, b"(" * 3000, b"$tensor", b"F16", b"<f16")  # fmt: skip


def damage(content, draw):
    """`content` with one piece of damage, and what was done."""
    content, length = bytearray(content), len(content)
    # heads are where the numbers are that a reader trusts
    place = draw.randrange(min(length, draw.choice((64, 512, length, length))) or 1)
    what = draw.choice(
        (
            "flip",
            "flip",
            "byte",
            "cut",
            "insert",
            "remove",
            "number",
            "number",
            "word",
            "append",
            "twice",
            "zeros",
            "swap",
        )
    )
    if what == "flip":
        content[place % length] ^= 1 << draw.randrange(8)
    elif what == "byte":
        for _ in range(draw.randint(1, 8)):
            content[draw.randrange(length)] = draw.choice((0, 1, 127, 128, 255, draw.randrange(256)))
    elif what == "cut":
        del content[draw.randrange(length) :]
    elif what == "insert":
        content[place:place] = draw.randbytes(draw.choice((1, 2, 7, 100)))
    elif what == "remove":
        del content[place : place + draw.choice((1, 2, 4, 8, 100))]
    elif what == "number":
        kind = draw.choice("BHIQ")
        number = draw.choice(EXTREMES) % (1 << 8 * struct.calcsize(kind))
        content[place : place + struct.calcsize(kind)] = struct.pack(draw.choice("<>") + kind, number)
    elif what == "word":
        found = list(re.finditer(rb"[0-9]+|'[^']*'|\"[^\"]*\"|[A-Za-z_]{2,}", bytes(content[:2000])))
        if found:
            start, end = draw.choice(found).span()
            content[start:end] = draw.choice(WORDS)
    elif what == "append":
        content += draw.choice((b"\0", b"x" * 9, bytes(1024), draw.choice(list(FILES.values()))[2]))
    elif what == "twice":
        content = content * 2
    elif what == "zeros":
        content[place : place + 64] = bytes(64)
    elif what == "swap":
        other = draw.randrange(length)
        content[place : place + 16], content[other : other + 16] = (
            content[other : other + 16],
            content[place : place + 16],
        )
    return bytes(content), what


def campaign(seconds, seed):
    with Limited() as limited, tempfile.TemporaryDirectory() as folder:
        folder, whole = pathlib.Path(folder), {}
        for name, (reader, file, inside, pack, beside) in FILES.items():
            place = folder / name.replace(" ", "_")
            place.mkdir()
            for other, content in beside.items():
                (place / other).write_bytes(content)
            path = place / file
            path.write_bytes(pack(inside))
            whole[name] = limited.read(reader, place if beside or reader in ("cifar", "svhn") else path)
            yield f"{name}: whole", None if whole[name][0] == "read" else f"{name} is whole, and was {whole[name]}"
        for number in itertools.count():
            draw = random.Random(f"{seed} {number}")
            name = draw.choice(list(FILES))
            reader, file, inside, pack, beside = FILES[name]
            content, done = inside, []
            for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
                content, what = damage(content or b"x", draw)
                done.append(what)
            place = folder / name.replace(" ", "_")
            (place / file).write_bytes(pack(content))
            outcome, detail = limited.read(reader, place if beside or reader in ("cifar", "svhn") else place / file)
            if outcome == "fault":
                yield f"{name}: fault", f"trial {number} of seed {seed}: {name} after {', '.join(done)}: {detail}"
            elif outcome == "read":
                same = "as it was" if detail == whole[name][1] else "other numbers, well formed"
                yield f"{name}: {same}", None
            else:
                yield f"{name}: refused", None
