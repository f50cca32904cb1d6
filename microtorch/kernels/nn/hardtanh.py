"""Activations of straight pieces, forward and backward in one pass each."""

from .._jit import IN_ORDER


@IN_ORDER
def hardtanh(x, low, high, y):
    """y = x between low and high"""
    low, high = x.dtype.type(low), x.dtype.type(high)
    for i in range(y.size):
        v = low if x[i] < low else x[i]
        y[i] = high if v > high else v


@IN_ORDER
def hardtanh_backward(dy, x, low, high, dx):
    """dx = dy strictly between low and high, else 0"""
    low, high = x.dtype.type(low), x.dtype.type(high)
    for i in range(dx.size):
        dx[i] = 0 if x[i] <= low or x[i] >= high else dy[i]


@IN_ORDER
def hardsigmoid(x, y):
    """y = (x + 3) / 6 between 0 and 1"""
    zero, one, three, sixth = x.dtype.type(0), x.dtype.type(1), x.dtype.type(3), x.dtype.type(1 / 6)
    for i in range(y.size):
        v = (x[i] + three) * sixth
        v = zero if v < zero else v
        y[i] = one if v > one else v


@IN_ORDER
def hardsigmoid_backward(dy, x, dx):
    """dx = dy / 6 where −3 < x < 3, else 0"""
    three, sixth = x.dtype.type(3), x.dtype.type(1 / 6)
    for i in range(dx.size):
        dx[i] = 0 if x[i] <= -three or x[i] >= three else dy[i] * sixth


@IN_ORDER
def hardswish(x, y):
    """y = x · (x + 3) / 6, or 0 where x <= −3, or x where x >= 3"""
    zero, three, sixth = x.dtype.type(0), x.dtype.type(3), x.dtype.type(1 / 6)
    for i in range(y.size):
        v = x[i] if x[i] >= three else x[i] * (x[i] + three) * sixth
        y[i] = zero if x[i] <= -three else v


@IN_ORDER
def hardswish_backward(dy, x, dx):
    """dx = dy · (x / 3 + 1/2), or 0 where x <= −3, or dy where x >= 3"""
    zero, half, three, third = x.dtype.type(0), x.dtype.type(0.5), x.dtype.type(3), x.dtype.type(1 / 3)
    for i in range(dx.size):
        v = dy[i] if x[i] >= three else dy[i] * (x[i] * third + half)
        dx[i] = zero if x[i] <= -three else v
