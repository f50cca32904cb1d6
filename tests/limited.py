"""A process of its own with little memory and time, in which a file is read: what it does to a reader is seen.

Run as a program it reads lines of JSON, ``[kind, path]``, and answers each with ``[outcome, detail]``: "read" with a
digest of what came out, "refused" with the words of the documented error, "fault" with what happened instead.
"""

import hashlib
import json
import os
import pathlib
import resource
import select
import subprocess
import sys
import time

import numpy as np

import microtorch
from microtorch import datasets, io
from microtorch.errors import CheckpointError, DatasetError

SECONDS = 5


def _mnist(path):
    found = datasets.MNIST(path, download=False)
    return found.data.numpy(), found.targets.numpy()


def _cifar(path):
    found = datasets.CIFAR10(path, train=False, download=False)
    return found.data.numpy(), found.targets.numpy()


def _svhn(path):
    found = datasets.SVHN(path, download=False)
    return found.data.numpy(), found.targets.numpy()


READERS = {
    "mnist": (_mnist, DatasetError),
    "cifar": (_cifar, DatasetError),
    "svhn": (_svhn, DatasetError),
    "npz": (io.load_npz, CheckpointError),
    "safetensors": (io.safetensors.load_file, CheckpointError),
    "metadata": (io.safetensors.load_metadata, CheckpointError),
    "tree": (io.load, CheckpointError),
}


def digest(found):
    """A few letters that are the same for the same arrays, numbers and texts."""
    return hashlib.sha256("\n".join(_pieces(found)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _pieces(found):
    if isinstance(found, microtorch.Tensor):
        found = found.numpy(force=True)
    if isinstance(found, np.ndarray):
        yield f"{found.dtype} {found.shape} {hashlib.sha256(found.tobytes()).hexdigest()}"
    elif isinstance(found, dict):
        for key, value in found.items():
            yield f"{key!r}:"
            yield from _pieces(value)
    elif isinstance(found, list | tuple):
        yield f"{type(found).__name__} {len(found)}"
        for value in found:
            yield from _pieces(value)
    else:
        yield repr(found)


def read(kind, path):
    """(outcome, detail) of reading one file here."""
    reader, documented = READERS[kind]
    begin = time.process_time()
    try:
        outcome = "read", digest(reader(path))
    except documented as error:
        outcome = "refused", str(error)
        if isinstance(error.__cause__, MemoryError):
            outcome = "fault", f"took too much memory: {error}"
        elif len(str(error)) > 2000 or "\n" in str(error):
            outcome = "fault", f"was told in {len(str(error))} characters: {str(error)[:200]!r}"
    except BaseException as error:
        outcome = "fault", f"{type(error).__name__}: {str(error)[:200]!r} left the reader"
    if time.process_time() - begin > SECONDS:
        return "fault", f"took {time.process_time() - begin:.1f} s"
    return outcome


class Limited:
    """Reads files in a process that may take `megabytes` beyond what it has after its start; a context manager."""

    def __init__(self, megabytes=200):
        self.megabytes, self.process = megabytes, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """End the process; the next file starts another."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def read(self, kind, path):
        """(outcome, detail) of reading a file there."""
        outcome = self._once(kind, path)
        if "memory" in outcome[1] and outcome[0] == "fault":  # what files before left behind may be to blame
            self.end()
            outcome = self._once(kind, path)
        return outcome

    def _once(self, kind, path):
        if self.process is None:
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1",
                                        "XDG_CACHE_HOME": os.devnull}  # fmt: skip
            environment.pop("MICROTORCH_DATA", None)
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(self.megabytes)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, env=environment, text=True,
            )  # fmt: skip
        self.process.stdin.write(json.dumps([kind, str(path)]) + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], 20 * SECONDS)
        line = self.process.stdout.readline() if ready else ""
        if line:
            return tuple(json.loads(line))
        code = self.process.poll() if ready else None
        self.end()
        return "fault", f"ended the process with {code}" if ready else f"ran for {20 * SECONDS} s"


def main():
    """Answer until nothing more is asked."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + int(sys.argv[1]) * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for line in sys.stdin:
        print(json.dumps(read(*json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
