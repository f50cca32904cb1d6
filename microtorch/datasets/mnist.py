"""MNIST and Fashion-MNIST: 70,000 grey images of 28×28 pixels each, in the IDX format."""

import math
import warnings

import numpy as np

from ..errors import visible
from ..io.strangers import Unpacked, fill, too_large
from .files import find, reading
from .images import ImageDataset, check_images

__all__ = ["MNIST", "FashionMNIST"]


def _old_name(new):
    """A property that is `new` under a name that torchvision gave up, with its warning."""

    def get(self):
        warnings.warn(f"this name of a dataset's {new} is an old one. Use .{new}.", UserWarning, stacklevel=2)
        return getattr(self, new)

    return property(get, doc=f"Tensor: an old name of `{new}`.")


class MNIST(ImageDataset):
    """Handwritten digits: 60,000 grey images of 28×28 pixels to train on and 10,000 to test on.

    Parameters
    ----------
    root : path, optional
        The folder that has, or shall have, the files (or its subfolder ``mnist``, or ``MNIST/raw`` as torchvision
        lays it out), gzipped or not, with a dot or a dash before ``idx``. Then the folder named by the environment
        variable MICROTORCH_DATA and the user's cache are looked through.
    train : bool, default True
        The training images, or the test images.
    transform : callable, optional
        Of each image; see `ImageDataset`.
    target_transform : callable, optional
        Of each label.
    download : bool, default True
        Whether missing files are downloaded, into `root`, else MICROTORCH_DATA, else the user's cache. A download is
        checked (https, SHA-256), and never leaves half a file.
    max_bytes : int, optional
        The bytes of memory that a file may ask for. Default: 64 MiB, or 32 times its size where that is more.

    Attributes
    ----------
    data : Tensor, shape (N, 28, 28), uint8
        The images, 0 to 255.
    targets : Tensor, shape (N,), int64, 0 to 9
        The digits.

    Raises
    ------
    DatasetError
        If a file is missing and cannot be had, or is damaged or another one.

    Notes
    -----
    A sample is a float32 image (1, 28, 28) in [0, 1] and its digit as an int.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, Gradient-based learning applied to document recognition,
    Proceedings of the IEEE 86, 1998.
    """

    classes = (
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven", "8 - eight",
        "9 - nine",
    )  # fmt: skip
    folders = ("mnist", "MNIST/raw")
    urls = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
    checksums = {
        "train-images-idx3-ubyte": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    }

    def __init__(
        self, root=None, train=True, transform=None, target_transform=None, download=True, *, timeout=30, max_bytes=None
    ):
        stem = "train" if train else "t10k"
        self.train = bool(train)
        images, name = self._load(f"{stem}-images-idx3-ubyte", root, download, timeout, max_bytes)
        targets, labels_name = self._load(f"{stem}-labels-idx1-ubyte", root, download, timeout, max_bytes)
        both = f"{name} with {labels_name}"
        check_images(type(self).__name__, both, images, targets, (28, 28), len(self.classes))
        super().__init__(images, targets, transform, target_transform)

    def _load(self, stem, root, download, timeout, max_bytes):
        name, dataset = f"{stem}.gz", type(self).__name__
        urls = tuple(url + name for url in self.urls)
        checksum = f"sha256:{self.checksums[stem]}"
        dotted = stem.replace("-idx", ".idx")  # as some copies are named: train-images.idx3-ubyte
        names = (stem, f"{dotted}.gz", dotted)
        path = find(dataset, name, root, self.folders, urls, checksum, download, aliases=names, timeout=timeout)
        return read_idx(path, dataset, max_bytes), path.name

    train_data = _old_name("data")
    test_data = _old_name("data")
    train_labels = _old_name("targets")
    test_labels = _old_name("targets")


class FashionMNIST(MNIST):
    """Pieces of clothing: 60,000 grey images of 28×28 pixels to train on and 10,000 to test on.

    As `MNIST`, with the subfolders ``fashion-mnist`` and ``FashionMNIST/raw``.

    References
    ----------
    H. Xiao, K. Rasul and R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking machine learning
    algorithms, arXiv:1708.07747, 2017.
    """

    classes = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip
    folders = ("fashion-mnist", "FashionMNIST/raw")
    urls = ("https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",)
    checksums = {
        "train-images-idx3-ubyte": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    }


def read_idx(path, dataset="IDX", max_bytes=None):
    """The array in an IDX file of unsigned bytes, gzipped or not.

    Parameters
    ----------
    path : Path
    dataset : str
        Whose file it is, for messages.
    max_bytes : int, optional
        The bytes of memory that the file may ask for. Default: 64 MiB, or 32 times its size where that is more.

    Returns
    -------
    ndarray, uint8
        Of the shape the header says.

    Raises
    ------
    DatasetError
        If the file is not of this format, too short, too long, or asks for more than `max_bytes`.
    """
    with reading(dataset, path) as file:
        stream = Unpacked(file, max_bytes)
        # two zeros, the type (8: unsigned byte), how many dimensions, each as 4 bytes, big end first; then the data
        head = stream.read(4)
        sizes = stream.read(4 * head[3]) if len(head) == 4 else b""
        if head[:3] != b"\0\0\x08" or not sizes or len(sizes) < 4 * head[3]:
            raise ValueError("it is not an IDX file of unsigned bytes")
        shape = tuple(np.frombuffer(sizes, ">u4").tolist())
        count = math.prod(shape)
        told = f"it says it holds {visible(str(shape), 60)}, which is {visible(str(count), 30)} bytes,"
        if count > stream.room:
            raise ValueError(f"{told} and {too_large(count, stream.room)}")
        array = np.empty(count, np.uint8)
        fill(array, stream)
        if not stream.ended():
            raise ValueError(f"{told} and holds more")
        return array.reshape(shape)
