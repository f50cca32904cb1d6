"""Where compiled kernels are kept, one file for each kernel, types of arguments and processor.

A kept kernel is a pickle of machine code: whoever can write the file decides what runs. So nothing is read but files
of this user's own that nobody else may write, in folders of which the same holds. numba's own cache has no such
checks, ends every later run where a file was cut off, and gives two processes that compile one kernel for different
types at once the same number for their files.
"""

import contextlib
import functools
import hashlib
import os
import pickle
import stat
import tempfile
import time
import warnings

_DAY = 86_400  # seconds after which a temporary file is left over, not being written


class Cache:
    """The cache that numba asks for a compiled kernel, and gives one to keep.

    Parameters
    ----------
    folder : str
        From `find_folder`.
    function : function
        The kernel. Its file's content is part of what a kept kernel is found by.
    """

    def __init__(self, folder, function):
        code = function.__code__
        with open(code.co_filename, "rb") as file:
            source = hashlib.sha256(file.read()).hexdigest()
        cells = [repr(cell.cell_contents) for cell in function.__closure__ or ()]
        self.cache_path, self.name = folder, function.__name__
        self.identity = (source, function.__qualname__, code.co_firstlineno, cells)

    def load_overload(self, sig, target_context):
        """The kernel for arguments of the types `sig`, or None where there is none that is whole and one's own."""
        from numba.core.compiler import CompileResult

        target_context.refresh()
        key = self._key(sig, target_context.codegen())
        try:
            kept, parts = pickle.loads(_read(self._path(key)))
            return CompileResult._rebuild(target_context, *parts) if kept == key else None
        except Exception:  # whatever is wrong with it, the kernel can be compiled anew
            return None

    def save_overload(self, sig, data):
        """Keep a compiled kernel; where that fails, as on a full disk, it is compiled anew next time."""
        from numba.core.serialize import dumps

        if data.lifted or data.library.has_dynamic_globals:  # it holds addresses of this process
            return
        key = self._key(sig, data.codegen)
        content = dumps((key, data._reduce()))
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(".tmp", f"{self.name}.", self.cache_path)
            with open(handle, "wb") as file:
                file.write(hashlib.sha256(content).digest() + content)
            os.replace(temporary, self._path(key))
        except BaseException as error:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)
            if not isinstance(error, OSError):
                raise

    def flush(self):
        """Forget nothing: a changed kernel has another key."""

    enable = disable = flush

    def _key(self, sig, codegen):
        return (*self.identity, str(sig), repr(codegen.magic_tuple()))

    def _path(self, key):
        return os.path.join(self.cache_path, f"{self.name}-{hashlib.sha256(repr(key).encode()).hexdigest()[:24]}.nbc")


def _read(path):
    """The content after the checksum in a file of this user's own."""
    # Without O_NONBLOCK a pipe under this name would be waited for.
    handle = os.open(path, os.O_RDONLY | _flag("O_NOFOLLOW") | _flag("O_NONBLOCK") | _flag("O_BINARY"))
    with open(handle, "rb") as file:
        if (objection := _objection(os.fstat(handle), stat.S_ISREG)) is not None:
            raise PermissionError(f"{path} {objection}")
        content = file.read()
    if hashlib.sha256(content[32:]).digest() != content[:32]:
        raise ValueError(f"{path} is not whole")
    return content[32:]


def _flag(name):
    return getattr(os, name, 0)  # Windows lacks some


@functools.cache
def find_folder(name):
    """A folder `name` to keep kernels in, made if need be, or None.

    It is looked for in ``NUMBA_CACHE_DIR``, then in the folder microtorch of the user's cache (``XDG_CACHE_HOME``, or
    ``.cache`` in the home), then in a folder of the user's own among the temporary files.

    Warns
    -----
    UserWarning
        Once in a process, if others could put machine code into one of them, which is then not used.
    """
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):  # what is not absolute is ignored, says the standard
        cache = os.path.join(os.path.expanduser("~"), ".cache")
    user = os.geteuid() if hasattr(os, "geteuid") else "own"
    places = [(cache, "microtorch"), (tempfile.gettempdir(), f"microtorch-{user}")]
    if os.environ.get("NUMBA_CACHE_DIR"):
        places.insert(0, (os.path.abspath(os.environ["NUMBA_CACHE_DIR"]),))
    objections, found = [], None
    for base, *below in places:
        if not os.path.isabs(base):  # there is no home
            continue
        try:
            found, objection = _own_folder(base, *below, name)
        except OSError:  # it cannot be written
            continue
        if objection is None:
            break
        objections.append(objection)
    if objections:
        warnings.warn(
            f"microtorch does not keep compiled kernels where others could exchange them: {'; '.join(objections)}. "
            f"They are kept in {found or 'no folder, so each process compiles them anew'}. Take the right to write "
            "from others (chmod go-w), or let NUMBA_CACHE_DIR name a folder of your own.",
            stacklevel=2,
        )
    return found


def _own_folder(base, *below):
    """The path of a folder of this user's own and None, or None and what speaks against it; OSError if neither."""
    os.makedirs(base, mode=0o700, exist_ok=True)
    # It may be reached through links, and be the system's; where others may write but not remove (the sticky bit of
    # temporary folders), what is made in it stays.
    status = os.stat(base)
    if (objection := _objection(status, stat.S_ISDIR, system=True)) is not None:
        return None, f"{base} {objection}"
    path = base
    for part in below:
        path = os.path.join(path, part)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        if (objection := _objection(os.lstat(path), stat.S_ISDIR)) is not None:
            return None, f"{path} {objection}"
    with tempfile.TemporaryFile(dir=path):
        pass
    _remove_left_over(path)
    return path, None


def _objection(status, is_kind, system=False):
    """The reason against trusting a file or folder, in words, or None. Windows has other means: nothing is asked."""
    if not is_kind(status.st_mode):
        return "is a link, or of another kind"
    if not hasattr(os, "geteuid"):
        return None
    sticky = system and status.st_mode & stat.S_ISVTX  # in a container it may belong to nobody that is known there
    if status.st_uid != os.geteuid() and not sticky and not (system and status.st_uid == 0):
        return f"belongs to another user (number {status.st_uid})"
    if status.st_mode & 0o022 and not sticky:
        return f"can be written by others (mode {stat.S_IMODE(status.st_mode):o})"
    return None


def _remove_left_over(folder):
    """Remove what processes that were killed while they wrote have left."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".tmp") and entry.stat(follow_symlinks=False).st_mtime < time.time() - _DAY:
                os.unlink(entry.path)
