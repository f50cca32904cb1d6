"""SVHN: digits of house numbers in photographs, 32×32 pixels, in the cropped MATLAB files."""

import numpy as np

from ..errors import DatasetError
from .files import find
from .images import ImageDataset, check_images

__all__ = ["SVHN"]


class SVHN(ImageDataset):
    """Digits of house numbers: 73,257 colour images of 32×32 pixels to train on, 26,032 to test on, more besides.

    Parameters
    ----------
    root : path, optional
        The folder that has, or shall have, ``train_32x32.mat`` and its like (or its subfolder ``svhn``). Then
        MICROTORCH_DATA and the user's cache. Where there is only an excerpt, say ``train_32x32_first1083.mat``, it is
        used.
    split : str, default "train"
        ``"train"``, ``"test"``, or ``"extra"`` with 531,131 easier ones.
    transform, target_transform : callable, optional
        Of each image and each label; see `ImageDataset`.
    download : bool, default True
        Whether a missing file is downloaded.

    Attributes
    ----------
    data : Tensor, shape (N, 3, 32, 32), uint8
        The images, channels first, 0 to 255.
    targets : Tensor, shape (N,), int64, 0 to 9
        The digits; the files write 10 for 0.
    file : Path
        What was read.

    Raises
    ------
    DatasetError
        If the file is missing and cannot be had, or is damaged or another one, or scipy is not installed.

    Notes
    -----
    Neighbouring images are digits of one house number, so hold out a block (`split`), not single images. The data are
    free for use that is not commercial.

    References
    ----------
    Y. Netzer, T. Wang, A. Coates, A. Bissacco, B. Wu and A. Ng, Reading digits in natural images with unsupervised
    feature learning, NIPS workshop, 2011.
    """

    classes = tuple("0123456789")
    checksums = {
        "train": "e26dedcc434d2e4c54c9b2d4a06d8373",
        "test": "eb5a983be6a315427106f1b164d9cef3",
        "extra": "a93ce644f1a588dc4d68dda5feec44a7",
    }

    def __init__(self, root=None, split="train", transform=None, target_transform=None, download=True):
        if split not in self.checksums:
            raise ValueError(f"SVHN: split is {split!r}; there are {', '.join(self.checksums)}.")
        name = f"{split}_32x32.mat"
        self.subset = split
        self.file = find(
            "SVHN",
            name,
            root,
            ("svhn", "SVHN"),
            (f"http://ufldl.stanford.edu/housenumbers/{name}",),
            f"md5:{self.checksums[split]}",
            download,
            aliases=(f"{split}_32x32_*.mat",),
        )
        images, targets = _read(self.file)
        super().__init__(images, targets, transform, target_transform)


def _read(path):
    try:
        from scipy.io import loadmat
    except ImportError:
        raise DatasetError("SVHN: its files need scipy: pip install 'microtorch[data]'") from None
    try:
        with open(path, "rb") as file:
            content = loadmat(file, variable_names=["X", "y"])
        stored, targets = content["X"], content["y"].ravel()
    except Exception as error:  # a damaged file may end in any of scipy's errors
        raise DatasetError(
            f"SVHN: {path} is no such MATLAB file ({type(error).__name__}: {error}). "
            "Delete it to have it downloaded again."
        ) from error
    if stored.ndim != 4:
        raise DatasetError(f"SVHN: {path} holds images of shape {stored.shape}, not (32, 32, 3, N).")
    images = np.ascontiguousarray(stored.transpose(3, 2, 0, 1))  # (H, W, C, N) -> (N, C, H, W)
    if targets.dtype.kind not in "iu" and not np.array_equal(targets, np.round(targets)):
        raise DatasetError(f"SVHN: {path} has labels that are not whole numbers.")
    targets = targets.astype(np.int64)
    if targets.size and targets.min() < 1:
        raise DatasetError(
            f"SVHN: {path} has the label {targets.min()}; the files count from 1, with 10 for the digit 0."
        )
    check_images("SVHN", path, images, targets - 1, (3, 32, 32), 10)
    return images, targets % 10
