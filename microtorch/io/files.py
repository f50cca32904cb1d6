"""Writing files so that a reader never sees half of one: the one way in which the package writes."""

import contextlib
import os
import re
import secrets
import stat
import time
from pathlib import Path

_LEFT_OVER = re.compile(r"\..*\.[0-9a-f]{16}\.tmp")
_DAY = 86_400  # seconds after which a temporary file was left by a kill: what is being written changes all the time


@contextlib.contextmanager
def replacing(path):
    """A path beside `path` to write to; what is there at the end takes the place of `path` at once.

    Parameters
    ----------
    path : path
        Its folder is made if need be, a link is followed, the permissions of a file that is there are kept. What is
        no file, as /dev/null, is written to directly.

    Yields
    ------
    Path
        Of an empty file whose name nobody else uses, so that several may write to one `path` at once: each of them
        whole, and the last one stays.

    Raises
    ------
    OSError
        If it cannot be written. What was there before is then as it was.

    Notes
    -----
    A process that is killed meanwhile leaves the old file and a hidden temporary one, ``.NAME.….tmp``, which goes when
    something is written to the same folder more than a day later.
    """
    path, before = Path(path), None
    with contextlib.suppress(FileNotFoundError):
        before = path.stat().st_mode
    if before is not None and not stat.S_ISREG(before) and not stat.S_ISDIR(before):
        yield path
        return
    path = Path(os.path.realpath(path))
    if before is not None and stat.S_ISDIR(before):
        raise IsADirectoryError(f"{path} is a folder. Name a file in it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_over(path.parent)
    temporary = path.with_name(f".{path.name[:50]}.{secrets.token_hex(8)}.tmp")  # a name has at most 255 bytes
    try:
        temporary.touch(exist_ok=False)
        if before is not None:
            os.chmod(temporary, stat.S_IMODE(before))
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())  # else a power cut can leave the new name with no content
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder):
    """Let the new name outlast a power cut, where the system can do that; the file is whole without it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_left_over(folder):
    oldest = time.time() - _DAY
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _LEFT_OVER.fullmatch(entry.name):
                with contextlib.suppress(OSError):  # somebody else has removed it
                    if entry.stat(follow_symlinks=False).st_mtime < oldest:
                        os.unlink(entry.path)


def save_figure(figure, path, **options):
    """Write a matplotlib figure; the ending of `path` says in which format, else it is PNG, and matplotlib adds it."""
    path = Path(path)
    if not path.suffix:
        path = path.with_name(f"{path.name}.png")
    with replacing(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:].lower(), **options)
