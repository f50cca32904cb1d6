"""MNIST and Fashion-MNIST: 70,000 grey images of 28×28 pixels each, in the IDX format."""

import gzip
import math
import zlib

import numpy as np

from ..errors import DatasetError
from .files import find
from .images import ImageDataset, check_images

__all__ = ["MNIST", "FashionMNIST"]


class MNIST(ImageDataset):
    """Handwritten digits: 60,000 grey images of 28×28 pixels to train on and 10,000 to test on.

    Parameters
    ----------
    root : path, optional
        The folder that has, or shall have, the files (or its subfolder ``mnist``, or ``MNIST/raw`` as torchvision
        lays it out), gzipped or not. Then the folder named by the environment variable MICROTORCH_DATA and the
        user's cache are looked through.
    train : bool, default True
        The training images, or the test images.
    transform : callable, optional
        Of each image; see `ImageDataset`.
    target_transform : callable, optional
        Of each label.
    download : bool, default True
        Whether missing files are downloaded, into `root`, else MICROTORCH_DATA, else the user's cache. A download is
        checked, and never leaves half a file.

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

    classes = tuple("0123456789")
    folders = ("mnist", "MNIST/raw")
    urls = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")
    checksums = {
        "train-images-idx3-ubyte": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte": "ec29112dd5afa0611ce80d1b7f02629c",
    }

    def __init__(self, root=None, train=True, transform=None, target_transform=None, download=True):
        stem = "train" if train else "t10k"
        self.train = bool(train)
        images, name = self._load(f"{stem}-images-idx3-ubyte", root, download)
        targets, labels_name = self._load(f"{stem}-labels-idx1-ubyte", root, download)
        both = f"{name} with {labels_name}"
        check_images(type(self).__name__, both, images, targets, (28, 28), len(self.classes))
        super().__init__(images, targets, transform, target_transform)

    def _load(self, stem, root, download):
        urls = tuple(f"{url}{stem}.gz" for url in self.urls)
        checksum = f"md5:{self.checksums[stem]}"
        dataset = type(self).__name__
        path = find(dataset, f"{stem}.gz", root, self.folders, urls, checksum, download, aliases=(stem,))
        return read_idx(path, dataset), path.name


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
    urls = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
    checksums = {
        "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
    }


def read_idx(path, dataset="IDX"):
    """The array in an IDX file of unsigned bytes, gzipped or not.

    Parameters
    ----------
    path : Path
    dataset : str
        Whose file it is, for messages.

    Returns
    -------
    ndarray, uint8
        Of the shape the header says.

    Raises
    ------
    DatasetError
        If the file is not of this format, too short, or too long.
    """
    again = "Delete it to have it downloaded again."
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{dataset}: {path} cannot be read ({error}). {again}") from error
    # two zeros, the type (8: unsigned byte), the number of dimensions, each as 4 bytes, big end first; then the data
    if len(content) < 4 or content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * content[3]:
        raise DatasetError(f"{dataset}: {path} is not an IDX file of unsigned bytes. {again}")
    start = 4 + 4 * content[3]
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    if len(content) - start != math.prod(shape):
        raise DatasetError(
            f"{dataset}: {path} says it holds {shape}, which is {math.prod(shape)} bytes, and holds "
            f"{len(content) - start}. It was cut off, or written over. {again}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
