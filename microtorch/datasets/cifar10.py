"""CIFAR-10: 60,000 colour images of 32×32 pixels, in the python batches."""

import io
import pickle
import tarfile
import zlib
from pathlib import Path

import numpy as np

from ..errors import DatasetError
from .files import find
from .images import ImageDataset, check_images

__all__ = ["CIFAR10"]

_FOLDER = "cifar-10-batches-py"
_ARCHIVE = "cifar-10-python.tar.gz"
_URL = f"https://www.cs.toronto.edu/~kriz/{_ARCHIVE}"
_CHECKSUM = "md5:c58f30108f718f92721af3b95e74349a"


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
    The batches are pickles, and a pickle may ask for any code to be run. They are read with stand-ins for the three
    names that hold an array, and a file that asks for another name is refused: nothing in it is executed.

    The usual split of 49,000, 1,000 and 1,000 images is ``CIFAR10().split(1000)`` and
    ``CIFAR10(train=False).part(0, 1000)``.

    References
    ----------
    A. Krizhevsky, Learning multiple layers of features from tiny images, technical report, University of Toronto,
    2009.
    """

    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

    def __init__(self, root=None, train=True, transform=None, target_transform=None, download=True):
        names = [f"data_batch_{i}" for i in range(1, 6)] if train else ["test_batch"]
        self.train = bool(train)
        batches = [_read_batch(name, content) for name, content in _contents(names, root, download)]
        images = np.concatenate([images for images, _ in batches])
        targets = np.concatenate([targets for _, targets in batches])
        super().__init__(images.reshape(-1, 3, 32, 32), targets, transform, target_transform)


def _contents(names, root, download):
    """(name, bytes) of each batch, out of the folder or the archive."""
    try:
        first = find("CIFAR10", names[0], root, (_FOLDER,), download=False)
    except DatasetError:
        archive = find("CIFAR10", _ARCHIVE, root, (".",), (_URL,), _CHECKSUM, download)
        return _out_of_archive(archive, names)
    paths = [first.with_name(name) for name in names]
    try:
        return [(path, path.read_bytes()) for path in paths]
    except OSError as error:
        raise DatasetError(f"CIFAR10: {error.filename} cannot be read ({error.strerror}).") from error


def _out_of_archive(archive, names):
    """The batches without unpacking the archive; its members are never written anywhere."""
    found = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                if name in names and member.isfile():
                    found[name] = tar.extractfile(member).read()
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise DatasetError(
            f"CIFAR10: {archive} cannot be read ({error}). Delete it to have it downloaded again."
        ) from error
    missing = [name for name in names if name not in found]
    if missing:
        raise DatasetError(f"CIFAR10: {archive} has no {', '.join(missing)}. It is not the archive of CIFAR-10.")
    return [(archive / name, found[name]) for name in names]


def _read_batch(path, content):
    """The images (N, 3·32·32) and labels (N,) of one batch."""
    again = "It is another file, or damaged: delete it to have it downloaded again."
    try:
        batch = _Reader(io.BytesIO(content), encoding="bytes").load()
        stored, labels = batch[b"data"], batch[b"labels"]
        images = stored.array()
        targets = np.array(labels)
    except _Refused as error:
        raise DatasetError(f"CIFAR10: {path} asks for {error} to be run, which no batch does. It was not.") from None
    except Exception as error:  # a damaged pickle may end in any error
        raise DatasetError(
            f"CIFAR10: {path} is no batch of images ({type(error).__name__}: {error}). {again}"
        ) from error
    if targets.dtype.kind not in "iu":
        raise DatasetError(f"CIFAR10: {path} has labels that are not whole numbers. {again}")
    check_images("CIFAR10", path, images, targets, (3 * 32 * 32,), 10)
    return images, targets


class _Refused(Exception):
    pass


class _Array:
    """Takes the place of the array in a batch: keeps what the pickle says of it."""

    def __init__(self, *_):
        self.state = None

    def __setstate__(self, state):
        self.state = state

    def array(self):
        _, shape, dtype, fortran, data = self.state
        if not isinstance(dtype, _DType) or dtype.name not in (b"u1", "u1"):
            raise ValueError("its pixels are not unsigned bytes")
        return np.frombuffer(data, np.uint8).reshape(shape, order="F" if fortran else "C")


class _DType:
    """Takes the place of the array's dtype."""

    def __init__(self, name, *_):
        self.name = name

    def __setstate__(self, state):
        pass  # byte order, which a single byte does not have


def _encode(text, encoding):
    """How Python 3 writes bytes into the pickles of Python 2."""
    return text.encode("latin1")


class _Reader(pickle.Unpickler):
    """Reads the pickle of an array without importing or calling anything that the file names."""

    stand_ins = {
        ("numpy.core.multiarray", "_reconstruct"): _Array,
        ("numpy._core.multiarray", "_reconstruct"): _Array,
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _DType,
        ("_codecs", "encode"): _encode,
    }

    def find_class(self, module, name):
        try:
            return self.stand_ins[module, name]
        except KeyError:
            raise _Refused(f"{module}.{name}") from None
