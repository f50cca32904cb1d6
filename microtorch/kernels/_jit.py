"""How kernels are compiled: the one setting, when, and where the machine code is kept.

Importing numba takes 0.3 s, so a kernel compiles (or loads from the cache) when it is first called; then the compiled
function takes its place in its module, so that later calls pay nothing for the laziness.
"""

import functools
import hashlib
import os
import pathlib
import platform
import tempfile
import threading
import types

SETTING = {
    "error_model": "numpy",  # division by zero gives inf, as numpy's; the check would stop loops from vectorising
    # Every licence but two: nnan and ninf would let the compiler delete NaN and inf handling.
    "fastmath": {"nsz", "arcp", "contract", "afn", "reassoc"},
}

_lock = threading.RLock()  # numba's setting of the cache belongs to the process, not to the thread that changes it


class _Lazy:
    """A kernel that compiles at its first call."""

    def __init__(self, function, options):
        functools.update_wrapper(self, function)
        self.function, self.options, self.kernel = function, options, None

    def __call__(self, *args):
        return self.compiled()(*args)

    def compiled(self):
        with _lock:
            if self.kernel is None:
                self.kernel = self.compile()
            return self.kernel

    def compile(self):
        import numba

        names = self.function.__globals__
        for name in self.function.__code__.co_names:  # the kernels that this one calls
            if isinstance(names.get(name), _Lazy) and names[name] is not self:
                names[name] = names[name].compiled()
        directory = _cache_directory()
        before = numba.config.CACHE_DIR
        if directory is not None:
            numba.config.CACHE_DIR = str(directory)  # read once, when the function is made
        try:
            kernel = numba.njit(self.function, cache=directory is not None, **{**SETTING, **self.options})
        finally:
            numba.config.CACHE_DIR = before
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
def _cache_directory():
    """Where compiled kernels are kept, or None where nothing is writable.

    The directory is named by all kernel sources and versions: numba by itself notices changes only in the file of the
    kernel, and would go on using a stale helper from another one.
    """
    import llvmlite
    import numba
    import numpy

    digest = hashlib.sha256()
    for part in (platform.python_version(), numba.__version__, llvmlite.__version__, numpy.__version__):
        digest.update(part.encode())
    for source in sorted(pathlib.Path(__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for parent in (os.environ.get("NUMBA_CACHE_DIR"), os.path.join(home, "microtorch"), tempfile.gettempdir()):
        if parent:
            try:
                directory = pathlib.Path(parent, name)
                directory.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=directory):
                    return directory
            except OSError:
                continue
    return None
