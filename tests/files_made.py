"""Small whole files of every kind that is read here, as bytes inside and bytes on the disk; written by hand where the
package does not write the kind itself."""

import gzip
import io
import json
import pickle
import struct
import tarfile
import tempfile
import zipfile
import zlib

import numpy as np

from microtorch.io import save

rng = np.random.default_rng(0)
GREY = rng.integers(0, 256, (3, 28, 28), dtype=np.uint8)
COLOUR = rng.integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
LABELS = [3, 0, 9]


def idx(array):
    """An IDX file."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def batch(protocol=2, images=COLOUR, labels=LABELS[:2]):
    """A batch of CIFAR as Python 3 pickles it; protocol "old" as Python 2 did, which is how the real ones are."""
    if protocol != "old":
        return pickle.dumps({b"data": images.reshape(len(images), -1), b"labels": list(labels)}, protocol)
    flat = images.reshape(len(images), -1)
    return (
        b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85q\x05"
        b"U\x01bq\x06\x87Rq\x07(K\x01K"
        + bytes([len(flat)])
        + b"M"
        + struct.pack("<H", flat.shape[1])
        + b"\x86q\x08cnumpy\ndtype\nq\tU\x02u1K\x00K\x01\x87Rq\n"
        + b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
        + struct.pack("<i", flat.size)
        + flat.tobytes()
        + b"tbU\x06labelsq\x0b]q\x0c("
        + b"".join(b"K" + bytes([label]) for label in labels)
        + b"eu."
    )


def tar(members, kind=tarfile.REGTYPE, size=None):
    """A tar archive of {name: content}."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.type = len(content) if size is None else size, kind
            archive.addfile(entry, io.BytesIO(content) if size is None else None)
    return file.getvalue()


def matrix(name, array, order="<"):
    """An array as the element of a MATLAB file, unpacked."""

    def element(kind, data):
        return struct.pack(order + "II", kind, len(data)) + data + bytes(-len(data) % 8)

    classes = {"uint8": (9, 2), "float64": (6, 9), "int64": (14, 12)}
    number, kind = classes[array.dtype.name]
    inside = element(6, struct.pack(order + "II", number, 0))
    inside += element(5, np.array(array.shape, order + "i4").tobytes())
    inside += struct.pack(order + "I", len(name) << 16 | 1) + name.encode().ljust(4, b"\0")
    inside += element(kind, array.astype(array.dtype.newbyteorder(order)).tobytes(order="F"))
    return struct.pack(order + "II", 14, len(inside)) + inside


def mat(elements, order="<", packed=True):
    """A MATLAB file of version 5."""
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(order + "H", 0x0100) + (b"IM" if order == "<" else b"MI")
    if packed:
        elements = [struct.pack(order + "II", 15, len(p)) + p for p in (zlib.compress(e) for e in elements)]
    return head + b"".join(elements)


def npy(array):
    """An .npy file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def zipped(members, method=zipfile.ZIP_DEFLATED):
    """A zip archive of {name: content}."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


class Named:
    """Stands for a thing of PyTorch's, of which a pickle holds only the name."""

    def __init__(self, name, *arguments):
        self.name, self.arguments = name, arguments

    def __call__(self):
        """Only so that pickle takes it for a function."""


class _TorchPickler(pickle._Pickler):
    """Writes what torch.save does, without PyTorch."""

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Named) and not value.arguments:
            self.write(b"c" + value.name.replace(" ", "\n").encode() + b"\n")
        elif isinstance(value, Named):
            self.save_reduce(Named(value.name), value.arguments)
        else:
            super().save(value, save_persistent_id)

    def persistent_id(self, value):
        if not isinstance(value, np.ndarray):
            return None
        kind = {"f": "Float", "i": "Long", "b": "Bool"}[value.dtype.kind]
        key = self.keys.setdefault(id(value), str(len(self.keys)))
        return ("storage", Named(f"torch {kind}Storage"), key, "cpu", value.size, *self.more)


def torch_pickled(tree, older=False):
    """The pickle of a tree in which tensors are as `torch_tensor` makes them, and its arrays by key."""
    file = io.BytesIO()
    pickler = _TorchPickler(file, 2)
    pickler.keys, pickler.more = {}, (None,) if older else ()
    pickler.dump(tree)
    return file.getvalue(), list(pickler.keys.values())


def torch_tensor(array, offset=0, shape=None, strides=None):
    """A tensor of PyTorch's over the flat `array`."""
    shape = array.shape if shape is None else shape
    strides = (1,) * len(shape) if strides is None else strides
    return Named(
        "torch._utils _rebuild_tensor_v2", array, offset, shape, strides, False, Named("collections OrderedDict", ())
    )


FLAT = np.arange(6, dtype=np.float32)
TORCH_TREE = {
    "w": torch_tensor(FLAT, shape=(2, 3), strides=(3, 1)),
    "same": torch_tensor(FLAT, 1, (2,), (3,)),
    "n": torch_tensor(np.array([7]), shape=()),
    "lr": 0.1, "more": [1, (2, None), "text"],
}  # fmt: skip
TORCH_PICKLE = torch_pickled(TORCH_TREE)[0]


def torch_zip(pickled):
    """A file of PyTorch's with this pickle and the memories of TORCH_TREE."""
    members = {"x/data.pkl": pickled, "x/byteorder": b"little", "x/data/0": FLAT.tobytes()}
    return zipped({**members, "x/data/1": np.array([7]).tobytes(), "x/version": b"3\n"}, zipfile.ZIP_STORED)


