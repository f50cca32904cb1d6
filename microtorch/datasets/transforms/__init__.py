"""Transforms of images on their way into a batch, to all images of a batch at once; as torchvision.transforms."""

import sys

from .base import Compose, Lambda, Transform
from .geometry import (
    CenterCrop,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    RandomRotation,
    RandomShift,
    RandomVerticalFlip,
)
from .resize import Grayscale, InterpolationMode, Resize
from .tensors import (
    ConvertImageDtype,
    Flatten,
    Normalize,
    PILToTensor,
    SubtractMean,
    ToDtype,
    ToImage,
    ToPILImage,
    ToTensor,
)

__all__ = [
    "CenterCrop",
    "Compose",
    "ConvertImageDtype",
    "Flatten",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomRotation",
    "RandomShift",
    "RandomVerticalFlip",
    "Resize",
    "SubtractMean",
    "ToDtype",
    "ToImage",
    "ToPILImage",
    "ToTensor",
    "Transform",
]

# torchvision's others.
_OTHERS = {
    *("AugMix", "AutoAugment", "ColorJitter", "ElasticTransform", "FiveCrop", "GaussianBlur", "LinearTransformation"),
    *("RandAugment", "RandomAdjustSharpness", "RandomAffine", "RandomApply", "RandomAutocontrast", "RandomChoice"),
    *("RandomEqualize", "RandomErasing", "RandomGrayscale", "RandomInvert", "RandomOrder", "RandomPerspective"),
    *("RandomPosterize", "RandomResizedCrop", "RandomSolarize", "TenCrop", "TrivialAugmentWide"),
}


def __getattr__(name):
    if name == "v2":  # torchvision's second edition has the same names, and a few of its own: all are here
        return sys.modules[__name__]
    if name in _OTHERS:
        raise AttributeError(
            f"transforms has no {name}, an augmentation of photographs, which fully connected networks seldom use. A "
            "function of your own does it: transforms.Lambda(lambda image: ...), which is shown PIL's image."
        )
    from ...pytorch.absent import refuse

    raise refuse("transforms", name, globals())
