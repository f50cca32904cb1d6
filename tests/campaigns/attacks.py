"""A crafted file must never run code, write anywhere, or take more than 100 MB or 5 s to be refused.

Bombs that unpack to gigabytes, headers that promise them, pickles with code, archives with links and paths, numbers
beyond every type, nesting without end. Each is read in a process of its own (limited.py).
"""

import functools
import gzip
import io
import itertools
import json
import os
import pathlib
import pickle
import random
import struct
import tarfile
import tempfile
import zipfile
import zlib

import files_made as made
import numpy as np
from limited import Limited

SMALL = 92  # each attack once


class Zeros(io.RawIOBase):
    """Many zeros after some bytes, without taking memory."""

    def __init__(self, start, count):
        self.start, self.left = start, count

    def read(self, size=-1):
        if self.start:
            piece, self.start = self.start[:size], self.start[size:]
            return piece
        piece = bytes(min(size, self.left))
        self.left -= len(piece)
        return piece


@functools.cache
def squeezed(start, zeros):
    """`start` and `zeros` zeros, gzipped, a million at a time."""
    file, source = io.BytesIO(), Zeros(start, zeros)
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1) as packed:
        while piece := source.read(1 << 20):
            packed.write(piece)
    return file.getvalue()


class Runs:
    """A pickle that makes a folder when it is read."""

    def __init__(self, target, function=os.mkdir):
        self.target, self.function = target, function

    def __reduce__(self):
        return self.function, (str(self.target),)


def pickles(draw, target):
    """{name: bytes of a batch} that ask for code or memory."""
    size = draw.choice((2**28, 2**31 - 1))
    nested = b"\x80\x02" + b"(" * draw.choice((1000, 200_000)) + b"t" * 200_000 + b"."
    levels = draw.choice((30, 64))
    shared = b"\x80\x02]q\x00(" + b"K\x01" * 10 + b"e" + b"".join(
        b"]q" + bytes([i + 1]) + b"(" + b"h" + bytes([i]) + b"h" + bytes([i]) + b"e" for i in range(levels)
    )  # fmt: skip
    text = b"a" * 100_000
    repeat = b"\x80\x02c_codecs\nencode\nq\x00X" + struct.pack("<i", len(text)) + text + b"q\x01U\x06latin1q\x02]("
    pixels = made.batch("old")
    return {
        "code": pickle.dumps({b"data": Runs(target), b"labels": [1]}, draw.choice((2, 3, 4))),
        "code under another name": b"\x80\x02cbuiltins\neval\nX\x04\x00\x00\x001+1\x85R.",
        "code by its parts": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        "code in the dtype": pixels.replace(b"cnumpy\ndtype", b"cos\nsystem"),
        "an old instruction": b"(S'true'\nios\nsystem\n.",
        "a number for a memo": b"\x80\x02Nr" + struct.pack("<I", draw.choice((0x10000000, 2**32 - 1))) + b".",
        "a long text": b"\x80\x02T" + struct.pack("<i", size),
        "a long text of 8 bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.",
        "a long number": b"\x80\x02\x8b" + struct.pack("<i", size) + b"1.",
        "a number of many digits": b"\x80\x02I" + b"9" * 200_000 + b"\n.",
        "a buffer": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".",
        "nesting": nested,
        "lists that double": b"\x80\x02}(U\x04dataNU\x06labels" + shared[2:] + b"u.",
        "many instructions": b"\x80\x02" + b"]" * 900_000 + b".",
        "many memos": b"\x80\x04N" + b"\x94" * 900_000 + b".",
        "a tuple of tuples as a key": b"\x80\x02}N" + b"\x85" * 200_000 + b"Ns.",
        "a text made bytes again and again": repeat + b"h\x00h\x01h\x02\x86R" * 20_000 + b"e.",
        "a list in itself": b"\x80\x02}(U\x04dataNU\x06labels]q\x00h\x00au.",
        "a shape of nothing": pixels.replace(b"M\x00\x0c\x86", b"J\x00\x00\x00\x00\x86"),
        "a negative shape": pixels.replace(b"M\x00\x0c\x86", b"J\xff\xff\xff\xff\x86"),
        "an array for a dtype": pixels.replace(b"cnumpy\ndtype", b"cnumpy\nndarray"),
    }


