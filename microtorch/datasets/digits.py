"""The handwritten digits that are part of the package: real data without a download."""

import hashlib
from pathlib import Path

import numpy as np

from ..data import Dataset, default_collate
from ..errors import CheckpointError, DatasetError
from ..io.npz import load_npz
from ..tensor import over

__all__ = ["Digits"]

_FILE = Path(__file__).with_name("digits.npz")  # data (1797, 8, 8) uint8, targets (1797,) uint8
_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"  # of the two arrays' bytes
_LEVELS = np.float32(1 / 16)  # exact, so an image holds the true multiples of 1/16


class Digits(Dataset):
    """1,797 handwritten digits as grey images of 8×8 pixels, in the order of the source.

    Parameters
    ----------
    train : bool or None, default True
        True for the 1,442 images to train on, False for the 355 to test on, None for all.
    transform : callable, optional
        From an image, a Tensor (1, 8, 8), to what a sample has in its place.
    target_transform : callable, optional
        Likewise from the digit, an int.

    Attributes
    ----------
    data : Tensor, shape (N, 8, 8), uint8, 0 to 16
        The images as published.
    targets : Tensor, shape (N,), int64, 0 to 9
        The digit that each shows.
    transform, target_transform : callable or None
        May be set at any time.
    classes : tuple of str
        Names of the classes.

    Raises
    ------
    DatasetError
        If the file in the package is missing or damaged.

    Notes
    -----
    Without a transform a sample is an image, float32 of shape (1, 8, 8) in [0, 1], and its digit as an int.

    Every fifth image of each digit, in the order of the source, is a test image; nothing is drawn. 13 people
    wrote the images, and each of them may appear on both sides, so the accuracy is that for writers already
    seen; for a new writer expect less.

    The source is the test part of the set; it counted the black pixels in 4×4 blocks of bitmaps of 32×32,
    hence the values 0 to 16. It is licensed CC BY 4.0, and was taken from scikit-learn's distribution.

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    1998, doi:10.24432/C50P49.

    Examples
    --------
    >>> from microtorch.data import DataLoader
    >>> from microtorch.datasets import Digits
    >>> digits = Digits(train=True)
    >>> image, label = digits[0]
    >>> image.shape, label, len(digits)
    ((1, 8, 8), 0, 1442)
    >>> x, y = next(iter(DataLoader(digits, batch_size=100, shuffle=True)))
    >>> x.shape, x.dtype, y.shape, y.dtype
    ((100, 1, 8, 8), dtype('float32'), (100,), dtype('int64'))
    """

    classes = tuple("0123456789")

    def __init__(self, train=True, transform=None, target_transform=None):
        data, targets = _read()
        if train is not None:
            chosen = _is_test(targets) != bool(train)
            data, targets = data[chosen], targets[chosen]
        self.train = train
        self.data = over(data)
        self.targets = over(targets.astype(np.int64))
        self.transform, self.target_transform = transform, target_transform

    def __len__(self):
        return len(self.targets._array)

    def __getitem__(self, index):
        image, target = over((self.data._array[index] * _LEVELS)[None]), int(self.targets._array[index])
        image = image if self.transform is None else self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __getitems__(self, indices):
        if self.transform is not None or self.target_transform is not None:
            return default_collate([self[i] for i in indices])
        images = self.data._array[indices] * _LEVELS  # (N, 8, 8) uint8 -> float32
        return over(images[:, None]), over(self.targets._array[indices])


def _read():
    try:
        tensors = load_npz(_FILE)
        data, targets = tensors["data"]._array, tensors["targets"]._array
    except (OSError, CheckpointError, KeyError) as error:
        raise DatasetError(f"Digits: {_FILE.name} is unreadable ({error}). Install microtorch again.") from error
    found = hashlib.sha256(data.tobytes() + targets.tobytes()).hexdigest()
    if found != _SHA256:
        raise DatasetError(
            f"Digits: {_FILE.name} is damaged: its content has checksum {found[:12]}..., "
            f"not {_SHA256[:12]}... Install microtorch again."
        )
    return data, targets


def _is_test(targets):
    """Every fifth of each digit, counted in the order of the source."""
    seen = np.empty(len(targets), np.int64)  # (N,): how many of the same digit came before
    for digit in range(10):
        places = np.flatnonzero(targets == digit)
        seen[places] = np.arange(len(places))
    return seen % 5 == 4
