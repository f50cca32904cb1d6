"""What is done to images on their way into a batch, to all images of a batch at once."""

import numpy as np

from .. import random
from ..errors import DTypeError, ShapeError
from ..from_data import as_tensor
from ..tensor import Tensor, over, wrap

__all__ = [
    "Compose",
    "Flatten",
    "Normalize",
    "RandomHorizontalFlip",
    "RandomShift",
    "SubtractMean",
    "ToTensor",
    "Transform",
]


class Transform:
    """A change of images that takes a whole batch at once; subclasses define ``batch(images)``.

    Notes
    -----
    ``batch`` is from an ndarray (N, C, H, W) of float32 to one whose first dimension is also N. A transform may be
    called with one image (C, H, W) or a batch (N, C, H, W), and returns a Tensor; what is random in it is drawn for
    each image.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.datasets.transforms import Transform
    >>> class Invert(Transform):
    ...     def batch(self, images):
    ...         return 1 - images
    >>> Invert()(microtorch.zeros(1, 2, 2)).shape
    (1, 2, 2)
    """

    def batch(self, images):
        """The changed images, ndarray (N, ...); the argument stays as it is."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it does: define batch(images).")

    def __call__(self, images):
        array = as_tensor(images)._array
        if array.ndim == 3:
            return wrap(np.ascontiguousarray(self.batch(array[None])[0]))
        if array.ndim != 4:
            raise ShapeError(
                f"{type(self).__name__}: images of shape {array.shape} are neither (C, H, W) nor (N, C, H, W)."
            )
        return over(self.batch(array))


def transform_batch(transform, images):
    """`transform` of every image of an ndarray (N, C, H, W), as an ndarray (N, ...)."""
    if isinstance(transform, Transform):
        return transform.batch(images)
    results = [transform(over(image)) for image in images]
    arrays = [r._array if isinstance(r, Tensor) else np.asarray(r) for r in results]
    if len({a.shape for a in arrays}) > 1:
        shapes = " and ".join(sorted({str(a.shape) for a in arrays})[:3])
        raise ShapeError(f"a transform made images of different shapes, {shapes}, which are no batch.")
    return np.stack(arrays)


class Compose(Transform):
    """Several transforms, one after the other.

    Parameters
    ----------
    transforms : sequence of callable
        Transforms, or any callables from one image to one image.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.datasets.transforms import Compose, Flatten, Normalize
    >>> Compose([Normalize(0.5, 0.5), Flatten()])(microtorch.ones(1, 2, 2))
    tensor([1., 1., 1., 1.])
    """

    def __init__(self, transforms):
        self.transforms = list(transforms)

    def batch(self, images):
        for transform in self.transforms:
            images = transform_batch(transform, images)
        return images


class ToTensor(Transform):
    """Images as float32 Tensors (C, H, W) in [0, 1].

    Notes
    -----
    The sets in `microtorch.datasets` give such images already, and they pass unchanged; scripts written for PyTorch
    ask for it. An ndarray (H, W) or (H, W, C) of uint8 is converted.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.datasets.transforms import ToTensor
    >>> ToTensor()(np.full((2, 2, 3), 255, np.uint8)).shape
    (3, 2, 2)
    """

    def batch(self, images):
        return images

    def __call__(self, images):
        if isinstance(images, np.ndarray) and images.dtype == np.uint8:
            if images.ndim not in (2, 3):
                raise ShapeError(f"ToTensor: an image of shape {images.shape} is neither (H, W) nor (H, W, C).")
            image = images[..., None] if images.ndim == 2 else images
            return wrap(np.ascontiguousarray(image.transpose(2, 0, 1) / np.float32(255)))
        if not isinstance(images, Tensor) or images.dtype.kind != "f":
            raise DTypeError(f"ToTensor: takes uint8 arrays and floating tensors, not {type(images).__name__}.")
        return super().__call__(images)


class Normalize(Transform):
    """``(image - mean) / std``, by channel.

    Parameters
    ----------
    mean, std : float or sequence of float, length C
        One for all channels, or one for each.

    Raises
    ------
    ValueError
        If a `std` is 0, NaN or infinite.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.datasets.transforms import Normalize
    >>> Normalize((0.0, 1.0), (1.0, 2.0))(microtorch.ones(2, 1, 1)).tolist()
    [[[1.0]], [[0.0]]]
    """

    def __init__(self, mean, std):
        self.mean = np.asarray(mean, np.float32).reshape(-1, 1, 1)
        self.std = np.asarray(std, np.float32).reshape(-1, 1, 1)
        if not self.std.all() or not np.isfinite(self.std).all():
            raise ValueError(f"Normalize: std {std} has a zero or is not finite, and images would be divided by it.")

    def batch(self, images):
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, images.shape[1]):
                raise ShapeError(f"Normalize: {name} of {len(values)} channels, images of {images.shape[1]}.")
        result = images - self.mean
        result /= self.std
        return result


class SubtractMean(Transform):
    """Images less the mean image, pixel by pixel.

    Parameters
    ----------
    mean : Tensor or ndarray, shape (C, H, W)
        As `SubtractMean.of` finds it for a set of images.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.datasets import ImageDataset
    >>> from microtorch.datasets.transforms import SubtractMean
    >>> images = ImageDataset(np.array([[[0, 255]], [[255, 255]]], np.uint8), [0, 1])
    >>> images.transform = SubtractMean.of(images)
    >>> images[0][0]
    tensor([[[-0.5,  0. ]]])
    """

    def __init__(self, mean):
        self.mean = np.asarray(as_tensor(mean)._array, np.float32)

    @classmethod
    def of(cls, dataset):
        """The transform with the mean of all images of `dataset`, an ImageDataset, before its own transform."""
        data = dataset.data._array
        mean = data.mean(axis=0, dtype=np.float64) / 255
        return cls(mean if mean.ndim == 3 else mean[None])

    def batch(self, images):
        if images.shape[1:] != self.mean.shape:
            raise ShapeError(f"SubtractMean: a mean of shape {self.mean.shape} and images {images.shape[1:]}.")
        return images - self.mean


class Flatten(Transform):
    """Images as vectors (C·H·W,).

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.datasets.transforms import Flatten
    >>> Flatten()(microtorch.ones(3, 4, 4)).shape
    (48,)
    """

    def batch(self, images):
        return images.reshape(len(images), -1)


class RandomHorizontalFlip(Transform):
    """Images mirrored left to right, each with probability `p`.

    Parameters
    ----------
    p : float, default 0.5
    generator : Generator, default microtorch's own
        What the choice is drawn from.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.datasets.transforms import RandomHorizontalFlip
    >>> RandomHorizontalFlip(p=1.0)(microtorch.tensor([[[1.0, 2.0]]]))
    tensor([[[2., 1.]]])
    """

    def __init__(self, p=0.5, generator=None):
        if not 0 <= p <= 1:
            raise ValueError(f"RandomHorizontalFlip: p is {p}, not a probability.")
        self.p, self.generator = p, generator

    def batch(self, images):
        draw = (self.generator or random.default_generator).numpy
        chosen = np.flatnonzero(draw.random(len(images)) < self.p)
        result = images.copy()
        result[chosen] = images[chosen, ..., ::-1]
        return result


class RandomShift(Transform):
    """Images moved by up to `pixels` each way, each by its own whole number; what comes in is black.

    Parameters
    ----------
    pixels : int
        The largest shift; PyTorch users know it as ``RandomCrop(size, padding=pixels)``.
    generator : Generator, default microtorch's own
        What the shifts are drawn from.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.datasets.transforms import RandomShift
    >>> RandomShift(2)(microtorch.ones(3, 8, 8)).shape
    (3, 8, 8)
    """

    def __init__(self, pixels, generator=None):
        if not np.isfinite(pixels) or pixels != int(pixels) or pixels < 0:
            raise ValueError(f"RandomShift: pixels is {pixels!r}. Pass a whole number, 0 or more.")
        self.pixels, self.generator = int(pixels), generator

    def batch(self, images):
        n, _, height, width = images.shape
        margin = self.pixels
        draw = (self.generator or random.default_generator).numpy
        top, left = draw.integers(0, 2 * margin + 1, (2, n))
        around = ((0, 0), (0, 0), (margin, margin), (margin, margin))
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(images, around), (height, width), axis=(2, 3))
        return windows[np.arange(n), :, top, left]  # (N, C, 2m+1, 2m+1, H, W) -> (N, C, H, W)


def __getattr__(name):
    from ..pytorch.absent import refuse

    raise refuse("datasets.transforms", name, globals())
