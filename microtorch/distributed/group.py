"""The process group: who takes part, and the rules of their talk: all make the same call, nobody waits for ever.

Note [Same call]: before ranks exchange values they compare what they are about to do, by one reduce of 16 bytes: the
least of a number that stands for the call, and the least of its complement. If these do not belong together the calls
differ, which every rank then knows; all tell theirs, and every rank raises an error that names both. So another order,
shape, dtype, or a rank that has ended, is told instead of waited for.

Note [Waiting]: every call is one that does not block; Python looks whether it is done, at first all the time, then more
and more seldom. So signals are heard, a limit can be set, and more ranks than cores do not take each other's time.
"""

import contextlib
import functools
import hashlib
import json
import os
import socket
import sys
import time

import numpy as np

from ..errors import DistributedError
from . import threads

# What starters of MPI programs tell each process: in how many it was started.
STARTED = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")
PLACES = "MICROTORCH_RANKS"  # the folder where ranks on the machine of `launch` say which process they are
MINUTES = 30  # that a rank waits for another one, as in PyTorch with gloo
# Note [Memory under way]: the library reads and writes arrays until a request is done, and mpi4py does not hold them.
# So they are held here, also where an error has made everybody else forget them.
_under_way = {}  # id of a request -> the request, and what it was called with
_EAGER = 2e-3  # seconds of waiting without a pause
_LONGEST_PAUSE = 1e-3


class Group:
    """The ranks that work together, seen from one of them.

    Parameters
    ----------
    comm : mpi4py.MPI.Comm or None
        Whom to talk to; None for a process that is alone.
    timeout : float
        Seconds after which waiting is an error.
    """

    def __init__(self, comm=None, timeout=60.0 * MINUTES):
        self.comm, self.timeout = comm, timeout
        self.rank, self.size = (0, 1) if comm is None else (comm.Get_rank(), comm.Get_size())
        self.calls = 0  # how many were compared
        self.talks = 0  # how many channels were made
        self.broken = False  # whether a call was left in the middle: what this rank would say next fits nothing

    def own_talk(self):
        """The same ranks with a channel of their own, where nothing else can come between."""
        self.talks += 1
        return self if self.comm is None else Group(self.comm.Dup(), self.timeout)

    @property
    def place(self):
        """The process, in a message."""
        return f"rank {self.rank} of {self.size} (process {os.getpid()} on {socket.gethostname()})"

    # -- talk --------------------------------------------------------------------------------------------------------

    def start(self, name, *args):
        """Begin a call of MPI's that does not block, as ``start("Iallreduce", ...)``; its request."""
        if self.broken:
            raise DistributedError(
                f"{self.place}: an earlier call was interrupted, and the ranks no longer fit together. End the program."
            )
        try:
            request = getattr(self.comm, name)(*args)
        except Exception as error:
            raise self._failed(name, error) from error
        _under_way[id(request)] = request, args
        return request

    def test(self, request):
        """Whether a request is done; looking also drives it on."""
        try:
            done = request.Test()
        except Exception as error:
            raise self._failed("a call", error) from error
        if done:
            _under_way.pop(id(request), None)
        return done

    def _failed(self, what, error):
        return DistributedError(f"{self.place}: {what} failed in the MPI library: {error}")

    def wait(self, request, call):
        """Wait until `request` is done; Note [Waiting]."""
        try:
            self._wait(request, call)
        except BaseException:
            self.broken = True
            raise

    def _wait(self, request, call):
        began, pause = time.perf_counter(), 0.0
        while not self.test(request):
            time.sleep(pause)
            waited = time.perf_counter() - began
            if waited > _EAGER:
                pause = min(_LONGEST_PAUSE, pause + 2e-5)
            if waited > self.timeout:
                raise DistributedError(
                    f"{self.place} has waited {waited:.0f} s for other ranks in {call}, call {self.calls}. One of them "
                    "has stopped, is much slower, or never makes this call; init_process_group(timeout=...) sets how "
                    "long to wait."
                )

    def compare(self, call):
        """Begin to compare `call`, a text, with that of the other ranks; see Note [Same call]."""
        self.calls += 1
        code = _code(call)
        numbers = np.array([code, ~code], np.int64)
        least = np.empty_like(numbers)
        return self.start("Iallreduce", numbers, least, _least()), numbers, least, call

    def agreed(self, comparison):
        """Wait for the end of a comparison; raise DistributedError if the calls differ."""
        request, _, least, call = comparison
        self.wait(request, call)
        if least[0] != ~least[1]:
            raise DistributedError(self._differing(call))

    def same(self, call):
        """Compare `call` and wait."""
        if self.size > 1:
            self.agreed(self.compare(call))

    def _differing(self, call):
        by_call = {}
        for rank, theirs in enumerate(self._gather(call)):
            by_call.setdefault(theirs, []).append(rank)
        told = "; ".join(f"{_ranks(ranks)} {theirs}" for theirs, ranks in by_call.items())
        return (
            f"{self.place}: the ranks do not do the same: {told} (call {self.calls}). All must make the same calls in "
            "the same order, with the same shapes and dtypes: see what depends on the rank, or on its data."
        )

    # -- values that are no tensors ------------------------------------------------------------------------------------

    def gather(self, value):
        """A value of each rank, by rank: anything that JSON holds."""
        if self.size == 1:
            return [value]
        self.same("a gathering")
        return self._gather(value)

    def _gather(self, value):
        mine = np.frombuffer(json.dumps(value).encode(), np.uint8)
        lengths = np.empty(self.size, np.int64)
        self.wait(self.start("Iallgather", np.array([mine.size]), lengths), "a gathering of lengths")
        found = np.empty(lengths.sum(), np.uint8)
        self.wait(self.start("Iallgatherv", mine, [found, lengths]), "a gathering")
        ends = np.cumsum(lengths)
        return [json.loads(found[end - n : end].tobytes()) for end, n in zip(ends, lengths, strict=True)]

    def collect(self, array):
        """The arrays of all ranks, alike in shape and dtype, on rank 0: a list by rank, elsewhere an empty one."""
        self.same(f"a collection of {array.shape} {array.dtype}")
        if self.size == 1:
            return [array]
        found = np.empty((self.size, *array.shape), array.dtype) if self.rank == 0 else None
        self.wait(self.start("Igather", np.asarray(array, order="C"), found, 0), "a collection")
        return [] if found is None else list(found)

    def share(self, value):
        """The value of rank 0, on all ranks: anything that JSON holds."""
        return self.gather(value if self.rank == 0 else None)[0]

    def abort(self, status):
        """End all ranks at once."""
        self.comm.Abort(status)

    def write(self, text):
        """Put `text` on stderr, in one piece, after what is on stdout."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # closed, or nobody reads: the end is more important
                if stream is sys.stderr:
                    stream.write(text)
                stream.flush()

    def end_all(self, text, status=1):
        """Say on stderr why this rank cannot go on, and end all; return where there is only this one."""
        if self.size > 1:
            self.write(f"{text} ({self.place}; all ranks are ended)\n")
            self.abort(status)


def _ranks(ranks):
    """Ranks in a message."""
    names = ", ".join(map(str, ranks[:8])) + (", …" if len(ranks) > 8 else "")
    return f"rank{'s' if len(ranks) > 1 else ''} {names}:"


@functools.lru_cache(4096)
def _code(call):
    """A number for a text, the same in every process."""
    return np.int64(int.from_bytes(hashlib.blake2b(call.encode(), digest_size=8).digest(), "little", signed=True))


@functools.cache
def mpi():
    """mpi4py's module MPI, imported at the first need: that starts the MPI library."""
    from mpi4py import MPI

    return MPI


