"""Dropout: each element's fate is a hash of its place and a key, so that a mask need not be stored to be had again.

The hash has no state, so the loop vectorises: numpy's generator plus comparison plus product take 5 passes.
"""

import numpy as np

from .._jit import SETTING, _Lazy, jit


class _Counted(_Lazy):
    """Counting that no other thread comes between: captured steps count without Python's lock."""

    def compile(self):
        import numba

        made = self.function if numba.config.DISABLE_JIT else _by_llvm(numba)
        self.function.__globals__["counted"] = made
        return made


def _by_llvm(numba):
    @numba.extending.intrinsic
    def add_one(context, address):
        def generate(context, builder, signature, args):
            from llvmlite import ir

            word = ir.IntType(64)
            pointer = builder.inttoptr(args[0], word.as_pointer())
            return builder.atomic_rmw("add", pointer, word(1), "monotonic")

        return numba.types.uint64(numba.types.uintp), generate

    return numba.njit(lambda words: add_one(words[1:].ctypes.data) + np.uint64(1), **SETTING)


def _counted(words):
    words[1] += np.uint64(1)
    return words[1]


counted = _Counted(_counted, {})


@jit
def draw_key(words, key):
    """key (2,) uint32 takes the next key of a generator; words (2,) uint64: its seed, and how many keys were drawn"""
    # splitmix64 (Steele, Lea, Flood 2014): consecutive counts give unrelated keys
    z = words[0] + counted(words) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    key[0], key[1] = np.uint32(z & np.uint64(0xFFFFFFFF)), np.uint32(z >> np.uint64(32))


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
def dropout(x, key, limit, scale, y):
    """y = x · scale where the hash is at least `limit`, else x · 0; key (2,) uint32; all flat"""
    low, high, limit = key[0], key[1], np.uint32(limit)
    scale, zero = x.dtype.type(scale), x.dtype.type(0)
    for i in range(y.size):
        y[i] = x[i] * (scale if _hash(i, low, high) >= limit else zero)
