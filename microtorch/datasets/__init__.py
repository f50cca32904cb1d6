"""Datasets ready to train on, and what is done to images on their way into a batch.

Parameters
----------
timeout : float, default 30
    The seconds in which the other side must answer, and in which each further piece must come.
"""

from . import transforms
from .cifar10 import CIFAR10
from .digits import Digits
from .images import ImageDataset
from .mnist import MNIST, FashionMNIST
from .svhn import SVHN
from .toy import blobs, circles, moons, spirals

__all__ = [
    "Digits",
    "MNIST",
    "FashionMNIST",
    "CIFAR10",
    "SVHN",
    "ImageDataset",
    "spirals",
    "moons",
    "blobs",
    "circles",
    "transforms",
]


def __getattr__(name):
    from ..pytorch.absent import refuse

    raise refuse("datasets", name, globals())
