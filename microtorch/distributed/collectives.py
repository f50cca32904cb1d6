"""The calls by which ranks exchange tensors, in the names and the meaning of torch.distributed.

Parameters
----------
group : None
async_op : bool, default False
op : ReduceOp, default ReduceOp.SUM
"""

import enum
import functools

import numpy as np

from ..autograd.inplace.changes import record_changes, watch
from ..autograd.mode import state
from ..autograd.observe import one_call, tell
from ..errors import DistributedError, DTypeError, GraphError, ShapeError, not_a_tensor, refuse_read_only, user_line
from ..tensor import Tensor
from .group import mpi
from .joining import the_group

__all__ = ["ReduceOp", "Work", "all_gather", "all_reduce", "barrier", "broadcast", "reduce"]


class ReduceOp(enum.Enum):
    """The operations by which `all_reduce` and `reduce` combine of the ranks' values, element by element."""

    SUM = "sum"
    AVG = "mean"
    PRODUCT = "product"
    MIN = "least"
    MAX = "greatest"


class Work:
    """A call that is under way; made by calls with ``async_op=True``.

    Parameters
    ----------
    group : Group
    request : mpi4py.MPI.Request or None
        None where nothing is to be waited for.
    call : str
        Its name in messages.
    finish : callable or None
        What is to be done when it is through.
    """

    def __init__(self, group, request, call, finish):
        self._group, self._request, self._call, self._finish = group, request, call, finish

    def is_completed(self):
        """Whether `wait` would return at once."""
        return self._request is None or self._group.test(self._request)

    def wait(self):
        """Wait until the tensors have their values; return True."""
        if self._request is not None:
            self._group.wait(self._request, self._call)
            self._request = None
        if self._finish is not None:
            self._finish()
            self._finish = None
        return True


def _call(function):
    """Decorate a call: those who look on see one call; with ``async_op`` a Work is returned."""
    noted = one_call(function)

    @functools.wraps(function)
    def call(*args, async_op=False, **kwargs):
        if async_op and state.observers:
            tell("left", f"{function.__name__} with async_op ends outside of the list of calls", "Leave async_op out.")
        work = (function if async_op else noted)(*args, async_op=async_op, **kwargs)
        if async_op:
            return work
        return None

    return call


def _run(group, request, call, finish, async_op):
    work = Work(group, request, call, finish)
    if not async_op:
        work.wait()
    return work


def array_of(caller, tensor, written=True):
    """The array of `tensor`, which a call reads or writes."""
    if not isinstance(tensor, Tensor):
        raise TypeError(not_a_tensor(caller, "tensor", tensor))
    if written:
        if tensor.grad_fn is not None:
            raise GraphError(
                f"{caller}: {tensor.name or 'this tensor'} is the result of {tensor.grad_fn.name()}, and new values "
                "would have no gradient. Pass tensor.detach().clone()."
            )
        refuse_read_only(caller, tensor._array, tensor.name)
    return tensor._array


def written(caller, *arrays):
    """Note that a call wrote into `arrays`."""
    record_changes(tuple([watch(a) for a in arrays]), caller, user_line())


# -- reductions --------------------------------------------------------------------------------------------------------


def _check_op(caller, op, array):
    if not isinstance(op, ReduceOp):
        raise TypeError(f"{caller}: op is {op!r}. Pass one of {', '.join(f'ReduceOp.{o.name}' for o in ReduceOp)}.")
    if array.dtype.kind == "b":
        raise DTypeError(f"{caller}: {op.name} of bool. Convert the tensor with .int(), and its result with .bool().")
    if op is ReduceOp.AVG and array.dtype.kind != "f":
        raise DTypeError(f"{caller}: AVG of {array.dtype} would be no {array.dtype}. Use .float(), or ReduceOp.SUM.")


def reduce_array(group, array, op, caller, dst=None, async_op=False, done=None):
    """Reduce `array` in place, on all ranks or on `dst`; `done` is called at the end."""
    to = "" if dst is None else f" to rank {dst}"
    call = f"{caller}{to} of {array.shape} {array.dtype}, {op.name}"
    group.same(call)
    if group.size == 1:
        return _run(group, None, call, done, async_op)
    work = np.array(array, order="C")
    names = {
        ReduceOp.SUM: "SUM",
        ReduceOp.AVG: "SUM",
        ReduceOp.PRODUCT: "PROD",
        ReduceOp.MIN: "MIN",
        ReduceOp.MAX: "MAX",
    }
    how = getattr(mpi(), names[op])
    lost = None
    if op in (ReduceOp.MIN, ReduceOp.MAX) and array.dtype.kind == "f":  # a comparison with NaN is false either way
        lost = np.isnan(work).astype(np.uint8)
        group.wait(group.start("Iallreduce", mpi().IN_PLACE, lost, mpi().MAX), call)
    if dst is None:
        request = group.start("Iallreduce", mpi().IN_PLACE, work, how)
    elif group.rank == dst:
        request = group.start("Ireduce", mpi().IN_PLACE, work, how, dst)
    else:
        request = group.start("Ireduce", work, None, how, dst)

    def finish():
        if dst is None or group.rank == dst:
            if op is ReduceOp.AVG:
                np.divide(work, group.size, out=work)
            if lost is not None:
                work[lost.astype(bool)] = np.nan
            np.copyto(array, work)
        if done is not None:
            done()

    return _run(group, request, call, finish, async_op)


