"""Losses fused with their reduction; x is (M, C), one row for each sample, labels (M,), and sums over rows are float64.

`terms` is (2, C), what a row charges for each class and what in addition for its label's, or of size 0 for 0 and 1;
`weight` is (C,), or of size 0 for 1: one compiled version less for each argument that could be None.
"""

import numpy as np

from .._jit import jit
from .._math import exp
from ..nn.softmax import sum_of_exps


@jit
def cross_entropy(x, labels, ignore_index, terms, mean, rows, y):
    """rows (3, M + 1) takes each row's loss, max x and 1 / Σ e^(x − max), and at its end what the sum of losses is
    divided by; y () takes the sum or mean; raises IndexError for a label that is no class

    One pass over x where numpy makes six: maximum, difference, exponential, sum, choice of the label, sum.
    """
    M, C = x.shape
    total, weights = 0.0, 0.0
    for m in range(M):
        t = labels[m]
        if t == ignore_index:
            rows[0, m], rows[1, m], rows[2, m] = 0, 0, 0
            continue
        if t < 0 or t >= C:
            raise IndexError("label")
        high = x[m, 0]
        for c in range(1, C):
            high = x[m, c] if x[m, c] > high else high
        s = sum_of_exps(x, m, high)
        level = high + np.log(s)
        loss, weight = level - x[m, t], 1.0
        if terms.size:
            loss *= terms[1, t]
            weight = terms[1, t] + C * terms[0, t]
            for c in range(C):
                loss += 0.0 if terms[0, c] == 0 else terms[0, c] * (level - x[m, c])
        rows[0, m], rows[1, m], rows[2, m] = loss, high, 1 / s
        total += loss
        weights += weight
    count = weights if mean else 1.0
    rows[1, M], y[()] = count, total / count  # 0 / 0 is NaN: no row counted


@jit
def cross_entropy_backward(x, labels, ignore_index, terms, rows, g, dx):
    """dx = g / count · (softmax(x) · Σ terms − terms); rows from `cross_entropy`, count among them; g (M,) or (1,)"""
    M, C = x.shape
    count = rows[1, M]
    spread = 0.0
    if terms.size:
        for c in range(C):
            spread += terms[0, c]
    for m in range(M):
        t = labels[m]
        if t == ignore_index:
            for c in range(C):
                dx[m, c] = 0
            continue
        gm, high, share = g[m if g.size > 1 else 0] / count, rows[1, m], rows[2, m]
        if terms.size == 0:
            for c in range(C):
                dx[m, c] = gm * (exp(x[m, c] - high) * share)
            dx[m, t] -= gm
        else:
            sum_of_terms = x.dtype.type(spread + terms[1, t])
            for c in range(C):
                dx[m, c] = gm * (exp(x[m, c] - high) * share * sum_of_terms - terms[0, c])
            dx[m, t] -= gm * terms[1, t]


@jit
def cross_entropy_of_shares(x, shares, terms, losses):
    """As `cross_entropy`, with a share (M, C) of each class in place of a label; terms[0] is charged to every class,
    terms[1] to each in proportion to its share; returns Σ loss"""
    M, C = x.shape
    total = 0.0
    for m in range(M):
        high = x[m, 0]
        for c in range(1, C):
            high = x[m, c] if x[m, c] > high else high
        level = high + np.log(sum_of_exps(x, m, high))
        loss = 0.0
        for c in range(C):
            charge = terms[0, c] + terms[1, c] * shares[m, c]
            loss += 0.0 if charge == 0 else charge * (level - x[m, c])
        losses[m] = loss
        total += loss
    return total


@jit
def nll(x, labels, ignore_index, weight, rows):
    """rows (M,) takes −weight · x at the label; returns (Σ loss, Σ weight, the first row with a bad label or −1)"""
    M, C = x.shape
    total, weights = 0.0, 0.0
    for m in range(M):
        t = labels[m]
        if t == ignore_index:
            rows[m] = 0
            continue
        if t < 0 or t >= C:
            return total, weights, m
        w = weight[t] if weight.size else x.dtype.type(1)
        rows[m] = -x[m, t] * w
        total += rows[m]
        weights += w
    return total, weights, -1


@jit
def nll_backward(labels, ignore_index, weight, g, count, dx):
    """dx = −g / count · weight at the label, else 0; g (M,) or (1,) is the gradient of each row's loss"""
    dx[:] = 0
    for m in range(labels.size):
        t = labels[m]
        if t != ignore_index:
            gm = g[m if g.size > 1 else 0] / dx.dtype.type(count)
            dx[m, t] = -gm * weight[t] if weight.size else -gm
