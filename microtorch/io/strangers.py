"""Reading files of strangers: the one error that a reader may raise, and how much memory a file may ask for."""

import contextlib
import gzip
import os

from ..errors import visible

__all__ = ["Unpacked", "documented", "fill", "room_for", "too_large"]

_ALWAYS = 1 << 26  # bytes that any file may unpack to
_TIMES = 32  # what a larger file may: images of digits pack to a fifth, arrays of weights hardly


@contextlib.contextmanager
def documented(kind, message, let=()):
    """Whatever goes wrong inside is raised as `kind`, with the original as its cause.

    Parameters
    ----------
    kind : type
        The documented error; raised inside, it passes as it is, as do those of `let`.
    message : str
        What to say; ``{}`` in it becomes the original error, in one line.
    let : tuple of type, optional

    Notes
    -----
    A damaged file may end in any error of the libraries that read it, so a list of them is never complete.
    """
    try:
        yield
    except (kind, *let):
        raise
    except Exception as error:
        words = f"{type(error).__name__}: {visible(str(error), 200)}"
        raise kind(message.replace("{}", words)) from error


def room_for(file, max_bytes=None):
    """The bytes that an open file may unpack to: `max_bytes`, else 64 MiB or 32 times its size, what is more."""
    return max(_ALWAYS, _TIMES * os.fstat(file.fileno()).st_size) if max_bytes is None else max_bytes


def too_large(count, room):
    """The message about a file that asks for `count` bytes."""
    return (
        f"asks for {visible(f'{count:,}', 30)} bytes of memory, more than the {room:,} that a file of its size may "
        "have. If you trust it, pass a larger max_bytes"
    )


def fill(buffer, stream):
    """Fill a writable buffer of bytes from a stream, which must have as many; EOFError if it has not."""
    view = memoryview(buffer).cast("B")
    done = 0
    while done < len(view):
        count = stream.readinto(view[done : done + (1 << 20)])  # a zip member makes a copy of each piece
        if not count:
            raise EOFError(f"it ends after {done:,} of {len(view):,} bytes")
        done += count
    return buffer


class Unpacked:
    """An open file, read forwards and unpacked on the way if it is gzipped; at most `room` bytes come out.

    Parameters
    ----------
    file : file
        Open for reading bytes, from its start.
    max_bytes : int, optional
        See `room_for`.
    """

    def __init__(self, file, max_bytes=None):
        self.room = room_for(file, max_bytes)
        self.stream = gzip.GzipFile(fileobj=file) if file.read(2) == b"\x1f\x8b" else file
        file.seek(0)

    def claim(self, count):
        """Raise ValueError if a file that says it has `count` bytes more would be too large."""
        if count > self.room:
            raise ValueError(f"it {too_large(count, self.room)}")

    def read(self, count):
        """At most `count` bytes; fewer only at the end."""
        self.claim(count)
        self.room -= count
        return self.stream.read(count)

    def ended(self):
        """Whether nothing more comes; also compares the checksum at the end of a gzipped file."""
        return not self.stream.read(1)

    def readinto(self, buffer):
        """Fill `buffer` and return how many bytes there were."""
        self.claim(len(buffer))
        self.room -= len(buffer)
        return self.stream.readinto(buffer)
