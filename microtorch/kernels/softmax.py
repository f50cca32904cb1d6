"""Softmax and its logarithm along the rows of (M, C) arrays; numpy makes five passes for each."""

import numpy as np

from ._jit import jit
from ._math import IN_ORDER, exp


@jit
def softmax(x, y):
    """y = e^(x − max) / Σ e^(x − max) by row; x, y (M, C)"""
    M, C = x.shape
    for m in range(M):
        high = x[m, 0]
        for c in range(1, C):
            high = x[m, c] if x[m, c] > high else high
        total = x.dtype.type(0)
        for c in range(C):
            e = exp(x[m, c] - high)
            y[m, c] = e
            total += e
        scale = x.dtype.type(1) / total
        for c in range(C):
            y[m, c] *= scale


@jit
def softmax_backward(dy, y, dx):
    """dx = y · (dy − Σ dy · y) by row"""
    M, C = y.shape
    for m in range(M):
        s = 0.0
        for c in range(C):
            s += dy[m, c] * y[m, c]
        mean = y.dtype.type(s)
        for c in range(C):
            dx[m, c] = y[m, c] * (dy[m, c] - mean)


@jit
def log_softmax(x, y):
    """y = x − max − log Σ e^(x − max) by row"""
    M, C = x.shape
    for m in range(M):
        high = x[m, 0]
        for c in range(1, C):
            high = x[m, c] if x[m, c] > high else high
        total = x.dtype.type(0)
        for c in range(C):
            total += exp(x[m, c] - high)
        _lower(x[m], high, x.dtype.type(np.log(total)), y[m])


@IN_ORDER
def _lower(x, high, level, y):
    for c in range(y.size):  # x − (high + level) would lose the digits that x and high share
        y[c] = (x[c] - high) - level


@jit
def log_softmax_backward(dy, y, dx):
    """dx = dy − e^y · Σ dy by row"""
    M, C = y.shape
    for m in range(M):
        s = 0.0
        for c in range(C):
            s += dy[m, c]
        total = y.dtype.type(s)
        for c in range(C):
            dx[m, c] = dy[m, c] - exp(y[m, c]) * total
