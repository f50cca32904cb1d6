"""Activations made of straight pieces, and their derivatives; every array is flat and of one length n.

One pass where numpy needs a comparison, a multiplication and a choice (``np.where`` alone costs 4 µs on 10 elements).
Each is written so that NaN falls into the last branch and stays NaN.
"""

from .._jit import IN_ORDER


@IN_ORDER
def relu(x, y):
    """y = x where x > 0, else 0"""
    zero = x.dtype.type(0)
    for i in range(y.size):
        y[i] = zero if x[i] <= 0 else x[i]


@IN_ORDER
def relu_backward(dy, y, dx):
    """dx = dy where y > 0"""
    for i in range(dx.size):
        dx[i] = 0 if y[i] <= 0 else dy[i]


@IN_ORDER
def leaky_relu(x, slope, y):
    """y = x, or slope · x where x <= 0"""
    slope = x.dtype.type(slope)
    for i in range(y.size):
        y[i] = x[i] * slope if x[i] <= 0 else x[i]


@IN_ORDER
def leaky_relu_backward(dy, x, slope, dx):
    """dx = dy, or slope · dy where x <= 0"""
    slope = x.dtype.type(slope)
    for i in range(dx.size):
        dx[i] = dy[i] * slope if x[i] <= 0 else dy[i]


@IN_ORDER
def threshold(x, limit, value, y):
    """y = x, or value where x <= limit"""
    limit, value = x.dtype.type(limit), x.dtype.type(value)
    for i in range(y.size):
        y[i] = value if x[i] <= limit else x[i]


@IN_ORDER
def threshold_backward(dy, x, limit, dx):
    """dx = dy, or 0 where x <= limit"""
    limit = x.dtype.type(limit)
    for i in range(dx.size):
        dx[i] = 0 if x[i] <= limit else dy[i]
