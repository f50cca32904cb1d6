"""Arrays by the addresses of their objects, for kernels that go through many arrays of unequal lengths in one call.

numba takes a list of arrays only by copying it, at a price for each array that is larger than a small kernel's work,
and asking an array for its address takes 1.4 µs. ``id(array)``, 0.03 µs, is the address of the array's object, and that
begins with what `PyArrayObject` of numpy's C interface says, the same in every version since 1.7.
"""

import ctypes

import numpy as np

from ._jit import SETTING, _Lazy, jit

# The fields of an array's object, each a word of 8 bytes, after what every object of Python begins with.
HEAD = object.__basicsize__
DATA, DIMENSIONS, SHAPE, DTYPE, FLAGS = (HEAD + 8 * i for i in (0, 1, 2, 5, 6))
C_CONTIGUOUS, ALIGNED, WRITEABLE = 0x1, 0x100, 0x400
HALF = 0xFFFFFFFF  # the number of dimensions and the flags have 4 bytes


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


# rows (n, m) int64: an id of an array, or 0. A row has a parameter, its gradient, which is only read, and its state.
@jit
def first_misfit(rows, dtype):
    """The number of the first row whose arrays are not alike, of the dtype with that id and contiguous, or -1."""
    for k in range(rows.shape[0]):
        p = rows[k, 0]
        dimensions = array_at(p + DIMENSIONS, 1, rows)[0] & HALF
        shape = array_at(array_at(p + SHAPE, 1, rows)[0], dimensions, rows)
        for j in range(rows.shape[1]):
            a = rows[k, j]
            if a == 0:
                continue
            needed = C_CONTIGUOUS | ALIGNED | (0 if j == 1 else WRITEABLE)
            if array_at(a + FLAGS, 1, rows)[0] & needed != needed or array_at(a + DTYPE, 1, rows)[0] != dtype:
                return k
            if array_at(a + DIMENSIONS, 1, rows)[0] & HALF != dimensions:
                return k
            lengths = array_at(array_at(a + SHAPE, 1, rows)[0], dimensions, rows)
            for i in range(dimensions):
                if lengths[i] != shape[i]:
                    return k
    return -1


@jit
def size_of(array, rows):
    """How many numbers the array with the id `array` has."""
    dimensions = array_at(array + DIMENSIONS, 1, rows)[0] & HALF
    n = 1
    for length in array_at(array_at(array + SHAPE, 1, rows)[0], dimensions, rows):
        n *= length
    return n


@jit
def array_of(array, rows, like):
    """The numbers of the contiguous array with the id `array`, flat; they have the dtype of `like`."""
    return array_at(array_at(array + DATA, 1, rows)[0], size_of(array, rows), like)
