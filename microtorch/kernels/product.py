"""Matrix products by the BLAS that numpy has loaded, called without Python; see `_blas` for the addresses.

numpy's own functions call the same library, but not to be called from a kernel: eager and captured steps both use this
one, so they agree bit for bit.
"""

import functools

from ._jit import SETTING, _Lazy, jit

ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112
# Note [Small products]: OpenBLAS divides a product among threads where it has more than 64³ multiplications. Up to four
# times as many gain nothing by that, and wait for ever where others keep the processors busy. So they are computed in
# parts of rows that are below; by their shape alone, so that results do not depend on anything else.
ALONE = 1 << 18  # multiplications of a product that is never divided
PARTS = 4


class _Called(_Lazy):
    """A call of a C function by its address; numba has no such call, so it is told in LLVM's terms."""

    def compile(self):
        import numba

        made = self.function if numba.config.DISABLE_JIT else _by_llvm(numba, **self.options)
        self.function.__globals__[self.__name__] = made
        return made


def _by_llvm(numba, kinds):
    """``call(address, like, *args)`` for a C function without result.

    `kinds` has a letter for each argument: e for an enumeration, n for an integer of 64 bits (as a BLAS with 32 bits
    sees it, too), s for a number of the dtype of `like`, p for an address.
    """

    @numba.extending.intrinsic
    def call(context, address, like, args):
        from llvmlite import ir

        number = {"float32": ir.FloatType(), "float64": ir.DoubleType()}[str(like.dtype)]
        words = {"e": ir.IntType(32), "n": ir.IntType(64), "s": number, "p": ir.IntType(8).as_pointer()}

        def generate(context, builder, signature, values):
            target = ir.FunctionType(ir.VoidType(), [words[kind] for kind in kinds])
            function = builder.inttoptr(values[0], target.as_pointer())
            given = []
            for i, kind in enumerate(kinds):
                value = builder.extract_value(values[2], i)
                if kind == "e":
                    value = builder.trunc(value, words["e"])
                elif kind == "p":
                    value = builder.inttoptr(value, words["p"])
                elif kind == "s":
                    value = builder.sitofp(value, number)
                given.append(value)
            builder.call(function, given)
            return context.get_dummy_value()

        return numba.types.void(address, like, args), generate

    return numba.njit(lambda address, like, args: call(address, like, args), **SETTING)


def _plain(address, like, args):
    """Without a compiler the library is called as ctypes does it; for tests."""
    raise NotImplementedError("products are numpy's where numba does not compile")


def _gemm(address, like, args):
    return _plain(address, like, args)


def _gemv(address, like, args):
    return _plain(address, like, args)


gemm = _Called(_gemm, {"kinds": "eeennnspnpnspn"})
gemv = _Called(_gemv, {"kinds": "eennspnpnspn"})


@functools.partial(jit, nogil=True)
def product(gemm_at, gemv_at, ta, tb, a, b, y):
    """y (N, M) = a (N, K) @ b (K, M); a is (K, N) if `ta`, b is (M, K) if `tb`; all row-major

    One row goes through gemv, which reads b once and packs nothing; where K is 1 there is nothing to add up.
    """
    N, M = y.shape
    K = a.shape[0] if ta else a.shape[1]
    if (b.shape[1] if tb else b.shape[0]) != K:
        raise ValueError("product")  # the operation has the words
    if K == 1:
        column, row = a.reshape(a.size), b.reshape(b.size)
        for n in range(N):
            for m in range(M):
                y[n, m] = column[n] * row[m]
    elif K == 0:
        y[:] = 0
    elif N == 1 and M > 0:
        # y = op(b)ᵀ a, where b lies as (M, K) or (K, M)
        rows, columns = b.shape
        kind = PLAIN if tb else TRANSPOSED
        x, z = a.ctypes.data, y.ctypes.data
        gemv(gemv_at, y, (ROW_MAJOR, kind, rows, columns, 1, b.ctypes.data, columns, x, 1, 0, z, 1))
    elif N > 0 and M > 0:
        left, right = TRANSPOSED if ta else PLAIN, TRANSPOSED if tb else PLAIN
        x, w, z = a.ctypes.data, b.ctypes.data, y.ctypes.data
        rows = N
        if ALONE < N * M * K <= PARTS * ALONE and M * K <= ALONE // 4:
            rows = ALONE // (M * K)
        step = y.itemsize * (1 if ta else a.shape[1])  # bytes from one row of op(a) to the next
        for n in range(0, N, rows):
            part = (ROW_MAJOR, left, right, min(rows, N - n), M, K, 1, x + n * step, a.shape[1], w, b.shape[1], 0)
            gemm(gemm_at, y, (*part, z + n * M * y.itemsize, M))
