"""Threads of the matrix products by rank: as many as the cores of the machine are there for each rank on it.

By default each process takes a thread for each core, and two ranks' threads then wait for one another's at every
product. Who sets OMP_NUM_THREADS or the like has decided already, and nothing is changed.
"""

import ctypes
import os
from pathlib import Path

import numpy as np

NAMES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_SETTERS = [f"{prefix}openblas_set_num_threads{suffix}" for prefix in ("scipy_", "") for suffix in ("64_", "_64", "")]


def cores():
    """How many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def share(ranks_here):
    """How many threads each of so many ranks on this machine should have."""
    return max(1, min(cores(), (os.cpu_count() or 1) // ranks_here))


def limit(count):
    """Let numpy's matrix products use `count` threads, unless the environment says how many; whether that was done."""
    if any(name in os.environ for name in NAMES):
        return False
    return sum(_set(path, count) for path in _libraries()) > 0


def _libraries():
    """The OpenBLAS libraries that numpy's wheels bring with them."""
    beside = Path(np.__file__).parent
    folders = (beside.parent / "numpy.libs", beside / ".libs", beside / ".dylibs")
    return [path for folder in folders for path in sorted(folder.glob("*openblas*"))]


def _set(path, count):
    library = ctypes.CDLL(str(path))  # loaded already: this is another handle of it
    for name in _SETTERS:
        setter = getattr(library, name, None)
        if setter is not None:
            setter(ctypes.c_int(count))
            return True
    return False
