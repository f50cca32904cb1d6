"""Dropout: each element's fate is a hash of its place and a key, so that a mask need not be stored to be had again.

The hash has no state, so the loop vectorises: numpy's generator plus comparison plus product take 5 passes.
"""

import numpy as np

from .._jit import jit


@jit
def _hash(i, low, high):
    """32 bits from a place and a key of 64 bits: two rounds of a multiply-xorshift mixer (C. Wellons: hash prospector,
    `lowbias32`), the second half of the key entering between them."""
    h = np.uint32(np.uint32(i) ^ low)
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D))
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B))
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(16))) + high)
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(16))) * np.uint32(0x7FEB352D))
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(15))) * np.uint32(0x846CA68B))
    return np.uint32(h ^ (h >> np.uint32(16)))


@jit
def dropout(x, low, high, limit, scale, y):
    """y = x · scale where the hash is at least `limit`, else x · 0; the key is (low, high), all flat"""
    low, high, limit = np.uint32(low), np.uint32(high), np.uint32(limit)
    scale, zero = x.dtype.type(scale), x.dtype.type(0)
    for i in range(y.size):
        y[i] = x[i] * (scale if _hash(i, low, high) >= limit else zero)
