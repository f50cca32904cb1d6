"""The BLAS that numpy itself has loaded: its functions by address, for kernels, and how many threads it works with.

The library that numpy's own module was linked with is found through that module, which gives the symbols of whatever
it needs: OpenBLAS, MKL, BLIS or Accelerate under their plain names, or those of numpy's wheels. Where none is found
(Windows gives only a module's own symbols), matrix products are numpy's, and everything works as well.
"""

import ctypes
import functools
import os
import pathlib
import platform

import numpy as np

# Before and after the plain name; 64 stands for integers of 64 bits.
_SPELLINGS = (("scipy_", "64_"), ("", "64_"), ("", "64__"), ("scipy_", ""), ("", ""))


@functools.cache
def _library():
    from numpy._core import _multiarray_umath

    try:
        return ctypes.CDLL(_multiarray_umath.__file__)
    except OSError:
        return None


def _symbol(name):
    """The function `name` under one of its spellings, or None."""
    for before, after in _SPELLINGS if _library() is not None else ():
        # On Apple's processors arguments of 32 bits lie closer together than those of 64 that are passed here.
        if "64" not in after and platform.machine() == "arm64":
            continue
        function = getattr(_library(), f"{before}{name}{after}", None)
        if function is not None:
            return function
    return None


@functools.cache
def addresses(dtype):
    """The addresses of gemm and gemv for a dtype, (0, 0) where they are not found or do not compute what numpy does."""
    letter = {"float32": "s", "float64": "d"}.get(dtype.name)
    found = [_symbol(f"cblas_{letter}{name}") for name in ("gemm", "gemv")] if letter else [None]
    if None in found:
        return 0, 0
    _respect_limits()
    pair = tuple([ctypes.cast(function, ctypes.c_void_p).value for function in found])
    return pair if _works(pair, dtype) else (0, 0)


def _works(pair, dtype):
    from .product import product

    rng = np.random.default_rng(0)
    for n, k, m in ((3, 4, 5), (1, 6, 2)):
        a, b, y = rng.standard_normal((k, n)), rng.standard_normal((m, k)), np.empty((n, m), dtype)
        a, b = a.astype(dtype), b.astype(dtype)
        try:
            product(*pair, True, True, a, b, y)
        except NotImplementedError:  # without a compiler
            return False
        if not np.allclose(y, a.T @ b.T, rtol=1e-4):
            return False
    return True


class _Seen:
    divided = False  # whether there was a product that is divided among threads, where there are several


seen = _Seen()


@functools.cache
def _threads():
    """The functions of OpenBLAS that set and tell how many threads it has, or None."""
    found = _symbol("openblas_set_num_threads"), _symbol("openblas_get_num_threads")
    return None if None in found else found


def get_threads():
    """How many threads a large product is divided among, or None where that is not known."""
    return None if _threads() is None else _threads()[1]()


def set_threads(count):
    """Divide large products among `count` threads; whether that could be done."""
    if _threads() is None:
        return False
    _threads()[0](ctypes.c_int(count))
    return True


def usable_processors(groups="/sys/fs/cgroup", this="/proc/self/cgroup"):
    """How many processors this process may keep busy: by its affinity, and by the quotas of its control groups."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return max(1, min([count, *_quotas(pathlib.Path(groups), pathlib.Path(this))]))


def _quotas(groups, this):
    """The processors' worth of time that each control group around this process allows, rounded down but to 1."""
    try:
        paths = [line.split(":", 2)[2] for line in this.read_text().splitlines() if line.startswith("0::")]
    except OSError:
        return
    for path in paths or ["/"]:
        folder = groups / path.strip("/")
        for place in (folder, *folder.parents):
            try:
                quota, period = (place / "cpu.max").read_text().split()
            except (OSError, ValueError):
                pass
            else:
                if quota != "max":
                    yield max(1, int(quota) // int(period))
            if place == groups:
                break


def _respect_limits():
    """Take fewer threads where the process may not use as many processors as numpy's BLAS has found; once."""
    if os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS"):
        return
    threads = get_threads()
    if threads is not None and threads > (usable := usable_processors()):
        set_threads(usable)
