"""Programs whose ranks fail, each in its way.

``mpiexec -n 2 python tests/distributed/rank_faults.py MODE [FOLDER]`` runs one of them on two ranks.
"""

import os
import resource
import signal
import sys
import time

import rank_solver

import microtorch
from microtorch import distributed as dist
from microtorch import nn
from microtorch.nn.parallel import DistributedDataParallel


def killed(rank, folder):
    if rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)


def raises(rank, folder):
    if rank == 1:
        raise ValueError("bad data")


def leaves(rank, folder):
    if rank == 1:
        sys.exit(0)


def leaves_with_a_status(rank, folder):
    if rank == 1:
        sys.exit(5)


def other_model(rank, folder):
    DistributedDataParallel(nn.Linear(3, 2 + rank))


def fewer_batches(rank, folder):
    model = DistributedDataParallel(nn.Linear(3, 2))
    for _ in range(3 - rank):
        model(microtorch.ones(4, 3)).sum().backward()


def other_shape(rank, folder):
    dist.all_reduce(microtorch.zeros(3 + rank))


def late(rank, folder):
    if rank == 1:
        time.sleep(60)


def full_disk(rank, folder):
    training = rank_solver.solver(checkpoints=folder)
    if rank == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    training.train()


def works(rank, folder):
    if rank == 0:
        print("working", flush=True)
    while True:
        dist.all_reduce(microtorch.zeros(3))


def trains(rank, folder):
    training = rank_solver.solver(num_epochs=10_000, checkpoints=folder)
    training.step_callbacks = [lambda _: rank == 0 and print("working", flush=True)]
    training.train()


if __name__ == "__main__":
    mode = globals()[sys.argv[1]]
    dist.init_process_group(timeout=2 if mode is late else 60)
    dist.all_reduce(microtorch.zeros(3))
    mode(dist.get_rank(), sys.argv[2] if len(sys.argv) > 2 else None)
    dist.all_reduce(microtorch.zeros(3))
    dist.barrier()
