"""What a fully connected operation does besides its matrix products.

A loop of its own is shorter here than numpy's general one: 0.3 µs where adding a bias to 1×32 took 1.0 and summing it
1.1, 1.0 where 100×100 took 3.1 and 3.9 (float32, two-core EPYC).
"""

from ._jit import jit


@jit
def add_bias(y, b):
    """y (N, M) += b (M,)"""
    N, M = y.shape
    for n in range(N):
        for m in range(M):
            y[n, m] += b[m]


@jit
def sum_of_rows(dy, db):
    """db (M,) = Σ dy (N, M) over N, row by row as numpy does it"""
    N, M = dy.shape
    for m in range(M):
        db[m] = 0
    for n in range(N):
        for m in range(M):
            db[m] += dy[n, m]
