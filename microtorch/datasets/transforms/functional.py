"""Transforms of one image as functions, under the names of torchvision.transforms.functional."""

import numpy as np

from ...tensor import Tensor, wrap
from .base import is_pil
from .geometry import CenterCrop, Pad, RandomHorizontalFlip, RandomRotation, RandomVerticalFlip
from .resize import Grayscale, InterpolationMode, Resize
from .tensors import ConvertImageDtype, Normalize, PILToTensor, ToPILImage, ToTensor

__all__ = [
    "center_crop",
    "convert_image_dtype",
    "crop",
    "hflip",
    "normalize",
    "pad",
    "pil_to_tensor",
    "resize",
    "rgb_to_grayscale",
    "rotate",
    "to_grayscale",
    "to_pil_image",
    "to_tensor",
    "vflip",
]


def to_tensor(pic):
    """`ToTensor` of `pic`, one of PIL's images or an array (H, W, C)."""
    return ToTensor()(pic)


def pil_to_tensor(pic):
    """`PILToTensor` of `pic`, one of PIL's images."""
    return PILToTensor()(pic)


def to_pil_image(pic, mode=None):
    """`ToPILImage`, of a `mode`, of `pic`, a Tensor (C, H, W) or an array (H, W, C)."""
    return ToPILImage(mode)(pic)


def convert_image_dtype(image, dtype=np.float32):
    """The Tensor `image` in a `dtype`, in the range that goes with it; see `ConvertImageDtype`."""
    return ConvertImageDtype(dtype)(image)


def normalize(tensor, mean, std, inplace=False):
    """``(tensor - mean) / std`` by channel; with `inplace` the Tensor itself is changed."""
    result = Normalize(mean, std)(tensor)
    return tensor.copy_(result) if inplace else result


def resize(img, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True):
    """`img` in another `size`, by an `interpolation`; see `Resize` for `max_size` and `antialias`."""
    return Resize(size, interpolation, max_size, antialias)(img)


def pad(img, padding, fill=0, padding_mode="constant"):
    """`img` with a border; see `Pad` for `padding`, `fill` and `padding_mode`."""
    return Pad(padding, fill, padding_mode)(img)


def center_crop(img, output_size):
    """The middle of `img`, of an `output_size`; see `CenterCrop`."""
    return CenterCrop(output_size)(img)


def crop(img, top, left, height, width):
    """The part of `img` that begins at (`top`, `left`), of a `height` and `width`; what lies outside is black."""
    if is_pil(img):
        return img.crop((left, top, left + width, top + height))
    array = img._array
    result = np.zeros((*array.shape[:-2], height, width), array.dtype)
    rows, columns = (slice(max(0, a), max(0, a + n)) for a, n in ((top, height), (left, width)))
    part = array[..., rows, columns]
    down, right = max(0, -top), max(0, -left)
    result[..., down : down + part.shape[-2], right : right + part.shape[-1]] = part
    return wrap(result)


def hflip(img):
    """`img` mirrored left to right."""
    return RandomHorizontalFlip(1.0)(img)


def vflip(img):
    """`img` mirrored top to bottom."""
    return RandomVerticalFlip(1.0)(img)


def rotate(img, angle, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=0):
    """One of PIL's images, `img`, turned by an `angle` in degrees; see `RandomRotation` for the other arguments."""
    if isinstance(img, Tensor):
        raise TypeError("rotate: turns pictures, not tensors. Use it before to_tensor().")
    return RandomRotation((angle, angle), interpolation, expand, center, fill)(img)


def rgb_to_grayscale(img, num_output_channels=1):
    """`img` in grey; see `Grayscale` for `num_output_channels`."""
    return Grayscale(num_output_channels)(img)


to_grayscale = rgb_to_grayscale


def __getattr__(name):
    from ...pytorch.absent import refuse

    raise refuse("transforms.functional", name, globals())
