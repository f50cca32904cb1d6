"""Points in the plane that make a classifier's boundary visible.

Parameters
----------
generator : Generator, default microtorch's own
    What the noise is drawn from.
samples : int, default 200
    How many points in all.
noise : float, default 0.1
    Standard deviation of what is added to both coordinates.
"""

import math

import numpy as np

from .. import random
from ..data import TensorDataset
from ..tensor import wrap

__all__ = ["blobs", "circles", "moons", "spirals"]


def spirals(samples=300, classes=3, noise=0.1, generator=None):
    """Arms of a spiral, one class each, that no straight line separates.

    Parameters
    ----------
    samples : int, default 300
        How many points in all; the classes get equal numbers, the first ones the remainder.
    classes : int, default 3
        How many arms.
    noise : float, default 0.1
        Standard deviation of the angle, in turns of a circle per unit of radius.

    Returns
    -------
    TensorDataset
        Points, float32 of shape (samples, 2) within the unit circle, and classes, int64 of shape (samples,).

    Examples
    --------
    >>> from microtorch.datasets import spirals
    >>> points, labels = spirals(9).tensors
    >>> points.shape, labels.tolist()
    ((9, 2), [0, 0, 0, 1, 1, 1, 2, 2, 2])
    """
    labels, place = _classes(samples, classes)
    draw = (generator or random.default_generator).numpy
    turns = labels / classes + place * 0.75 + draw.normal(0, noise, samples) * place
    angle = 2 * math.pi * turns
    return _dataset(place * np.sin(angle), place * np.cos(angle), labels)


def moons(samples=200, noise=0.1, generator=None):
    """Two half circles that reach into each other.

    Returns
    -------
    TensorDataset
        Points, float32 of shape (samples, 2), and classes 0 and 1, int64 of shape (samples,).

    Examples
    --------
    >>> from microtorch.datasets import moons
    >>> points, labels = moons(4, noise=0.0).tensors
    >>> labels.tolist()
    [0, 0, 1, 1]
    """
    labels, place = _classes(samples, 2)
    angle = math.pi * place
    x = np.where(labels == 0, np.cos(angle), 1 - np.cos(angle))
    y = np.where(labels == 0, np.sin(angle), 0.5 - np.sin(angle))
    draw = (generator or random.default_generator).numpy
    dx, dy = draw.normal(0, noise, (2, samples))
    return _dataset(x + dx, y + dy, labels)


def circles(samples=200, noise=0.1, generator=None):
    """A circle inside another, which no straight line separates.

    Returns
    -------
    TensorDataset
        Points, float32 of shape (samples, 2), and classes 0 (inside) and 1, int64 of shape (samples,).

    Examples
    --------
    >>> from microtorch.datasets import circles
    >>> points, labels = circles(4, noise=0.0).tensors
    >>> (points**2).sum(1).sqrt()
    tensor([0.5, 0.5, 1. , 1. ])
    """
    labels, place = _classes(samples, 2)
    angle, radius = 2 * math.pi * place, np.where(labels == 0, 0.5, 1.0)
    draw = (generator or random.default_generator).numpy
    dx, dy = draw.normal(0, noise, (2, samples))
    return _dataset(radius * np.cos(angle) + dx, radius * np.sin(angle) + dy, labels)


def blobs(samples=300, classes=3, spread=0.3, generator=None):
    """Clouds around points of the unit circle, one class each.

    Parameters
    ----------
    samples : int, default 300
        How many points in all.
    classes : int, default 3
        How many clouds.
    spread : float, default 0.3
        Standard deviation of a cloud.
    generator : Generator, default microtorch's own
        What the clouds are drawn from.

    Returns
    -------
    TensorDataset
        Points, float32 of shape (samples, 2), and classes, int64 of shape (samples,).

    Examples
    --------
    >>> from microtorch.datasets import blobs
    >>> points, labels = blobs(6, classes=2, spread=0.0).tensors
    >>> labels.tolist()
    [0, 0, 0, 1, 1, 1]
    """
    labels, _ = _classes(samples, classes)
    angle = 2 * math.pi * labels / classes
    draw = (generator or random.default_generator).numpy
    dx, dy = draw.normal(0, spread, (2, samples))
    return _dataset(np.cos(angle) + dx, np.sin(angle) + dy, labels)


def _classes(samples, classes):
    """The class of each point, and how far along its class it is, from 0 to 1."""
    if classes < 1 or samples < classes:
        raise ValueError(f"{samples} samples do not make {classes} classes. Ask for one of each at least.")
    sizes = [samples // classes + (i < samples % classes) for i in range(classes)]
    labels = np.repeat(np.arange(classes), sizes)
    return labels, np.concatenate([np.linspace(0, 1, size) for size in sizes])


def _dataset(x, y, labels):
    return TensorDataset(wrap(np.stack([x, y], axis=1).astype(np.float32)), wrap(labels))
