"""Sums over any dimensions that keep their digits, however many numbers are added.

numpy adds pairwise only along the dimension that lies closest in memory; along the others it adds row by row. A
million float32 rows of 100.5 then lose 1 % of their sum, since each addition is rounded to the size of the total.
"""

from math import prod

import numpy as np

from ._jit import IN_ORDER, jit

FEW = 64  # rows that may be added one by one: equal float32 numbers, the worst case, lose 1.0e-6 of their sum
SMALL = 1024  # elements; below, numpy's own sum in float64 costs less than a kernel might have to be loaded for


@jit
def sum_rows(x, y):
    """y (M,) = Σ x (N, M) over N: a few rows one by one, as numpy does it, and the sums of a few in float64"""
    N, M = x.shape
    total = np.empty(M if N > FEW else 0, np.float64)
    for m in range(M):
        y[m] = 0
    for n in range(N):
        for m in range(M):
            y[m] += x[n, m]
        if n % FEW == FEW - 1 and total.size:
            flush(y, total, n < FEW)
    for m in range(total.size):
        y[m] += total[m]


@IN_ORDER
def flush(y, total, first):
    """Move the sums y (M,) of a few rows to `total` (M,) float64, which is new if they are the first"""
    if first:
        for m in range(y.size):
            total[m] = y[m]
            y[m] = 0
    else:
        for m in range(y.size):
            total[m] += y[m]
            y[m] = 0


@jit
def sum_middle(x, y):
    """y (K, M) = Σ x (K, N, M) over N"""
    for k in range(x.shape[0]):
        sum_rows(x[k], y[k])


def sum_over(x, axes=None, keepdims=False, out=None):
    """Σ x over `axes`, to the last digits of its dtype.

    Parameters
    ----------
    x : ndarray
        Of float32 or float64; other dtypes are summed in int64.
    axes : int or tuple of int, optional
        Default all.
    keepdims : bool, default False
    out : ndarray, optional
        Of the shape and dtype of the result.

    Returns
    -------
    ndarray or scalar
        As ``np.add.reduce`` returns it. A function of the values, shape and strides only.
    """
    if x.dtype.kind != "f":
        return np.add.reduce(x, axes, np.int64, out, keepdims)
    if out is not None and not x.flags.c_contiguous:  # numpy would let the layout of `out` decide the order
        out[...] = sum_over(x, axes, keepdims)
        return out
    shape = x.shape
    if x.size <= FEW or axes is None:
        n = x.size
    elif type(axes) is int:
        n = shape[axes]
    else:
        n = prod([shape[i] for i in axes])
    if n <= FEW or (axes is None and x.flags.forc):
        return np.add.reduce(x, axes, None, out, keepdims)  # few, or pairwise
    dims = range(x.ndim) if axes is None else sorted([i % x.ndim for i in (axes if type(axes) is tuple else (axes,))])
    first, after = dims[0], dims[-1] + 1
    together = x.flags.c_contiguous and after - first == len(dims)
    if together and after == x.ndim:
        return np.add.reduce(x, axes, None, out, keepdims)
    if x.size < SMALL:
        total = np.add.reduce(x, axes, np.float64, None, keepdims)
    elif together:
        total = _kernel(x.reshape(prod(shape[:first]), n, prod(shape[after:])))
    else:
        total = _by_rows(x, dims)
    total = total.reshape([1 if i in dims else m for i, m in enumerate(shape) if keepdims or i not in dims])
    if out is not None:
        out[...] = total
        return out
    return total.astype(x.dtype, copy=False) if total.ndim else x.dtype.type(total)


def _kernel(rows):
    y = np.empty((rows.shape[0], rows.shape[2]), rows.dtype)
    sum_middle(rows, y)
    return y


def _by_rows(x, dims):
    """Σ x over `dims`, without them: one run of neighbours in memory after the other, from the innermost outwards."""
    times = 1
    for i in dims:  # what was expanded is one number many times
        if x.strides[i] == 0 and x.shape[i] > 1:
            times *= x.shape[i]
            x = x[(slice(None),) * i + (slice(0, 1),)]
    order = sorted([i for i in range(x.ndim) if x.shape[i] != 1], key=lambda i: -abs(x.strides[i]))
    x = x.transpose(*order, *[i for i in range(x.ndim) if x.shape[i] == 1]).squeeze()
    summed = [i in dims for i in order]
    while True in summed:
        end = len(summed)
        if summed[-1]:
            start = end - 1
            while start > 0 and summed[start - 1] and x.strides[start - 1] == x.strides[start] * x.shape[start]:
                start -= 1
            x = np.add.reduce(x, tuple(range(start, end)))  # pairwise
        else:
            while not summed[end - 1]:
                end -= 1
            start = end - 1
            while start > 0 and summed[start - 1]:
                start -= 1
            outer, inner = x.shape[:start], x.shape[end:]
            x = _kernel(x.reshape(prod(outer), prod(x.shape[start:end]), prod(inner))).reshape(*outer, *inner)
        del summed[start:end], order[start:end]
    ranks = sorted(range(len(order)), key=order.__getitem__)  # back from the order in memory
    x = np.asarray(x).transpose(ranks)
    return x if times == 1 else x * x.dtype.type(times)
