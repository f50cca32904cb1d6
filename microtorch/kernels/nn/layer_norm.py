"""Layer norm and RMS norm, forward and backward."""

import numpy as np

from .._jit import IN_ORDER, jit
from ..reduction import FEW, flush


@jit
def layer_norm(x, weight, bias, eps, stats, y):
    """y = (x − mean) · rstd · weight + bias by row; stats (2, M) takes mean and rstd; weight, bias (D,) or of size 0"""
    M, D = x.shape
    for m in range(M):
        s = 0.0
        for i in range(D):
            s += x[m, i]
        mean = s / D
        s = 0.0
        for i in range(D):
            d = x[m, i] - mean
            s += d * d
        stats[0, m] = mean
        stats[1, m] = 1 / np.sqrt(s / D + eps)
        _affine(x[m], stats[0, m], stats[1, m], weight, bias, y[m])


@jit
def rms_norm(x, weight, eps, rstd, y):
    """y = x · weight / sqrt(mean(x²) + eps) by row; rstd (M,) takes the second factor"""
    M, D = x.shape
    zero = x.dtype.type(0)
    for m in range(M):
        s = 0.0
        for i in range(D):
            v = float(x[m, i])
            s += v * v
        rstd[m] = 1 / np.sqrt(s / D + eps)
        _affine(x[m], zero, rstd[m], weight, weight[:0], y[m])


@IN_ORDER
def _affine(x, mean, rstd, weight, bias, y):
    for i in range(y.size):
        v = (x[i] - mean) * rstd
        if weight.size:
            v *= weight[i]
        if bias.size:
            v += bias[i]
        y[i] = v


@jit
def layer_norm_backward(dy, x, weight, stats, db, dw, dx):
    """dx by row; db (D,) takes Σ dy and dw (D,) Σ dy · x̂"""
    M, D = x.shape
    totals = np.empty((2, D if M > FEW else 0), np.float64)
    for i in range(D):
        db[i], dw[i] = 0, 0
    for m in range(M):
        mean, rstd = stats[0, m], stats[1, m]
        a, b = 0.0, 0.0
        for i in range(D):
            g, xh = dy[m, i], _normal(x[m, i], mean, rstd)
            db[i] += g
            dw[i] += g * xh
            if weight.size:
                g = g * weight[i]
            a += g
            b += g * xh
        _descend(dy, x, m, weight, mean, rstd, x.dtype.type(a / D), x.dtype.type(b / D), dx)
        if m % FEW == FEW - 1 and totals.size:
            flush(db, totals[0], m < FEW)
            flush(dw, totals[1], m < FEW)
    for i in range(totals.shape[1]):
        db[i] += totals[0, i]
        dw[i] += totals[1, i]


@IN_ORDER
def _normal(x, mean, rstd):
    return (x - mean) * rstd


@IN_ORDER
def _descend(dy, x, m, weight, mean, rstd, level, slope, dx):
    """dx = rstd · (g − level − x̂ · slope), g = w · dy, for row m"""
    for i in range(dx.shape[1]):
        g, xh = dy[m, i], (x[m, i] - mean) * rstd
        if weight.size:
            g = g * weight[i]
        dx[m, i] = rstd * (g - level - xh * slope)


@jit
def rms_norm_backward(dy, x, weight, rstd, dw, dx):
    """dx by row; dw (D,) takes Σ dy · x · rstd"""
    M, D = x.shape
    zero = x.dtype.type(0)
    total = np.empty(D if M > FEW else 0, np.float64)
    dw[:] = 0
    for m in range(M):
        r, b = rstd[m], 0.0
        for i in range(D):
            g, xh = dy[m, i], _normal(x[m, i], zero, r)
            dw[i] += g * xh
            if weight.size:
                g = g * weight[i]
            b += g * xh
        _descend(dy, x, m, weight, zero, r, zero, x.dtype.type(b / D), dx)
        if m % FEW == FEW - 1 and total.size:
            flush(dw, total, m < FEW)
    for i in range(total.size):
        dw[i] += total[i]
