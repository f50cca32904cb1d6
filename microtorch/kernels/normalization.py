"""Normalisation over the batch (x is (N, C, L), one statistic per channel c) and over rows (x is (M, D)).

numpy makes five to eight passes for each of these functions; here the moments take one and the result another. Sums
are kept in float64: for float32 that costs nothing beside the memory traffic and makes the length irrelevant.
"""

import numpy as np

from ._jit import jit


@jit
def batch_moments(x, stats):
    """stats[0], stats[1] (2, C): the mean and the mean squared deviation of each channel"""
    N, C, L = x.shape
    total = np.zeros(C)
    if L == 1:  # the loop over channels is the contiguous one
        for n in range(N):
            for c in range(C):
                total[c] += x[n, c, 0]
    else:
        for n in range(N):
            for c in range(C):
                s = 0.0
                for i in range(L):
                    s += x[n, c, i]
                total[c] += s
    mean = total / (N * L)
    total[:] = 0
    if L == 1:
        for n in range(N):
            for c in range(C):
                d = x[n, c, 0] - mean[c]
                total[c] += d * d
    else:
        for n in range(N):
            for c in range(C):
                m, s = mean[c], 0.0
                for i in range(L):
                    d = x[n, c, i] - m
                    s += d * d
                total[c] += s
    for c in range(C):
        stats[0, c] = mean[c]
        stats[1, c] = total[c] / (N * L)


@jit
def batch_norm(x, stats, eps, weight, bias, y):
    """y = (x − mean) · weight / sqrt(var + eps) + bias; stats (2, C): mean, var; weight, bias (C,) or of size 0"""
    N, C, L = x.shape
    scale = np.empty(C, x.dtype)
    shift = np.empty(C, x.dtype)
    for c in range(C):
        scale[c] = 1 / np.sqrt(stats[1, c] + eps)
        if weight.size:
            scale[c] *= weight[c]
        shift[c] = 0
        if bias.size:
            shift[c] = bias[c]
    mean = stats[0]
    if L == 1:
        for n in range(N):
            for c in range(C):
                y[n, c, 0] = (x[n, c, 0] - mean[c]) * scale[c] + shift[c]
    else:
        for n in range(N):
            for c in range(C):
                for i in range(L):
                    y[n, c, i] = (x[n, c, i] - mean[c]) * scale[c] + shift[c]


@jit
def batch_norm_backward(dy, x, stats, eps, weight, sums, dx):
    """dx through the batch's own moments; sums (2, C) takes Σ dy, which is dbias, and Σ dy · x̂, which is dweight"""
    N, C, L = x.shape
    db, dw = np.zeros(C), np.zeros(C)
    mean = stats[0]
    if L == 1:
        for n in range(N):
            for c in range(C):
                db[c] += dy[n, c, 0]
                dw[c] += dy[n, c, 0] * (x[n, c, 0] - mean[c])
    else:
        for n in range(N):
            for c in range(C):
                m, s, t = mean[c], 0.0, 0.0
                for i in range(L):
                    s += dy[n, c, i]
                    t += dy[n, c, i] * (x[n, c, i] - m)
                db[c] += s
                dw[c] += t
    scale = np.empty(C, x.dtype)
    slope = np.empty(C, x.dtype)
    level = np.empty(C, x.dtype)
    for c in range(C):
        rstd = 1 / np.sqrt(stats[1, c] + eps)
        dw[c] *= rstd
        sums[0, c], sums[1, c] = db[c], dw[c]
        level[c] = db[c] / (N * L)
        slope[c] = dw[c] / (N * L) * rstd
        if weight.size:
            rstd *= weight[c]
        scale[c] = rstd
    if L == 1:
        for n in range(N):
            for c in range(C):
                dx[n, c, 0] = scale[c] * (dy[n, c, 0] - level[c] - (x[n, c, 0] - mean[c]) * slope[c])
    else:
        for n in range(N):
            for c in range(C):
                for i in range(L):
                    dx[n, c, i] = scale[c] * (dy[n, c, i] - level[c] - (x[n, c, i] - mean[c]) * slope[c])


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


@jit
def _affine(x, mean, rstd, weight, bias, y):
    for i in range(y.size):
        v = (x[i] - mean) * rstd
        if weight.size:
            v *= weight[i]
        if bias.size:
            v += bias[i]
        y[i] = v


@jit
def layer_norm_backward(dy, x, weight, stats, sums, dx):
    """dx by row; sums (2, D) takes Σ dy, which is dbias, and Σ dy · x̂, which is dweight"""
    M, D = x.shape
    sums[:] = 0
    for m in range(M):
        mean, rstd = stats[0, m], stats[1, m]
        a, b = 0.0, 0.0
        for i in range(D):
            g, xh = dy[m, i], (x[m, i] - mean) * rstd
            sums[0, i] += g
            sums[1, i] += g * xh
            if weight.size:
                g = g * weight[i]
            a += g
            b += g * xh
        level, slope = x.dtype.type(a / D), x.dtype.type(b / D)
        for i in range(D):
            g, xh = dy[m, i], (x[m, i] - mean) * rstd
            if weight.size:
                g = g * weight[i]
            dx[m, i] = rstd * (g - level - xh * slope)


@jit
def rms_norm_backward(dy, x, weight, rstd, dw, dx):
    """dx by row; dw (D,) takes Σ dy · x · rstd"""
    M, D = x.shape
    dw[:] = 0
    for m in range(M):
        r, b = rstd[m], 0.0
        for i in range(D):
            g, xh = dy[m, i], x[m, i] * r
            dw[i] += g * xh
            if weight.size:
                g = g * weight[i]
            b += g * xh
        slope = x.dtype.type(b / D)
        for i in range(D):
            g, xh = dy[m, i], x[m, i] * r
            if weight.size:
                g = g * weight[i]
            dx[m, i] = r * (g - xh * slope)
