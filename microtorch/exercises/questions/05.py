"""Lesson 5: broadcasting and its gradient."""

import numpy as np  # noqa: F401


def unbroadcast(dx, shape):
    """Sum the array `dx` over the dimensions along which an array of `shape` was broadcast; the result has `shape`."""
    raise NotImplementedError


def broadcast_gradients(a, b, dy):
    """The gradients (da, db) of y = a · b for arrays of any shapes that broadcast; dy has the shape of y."""
    raise NotImplementedError


def column_means_gradient(x, dy):
    """The gradient of y = x − x.mean(axis=0) for x of shape (N, D): the mean is a broadcast, too."""
    raise NotImplementedError
