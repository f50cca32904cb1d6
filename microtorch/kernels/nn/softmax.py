"""Softmax and its logarithm along the rows of (M, C) arrays; numpy makes five passes for each."""

import numpy as np

from .._jit import IN_ORDER, jit
from .._math import exp

BLOCK = 512  # exponentials that are added in the dtype itself; float64 throughout would take 1.5 times as long


@jit
def softmax(x, y):
    """y = e^(x − max) / Σ e^(x − max) by row; x, y (M, C)"""
    M, C = x.shape
    for m in range(M):
        high = x[m, 0]
        for c in range(1, C):
            high = x[m, c] if x[m, c] > high else high
        scale = x.dtype.type(1) / x.dtype.type(_exps(x, m, high, y))
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
        total = sum_of_exps(x, m, high)
        _lower(x[m], high, x.dtype.type(np.log(total)), y[m])


@jit
def _exps(x, m, high, y):
    """As `sum_of_exps`, and y = e^(x − high) in row m"""
    C, total = x.shape[1], 0.0
    if C <= BLOCK:
        part = x.dtype.type(0)
        for c in range(C):
            e = exp(x[m, c] - high)
            y[m, c] = e
            part += e
        return float(part)
    for first in range(0, C, BLOCK):
        part = x.dtype.type(0)
        for c in range(first, C if C - first <= BLOCK else first + BLOCK):
            e = exp(x[m, c] - high)
            y[m, c] = e
            part += e
        total += part
    return total


@jit
def sum_of_exps(x, m, high):
    """Σ e^(x − high) over row m, in float64 over blocks"""
    C, total = x.shape[1], 0.0
    if C <= BLOCK:  # the loops around it would cost as much as 10 exponentials
        part = x.dtype.type(0)
        for c in range(C):
            part += exp(x[m, c] - high)
        return float(part)
    for first in range(0, C, BLOCK):
        part = x.dtype.type(0)
        for c in range(first, C if C - first <= BLOCK else first + BLOCK):
            part += exp(x[m, c] - high)
        total += part
    return total


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