def archives(draw, target):
    """{name: bytes of an archive}."""
    huge = draw.choice((2**31, 2**33 - 1))
    link = io.BytesIO()
    with tarfile.open(fileobj=link, mode="w") as archive:
        for name, kind in (("test_batch", tarfile.SYMTYPE), ("x/test_batch", tarfile.LNKTYPE), ("y", tarfile.CHRTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, draw.choice(("/etc/passwd", "../../../etc/passwd", "/dev/zero"))
            archive.addfile(entry)
    sparse = io.BytesIO()
    with tarfile.open(fileobj=sparse, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("test_batch")
        entry.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.size": str(2**40),
                             "GNU.sparse.realsize": str(2**40), "GNU.sparse.map": f"0,1,{2**40},0"}  # fmt: skip
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    head = made.tar({"test_batch": b""}, size=huge)
    old = bytearray(made.tar({"test_batch": b"x"}, kind=b"S"))
    long = io.BytesIO()
    with tarfile.open(fileobj=long, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a/" * 200_000 + "test_batch"))
    outside = {f"{target}": b"x", f"../../{target.name}": b"x", "..": b"x"}
    return {
        "a bomb": squeezed(b"", draw.choice((7 * 10**7, 10**8))),
        "a bomb in a file": squeezed(head[:512], 7 * 10**7),
        "a huge file": head,
        "links": link.getvalue(),
        "holes": sparse.getvalue(),
        "old holes": bytes(old),
        "a long name": long.getvalue(),
        "paths that lead outside": made.tar(outside),
        "a bomb of xz": b"\xfd7zXZ\0\0\x04" + bytes(200),
        "a bomb of bz2": b"BZh91AY&SY" + bytes(200),
        "folders in folders": made.tar({"test_batch": b""}, kind=tarfile.DIRTYPE) * 3,
        "a negative size": _resized(b"-0000000001\0"),
        "a size in binary": _resized(b"\x80" + bytes(3) + struct.pack(">Q", 2**62)),
    }


def _resized(size):
    head = bytearray(made.tar({"test_batch": b"x"})[:512])
    head[124:136] = size
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + bytes(1024)


def numbers(draw):
    """{name: (reader, name of the file, bytes)} of headers that promise too much."""
    big = draw.choice((2**32 - 1, 2**31, 65536))
    images, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
    yield "idx of many images", "mnist", images, struct.pack(">4B3I", 0, 0, 8, 3, big, 2**16, 2**16)
    yield "idx of nothing", "mnist", images, struct.pack(">4B3I", 0, 0, 8, 3, 0, 2**32 - 1, 2**32 - 1)
    yield (
        "idx of 255 dimensions",
        "mnist",
        labels,
        struct.pack(">4B255I", 0, 0, 8, 255, *[draw.choice((0, 1))] * 255) + b"x",
    )
    head = struct.pack(">4B3I", 0, 0, 8, 3, 80_000, 28, 28)
    yield "idx bomb", "mnist", images + ".gz", squeezed(head, draw.choice((7 * 10**7, 10**8)))
    yield "idx bomb that lies", "mnist", images + ".gz", squeezed(head[:4] + struct.pack(">3I", 3, 28, 28), 7 * 10**7)
    for name, size in (("a mat of gigabytes", 2**31 - 1), ("a mat element beyond the file", 2**32 - 1)):
        yield (
            name,
            "svhn",
            "train_32x32.mat",
            made.mat([]) + struct.pack("<II", draw.choice((14, 15)), size) + bytes(64),
        )
    bomb = zlib.compress(struct.pack("<II", 14, 7 * 10**7) + bytes(7 * 10**7), 1)
    yield "mat bomb", "svhn", "train_32x32.mat", made.mat([]) + struct.pack("<II", 15, len(bomb)) + bomb
    for shape in ((2**31 - 1, 2**31 - 1), (-1, 4), (0, 2**31 - 1, 2**31 - 1), (1,) * 60):
        inside = made.matrix("X", np.zeros((1,) * len(shape), np.uint8))
        inside = inside.replace(np.ones(len(shape), "<i4").tobytes(), np.array(shape, "<i4").tobytes(), 1)
        yield f"mat of shape {shape[:4]}", "svhn", "train_32x32.mat", made.mat([inside])
    for shape in ((10**9,), (2**63, 2**63), (0, 2**64), (-1,), (2.5,), (True,), (1,) * 65):
        text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
        npy = b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text.encode()
        yield f"npy of shape {shape[:2]}", "npz", "file", made.zipped({"w.npy": npy})
    for text in ("(" * 9000, "-" * 9000 + "1", "[" * 9000, "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
                 "{'descr': '<f99999999', 'fortran_order': False, 'shape': (1,)}", "__import__('os').getcwd()",
                 "{'descr': [('a', '<f8')] * 9, 'fortran_order': False, 'shape': (1,)}", "\\", "'", "1L"):  # fmt: skip
        npy = b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text.encode()
        yield f"npy with the head {text[:20]}", "npz", "file", made.zipped({"w.npy": npy})
    yield "npy with a head of gigabytes", "npz", "file", made.zipped({"w.npy": b"\x93NUMPY\x02\0\xff\xff\xff\xff{}"})
    npy = made.npy(np.zeros(9_000_000))
    yield "npz bomb", "npz", "file", made.zipped({"a.npy": npy, "b.npy": b"x"})
    yield "npz bomb of one member", "npz", "file", _often(made.zipped({"a.npy": npy[:10_000_000]}), draw)
    yield "npz of another packing", "npz", "file", made.zipped({"w.npy": made.WEIGHTS}, zipfile.ZIP_LZMA)
    yield "npz with a member twice", "npz", "file", made.zipped({"w.npy": made.WEIGHTS, "w": made.WEIGHTS})
    for size in (2**60, 2**63, 2**64 - 1, 10**8):
        yield "safetensors header beyond the file", "safetensors", "file", struct.pack("<Q", size) + b"{}" + bytes(100)
    for shape, end in (
        ([2**62, 4], 8),
        ([2**64], 8),
        ([-1], 8),
        ([2.5], 8),
        ([0, 2**63], 0),
        ([1] * 70, 4),
        ([10**9], 8),
    ):
        head = json.dumps({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).encode()
        yield f"safetensors of shape {shape[:2]}", "safetensors", "file", made.headed(head, bytes(8))
    yield "safetensors of nested heads", "safetensors", "file", made.headed(b"[" * 900_000, b"")
    for text in (b"[" * 900_000, b'{"$tuple":' * 50_000, b"1" * 900_000, b'"\\ud800"' + b"[", b'{"$pairs":[[[],1]]}',
                 b'{"$tensor":[]}', b'{"$array":{}}', b'{"$tuple":1}', b"[]," * 300_000):  # fmt: skip
        yield f"tree of {text[:12]!r}", "tree", "file", made.described(text)


def _often(content, draw):
    """A zip whose list names the same member many times."""
    end = content.rindex(b"PK\x05\x06")
    start = struct.unpack("<I", content[end + 16 : end + 20])[0]
    times = draw.choice((10, 1000))
    listed = content[start:end] * times
    return content[:start] + listed + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, times, times, len(listed), start, 0)


def attacks(draw, target):
    """(name, reader, name of the file, bytes)."""
    for name, content in pickles(draw, target).items():
        yield f"pickle: {name}", "cifar", "test_batch", content
        if "memo" not in name:  # those describe None, in many words
            yield f"torch: {name}", "tree", "file", made.torch_zip(content)
            yield f"torch, older: {name}", "tree", "file", made.torch_older(content)
    for name, content in archives(draw, target).items():
        yield f"archive: {name}", "cifar", "cifar-10-python.tar.gz", content
    yield from numbers(draw)


def campaign(seconds, seed):
    beside = {"train-images-idx3-ubyte": made.idx(made.GREY),
              "train-labels-idx1-ubyte": made.idx(np.array(made.LABELS, np.uint8))}  # fmt: skip
    with Limited(100) as limited:
        for round_ in itertools.count():
            draw = random.Random(f"{seed} {round_}")
            with tempfile.TemporaryDirectory() as above:
                folder, target = pathlib.Path(above) / "files", pathlib.Path(above) / "made by the file"
                for number, (name, reader, file, content) in enumerate(attacks(draw, target)):
                    place = folder / str(number)
                    place.mkdir(parents=True)
                    for other in {} if reader != "mnist" else beside:
                        if other != file.removesuffix(".gz"):
                            (place / other).write_bytes(beside[other])
                    (place / file).write_bytes(content)
                    before = sorted(pathlib.Path(above).rglob("*"))
                    outcome, detail = limited.read(reader, place / file if file == "file" else place)
                    fault = f"{name}, round {round_} of seed {seed}: {detail}" if outcome != "refused" else None
                    if sorted(pathlib.Path(above).rglob("*")) != before or target.exists():
                        fault = f"{name}, round {round_} of seed {seed}: something was written"
                    yield f"{reader}: {outcome}", fault
