"""The base of all sets of images: samples, batches, transforms and cutting into parts."""

import copy

import numpy as np

from ..data import Dataset, default_collate
from ..dtypes import get_default_dtype
from ..errors import DatasetError, DTypeError, ShapeError, visible
from ..tensor import over, wrap
from .transforms.base import transform_batch

__all__ = ["ImageDataset"]


class ImageDataset(Dataset):
    """Images and the class of each; the base of the sets that are read from files.

    Parameters
    ----------
    data : ndarray, shape (N, H, W) or (N, C, H, W), uint8
        The images.
    targets : ndarray, shape (N,), integer
        Their classes.
    transform : callable, optional
        From an image to what a sample has in its place. The transforms of `microtorch.datasets.transforms` take a
        whole batch at once; any other callable is called for each image, with one of PIL's images of numbers from 0 to
        255, as in torchvision, or in a Compose after ToTensor with a Tensor of shape (C, H, W) in [0, 1].
    target_transform : callable, optional
        From a class, an int, to what a sample has in its place.

    Raises
    ------
    ShapeError, DTypeError
        If `data` and `targets` are not as above.

    Attributes
    ----------
    data : Tensor, shape (N, H, W) or (N, C, H, W), uint8
        The images as published, 0 to 255.
    targets : Tensor, shape (N,), int64
        Their classes.
    classes : tuple of str
        Names of the classes.
    transform, target_transform : callable or None
        May be set at any time.

    Notes
    -----
    Without a transform a sample is an image, a Tensor (C, H, W) in [0, 1], and its class as an int; a batch is
    a Tensor (N, C, H, W), both of the default dtype, and an int64 Tensor (N,).

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.datasets import ImageDataset
    >>> images = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2) * 12
    >>> train, valid = ImageDataset(images, np.array([0, 1, 0, 1, 1])).split(2)
    >>> len(train), len(valid)
    (3, 2)
    >>> valid[0]
    (tensor([[[0.5647, 0.6118],
              [0.6588, 0.7059]]]), 1)
    """

    classes = ()

    def __init__(self, data, targets, transform=None, target_transform=None):
        data, targets = np.asarray(data), np.asarray(targets)
        if data.dtype != np.uint8:
            raise DTypeError(f"{type(self).__name__}: images are uint8, 0 to 255, and these are {data.dtype}.")
        if data.ndim not in (3, 4):
            raise ShapeError(
                f"{type(self).__name__}: images of shape {data.shape} are neither (N, H, W) nor (N, C, H, W)."
            )
        if targets.shape != data.shape[:1]:
            raise ShapeError(f"{type(self).__name__}: {len(data)} images and targets of shape {targets.shape}.")
        if targets.dtype.kind not in "iu" and len(targets):
            raise DTypeError(f"{type(self).__name__}: targets are whole numbers, and these are {targets.dtype}.")
        self.data = over(data)
        self.targets = over(targets.astype(np.int64))
        self.transform = transform
        self.target_transform = target_transform

    def __len__(self):
        return len(self.targets._array)

    def __getitem__(self, index):
        images, targets = self._chosen(np.array([index]))
        image = images[0] if isinstance(images, list) else wrap(images[0])
        return image, targets[0] if isinstance(targets, list) else int(targets[0])

    def __getitems__(self, indices):
        images, targets = self._chosen(indices)
        images = default_collate(images) if isinstance(images, list) else wrap(np.ascontiguousarray(images))
        return images, default_collate(targets) if isinstance(targets, list) else wrap(targets)

    def _chosen(self, indices):
        """Images, ndarray (N, ...) or a list of what a transform of the user's own makes, and targets, likewise."""
        images = self.data._array.take(indices, axis=0)
        if images.ndim == 3:
            images = images[:, None]  # (N, H, W) -> (N, 1, H, W)
        if self.transform is None:
            images = np.divide(images, 255, dtype=get_default_dtype())
        else:
            images = transform_batch(self.transform, images)
        targets = self.targets._array.take(indices)
        if self.target_transform is None:
            return images, targets
        return images, [self.target_transform(int(target)) for target in targets]

    @property
    def class_to_idx(self):
        """dict of str to int: the class of each name."""
        return {name: i for i, name in enumerate(self.classes)}

    def part(self, start, stop):
        """The samples from `start` up to `stop`, as a set of its own that shares the memory.

        Returns
        -------
        ImageDataset
            Its transforms are this set's now, and may be set apart.
        """
        other = copy.copy(self)
        other.data = over(self.data._array[start:stop])
        other.targets = over(self.targets._array[start:stop])
        return other

    def split(self, validation):
        """A part to train on and one to validate with: the last `validation` samples in the order of the files.

        Parameters
        ----------
        validation : int, 0 to N
            How many are held out.

        Returns
        -------
        tuple of ImageDataset
            ``(training, validation)``, always the same.
        """
        count = len(self)
        if not 0 <= validation <= count:
            raise ValueError(f"split: {validation} samples cannot be held out of {count}.")
        return self.part(0, count - validation), self.part(count - validation, count)

    def __repr__(self):
        shape = self.data.shape[1:]
        return f"{type(self).__name__}({len(self)} images of {'×'.join(map(str, shape))})"


def check_images(dataset, name, images, targets, shape, classes):
    """Raise DatasetError unless `images` is (N, *shape) uint8 and `targets` (N,) lies in [0, classes)."""
    name = visible(str(name))
    if images.shape[1:] != shape or images.dtype != np.uint8 or len(images) == 0:
        raise DatasetError(
            f"{dataset}: {name} holds {images.dtype} of shape {images.shape}, not uint8 images of shape (N, "
            f"{', '.join(map(str, shape))}). It is another file, or damaged: delete it to have it downloaded again."
        )
    if targets.shape != (len(images),):
        raise DatasetError(
            f"{dataset}: {name} holds {len(images)} images and labels of shape {targets.shape}. "
            "It is damaged: delete it to have it downloaded again."
        )
    if targets.min() < 0 or targets.max() >= classes:
        raise DatasetError(
            f"{dataset}: {name} has labels from {targets.min()} to {targets.max()}; there are classes 0 to "
            f"{classes - 1}. It is another file, or damaged: delete it to have it downloaded again."
        )
