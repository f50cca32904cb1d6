"""Normalisation over the batch (by columns of (M, C)) and over rows (of (M, D)).

numpy makes five to eight passes for each of these functions; here the moments take one and the result another. Sums
are kept in float64: for float32 that costs nothing beside the memory traffic and makes the length irrelevant.
"""

import numpy as np

from .._jit import IN_ORDER, jit


@jit
def count(counter):
    """counter () += 1"""
    counter[()] += 1


# x, y (M, C); weight, bias (C,); running_mean, running_var (C,) or of size 0, moved towards the batch's; sums (2, C)
# float64, scratch; stats (2, C) takes mean and rstd. Two passes over x where numpy's formula makes eight.
@IN_ORDER
def batch_norm(x, weight, bias, running_mean, running_var, momentum, eps, sums, stats, y):
    """y = (x − mean) · rstd · weight + bias by column, with the mean and the biased variance of the batch"""
    M, C = x.shape
    for c in range(C):
        sums[0, c], sums[1, c] = 0, 0
    # Squares of deviations from the first row, in one pass: a row is at most √M deviations away from the mean, so
    # that of 53 bits no more than log2(M) are lost.
    for m in range(M):
        for c in range(C):
            d = np.float64(x[m, c]) - np.float64(x[0, c])
            sums[0, c] += d
            sums[1, c] += d * d
    for c in range(C):
        shift = sums[0, c] / M
        mean = x[0, c] + shift
        var = sums[1, c] / M - shift * shift
        var = 0.0 if var < 0 else var
        stats[0, c], stats[1, c] = mean, 1 / np.sqrt(var + eps)
        if running_mean.size:
            running_mean[c] = (1 - momentum) * running_mean[c] + momentum * mean
            running_var[c] = (1 - momentum) * running_var[c] + momentum * var * M / (M - 1)
    for m in range(M):
        for c in range(C):
            y[m, c] = (x[m, c] - stats[0, c]) * stats[1, c] * weight[c] + bias[c]


# dy, x, dx (M, C); weight, db, dw (C,); sums (2, C) float64, scratch; stats (2, C) as `batch_norm` left it. Two passes
# where numpy's formula makes eighteen.
@IN_ORDER
def batch_norm_backward(dy, x, weight, sums, stats, db, dw, dx):
    """db = Σ dy, dw = Σ dy · x̂ and dx = weight · rstd · (dy − db / M − x̂ · dw / M), by column"""
    M, C = x.shape
    for c in range(C):
        sums[0, c], sums[1, c] = 0, 0
    for m in range(M):
        for c in range(C):
            sums[0, c] += dy[m, c]
            sums[1, c] += dy[m, c] * (x[m, c] - stats[0, c])
    for c in range(C):
        db[c], dw[c] = sums[0, c], sums[1, c] * stats[1, c]
    share = x.dtype.type(1 / M)
    for m in range(M):
        for c in range(C):
            normal = (x[m, c] - stats[0, c]) * stats[1, c]
            dx[m, c] = weight[c] * stats[1, c] * (dy[m, c] - share * (db[c] + normal * dw[c]))
