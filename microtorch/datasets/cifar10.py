"""CIFAR-10: 60,000 colour images of 32×32 pixels, in the python batches."""

import math

import numpy as np

from ..errors import DatasetError, visible
from ..io.pickles import Refused, read_pickle
from ..io.strangers import Unpacked, documented
from .archive import members
from .files import find, reading
from .images import ImageDataset, check_images

__all__ = ["CIFAR10"]

_FOLDER = "cifar-10-batches-py"
_ARCHIVE = "cifar-10-python.tar.gz"
_URL = f"https://www.cs.toronto.edu/~kriz/{_ARCHIVE}"
_CHECKSUM = "sha256:6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"


class _Pixels:
    """An array as numpy pickles it: made empty, and built of its version, shape, dtype, order and bytes."""

    def __init__(self, *arguments):
        self.state = None

    def build(self, state):
        self.state = state

    def array(self):
        """The ndarray, a view of the bytes in the file."""
        _, shape, dtype, fortran, data = self.state
        if not (isinstance(dtype, _DType) and dtype.code in (b"u1", "u1")):
            raise ValueError("its pixels are not unsigned bytes")
        whole = isinstance(shape, tuple) and 0 < len(shape) <= 4 and all(type(n) is int and n >= 0 for n in shape)
        if not whole or not isinstance(data, bytes) or math.prod(shape) != len(data):
            raise ValueError("its pixels do not fill the shape it says")
        return np.frombuffer(data, np.uint8).reshape(shape, order="F" if fortran is True else "C")


class _DType:
    def __init__(self, code, *rest):
        self.code = code

    def build(self, state):
        """Byte order and the like: of bytes there is none."""


# What numpy's arrays name when they are pickled, in all its versions.
_NAMES = {
    "numpy.core.multiarray _reconstruct": _Pixels,
    "numpy._core.multiarray _reconstruct": _Pixels,
    "numpy ndarray": "kind of array",
    "numpy dtype": _DType,
}


class CIFAR10(ImageDataset):
    """Photographs of ten kinds of things: 50,000 colour images of 32×32 pixels to train on, 10,000 to test on.

    Parameters
    ----------
    root : path, optional
        The folder that has, or shall have, ``cifar-10-batches-py`` (or the batches themselves) or
        ``cifar-10-python.tar.gz``, which is read as it is. Then MICROTORCH_DATA and the user's cache.
    train : bool, default True
        The training images, or the test images.
    transform, target_transform : callable, optional
        Of each image and each label; see `ImageDataset`.
    download : bool, default True
        Whether a missing archive is downloaded.
    max_bytes : int, optional
        The bytes that the archive may unpack to. Default: 64 MiB, or 32 times its size where that is more.

    Attributes
    ----------
    data : Tensor, shape (N, 3, 32, 32), uint8
        The images, channels first, 0 to 255.
    targets : Tensor, shape (N,), int64, 0 to 9
        Their classes.

    Raises
    ------
    DatasetError
        If a file is missing and cannot be had, or is damaged or another one.

    Notes
    -----
    The batches are pickles, and a pickle may ask for any code to be run. They are read by a small reader of their own
    that knows numbers, bytes, lists, dicts and arrays; a file that asks for more is refused, and nothing in it is
    executed.

    The usual split of 49,000, 1,000 and 1,000 images is ``CIFAR10().split(1000)`` and
    ``CIFAR10(train=False).part(0, 1000)``.

    References
    ----------
    A. Krizhevsky, Learning multiple layers of features from tiny images, technical report, University of Toronto,
    2009.
    """

    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

    def __init__(
        self, root=None, train=True, transform=None, target_transform=None, download=True, *, timeout=30, max_bytes=None
    ):
        names = [f"data_batch_{i}" for i in range(1, 6)] if train else ["test_batch"]
        self.train = bool(train)
        images, targets = zip(*_batches(names, root, download, timeout, max_bytes), strict=True)
        super().__init__(
            np.concatenate(images).reshape(-1, 3, 32, 32), np.concatenate(targets), transform, target_transform
        )


def _batches(names, root, download, timeout, max_bytes):
    """Images and labels of each batch, out of the folder or the archive."""
    try:
        first = find("CIFAR10", names[0], root, (_FOLDER,), download=False)
    except DatasetError:
        archive = find("CIFAR10", _ARCHIVE, root, (".",), (_URL,), _CHECKSUM, download, timeout=timeout)
        with reading("CIFAR10", archive) as file:
            found = members(Unpacked(file, max_bytes), names)
        missing = [name for name in names if name not in found]
        if missing:
            raise DatasetError(
                f"CIFAR10: {visible(str(archive))} has no {', '.join(missing)}. It is not the archive of CIFAR-10."
            ) from None
        for name in names:
            yield _read_batch(archive / name, bytes(found.pop(name)))
        return
    for name in names:
        path = first.with_name(name)
        with reading("CIFAR10", path) as file:
            content = file.read()
        yield _read_batch(path, content)


def _read_batch(path, content):
    """The images (N, 3·32·32) and labels (N,) of one batch."""
    where = f"CIFAR10: {visible(str(path))}"
    again = "It is another file, or damaged: delete it to have it downloaded again."
    with documented(DatasetError, f"{where} is no batch of images ({{}}). {again}"):
        try:
            batch = read_pickle(content, _NAMES)
        except Refused as error:
            words = visible(str(error), 200)
            raise DatasetError(f"{where} asks for {words} to be run, which no batch does. It was not.") from error
        images, labels = batch[b"data"].array(), batch[b"labels"]
        # numbers only: a list that holds itself many times over would be copied many times over
        if type(labels) is not list or not all(type(label) is int for label in labels):
            raise ValueError("its labels are not whole numbers")
        targets = np.array(labels, np.int64)
    check_images("CIFAR10", path, images, targets, (3 * 32 * 32,), 10)
    return images, targets
