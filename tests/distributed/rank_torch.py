"""The trainings of rank_cases.py with PyTorch's DistributedDataParallel over gloo, see ranks.py."""

import os
import tempfile

import torch
from rank_cases import BATCH, INPUTS, STEPS, TARGETS, network

import microtorch
from microtorch.distributed.joining import the_group

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
}


def same_network():
    """The network of rank_cases.py, with its first values."""
    microtorch.manual_seed(7)
    values = network("float64").state_dict()
    theirs = torch.nn.Sequential(
        torch.nn.Linear(20, 32), torch.nn.ReLU(), torch.nn.Linear(32, 16), torch.nn.ReLU(), torch.nn.Linear(16, 5)
    ).double()  # fmt: skip
    theirs.load_state_dict({name: torch.from_numpy(t.numpy().copy()) for name, t in values.items()})
    return theirs


def training(optimizer):
    def run(rank, size):
        net = same_network()
        model = torch.nn.parallel.DistributedDataParallel(net, bucket_cap_mb=0.001) if size > 1 else net
        update = OPTIMIZERS[optimizer](model.parameters())
        losses = []
        for i in range(STEPS):
            first = i % 4 * BATCH
            rows = slice(first + rank * BATCH // size, first + (rank + 1) * BATCH // size)
            update.zero_grad()
            loss = torch.nn.functional.cross_entropy(
                model(torch.from_numpy(INPUTS[rows])), torch.from_numpy(TARGETS[rows])
            )
            loss.backward()
            update.step()
            mean = loss.detach().clone()
            if size > 1:
                torch.distributed.all_reduce(mean)
            losses.append(mean.item() / size)
        return {"losses": losses}

    return run


def joined(rank, size):
    """Join PyTorch's group, through a file that rank 0 names."""
    if size > 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        path = the_group("test").share(tempfile.mktemp(prefix="gloo-"))
        torch.set_num_threads(1)
        torch.distributed.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=size)


def left(rank, size):
    """Leave it again."""
    if size > 1:
        torch.distributed.destroy_process_group()


CASES = {"joined": joined} | {f"train {name}": training(name) for name in OPTIMIZERS} | {"left": left}
