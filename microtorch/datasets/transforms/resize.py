"""Images of another size, and in grey."""

import enum
import numbers

import numpy as np

from ...errors import DTypeError, ShapeError
from .base import Transform

__all__ = ["Grayscale", "InterpolationMode", "Resize"]


class InterpolationMode(enum.Enum):
    """How values between pixels are found."""

    NEAREST = "nearest"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"

    @property
    def pil(self):
        """int: PIL's number for it."""
        return {"nearest": 0, "bilinear": 2, "bicubic": 3}[self.value]

    @classmethod
    def _missing_(cls, value):  # PIL's numbers, which scripts of long ago pass
        return next((mode for mode in cls if mode.pil == value and isinstance(value, int)), None)


def _triangle(x):
    return np.clip(1 - np.abs(x), 0, None)


def _cubic(x, a=-0.5):
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


_FILTERS = {InterpolationMode.BILINEAR: (_triangle, 1.0), InterpolationMode.BICUBIC: (_cubic, 2.0)}


def _weights(before, after, mode):
    """How much each pixel of a row of `before` counts for each of `after`, ndarray (after, before)."""
    filter, support = _FILTERS[mode]
    scale = before / after
    stretch = max(scale, 1.0)  # where a row becomes shorter, more pixels count
    support *= stretch
    centers = (np.arange(after) + 0.5) * scale
    first = np.maximum((centers - support + 0.5).astype(np.int64), 0)
    last = np.minimum((centers + support + 0.5).astype(np.int64), before)
    places = np.arange(before)
    weights = filter((places + 0.5 - centers[:, None]) / stretch)
    weights[(places < first[:, None]) | (places >= last[:, None])] = 0
    return weights / weights.sum(1, keepdims=True)


def _along(images, axis, after, mode):
    """`images` with another length along an axis."""
    before = images.shape[axis]
    if before == after:
        return images
    if mode is InterpolationMode.NEAREST:
        # PIL looks at the middle of a pixel, PyTorch at its corner
        step = before / after
        if images.dtype == np.uint8:
            places = np.add.accumulate(np.r_[0.5 * step, np.full(after - 1, step)])  # summed up, as PIL does
        else:
            places = np.arange(after) * step
        return images.take(np.minimum(places.astype(np.int64), before - 1), axis)
    weights = _weights(before, after, mode)
    moved = np.moveaxis(images, axis, -1)
    if images.dtype != np.uint8:
        return np.moveaxis(moved @ weights.T.astype(images.dtype), -1, axis)
    # PIL's arithmetic: weights of 22 binary places, sums that are rounded to a byte. All whole, so float64 is exact.
    fixed = np.trunc(weights * (1 << 22) + np.copysign(0.5, weights))
    sums = moved.astype(np.float64) @ fixed.T + (1 << 21)
    return np.moveaxis(np.clip(np.floor(sums / (1 << 22)), 0, 255).astype(np.uint8), -1, axis)


class Resize(Transform):
    """Images of another size.

    Parameters
    ----------
    size : int or sequence of int
        (height, width); one number is the length of the shorter side, and the other one keeps its proportion.
    interpolation : InterpolationMode, default BILINEAR
    max_size : int, optional
        The greatest length of the longer side, where `size` is one number.
    antialias : bool, default True
        Only True, which is what PIL does: where images become smaller, all pixels count.

    Notes
    -----
    Pictures become, to the byte, what PIL makes of them when it changes the width and then the height. (Some versions
    of it choose the other order for some sizes, and differ then by rounding.) Tensors are filtered by the same weights.

    Examples
    --------
    >>> from microtorch.datasets.transforms import Resize
    >>> Resize(14)(microtorch.ones(1, 28, 56)).shape
    (1, 14, 28)
    """

    pictures = True

    def __init__(self, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True):
        sizes = (size,) if isinstance(size, numbers.Integral) else tuple(size)
        if len(sizes) not in (1, 2) or not all(isinstance(n, numbers.Integral) and n > 0 for n in sizes):
            raise ValueError(f"Resize: the size is {size!r}. Pass an int, or (height, width).")
        if max_size is not None and (len(sizes) == 2 or max_size <= sizes[0]):
            raise ValueError(f"Resize: max_size is {max_size}. It goes with one size, and is greater than it.")
        if antialias is False:
            raise ValueError("Resize: antialias=False would drop pixels. Leave it out.")
        self.sizes, self.max_size, self.interpolation = sizes, max_size, InterpolationMode(interpolation)

    def _target(self, height, width):
        if len(self.sizes) == 2:
            return self.sizes
        short, long = min(height, width), max(height, width)
        new_short, new_long = self.sizes[0], int(self.sizes[0] * long / short)
        if self.max_size is not None and new_long > self.max_size:
            new_short, new_long = int(self.max_size * new_short / new_long), self.max_size
        return (new_short, new_long) if height <= width else (new_long, new_short)

    def batch(self, images):
        height, width = self._target(*images.shape[2:])
        return _along(_along(images, 3, width, self.interpolation), 2, height, self.interpolation)


class Grayscale(Transform):
    """Images in grey.

    Parameters
    ----------
    num_output_channels : {1, 3}, default 1
        With 3, the same in each.

    Notes
    -----
    0.299 red + 0.587 green + 0.114 blue, of pictures in PIL's arithmetic.

    Examples
    --------
    >>> from microtorch.datasets.transforms import Grayscale
    >>> Grayscale()(microtorch.ones(3, 2, 2)).shape
    (1, 2, 2)
    """

    pictures = True

    def __init__(self, num_output_channels=1):
        if num_output_channels not in (1, 3):
            raise ValueError(f"Grayscale: num_output_channels is {num_output_channels}. It is 1 or 3.")
        self.num_output_channels = num_output_channels

    def batch(self, images):
        if images.shape[1] not in (1, 3):
            raise ShapeError(f"Grayscale: images of {images.shape[1]} channels. It takes 1 or 3.")
        if images.shape[1] == 3 and images.dtype == np.uint8:
            red, green, blue = images.astype(np.uint32).swapaxes(0, 1)
            images = ((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16).astype(np.uint8)[:, None]
        elif images.shape[1] == 3:
            if images.dtype.kind != "f":
                raise DTypeError(f"Grayscale: takes pictures and floating images, not {images.dtype}.")
            shares = np.array([0.2989, 0.587, 0.114], images.dtype)
            images = np.einsum("nchw,c->nhw", images, shares)[:, None]
        return np.repeat(images, 3, axis=1) if self.num_output_channels == 3 else images
