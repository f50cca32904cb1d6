"""How many threads matrix products are divided among, and whether a training waits for them."""

import math
import time

from .errors import warn_at_user_line
from .kernels import _blas

__all__ = ["get_num_threads", "set_num_threads"]


def set_num_threads(num):
    """Divide large matrix products among so many threads.

    Parameters
    ----------
    num : int
        1 or more. The default is the number of processors that this process may use: its affinity and its control
        group's quota (``cpu.max``) count, and ``OPENBLAS_NUM_THREADS`` or ``OMP_NUM_THREADS`` say otherwise.

    Raises
    ------
    ValueError
        If `num` is no positive integer.
    RuntimeError
        If numpy's BLAS is none whose threads can be set from here. With the package threadpoolctl, that is any.

    Notes
    -----
    Where a product is divided, its last bits may depend on how. Small ones are never divided.

    Examples
    --------
    >>> before = microtorch.get_num_threads()
    >>> microtorch.set_num_threads(1)
    >>> microtorch.get_num_threads()
    1
    >>> microtorch.set_num_threads(before)
    """
    if isinstance(num, bool) or not isinstance(num, int) or num < 1:
        raise ValueError(f"set_num_threads: {num!r} is no number of threads. Pass an int, 1 or more.")
    if _blas.set_threads(num):
        return
    if (control := _threadpoolctl()) is None:
        raise RuntimeError(
            "set_num_threads: numpy computes with another library than OpenBLAS. To set its threads, pip install "
            "'microtorch[threads]' (which brings threadpoolctl), or set OMP_NUM_THREADS before Python starts."
        )
    control.threadpool_limits(num, user_api="blas")


def get_num_threads():
    """How many threads large matrix products are divided among.

    Returns
    -------
    int
    """
    found = _blas.get_threads()
    if found is None and (control := _threadpoolctl()) is not None:
        found = max(
            (pool["num_threads"] for pool in control.threadpool_info() if pool["user_api"] == "blas"), default=1
        )
    return found or _blas.usable_processors()


def _threadpoolctl():
    try:
        import threadpoolctl
    except ImportError:
        return None
    return threadpoolctl


class Waiting:
    """Notices that a training waits for processors, says so once, or turns to one thread.

    A step is timed every quarter of a second. If they took more than twice the time that a processor worked for this
    thread, others keep the processors busy, and the threads of a product wait for each other.

    Parameters
    ----------
    auto : bool
        Whether to go on with one thread, rather than to warn.

    Attributes
    ----------
    due : float
        When `time.perf_counter` is beyond it, the next step is to be timed.
    """

    # Seconds from one timed step to the next; seconds waited before anything is said; wall time over processor time.
    EVERY, ENOUGH, FACTOR = 0.25, 0.02, 2.0

    def __init__(self, auto=False):
        self.auto, self.wall, self.worked, self.due = auto, 0.0, 0.0, 0.0

    def timed(self, step, *args):
        """``step(*args)``, timed."""
        wall, worked = time.perf_counter(), time.thread_time()
        self.due = wall + self.EVERY
        result = step(*args)
        self.add(time.perf_counter() - wall, time.thread_time() - worked)
        return result

    def watched(self, step):
        """`step`, timed now and then."""
        return lambda *args: step(*args) if time.perf_counter() < self.due else self.timed(step, *args)

    def add(self, wall, worked):
        """Count a step that took `wall` seconds, of which a processor worked `worked` for this thread."""
        self.wall += wall
        self.worked += worked
        waited = self.wall - self.worked
        if waited < self.ENOUGH or self.wall < self.FACTOR * self.worked:
            return
        self.due = math.inf
        if get_num_threads() == 1 or not _blas.seen.divided:
            return
        if self.auto:
            set_num_threads(1)
            return
        warn_at_user_line(
            f"microtorch waits: of {self.wall * 1000:.0f} ms that were timed of some steps, {waited * 1000:.0f} ms "
            f"passed without work. Others keep the processors busy, and the {get_num_threads()} threads of a matrix "
            'product wait for each other. Call microtorch.set_num_threads(1); or give threads="auto" to capture or '
            "Solver."
        )


def waiting(threads):
    """A `Waiting` for an argument ``threads=``: None, or "auto"."""
    if threads not in (None, "auto"):
        raise ValueError(f'threads is {threads!r}. It is "auto" or None; set_num_threads takes a number.')
    return Waiting(threads == "auto")