def _least():
    return mpi().MIN


def started_ranks():
    """In how many processes a starter of MPI programs says that it has started this program; 1 without one."""
    for name in STARTED:
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    return 1


def join(timeout):
    """The group of all processes that were started with this one."""
    count = started_ranks()
    if count == 1:
        return Group(timeout=timeout)
    try:
        comm = mpi().COMM_WORLD.Dup()
    except ImportError as error:
        raise DistributedError(
            f"this process was started as one of {count}, and they talk through mpi4py, which cannot be loaded "
            f"({error}). Install it: pip install 'microtorch[mpi]'."
        ) from error
    if comm.Get_size() != count:
        library = mpi().Get_library_version().split("\n")[0].replace("\t", " ").strip("\0 ")
        raise DistributedError(
            f"{count} processes were started, and the MPI library that mpi4py has loaded ({library}) knows of "
            f"{comm.Get_size()}: the mpiexec that started them belongs to another MPI. Start them with the mpiexec of "
            "that library: python -m mpi4py --mpi-lib-version names it, and pip installs its own beside python."
        )
    group = Group(comm, timeout)
    if PLACES in os.environ and os.path.isdir(os.environ[PLACES]):
        with open(os.path.join(os.environ[PLACES], f"rank.{group.rank}"), "w", encoding="ascii") as file:
            file.write(str(os.getpid()))
    here = socket.gethostname()
    threads.limit(threads.share(group.gather(here).count(here)))
    return group