def torch_older(pickled):
    """As `torch_zip`, in the format before PyTorch 1.6."""
    begin = [0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}]
    memories = b"".join(struct.pack("<q", a.size) + a.tobytes() for a in (FLAT, np.array([7])))
    return b"".join(pickle.dumps(part, 2) for part in begin) + pickled + pickle.dumps(["0", "1"], 2) + memories


OLDER_PICKLE = torch_pickled(TORCH_TREE, older=True)[0]


def headed(header, data):
    """A safetensors file."""
    return struct.pack("<Q", len(header)) + header + data


def _tree():
    with tempfile.TemporaryDirectory() as folder:
        tree = {"w": np.arange(3.0), "deep": [1, (2.5, "x"), {"$n": None}], "t": np.ones((2, 2), np.float32)}
        save(tree, f"{folder}/tree")
        with open(f"{folder}/tree", "rb") as file:
            return file.read()


def _parts(content):
    (length,) = struct.unpack("<Q", content[:8])
    return content[8 : 8 + length], content[8 + length :]


X, Y = np.ascontiguousarray(COLOUR.transpose(2, 3, 1, 0)), np.array([[3], [10]], np.uint8)
WEIGHTS = npy(np.arange(12, dtype=np.float32).reshape(3, 4))
HEADER, DATA = _parts(_tree())
METADATA = json.dumps({"w": {"$tensor": "w"}, "n": [1, {"$tuple": [2, None]}]}).encode()


def described(text):
    """A tree whose description is `text`."""
    head = {"__metadata__": {"microtorch": text.decode("latin-1")},
            "w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}  # fmt: skip
    return headed(json.dumps(head).encode(), bytes(8))


# name: (reader in limited.py, name of the file that is damaged, its inside, inside -> content, other files beside it)
_IMAGES, _LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
_THREE = idx(np.array(LABELS, np.uint8))
FILES = {
    "idx": ("mnist", _IMAGES, idx(GREY), bytes, {_LABELS: _THREE}),
    "idx labels": ("mnist", _LABELS, _THREE, bytes, {_IMAGES: idx(GREY)}),
    "idx.gz": ("mnist", _IMAGES + ".gz", gzip.compress(idx(GREY), 1), bytes, {_LABELS: _THREE}),
    "idx in gz": ("mnist", _IMAGES + ".gz", idx(GREY), lambda b: gzip.compress(b, 1), {_LABELS: _THREE}),
    "batch of Python 2": ("cifar", "test_batch", batch("old"), bytes, {}),
    **{f"batch, protocol {p}": ("cifar", "test_batch", batch(p), bytes, {}) for p in (2, 3, 4)},
    "tar.gz": ("cifar", "cifar-10-python.tar.gz", gzip.compress(tar({"a/test_batch": batch()}), 1), bytes, {}),
    "tar": ("cifar", "cifar-10-python.tar.gz", tar({"a/test_batch": batch(), "b": b"more"}), bytes, {}),
    "tar in gz": ("cifar", "cifar-10-python.tar.gz", tar({"test_batch": batch()}), lambda b: gzip.compress(b, 1), {}),
    "batch in tar": ("cifar", "cifar-10-python.tar.gz", batch("old"), lambda b: tar({"test_batch": b}), {}),
    "mat": ("svhn", "train_32x32.mat", mat([matrix("X", X), matrix("y", Y)]), bytes, {}),
    "mat, not packed": ("svhn", "train_32x32.mat", mat([matrix("X", X), matrix("y", Y)], packed=False), bytes, {}),
    "matrix in mat": ("svhn", "train_32x32.mat", matrix("X", X), lambda b: mat([b, matrix("y", Y)]), {}),
    "labels in mat": ("svhn", "train_32x32.mat", matrix("y", Y * 1.0), lambda b: mat([matrix("X", X), b]), {}),
    "mat, big end first": ("svhn", "train_32x32.mat", matrix("y", Y, ">"), lambda b: mat([matrix("X", X, ">"), b], ">"),
                           {}),
    "npz": ("npz", "file", zipped({"w.npy": WEIGHTS, "b.npy": npy(np.arange(3))}), bytes, {}),
    "npz, stored": ("npz", "file", zipped({"w.npy": WEIGHTS}, zipfile.ZIP_STORED), bytes, {}),
    "npy in npz": ("npz", "file", WEIGHTS, lambda b: zipped({"w.npy": b}), {}),
    "safetensors": ("safetensors", "file", _tree(), bytes, {}),
    "header of safetensors": ("safetensors", "file", HEADER, lambda b: headed(b, DATA), {}),
    "tree": ("tree", "file", _tree(), bytes, {}),
    "header of tree": ("tree", "file", HEADER, lambda b: headed(b, DATA), {}),
    "description in tree": ("tree", "file", METADATA, described, {}),
    "torch": ("tree", "file", torch_zip(TORCH_PICKLE), bytes, {}),
    "pickle in torch": ("tree", "file", TORCH_PICKLE, torch_zip, {}),
    "torch, older": ("tree", "file", torch_older(OLDER_PICKLE), bytes, {}),
    "metadata": ("metadata", "file", HEADER, lambda b: headed(b, DATA), {}),
}  # fmt: skip
