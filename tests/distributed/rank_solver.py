"""Solver(distributed=True) on real ranks; see ranks.py."""

import os

import numpy as np
from rank_cases import digest, flat, told

import microtorch
from microtorch import distributed as dist
from microtorch import nn, optim
from microtorch.data import DataLoader, DistributedSampler, TensorDataset
from microtorch.distributed.joining import the_group
from microtorch.train import Solver

_rng = np.random.default_rng(5)
X = _rng.normal(size=(190, 8))
Y = (X @ _rng.normal(size=(8, 4))).argmax(1)
FOLDER_OF_HALVES = os.environ.get("RANK_SOLVER_HALVES")
FOLDER = os.environ.get("RANK_SOLVER_FOLDER")


def solver(**options):
    """Batches of 30, so that parts differ in size, and a last one of 10."""
    microtorch.manual_seed(1)
    net = nn.Sequential(nn.Linear(8, 12, bias=False), nn.BatchNorm1d(12), nn.Tanh(), nn.Linear(12, 4)).double()
    net = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    given = {"num_epochs": 3, "batch_size": 30, "verbose": False, "validation": (X[:41], Y[:41]), "distributed": True}
    return Solver(net, (X, Y), **(given | options))


LOCAL = {
    "every step": {"sync_every": 1, "outer": {}},
    "plain": {"sync_every": 5},
    "momentum": {
        "sync_every": 3,
        "outer": {"lr": 0.7, "momentum": 0.9, "nesterov": True},
        "optim_config": {"lr": 1e-3},
    },
    "within epochs": {"sync_every": 2, "eval_every": 4, "checkpoint_every": 4},
}

OPTIONS = {
    "plain": {},
    "captured": {"capture": True},
    "accumulated": {"accumulate": 3, "clip_norm": 0.5},
    "scheduled": {
        "update_rule": "momentum",
        "scheduler": lambda o: optim.lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=0),
        "monitor": "val_loss",
        "eval_every": 5,
    },
    "patient": {"num_epochs": 30, "patience": 2, "optim_config": {"lr": 0.05}},
    "all samples": {"num_train_samples": None, "num_val_samples": 7},
}


def outcome(training):
    history = training.history
    kept = {name: column for name, column in history.evaluations.columns.items() if name != "seconds"}
    sums = digest([*training.model.parameters(), *training.model.buffers()])
    return {"losses": history.steps["loss"], "evaluations": kept, "state": flat(training.model),
            "same": len(set(the_group("test").gather(sums))) == 1, "digest": sums}  # fmt: skip


def trained(options):
    def run(rank, size):
        training = solver(**options)
        training.train()
        return outcome(training)

    return run


def first_half(rank, size):
    """Up to the end of the second epoch, saved."""
    training = solver(num_epochs=2, checkpoints=FOLDER)
    training.train()
    return outcome(training)


def second_half(rank, size):
    """On from there, on any number of ranks."""
    training = solver(checkpoints=FOLDER)
    resumed = training.resume()
    training.train()
    return outcome(training) | {"resumed": resumed}


def local(options):
    """Local steps; and the same in two halves, saved and resumed."""

    def run(rank, size):
        training = solver(num_epochs=4, **options)
        training.train()
        with_halves = outcome(training)
        if FOLDER_OF_HALVES is None:
            return with_halves
        folder = f"{FOLDER_OF_HALVES}/{size}-{sorted(options.items())!r:.20}"
        first = solver(num_epochs=2, checkpoints=folder, **options)
        first.train()
        second = solver(num_epochs=4, checkpoints=folder, **options)
        second.resume()
        second.train()
        return with_halves | {"halves": outcome(second)["digest"]}

    return run


def steps_by_hand(rank, size):
    """LocalSteps against the formula, with numpy's mean of what each rank alone comes to."""
    found = {}
    for name, options in {"plain": {}, "outer": {"lr": 0.7, "momentum": 0.9, "nesterov": True}}.items():
        microtorch.manual_seed(rank)
        model = nn.Linear(3, 2).double()
        steps = dist.LocalSteps(model, 2, **options)
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        trace = [flat(model)]
        for i in range(6):
            optimizer.zero_grad()
            x = microtorch.from_numpy(np.random.default_rng(10 * rank + i).normal(size=(4, 3)))
            (model(x) ** 2).mean().backward()
            optimizer.step()
            trace.append(flat(model))
            steps.step()
            trace.append(flat(model))
        found[name] = trace
    return found


def mistakes(rank, size):
    data = TensorDataset(microtorch.tensor(X), microtorch.tensor(Y))
    own = DataLoader(data, 30, sampler=DistributedSampler(data))
    mine = DataLoader(data, 30, sampler=np.random.default_rng(rank).permutation(190).tolist())
    return {
        "own sampler": told(lambda: Solver(solver().model, own, verbose=False, distributed=True).train()),
        "order": told(lambda: Solver(solver().model, mine, verbose=False, distributed=True).train()),
        "period": told(lambda: solver(sync_every=3, eval_every=4)),
        "alone": told(lambda: solver(sync_every=3, distributed=False)),
        "small batch": told(lambda: solver(batch_size=189).train()),
        "options": told(lambda: solver(optim_config={"lr": 0.1 * (rank + 1)}).train()),
        "data": told(lambda: Solver(solver().model, (X[rank:], Y[rank:]), verbose=False, distributed=True).train()),
    }


CASES = {name: trained(options) for name, options in OPTIONS.items()} | {"mistakes": mistakes}
CASES |= {f"local {name}": local(options) for name, options in LOCAL.items()} | {"by hand": steps_by_hand}
if FOLDER:
    CASES = {"first half": first_half, "second half": second_half}
