"""Smooth functions by element, vectorised by `_math`, and derivatives in one pass; every array is flat, of length n.

Measured against numpy on 1,000 and 100,000 float32: exp 1.4 and 51 µs (2.1 and 224), tanh 2.0 and 59 µs (3.4 and
261), sigmoid 1.6 and 69 µs (5.2 and 177). numpy has no erf. A polynomial log gained too little over numpy's (263 µs
against 298 for 100,000) to have a kernel.
"""

import math

from ._jit import IN_ORDER
from ._math import erf as erf_of
from ._math import exp as exp_of
from ._math import sigmoid as sigmoid_of
from ._math import tanh as tanh_of


@IN_ORDER
def add(a, b, y):
    """y = a + b"""
    for i in range(y.size):
        y[i] = a[i] + b[i]


@IN_ORDER
def copy(y, x):
    """y = x"""
    for i in range(y.size):
        y[i] = x[i]


@IN_ORDER
def exp(x, y):
    """y = eˣ"""
    for i in range(y.size):
        y[i] = exp_of(x[i])


@IN_ORDER
def sigmoid(x, y):
    """y = 1 / (1 + e⁻ˣ)"""
    for i in range(y.size):
        y[i] = sigmoid_of(x[i])


@IN_ORDER
def tanh(x, y):
    """y = tanh x"""
    for i in range(y.size):
        y[i] = tanh_of(x[i])


@IN_ORDER
def erf(x, y):
    """y = erf x"""
    for i in range(y.size):
        y[i] = erf_of(x[i])


@IN_ORDER
def erfc(x, y):
    """y = 1 − erf x, with all its digits where erf x is near 1; computed in float64, by C's function"""
    for i in range(y.size):
        y[i] = math.erfc(float(x[i]))


@IN_ORDER
def sigmoid_backward(dy, y, dx):
    """dx = dy · y · (1 − y), and 0 where dy = 0"""
    one = y.dtype.type(1)
    for i in range(dx.size):
        dx[i] = dy[i] if dy[i] == 0 else dy[i] * (y[i] * (one - y[i]))


@IN_ORDER
def tanh_backward(dy, y, dx):
    """dx = dy · (1 − y²), and 0 where dy = 0"""
    one = y.dtype.type(1)
    for i in range(dx.size):
        dx[i] = dy[i] if dy[i] == 0 else dy[i] * (one - y[i] * y[i])


@IN_ORDER
def sqrt_backward(dy, y, dx):
    """dx = dy / (2y), and 0 where dy = 0 or y = 0"""
    zero, half = y.dtype.type(0), y.dtype.type(0.5)
    for i in range(dx.size):
        dx[i] = zero if dy[i] == 0 or y[i] == 0 else dy[i] * (half / y[i])