@_call
def all_reduce(tensor, op=ReduceOp.SUM, group=None, async_op=False):
    """Replace the values of `tensor`, on every rank, by what `op` makes of those of all ranks.

    Parameters
    ----------
    tensor : Tensor
        Of the same shape and dtype on all ranks; changed in place. No gradient flows through the exchange.
    group : None
        All ranks take part.
    async_op : bool, default False
        Return a `Work` before the values are there.

    Returns
    -------
    Work or None

    Raises
    ------
    DistributedError
        If ranks make different calls, or one does not come.

    Notes
    -----
    All ranks get the same bits. NaN in any rank's element gives NaN, for MIN and MAX too.

    Examples
    --------
    >>> from microtorch import distributed as dist
    >>> dist.init_process_group()
    >>> t = microtorch.tensor([1.0, 2.0])
    >>> dist.all_reduce(t)
    >>> t
    tensor([1., 2.])
    >>> dist.destroy_process_group()
    """
    ours = _ours("all_reduce", group)
    array = array_of("all_reduce", tensor)
    _check_op("all_reduce", op, array)
    return reduce_array(
        ours, array, op, "all_reduce", async_op=async_op, done=functools.partial(written, "all_reduce", array)
    )


@_call
def reduce(tensor, dst, op=ReduceOp.SUM, group=None, async_op=False):
    """As `all_reduce`, but only rank `dst` gets the result; the values of the others stay.

    Parameters
    ----------
    tensor : Tensor
    dst : int
    """
    ours = _ours("reduce", group)
    array = array_of("reduce", tensor)
    _check_op("reduce", op, array)
    _check_rank("reduce", "dst", dst, ours)
    done = functools.partial(written, "reduce", array) if ours.rank == dst else None
    return reduce_array(ours, array, op, "reduce", dst, async_op, done)


# -- copies ------------------------------------------------------------------------------------------------------------


@_call
def broadcast(tensor, src, group=None, async_op=False):
    """Give every rank the values that `tensor` has on rank `src`.

    Parameters
    ----------
    tensor : Tensor
        Of the same shape and dtype on all ranks; changed in place where the rank is not `src`.
    src : int
        Whose values.

    Returns
    -------
    Work or None
    """
    ours = _ours("broadcast", group)
    _check_rank("broadcast", "src", src, ours)
    array = array_of("broadcast", tensor, written=ours.rank != src)
    return broadcast_array(ours, array, src, async_op)


def broadcast_array(group, array, src=0, async_op=False):
    """Replace `array` by that of rank `src`."""
    call = f"broadcast of {array.shape} {array.dtype} from rank {src}"
    group.same(call)
    if group.size == 1:
        return _run(group, None, call, None, async_op)
    work = np.asarray(array, order="C")

    def finish():
        if group.rank != src:
            if work is not array:
                np.copyto(array, work)
            written("broadcast", array)

    return _run(group, group.start("Ibcast", work.reshape(-1).view(np.uint8), src), call, finish, async_op)


@_call
def all_gather(tensor_list, tensor, group=None, async_op=False):
    """Fill `tensor_list`, on every rank, with the values of `tensor` on all ranks, in the order of the ranks.

    Parameters
    ----------
    tensor_list : list of Tensor
        One for each rank, of the shape and dtype of `tensor`.
    tensor : Tensor
        Of the same shape and dtype on all ranks.

    Returns
    -------
    Work or None
    """
    ours = _ours("all_gather", group)
    array = array_of("all_gather", tensor, written=False)
    if len(tensor_list) != ours.size:
        raise ValueError(f"all_gather: tensor_list has {len(tensor_list)} tensors for {ours.size} ranks.")
    places = [array_of("all_gather", t) for t in tensor_list]
    for i, place in enumerate(places):
        if place.shape != array.shape or place.dtype != array.dtype:
            raise ShapeError(
                f"all_gather: tensor_list[{i}] is {place.shape} {place.dtype}, and tensor {array.shape} {array.dtype}."
            )
    found = np.empty((ours.size, *array.shape), array.dtype)
    call = f"all_gather of {array.shape} {array.dtype}"
    ours.same(call)
    request = None
    if ours.size == 1:
        found[0] = array
    else:
        request = ours.start("Iallgather", np.asarray(array, order="C"), found)

    def finish():
        for place, values in zip(places, found, strict=True):
            np.copyto(place, values)
        written("all_gather", *places)

    return _run(ours, request, call, finish, async_op)


@_call
def barrier(group=None, async_op=False):
    """Wait until all ranks are here."""
    ours = _ours("barrier", group)
    ours.same("barrier")
    return _run(ours, None, "barrier", None, async_op)


def _ours(caller, group):
    if group is not None:
        raise DistributedError(f"{caller}: group is {group!r}. There is one group, of all ranks: leave it out.")
    return the_group(caller)


def _check_rank(caller, name, rank, group):
    if isinstance(rank, bool) or not isinstance(rank, int) or not 0 <= rank < group.size:
        raise ValueError(f"{caller}: {name} is {rank!r}, and the ranks are 0 to {group.size - 1}.")
