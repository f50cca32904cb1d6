"""Binary cross-entropy with logits, forward and backward."""

from .._jit import IN_ORDER
from .._math import exp, log1p_of_unit, sigmoid


@IN_ORDER
def binary_cross_entropy_with_logits(x, t, y):
    """y = |x| · (t, or 1 − t where x > 0) + log(1 + e^−|x|), over flat arrays, with ∞ · 0 = 0"""
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(y.size):
        a = abs(x[i])
        wrong = one - t[i] if x[i] > 0 else t[i]
        y[i] = (zero if wrong == 0 else a * wrong) + log1p_of_unit(exp(-a))


@IN_ORDER
def binary_cross_entropy_with_logits_backward(dy, x, t, dx):
    """dx = dy · (σ(x) − t), over flat arrays"""
    for i in range(dx.size):
        dx[i] = dy[i] * (sigmoid(x[i]) - t[i])
