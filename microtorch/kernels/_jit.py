"""How kernels are compiled: the one setting, when, and where the machine code is kept.

Importing numba takes 0.3 s, so a kernel compiles (or loads from the cache) when it is first called; then the compiled
function takes its place in its module, so that later calls pay nothing for the laziness.
"""

import contextlib
import functools
import hashlib
import logging  # noqa: F401 (its own lock at forks must be taken after those here: numba logs while it holds them)
import os
import pathlib
import platform
import sys
import threading
import types

from ._cache import Cache, find_folder

SETTING = {
    "error_model": "numpy",  # division by zero gives inf, as numpy's; the check would stop loops from vectorising
    # Every licence but two: nnan and ninf would let the compiler delete NaN and inf handling.
    "fastmath": {"nsz", "arcp", "contract", "afn", "reassoc"},
}


lock = threading.RLock()  # a kernel is made once, whichever threads ask for it


class _Lazy:
    """A kernel that compiles at its first call."""

    def __init__(self, function, options):
        functools.update_wrapper(self, function)
        self.function, self.options, self.kernel = function, options, None

    def __call__(self, *args):
        return self.compiled()(*args)

    def compiled(self):
        with lock:
            if self.kernel is None:
                self.kernel = self.compile()
            return self.kernel

    def compile(self):
        numba = _numba()
        names = self.function.__globals__
        for name in self.function.__code__.co_names:  # the kernels that this one calls
            if isinstance(names.get(name), _Lazy) and names[name] is not self:
                names[name] = names[name].compiled()
        kernel = numba.njit(self.function, **{**SETTING, **self.options})
        directory = _cache_directory()
        if directory is not None and hasattr(kernel, "_cache"):  # with NUMBA_DISABLE_JIT it is the function itself
            with contextlib.suppress(OSError):  # a function that was typed in has no file
                kernel._cache = Cache(directory, self.function)
        if names.get(self.__name__) is self:
            names[self.__name__] = kernel
        return kernel


def jit(function=None, **options):
    """Decorate a kernel: numba compiles it at its first call, with the one `SETTING`.

    Parameters
    ----------
    function : callable
        Plain loops over contiguous arrays.
    **options
        More for `numba.njit`, as ``inline="always"``.
    """
    if function is None:
        return functools.partial(jit, **options)
    if not isinstance(function, types.FunctionType):
        raise TypeError(f"jit takes a function, not {type(function).__name__}")
    return _Lazy(function, options)


# Note [In order]: with the licence to regroup, x · (n / (n + 2)) becomes (x · n) / (n + 2), which overflows where no
# step as written does. Only a sum of many numbers gains by it, as several are then added at once; so kernels by element
# are compiled in the order in which they are written, and in the others the part by element is a function of its own.
IN_ORDER = jit(fastmath={"nsz", "contract"})


def ready(kernel):
    """`kernel` compiled, for somebody who keeps it rather than look it up in its module at each call."""
    return kernel.compiled() if isinstance(kernel, _Lazy) else kernel


@functools.cache
def _numba():
    """The package, after all that it imports when it first looks at an array, which it does without a lock.

    A process that forks while another thread imports a module could never import that module.
    """
    import numba
    import numpy

    numba.typeof(numpy.empty(0))
    return numba


@functools.cache
def _cache_directory():
    """Where compiled kernels are kept, a path, or None where there is no folder that is safe to use.

    The directory is named by all kernel sources and versions: a kernel's own file does not say when a helper that it
    calls, in another file, has changed.
    """
    import llvmlite
    import numba
    import numpy

    digest = hashlib.sha256()
    for part in (platform.python_version(), numba.__version__, llvmlite.__version__, numpy.__version__):
        digest.update(part.encode())
    for source in sorted(pathlib.Path(__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    return find_folder(f"kernels-{digest.hexdigest()[:16]}")


class _Forks:
    """Lets no process fork while another thread compiles: in the child the locks would be held for ever."""

    def __init__(self):
        self.held = []
        os.register_at_fork(before=self.hold, after_in_parent=self.let_go, after_in_child=self.let_go)

    def hold(self):
        lock.acquire()
        compiler = getattr(sys.modules.get("numba.core.compiler_lock"), "global_compiler_lock", None)
        if compiler is not None:
            compiler.acquire()
        self.held = [lock] if compiler is None else [compiler, lock]

    def let_go(self):
        for lock in self.held:
            lock.release()


if hasattr(os, "register_at_fork"):
    _Forks()
