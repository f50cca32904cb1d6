"""Trainings that are stopped in the middle, by every rule and schedule, and their states as files hold them."""

import contextlib

import numpy as np

import microtorch
from microtorch import nn, optim
from microtorch.io import load, save
from microtorch.optim import lr_scheduler
from microtorch.train import Solver

SCHEDULES = {
    "none": {},
    "cosine by step": {"scheduler": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=20), "schedule_by": "step"},
    "steps": {"scheduler": lambda o: lr_scheduler.MultiStepLR(o, [1, 3])},
    "plateau": {"scheduler": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1)},
    "two": {"scheduler": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o, 0.5), lr_scheduler.ExponentialLR(o, 0.9)], milestones=[1])},
}  # fmt: skip
RULES = {
    "sgd": {}, "nesterov": {}, "rmsprop": {"centered": True, "momentum": 0.9}, "adagrad": {}, "adadelta": {},
    "adam": {"amsgrad": True}, "adamax": {}, "nadam": {}, "radam": {}, optim.ASGD: {}, optim.Rprop: {},
}  # fmt: skip


def solver(rule="adam", schedule="cosine by step", **options):
    microtorch.manual_seed(0)
    rng = np.random.default_rng(0)
    data, validation = ((rng.normal(size=(n, 4)).astype(np.float32), np.arange(n) % 3) for n in (20, 9))
    own = microtorch.Generator().manual_seed(1)
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.1, generator=own), nn.Linear(5, 3))
    options = {"num_epochs": 4, "batch_size": 5, "verbose": False, "clip_norm": 5.0, **SCHEDULES[schedule], **options}
    return Solver(model, data, validation=validation, update_rule=rule, optim_config=RULES[rule], **options)


def stopped_in_the_middle(**options):
    """A training of two epochs and two steps, and its state as a file holds it."""
    training = solver(**options)

    def stop(training):
        if training.step == 10:
            raise InterruptedError

    training.step_callbacks = [stop]
    with contextlib.suppress(InterruptedError):
        training.train()
    training.step_callbacks = []
    return training


def saved(training, folder):
    save(training.state_dict(), folder / "state")
    return load(folder / "state")
