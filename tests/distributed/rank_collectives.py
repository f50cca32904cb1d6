"""Collectives on real ranks: the first of the cases, and the table that all of them go into; see rank_cases.py."""

import functools

import numpy as np

import microtorch
from microtorch import distributed as dist
from microtorch import nn
from microtorch.nn.parallel import DistributedDataParallel

CASES = {}


def case(function=None, *, name=None):
    """Put a function into the table."""
    if function is None:
        return functools.partial(case, name=name)
    CASES[name or function.__name__] = function
    return function


DTYPES = ("float32", "float64", "int32", "int64", "uint8")


def values(rank, dtype):
    """What a rank brings: small numbers, other ones on each."""
    return (np.arange(6).reshape(2, 3) % (rank + 2) + 1).astype(dtype)


def exchanged(op, dtype):
    def run(rank, size):
        t = microtorch.from_numpy(values(rank, dtype))
        dist.all_reduce(t, dist.ReduceOp[op])
        return t.numpy()

    return run


for _op in ("SUM", "PRODUCT", "MIN", "MAX", "AVG"):
    for _dtype in DTYPES if _op != "AVG" else DTYPES[:2]:
        CASES[f"all_reduce {_op} {_dtype}"] = exchanged(_op, _dtype)


@case
def nan_in_one_rank(rank, size):
    found = []
    for op in dist.ReduceOp:
        t = microtorch.tensor([1.0, float("nan") if rank == 0 else 2.0, 3.0])
        dist.all_reduce(t, op)
        found.append(np.isnan(t.numpy()))
    return found


@case
def layouts(rank, size):
    base = microtorch.zeros(4, 6)
    base[::2, ::3] = rank + 1.0  # a strided view of it is reduced, the rest stays
    view = base[::2, ::3]
    dist.all_reduce(view)
    single, empty = microtorch.tensor(float(rank)), microtorch.zeros(0, 3)
    dist.all_reduce(single)
    dist.all_reduce(empty)
    dist.broadcast(single, size - 1)
    return base.numpy(), single.item(), empty.shape


@case
def copies(rank, size):
    t = microtorch.tensor([rank, rank + 10])
    flag = microtorch.tensor([rank == 0])
    dist.broadcast(t, size - 1)
    dist.broadcast(flag, 0)
    places = [microtorch.zeros(2) for _ in range(size)]
    dist.all_gather(places, microtorch.tensor([float(rank), 0.5]))
    only = microtorch.tensor([float(rank + 1)])
    dist.reduce(only, dst=size - 1)
    dist.barrier()
    return t.numpy(), flag.item(), [p.numpy() for p in places], only.item()


@case
def async_calls(rank, size):
    tensors = [microtorch.full((5,), float(rank + i)) for i in range(3)]
    works = [dist.all_reduce(t, async_op=True) for t in tensors]
    ended = [work.wait() for work in works]
    return [t.numpy() for t in tensors], ended, [work.is_completed() for work in works]


def told(call):
    """The error of a call, in words."""
    try:
        call()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


DIFFERENT = {
    "shape": lambda rank: dist.all_reduce(microtorch.zeros(3 + rank)),
    "dtype": lambda rank: dist.all_reduce(microtorch.zeros(3, dtype="float64" if rank else "float32")),
    "op": lambda rank: dist.all_reduce(microtorch.zeros(3), dist.ReduceOp.MAX if rank else dist.ReduceOp.SUM),
    "call": lambda rank: dist.barrier() if rank else dist.broadcast(microtorch.zeros(3), 0),
    "src": lambda rank: dist.broadcast(microtorch.zeros(3), rank),
    "model": lambda rank: DistributedDataParallel(nn.Linear(4, 2 + rank)),
}

REFUSED = {
    "bool": lambda: dist.all_reduce(microtorch.zeros(3).bool()),
    "mean of integers": lambda: dist.all_reduce(microtorch.tensor([1]), dist.ReduceOp.AVG),
    "op": lambda: dist.all_reduce(microtorch.zeros(3), "sum"),
    "result": lambda: dist.all_reduce(microtorch.ones(3, requires_grad=True) * 2),
    "array": lambda: dist.all_reduce(np.zeros(3)),
    "read-only": lambda: dist.all_reduce(microtorch.from_numpy(np.broadcast_to(np.float32(1), (3,)))),
    "src": lambda: dist.broadcast(microtorch.zeros(3), 9),
    "dst": lambda: dist.reduce(microtorch.zeros(3), -1),
    "group": lambda: dist.all_reduce(microtorch.zeros(3), group="mine"),
    "list": lambda: dist.all_gather([], microtorch.zeros(3)),
    "again": lambda: dist.init_process_group(),
    "frozen": lambda: DistributedDataParallel(nn.Linear(2, 2).requires_grad_(False)),
    "devices": lambda: DistributedDataParallel(nn.Linear(2, 2), device_ids=[0]),
    "bucket": lambda: DistributedDataParallel(nn.Linear(2, 2), bucket_cap_mb=0),
}


@case
def different_calls(rank, size):
    found = {name: told(lambda call=call: call(rank)) for name, call in DIFFERENT.items()}
    t = microtorch.ones(1)
    dist.all_reduce(t)  # all heard of it: they can go on
    return found, t.item()


@case
def refused_calls(rank, size):
    return {name: told(call) for name, call in REFUSED.items()}
