"""The loops of a fully connected operation beside its matrix products.

A loop of its own is shorter here than numpy's general one: 0.3 µs where adding a bias to 1×32 took 1.0 and summing it
1.1, 1.0 where 100×100 took 3.1 and 3.9 (float32, two-core EPYC).
"""

import numpy as np

from .._jit import jit
from ..reduction import FEW, flush, sum_rows


@jit
def add_bias(y, b):
    """y (N, M) += b (M,)"""
    N, M = y.shape
    for n in range(N):
        for m in range(M):
            y[n, m] += b[m]


@jit
def add_bias_and_relu(y, b, z):
    """y (N, M) += b (M,), and z (N · M,) = y where y > 0, else 0"""
    N, M = y.shape
    zero = y.dtype.type(0)
    z = z.reshape((N, M))
    for n in range(N):
        for m in range(M):
            v = y[n, m] + b[m]
            y[n, m] = v
            z[n, m] = zero if v <= 0 else v


@jit
def relu_backward_and_sum(dz, z, dy, db):
    """dy (N, M) = dz where z > 0, and db (M,) = Σ dy as `sum_of_rows` has it; dz and z are (N · M,)"""
    N, M = dy.shape
    zero = dy.dtype.type(0)
    dz, z = dz.reshape((N, M)), z.reshape((N, M))
    total = np.empty(M if N > FEW else 0, np.float64)
    for m in range(M):
        db[m] = 0
    for n in range(N):
        for m in range(M):
            v = zero if z[n, m] <= 0 else dz[n, m]
            dy[n, m] = v
            db[m] += v
        if n % FEW == FEW - 1 and total.size:
            flush(db, total, n < FEW)
    for m in range(total.size):
        db[m] += total[m]


@jit
def sum_of_rows(dy, db):
    """db (M,) = Σ dy (N, M) over N"""
    sum_rows(dy, db)
