"""SVHN: digits of house numbers in photographs, 32×32 pixels, in the cropped MATLAB files."""

import numpy as np

from ..errors import DatasetError, visible
from ..io.strangers import room_for
from .files import find, reading
from .images import ImageDataset, check_images
from .matlab import read_matlab

__all__ = ["SVHN"]


class SVHN(ImageDataset):
    """Digits of house numbers: 73,257 colour images of 32×32 pixels to train on, 26,032 to test on, and more.

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
    max_bytes : int, optional
        The bytes that the images may take. Default: 64 MiB, or 32 times the size of the file where that is more.

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
        If the file is missing and cannot be had, is damaged or another one, or asks for more than `max_bytes`.

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
        "train": "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8",
        "test": "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b",
        "extra": "a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3",
    }

    def __init__(
        self,
        root=None,
        split="train",
        transform=None,
        target_transform=None,
        download=True,
        *,
        timeout=30,
        max_bytes=None,
    ):
        if split not in self.checksums:
            raise ValueError(f"SVHN: split is {split!r}; there are {', '.join(self.checksums)}.")
        name = f"{split}_32x32.mat"
        self.subset = split
        self.file = find(
            "SVHN",
            name,
            root,
            ("svhn", "SVHN"),
            (f"https://ufldl.stanford.edu/housenumbers/{name}",),
            f"sha256:{self.checksums[split]}",
            download,
            aliases=(f"{split}_32x32_*.mat",),
            timeout=timeout,
        )
        images, targets = _read(self.file, max_bytes)
        super().__init__(images, targets, transform, target_transform)


def _read(path, max_bytes):
    with reading("SVHN", path, "is no such MATLAB file") as file:
        content = read_matlab(file, ("X", "y"), room_for(file, max_bytes))
        stored, targets = content["X"], content["y"].ravel()
        if targets.dtype.kind not in "iu" and not np.array_equal(targets, np.round(targets)):
            raise ValueError("its labels are not whole numbers")
        if stored.ndim != 4 or stored.dtype != np.uint8:
            raise ValueError(
                f"its images are {stored.dtype} of shape {stored.shape}, not uint8 of shape (32, 32, 3, N)"
            )
    images = np.ascontiguousarray(stored.transpose(3, 2, 0, 1))  # (H, W, C, N) -> (N, C, H, W)
    targets = targets.astype(np.int64)
    if targets.size and targets.min() < 1:
        raise DatasetError(
            f"SVHN: {visible(str(path))} has the label {targets.min()}; the files count from 1, and 10 is the digit 0."
        )
    check_images("SVHN", path, images, targets - 1, (3, 32, 32), 10)
    return images, targets % 10
