"""The exponential linear units, forward and backward in one pass each."""

from .._jit import IN_ORDER
from .._math import exp, expm1


@IN_ORDER
def elu(x, alpha, scale, rate, y):
    """y = scale · x, or scale · alpha · (e^(rate · x) − 1) where x <= 0"""
    low, scale, rate = x.dtype.type(alpha * scale), x.dtype.type(scale), x.dtype.type(rate)
    for i in range(y.size):
        bent = low * expm1(x[i] * rate)
        y[i] = bent if x[i] <= 0 else x[i] * scale


@IN_ORDER
def elu_backward(dy, x, alpha, scale, rate, dx):
    """dx = scale · dy, or scale · alpha · rate · e^(rate · x) · dy where x <= 0"""
    low, scale, rate = x.dtype.type(alpha * scale * rate), x.dtype.type(scale), x.dtype.type(rate)
    for i in range(dx.size):
        bent = low * exp(x[i] * rate)
        dx[i] = dy[i] * (bent if x[i] <= 0 else scale)
