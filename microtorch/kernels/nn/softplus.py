"""Softplus and the logarithm of the sigmoid, forward and backward in one pass each."""

from .._jit import IN_ORDER, jit
from .._math import exp, log1p_of_unit, sigmoid


# No product is contracted with the sum here: the loop for one element would contract on one side of a branch, where the
# loop for several has none, and which of them runs depends on where the arrays lie.
@jit(fastmath={"nsz"})
def softplus(x, beta, threshold, y):
    """y = log(1 + e^(beta · x)) / beta, or x where beta · x > threshold"""
    zero, beta, threshold = x.dtype.type(0), x.dtype.type(beta), x.dtype.type(threshold)
    for i in range(y.size):
        v = x[i] * beta
        bent = ((zero if v <= 0 else v) + log1p_of_unit(exp(-abs(v)))) / beta
        y[i] = x[i] if v > threshold else bent


@IN_ORDER
def softplus_backward(dy, x, beta, threshold, dx):
    """dx = dy · σ(beta · x), or dy where beta · x > threshold"""
    beta, threshold = x.dtype.type(beta), x.dtype.type(threshold)
    for i in range(dx.size):
        v = x[i] * beta
        bent = dy[i] * sigmoid(v)
        dx[i] = dy[i] if v > threshold else bent


@IN_ORDER
def logsigmoid(x, y):
    """y = min(x, 0) − log(1 + e^−|x|)"""
    zero = x.dtype.type(0)
    for i in range(y.size):
        y[i] = (zero if x[i] >= 0 else x[i]) - log1p_of_unit(exp(-abs(x[i])))


@IN_ORDER
def logsigmoid_backward(dy, x, dx):
    """dx = dy · σ(−x)"""
    for i in range(dx.size):
        dx[i] = dy[i] * sigmoid(-x[i])
