"""Who takes part: joining the processes that were started together, and leaving them."""

from ..errors import DistributedError
from . import faults
from .group import MINUTES, Group, join, started_ranks

__all__ = [
    "destroy_process_group",
    "get_rank",
    "get_world_size",
    "init_process_group",
    "is_available",
    "is_initialized",
]


class _Joined:
    group = None  # the ranks that work together, after init_process_group
    leave = None  # what undoes `faults.guard`


_joined = _Joined()


def is_available():
    """Whether mpi4py is installed; with one process, everything works without it.

    Returns
    -------
    bool
    """
    from importlib.util import find_spec

    return find_spec("mpi4py") is not None


def init_process_group(backend=None, init_method=None, timeout=None, world_size=-1, rank=-1):
    """Join the processes that were started together, by ``mpiexec`` or the like; alone, be rank 0 of 1.

    Parameters
    ----------
    backend : {"mpi", "gloo"}, optional
        The ranks talk by MPI. "gloo", what PyTorch has for CPUs, is taken for the same.
    init_method : str, optional
        Taken for scripts written for PyTorch: the starter of the processes has told them already.
    timeout : datetime.timedelta or float, optional
        How long a rank waits for the others before that is an error; a float is in seconds. Default 30 minutes.
    world_size, rank : int, optional
        What they should be, to be compared with what they are.

    Raises
    ------
    DistributedError
        If it was called before, mpi4py is missing or belongs to another MPI, or the numbers differ.

    Notes
    -----
    From here on an error that nobody catches is printed with the rank and ends all ranks with status 1, and Ctrl-C with
    130. A process that ends while others wait for it is told to them. Blocking waits hear signals.

    Examples
    --------
    >>> from microtorch import distributed as dist
    >>> dist.init_process_group()
    >>> dist.get_rank(), dist.get_world_size()
    (0, 1)
    >>> dist.destroy_process_group()
    """
    if _joined.group is not None:
        raise DistributedError("init_process_group: it was called before. Call it once, at the start.")
    if backend not in (None, "mpi", "gloo", "cpu:gloo"):
        raise DistributedError(
            f"init_process_group: backend {backend!r}: ranks talk by MPI, on CPUs. Leave it out, or pass 'mpi'."
        )
    seconds = 60.0 * MINUTES if timeout is None else getattr(timeout, "total_seconds", lambda: timeout)()
    if not seconds > 0:
        raise ValueError(f"init_process_group: timeout is {timeout!r}. Pass a time above 0.")
    group = join(float(seconds))
    for name, wanted, found in (("world_size", world_size, group.size), ("rank", rank, group.rank)):
        if wanted not in (-1, found):
            raise DistributedError(
                f"init_process_group: {name} is {wanted}, and the starter of this process made it {found} "
                f"(rank {group.rank} of {group.size}). Leave it out; mpiexec -n N says how many there are."
            )
    _joined.group = group
    if group.size > 1:
        _joined.leave = faults.guard(group)


def destroy_process_group():
    """Leave the group, when all ranks do; an end of the program does the same."""
    group = the_group("destroy_process_group")
    group.same("destroy_process_group")
    if _joined.leave is not None:
        _joined.leave()
    _joined.group = _joined.leave = None


def is_initialized():
    """Whether `init_process_group` has been called.

    Returns
    -------
    bool
    """
    return _joined.group is not None


def the_group(caller):
    """The group of this process; DistributedError where there is none yet."""
    if _joined.group is None:
        started = started_ranks()
        hint = f", in each of the {started} processes" if started > 1 else ""
        raise DistributedError(
            f"{caller}: there is no process group. Call distributed.init_process_group() first{hint}."
        )
    return _joined.group


def alone_or_group():
    """The group of this process, or that of a process alone."""
    return Group() if _joined.group is None else _joined.group


def get_rank():
    """The number of this process among those of the group, from 0.

    Returns
    -------
    int
    """
    return the_group("get_rank").rank


def get_world_size():
    """How many processes the group has.

    Returns
    -------
    int
    """
    return the_group("get_world_size").size
