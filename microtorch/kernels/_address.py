"""Arrays by their addresses, for kernels that go through many arrays of unequal lengths in one call.

numba takes a list of arrays only by copying it, at a price for each array that is larger than a small kernel's work.
"""

import ctypes

import numpy as np

from ._jit import SETTING, _Lazy


class _ArrayAt(_Lazy):
    """numba makes no array from a number by itself: the one cast that it lacks has to be told in LLVM's terms."""

    def compile(self):
        import numba

        made = self.function if numba.config.DISABLE_JIT else _by_llvm(numba)
        self.function.__globals__["array_at"] = made
        return made


def _by_llvm(numba):
    @numba.extending.intrinsic
    def pointer(context, address, like):
        kind = numba.types.CPointer(like.dtype)

        def generate(context, builder, signature, args):
            return builder.inttoptr(args[0], context.get_value_type(kind))

        return kind(address, like), generate

    return numba.njit(lambda address, n, like: numba.carray(pointer(address, like), n), **SETTING)


def _array_at(address, n, like):
    """The n numbers of the dtype of `like` at `address`, flat; the caller answers for their being there."""
    memory = (ctypes.c_char * int(n * like.itemsize)).from_address(int(address))
    return np.frombuffer(memory, like.dtype)


array_at = _ArrayAt(_array_at, {})
