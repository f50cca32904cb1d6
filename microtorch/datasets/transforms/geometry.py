"""Where pixels are: crops, borders, flips, turns.

Parameters
----------
size : int or sequence of int
    Of the sides of a square, or (height, width).
"""

import numbers

import numpy as np

from ... import random
from ...errors import ShapeError
from .base import Pictures, Transform, gathered
from .resize import InterpolationMode

__all__ = [
    "CenterCrop",
    "Pad",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomRotation",
    "RandomShift",
    "RandomVerticalFlip",
]


def _pair(name, size):
    """(height, width) of an int or a sequence of one or two."""
    size = (size, size) if isinstance(size, numbers.Integral) else tuple(size)
    size = size * 2 if len(size) == 1 else size
    if len(size) != 2 or not all(isinstance(n, numbers.Integral) and n > 0 for n in size):
        raise ValueError(f"{name}: the size is {size}. Pass an int, or (height, width).")
    return size


def _borders(name, padding):
    """(left, top, right, bottom) of an int, a pair for both sides, or all four."""
    borders = (padding,) if isinstance(padding, numbers.Integral) else tuple(padding)
    if len(borders) not in (1, 2, 4) or not all(isinstance(n, numbers.Integral) and n >= 0 for n in borders):
        raise ValueError(f"{name}: padding is {padding!r}. Pass an int, (left and right, top and bottom), or all four.")
    return borders * (4 // len(borders))


_MODES = ("constant", "edge", "reflect", "symmetric")


def _padded(images, borders, fill=0, mode="constant"):
    left, top, right, bottom = borders
    around = ((0, 0), (0, 0), (top, bottom), (left, right))
    if mode == "constant":
        if isinstance(fill, numbers.Number):
            return np.pad(images, around, constant_values=fill)
        channels = [_padded(images[:, [i]], borders, value) for i, value in enumerate(fill)]
        return np.concatenate(channels, axis=1)
    return np.pad(images, around, mode=mode)


def _mode(name, padding_mode):
    if padding_mode not in _MODES:
        raise ValueError(f"{name}: padding_mode is {padding_mode!r}. It is one of {', '.join(_MODES)}.")
    return padding_mode


class Pad(Transform):
    """Images with a border.

    Parameters
    ----------
    padding : int or sequence of int
        For all sides; left and right, top and bottom; or left, top, right, bottom.
    fill : float or sequence of float, default 0
        The value of the border, for all channels or for each: 0 to 255 for pictures, 0 to 1 after `ToTensor`.
    padding_mode : {"constant", "edge", "reflect", "symmetric"}, default "constant"
        How the border is filled.

    Examples
    --------
    >>> from microtorch.datasets.transforms import Pad
    >>> Pad((1, 0))(microtorch.ones(1, 1, 2))
    tensor([[[0., 1., 1., 0.]]])
    """

    pictures = True

    def __init__(self, padding, fill=0, padding_mode="constant"):
        self.padding, self.fill = _borders("Pad", padding), fill
        self.padding_mode = _mode("Pad", padding_mode)

    def batch(self, images):
        return _padded(images, self.padding, self.fill, self.padding_mode)


class CenterCrop(Transform):
    """The middle of images; what is smaller is padded with black first.

    Examples
    --------
    >>> from microtorch.datasets.transforms import CenterCrop
    >>> CenterCrop(2)(microtorch.arange(16.0).reshape(1, 4, 4))
    tensor([[[ 5.,  6.],
             [ 9., 10.]]])
    """

    pictures = True

    def __init__(self, size):
        self.size = _pair("CenterCrop", size)

    def batch(self, images):
        height, width = self.size
        more = [max(0, height - images.shape[2]), max(0, width - images.shape[3])]
        images = _padded(images, (more[1] // 2, more[0] // 2, (more[1] + 1) // 2, (more[0] + 1) // 2))
        top, left = (round((n - m) / 2) for n, m in zip(images.shape[2:], self.size, strict=True))
        return images[:, :, top : top + height, left : left + width]


class RandomCrop(Transform):
    """A part of images of one size, for each at a place of its own.

    Parameters
    ----------
    padding : int or sequence of int, optional
        A border that is added first; as in `Pad`.
    pad_if_needed : bool, default False
        Whether what is smaller is padded to the size; else it is an error.
    fill : float or sequence of float, default 0
    padding_mode : {"constant", "edge", "reflect", "symmetric"}, default "constant"
        As in `Pad`.
    generator : Generator, default microtorch's own
        What the places are drawn from.

    Examples
    --------
    >>> from microtorch.datasets.transforms import RandomCrop
    >>> RandomCrop(28, padding=4)(microtorch.ones(1, 28, 28)).shape
    (1, 28, 28)
    """

    pictures = True

    def __init__(self, size, padding=None, pad_if_needed=False, fill=0, padding_mode="constant", generator=None):
        self.size, self.fill, self.pad_if_needed = _pair("RandomCrop", size), fill, pad_if_needed
        self.padding = None if padding is None else _borders("RandomCrop", padding)
        self.padding_mode, self.generator = _mode("RandomCrop", padding_mode), generator

    def batch(self, images):
        if self.padding is not None:
            images = _padded(images, self.padding, self.fill, self.padding_mode)
        height, width = self.size
        if self.pad_if_needed:
            more = [max(0, height - images.shape[2]), max(0, width - images.shape[3])]
            images = _padded(images, (more[1], more[0], more[1], more[0]), self.fill, self.padding_mode)
        rows, columns = images.shape[2] - height + 1, images.shape[3] - width + 1
        if rows < 1 or columns < 1:
            raise ShapeError(
                f"RandomCrop: a part of {height}×{width} of images of {images.shape[2]}×{images.shape[3]}. Set "
                "pad_if_needed=True, or padding."
            )
        draw, n = (self.generator or random.default_generator).numpy, len(images)
        top, left = draw.integers(0, rows, n), draw.integers(0, columns, n)
        windows = np.lib.stride_tricks.sliding_window_view(images, (height, width), axis=(2, 3))
        return windows[np.arange(n), :, top, left]  # (N, C, rows, columns, H, W) -> (N, C, H, W)


class RandomHorizontalFlip(Transform):
    """Images mirrored left to right, each with probability `p`.

    Parameters
    ----------
    p : float, default 0.5
    generator : Generator, default microtorch's own
        What the choice is drawn from.

    Examples
    --------
    >>> from microtorch.datasets.transforms import RandomHorizontalFlip
    >>> RandomHorizontalFlip(p=1.0)(microtorch.tensor([[[1.0, 2.0]]]))
    tensor([[[2., 1.]]])
    """

    pictures = True

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


class RandomVerticalFlip(RandomHorizontalFlip):
    """Images mirrored top to bottom, each with probability `p`; otherwise as `RandomHorizontalFlip`."""

    def batch(self, images):
        turned = super().batch(images.swapaxes(2, 3))
        return turned.swapaxes(2, 3)


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
    >>> from microtorch.datasets.transforms import RandomShift
    >>> RandomShift(2)(microtorch.ones(3, 8, 8)).shape
    (3, 8, 8)
    """

    pictures = True

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


class RandomRotation(Transform):
    """Pictures turned by an angle of their own.

    Parameters
    ----------
    degrees : float or (float, float)
        The range of angles; one number means from −degrees to degrees.
    interpolation : InterpolationMode, default NEAREST
    expand : bool, default False
        Whether the pictures become as large as they must to hold all of it.
    center : (int, int), optional
        The point that they are turned around; default the middle.
    fill : float or sequence of float, default 0
        What comes in at the corners, 0 to 255.
    generator : Generator, default microtorch's own
        What the angles are drawn from.

    Raises
    ------
    TypeError
        For tensors: put it before `ToTensor`.

    Notes
    -----
    PIL turns them, one by one.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.datasets import ImageDataset
    >>> from microtorch.datasets.transforms import RandomRotation
    >>> ImageDataset(np.full((2, 9, 9), 255, np.uint8), [0, 1], RandomRotation(10))[0][0].shape
    (1, 9, 9)
    """

    def __init__(
        self, degrees, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=0, generator=None
    ):
        self.degrees = (-degrees, degrees) if isinstance(degrees, numbers.Number) else tuple(degrees)
        if len(self.degrees) != 2 or self.degrees[0] > self.degrees[1]:
            raise ValueError(f"RandomRotation: degrees is {degrees!r}. Pass a number, 0 or more, or (least, greatest).")
        self.interpolation, self.expand, self.center, self.fill = interpolation, expand, center, fill
        self.generator = generator

    def run(self, images):
        """Pictures turned; where they `expand`, of several sizes."""
        if not isinstance(images, Pictures):
            raise TypeError("RandomRotation: turns pictures, not tensors. Put it before ToTensor().")
        draw = (self.generator or random.default_generator).numpy
        angles = draw.uniform(*self.degrees, len(images.array))
        channels = images.array.shape[1]
        fill = self.fill if channels == 1 or not isinstance(self.fill, numbers.Number) else (self.fill,) * channels
        how = InterpolationMode(self.interpolation).pil
        turned = [
            image.rotate(angle, how, self.expand, self.center, fillcolor=fill)
            for image, angle in zip(images.images("RandomRotation of pictures"), angles.tolist(), strict=True)
        ]
        return gathered(turned)
