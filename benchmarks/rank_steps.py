"""One measurement on ranks, for `machines`: ``mpiexec -n 2 python -m benchmarks.rank_steps JSON``; rank 0 prints.

The JSON says what is measured: "reduce", the seconds of an all-reduce by its bytes, or "step", those of a training step
with a global batch, by an engine and a way: "overlap" (gradients travel during backward), "after" (all together, when
backward is through) or "none" (they stay where they are).
"""

import json
import sys
import time

import numpy as np

SIZES = (8, 1 << 10, 1 << 13, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24)


def main():
    """Measure what the argument asks for."""
    asked = json.loads(sys.argv[1])
    measure = {"reduce": reduce_times, "step": step_times}[asked.pop("what")]
    result, rank = measure(**asked)
    if rank == 0:
        print(json.dumps(result), flush=True)


def reduce_times(seconds):
    """(bytes, seconds) of an all-reduce of float32, in place, as a bucket's is."""
    from microtorch import distributed as dist
    from microtorch.distributed.group import mpi
    from microtorch.distributed.joining import the_group

    dist.init_process_group()
    group, found = the_group("benchmark"), []
    for size in SIZES:
        flat = np.ones(size // 4, np.float32)

        def once(flat=flat):
            flat.fill(1)
            group.wait(group.start("Iallreduce", mpi().IN_PLACE, flat, mpi().SUM), "a benchmark")

        found.append((size, timed(once, seconds / len(SIZES), group)))
    return found, dist.get_rank()


def timed(once, seconds, group):
    """The median time of a call that all ranks make: as often as it fits into `seconds`, agreed by rank 0."""
    for _ in range(3):
        once()
    start = time.perf_counter()
    once()
    count = group.share(max(5, int(seconds / max(time.perf_counter() - start, 1e-6))))
    times = []
    for _ in range(min(count, 2000)):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def step_times(engine, way, sizes, batch, optimizer, seconds):
    """The seconds of a training step over this rank's part of the batch."""
    make = torch_step if engine == "torch" else microtorch_step
    once, group = make(way, sizes, batch, optimizer, engine == "captured")
    return timed(once, seconds, group), group.rank


def part(sizes, batch, rank, size):
    """This rank's part of a batch."""
    rng = np.random.default_rng(rank)
    count = len(range(batch)[rank::size])
    return rng.normal(size=(count, sizes[0])).astype(np.float32), rng.integers(0, sizes[-1], count)


def microtorch_step(way, sizes, batch, optimizer, captured):
    """A step of ours, and the group."""
    import microtorch
    from microtorch import distributed as dist
    from microtorch import nn
    from microtorch.distributed.collectives import ReduceOp
    from microtorch.distributed.joining import the_group
    from microtorch.nn.functional import cross_entropy
    from microtorch.nn.parallel import DistributedDataParallel
    from microtorch.train import make_optimizer

    dist.init_process_group()
    group = the_group("benchmark")
    microtorch.manual_seed(0)
    model = DistributedDataParallel(nn.MLP(list(sizes)))
    model.require_backward_grad_sync = way == "overlap"
    update = make_optimizer(model, optimizer)
    x, y = map(microtorch.from_numpy, part(sizes, batch, group.rank, group.size))
    flat = microtorch.zeros(sum(p.numel() for p in model.parameters()))

    def average():
        gradients = [p.grad for p in model.parameters()]
        flat._array[:] = np.concatenate([g._array.ravel() for g in gradients])
        dist.all_reduce(flat, ReduceOp.AVG)
        ends = np.cumsum([g.numel() for g in gradients])[:-1]
        for g, values in zip(gradients, np.split(flat._array, ends), strict=True):
            g._array[:] = values.reshape(g.shape)

    def step(x, y):
        update.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        if way == "after" and group.size > 1:
            average()
        update.step()
        return loss

    step = microtorch.capture(step) if captured else step
    return lambda: step(x, y), group


def torch_step(way, sizes, batch, optimizer, captured):
    """The same of PyTorch's, over gloo."""
    import os
    import tempfile

    import torch

    from microtorch import distributed as dist
    from microtorch.distributed.joining import the_group

    dist.init_process_group()
    group = the_group("benchmark")
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(0)
    layers = [torch.nn.Linear(sizes[0], sizes[1])]
    for n, m in zip(sizes[1:], sizes[2:]):
        layers += [torch.nn.ReLU(), torch.nn.Linear(n, m)]
    model = torch.nn.Sequential(*layers)
    if group.size > 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        path = group.share(tempfile.mktemp(prefix="gloo-"))
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{path}", rank=group.rank, world_size=group.size
        )
        model = torch.nn.parallel.DistributedDataParallel(model)
    kind, settings = {
        "sgd": ("SGD", {"lr": 1e-2}), "momentum": ("SGD", {"lr": 1e-2, "momentum": 0.9}), "adam": ("Adam", {}),
    }[optimizer]  # fmt: skip
    update = getattr(torch.optim, kind)(model.parameters(), **settings)
    x, y = map(torch.from_numpy, part(sizes, batch, group.rank, group.size))

    def step():
        update.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        update.step()

    return step, group


if __name__ == "__main__":
    main()
