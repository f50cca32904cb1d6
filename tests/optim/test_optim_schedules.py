"""Learning-rate schedules, equal to PyTorch's step by step, resumed, and refused."""

import copy
import io
import json
import pickle
import warnings

import numpy as np
import pytest

import microtorch
from microtorch import optim
from microtorch.errors import CheckpointError
from microtorch.optim import lr_scheduler, swa_utils

STEPS = 18
MEASURES = [3, 2, 2.1, 2.05, 2, 1.99, 1.5, 1.6, 1.6, 1.6, 1.6, 1.2, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3]

# `L` is the module of schedules (with SWALR in it), `o` an optimizer with two groups.
CASES = {
    "StepLR": lambda L, o: L.StepLR(o, 4, 0.3),
    "MultiStepLR": lambda L, o: L.MultiStepLR(o, [3, 7, 7, 12], 0.5),
    "ExponentialLR": lambda L, o: L.ExponentialLR(o, 0.9),
    "LinearLR": lambda L, o: L.LinearLR(o, 0.2, 0.7, 6),
    "LinearLR to zero": lambda L, o: L.LinearLR(o, 0.5, 0.0, 6),
    "ConstantLR": lambda L, o: L.ConstantLR(o, 0.2, 6),
    "PolynomialLR": lambda L, o: L.PolynomialLR(o, 8, 2.0),
    "CosineAnnealingLR": lambda L, o: L.CosineAnnealingLR(o, 5, 0.01),
    "CosineAnnealingLR of one step": lambda L, o: L.CosineAnnealingLR(o, 1, 0.01),
    "CosineAnnealingWarmRestarts": lambda L, o: L.CosineAnnealingWarmRestarts(o, 4),
    "CosineAnnealingWarmRestarts, longer": lambda L, o: L.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    "OneCycleLR": lambda L, o: L.OneCycleLR(o, [0.5, 0.2], total_steps=19),
    "OneCycleLR, three phases": lambda L, o: L.OneCycleLR(
        o, 0.5, epochs=5, steps_per_epoch=4, three_phase=True, anneal_strategy="linear"
    ),
    "OneCycleLR, only down": lambda L, o: L.OneCycleLR(o, 0.5, total_steps=19, pct_start=0.0, cycle_momentum=False),
    "CyclicLR": lambda L, o: L.CyclicLR(o, 0.1, 0.5, 3, 4),
    "CyclicLR, triangular2": lambda L, o: L.CyclicLR(o, 0.1, [0.5, 0.2], 3, mode="triangular2"),
    "CyclicLR, exp_range": lambda L, o: L.CyclicLR(o, 0.1, 0.5, 3, mode="exp_range", gamma=0.9, cycle_momentum=False),
    "CyclicLR, by cycle": lambda L, o: L.CyclicLR(o, 0.1, 0.5, 3, scale_fn=lambda x: 1 / x),
    "CyclicLR, by step": lambda L, o: L.CyclicLR(
        o, 0.1, 0.5, 3, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations"
    ),
    "LambdaLR": lambda L, o: L.LambdaLR(o, [lambda t: 1 / (1 + t), lambda t: 0.9**t]),
    "MultiplicativeLR": lambda L, o: L.MultiplicativeLR(o, lambda t: 0.9 + 0.01 * t),
    "SequentialLR": lambda L, o: L.SequentialLR(
        o, [L.LinearLR(o, 0.1, 1.0, 4), L.CosineAnnealingLR(o, 8), L.ExponentialLR(o, 0.9)], [4, 10]
    ),
    "SequentialLR of four": lambda L, o: L.SequentialLR(
        o,
        [L.ConstantLR(o, 0.1, 4), L.PolynomialLR(o, 6), L.StepLR(o, 2), L.CosineAnnealingWarmRestarts(o, 3)],
        [4, 8, 12],
    ),
    "SequentialLR in SequentialLR": lambda L, o: L.SequentialLR(
        o,
        [L.SequentialLR(o, [L.ConstantLR(o, 0.1, 4), L.ExponentialLR(o, 0.8)], [3]), L.MultiStepLR(o, [2, 4])],
        [8],
    ),
    "SequentialLR of functions": lambda L, o: L.SequentialLR(
        o, [L.MultiplicativeLR(o, lambda t: 0.9), L.LambdaLR(o, lambda t: 0.5**t)], [8]
    ),
    "ChainedScheduler": lambda L, o: L.ChainedScheduler(
        [L.LinearLR(o, 0.3, 1.0, 5), L.ExponentialLR(o, 0.9), L.CosineAnnealingLR(o, 6)]
    ),
    "ReduceLROnPlateau": lambda L, o: L.ReduceLROnPlateau(o, factor=0.5, patience=1),
    "ReduceLROnPlateau, max abs": lambda L, o: L.ReduceLROnPlateau(
        o, "max", patience=0, threshold=0.1, threshold_mode="abs", cooldown=2
    ),
    "ReduceLROnPlateau, min_lr": lambda L, o: L.ReduceLROnPlateau(
        o, patience=1, threshold=0.2, min_lr=[0.05, 0.01], factor=0.3
    ),
    "ReduceLROnPlateau, max": lambda L, o: L.ReduceLROnPlateau(o, "max", patience=2),
    "SWALR": lambda L, o: L.SWALR(o, 0.05, 5),
    "SWALR, linear": lambda L, o: L.SWALR(o, [0.05, 0.1], 6, "linear"),
    "SWALR at once": lambda L, o: L.SWALR(o, 0.05, 0),
}


class ours:
    """The schedules of both modules under one name, as `theirs` has them."""


vars_ours = {**vars(lr_scheduler), "SWALR": swa_utils.SWALR}
for _name in (*lr_scheduler.__all__, "SWALR"):
    setattr(ours, _name, vars_ours[_name])


def build(make, optimizer_class, tensors, schedules):
    options = {"momentum": 0.9} if optimizer_class.__name__ == "SGD" else {}
    first, second = tensors
    optimizer = optimizer_class([{"params": [first]}, {"params": [second], "lr": 0.3}], lr=1.0, **options)
    return optimizer, make(schedules, optimizer)


def build_ours(case, optimizer="SGD"):
    tensors = [microtorch.tensor(np.zeros(2), requires_grad=True) for _ in range(2)]
    return build(CASES[case], getattr(optim, optimizer), tensors, ours)


def advance(case, optimizer, scheduler, step):
    optimizer.step()
    scheduler.step(MEASURES[step]) if "Plateau" in case else scheduler.step()


def settings(optimizer, scheduler):
    keys = ("lr", "momentum", "betas", "initial_lr")
    return [
        *(np.ravel(group[key]).tolist() for group in optimizer.param_groups for key in keys if key in group),
        list(scheduler.get_last_lr()),
    ]


def has_a_local_function(scheduler):
    """Whether a lambda of the table is kept in it."""
    inside = [scheduler, *getattr(scheduler, "_schedulers", ())]
    inside += [s for outer in inside[1:] for s in getattr(outer, "_schedulers", ())]
    return any("lambda" in repr(vars(s)) for s in inside)


def test_every_schedule_is_compared():
    names = {case.split(",")[0].split(" ")[0] for case in CASES}
    assert names == {*lr_scheduler.__all__, "SWALR"} - {"LRScheduler"}


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("case", CASES)
def test_18_steps(torch, case, optimizer):
    class theirs:
        pass

    for name in (*lr_scheduler.__all__, "SWALR"):
        found = getattr(torch.optim.lr_scheduler, name, None) or getattr(torch.optim.swa_utils, name)
        setattr(theirs, name, found)
    mine = build_ours(case, optimizer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns of its own order of calls inside SequentialLR
        reference = build(
            CASES[case], getattr(torch.optim, optimizer), [torch.zeros(2, requires_grad=True) for _ in range(2)], theirs
        )
        for step in range(STEPS):
            for a, b in zip(settings(*reference), settings(*mine), strict=True):
                np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-9, err_msg=f"before step {step}")
            advance(case, *reference, step)
            advance(case, *mine, step)
    for a, b in zip(settings(*reference), settings(*mine), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-9)


def through_file(thing):
    file = io.BytesIO()
    microtorch.save(thing, file)
    file.seek(0)
    return microtorch.load(file)


def states(store):
    """A way to go on: states are taken, stored, and loaded into new objects."""

    def resume(case, optimizer, scheduler):
        saved = store({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict()})
        optimizer, scheduler = build_ours(case)
        optimizer.load_state_dict(saved["optimizer"])
        scheduler.load_state_dict(saved["scheduler"])
        return optimizer, scheduler

    return resume


WAYS = {
    "states copied": states(copy.deepcopy),
    "states pickled": states(lambda state: pickle.loads(pickle.dumps(state))),
    "states in a file": states(through_file),
    "state as JSON": states(lambda state: {**state, "scheduler": json.loads(json.dumps(state["scheduler"]))}),
    "objects copied": lambda case, *objects: copy.deepcopy(objects),
    "objects pickled": lambda case, *objects: pickle.loads(pickle.dumps(objects)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", CASES)
def test_a_resumed_schedule_goes_on_as_if_nothing_had_been(case, way):
    optimizer, scheduler = build_ours(case)
    for step in range(7):
        advance(case, optimizer, scheduler, step)
    if way == "objects pickled" and has_a_local_function(scheduler):
        with pytest.raises((AttributeError, pickle.PicklingError), match="lambda"):
            pickle.dumps(scheduler)
        return
    other_optimizer, other = WAYS[way](case, optimizer, scheduler)
    for step in range(7, STEPS):
        assert settings(other_optimizer, other) == settings(optimizer, scheduler)
        advance(case, optimizer, scheduler, step)
        advance(case, other_optimizer, other, step)
    assert settings(other_optimizer, other) == settings(optimizer, scheduler)


def test_attributes_of_callable_objects_are_saved():
    class Decay:
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, step):
            return self.rate**step

    def make(rate):
        optimizer = optim.SGD([microtorch.ones(1)], lr=1.0)
        return lr_scheduler.LambdaLR(optimizer, Decay(rate))

    other = make(0.9)
    other.load_state_dict(make(0.5).state_dict())
    assert other.lr_lambdas[0].rate == 0.5


def test_a_state_of_another_schedule_is_refused():
    optimizer = optim.SGD([microtorch.ones(1)])
    step, exponential = lr_scheduler.StepLR(optimizer, 3), lr_scheduler.ExponentialLR(optimizer, 0.9)
    with pytest.raises(CheckpointError, match=r"StepLR.load_state_dict: step_size was not saved"):
        step.load_state_dict(exponential.state_dict())


def test_going_on_from_a_step():
    optimizer = optim.SGD([microtorch.ones(1)], lr=1.0)
    with pytest.raises(KeyError, match="'initial_lr' is not specified"):
        lr_scheduler.ExponentialLR(optimizer, 0.5, last_epoch=3)
    optimizer.param_groups[0].update(initial_lr=1.0, lr=0.125)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5, last_epoch=3)
    assert (scheduler.last_epoch, scheduler.get_last_lr()) == (4, [0.125])


def test_fractions_of_an_epoch():
    optimizer = optim.SGD([microtorch.ones(1)], lr=1.0)
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    optimizer.step()
    for epoch, lr in {0.5: (1 + np.cos(np.pi / 4)) / 2, 1.0: 0.5, 2.0: 1.0, 4.0: 0.5, 6.0: 1.0, 14.0: 1.0}.items():
        scheduler.step(epoch)
        np.testing.assert_allclose(scheduler.get_last_lr(), [lr], atol=1e-12)


def test_a_schedule_that_is_stepped_first_warns():
    optimizer = optim.SGD([microtorch.ones(1)])
    scheduler = lr_scheduler.StepLR(optimizer, 3)
    with pytest.warns(UserWarning, match=r"`lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        scheduler.step()


def sgd(**options):
    return optim.SGD([microtorch.ones(1)], **options)


BAD = {
    "no optimizer": (lambda: lr_scheduler.StepLR([1], 2), TypeError, "list is not an Optimizer"),
    "step_size": (lambda: lr_scheduler.StepLR(sgd(), 0), ValueError, "step_size 0 must be at least 1"),
    "factor": (lambda: lr_scheduler.ConstantLR(sgd(), 1.5), ValueError, "between 0 and 1, not 1.5"),
    "start": (lambda: lr_scheduler.LinearLR(sgd(), 0), ValueError, "greater than 0 and less or equal to 1, not 0"),
    "end": (lambda: lr_scheduler.LinearLR(sgd(), end_factor=2), ValueError, "between 0 and 1, not 2"),
    "T_0": (lambda: lr_scheduler.CosineAnnealingWarmRestarts(sgd(), 0), ValueError, "positive integer T_0, but got 0"),
    "T_mult": (lambda: lr_scheduler.CosineAnnealingWarmRestarts(sgd(), 1, 0), ValueError, "T_mult >= 1"),
    "no total": (lambda: lr_scheduler.OneCycleLR(sgd(), 1.0), ValueError, "either total_steps OR"),
    "total": (lambda: lr_scheduler.OneCycleLR(sgd(), 1.0, total_steps=-1), ValueError, "positive integer total_steps"),
    "pct": (lambda: lr_scheduler.OneCycleLR(sgd(), 1.0, 9, pct_start=2), ValueError, "between 0 and 1 pct_start"),
    "strategy": (
        lambda: lr_scheduler.OneCycleLR(sgd(), 1.0, 9, anneal_strategy="log"),
        ValueError,
        "one of 'cos' or 'linear', instead got log",
    ),
    "momentum": (
        lambda: lr_scheduler.CyclicLR(optim.Adagrad([microtorch.ones(1)]), 0.1, 1.0),
        ValueError,
        "Adagrad has neither. Set cycle_momentum=False",
    ),
    "mode": (lambda: lr_scheduler.CyclicLR(sgd(), 0.1, 1.0, mode="square"), ValueError, "mode 'square' is none of"),
    "groups": (lambda: lr_scheduler.LambdaLR(sgd(), [abs, abs]), ValueError, "has 2 values, param_groups has 1"),
    "function": (lambda: lr_scheduler.LambdaLR(sgd(), 0.5), TypeError, "should be a function, but got float"),
    "none": (lambda: lr_scheduler.ChainedScheduler([]), ValueError, "at least one scheduler"),
    "milestones": (
        lambda: (lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.StepLR(o, 2)], [3]))(sgd()),
        ValueError,
        "number of schedulers 1 and the number of milestones to be equal to 1",
    ),
    "others": (
        lambda: lr_scheduler.SequentialLR(sgd(), [lr_scheduler.StepLR(sgd(), 2)], []),
        ValueError,
        "belong to the same optimizer",
    ),
    "plateau": (
        lambda: (lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ReduceLROnPlateau(o)], []))(sgd()),
        ValueError,
        "does not support `ReduceLROnPlateau`",
    ),
    "plateau factor": (lambda: lr_scheduler.ReduceLROnPlateau(sgd(), factor=1.0), ValueError, "< 1.0, not 1.0"),
    "plateau mode": (lambda: lr_scheduler.ReduceLROnPlateau(sgd(), "best"), ValueError, "mode best is unknown"),
    "plateau min_lr": (lambda: lr_scheduler.ReduceLROnPlateau(sgd(), min_lr=[0, 0]), ValueError, "1 min_lrs, got 2"),
    "swa": (lambda: swa_utils.SWALR(sgd(), 0.1, -1), ValueError, "equal or greater than 0, got -1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    make, kind, words = BAD[case]
    with pytest.raises(kind, match=words):
        make()


def test_one_cycle_ends():
    optimizer = sgd(momentum=0.9)
    scheduler = lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=3)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    with pytest.raises(ValueError, match=r"Tried to step 4 times\. The specified number of total steps is 3"):
        scheduler.step()


@pytest.mark.parametrize("around", ["alone", "sequential", "chained"])
def test_milestones_whose_keys_became_strings(around):
    def build():
        optimizer = optim.SGD([microtorch.ones(2, requires_grad=True)], lr=1.0)
        steps = lr_scheduler.MultiStepLR(optimizer, [2, 4, 4], gamma=0.5)
        if around == "chained":
            return optimizer, lr_scheduler.ChainedScheduler([steps])
        if around == "sequential":
            return optimizer, lr_scheduler.SequentialLR(optimizer, [steps, lr_scheduler.ConstantLR(optimizer)], [9])
        return optimizer, steps

    (first, straight), (second, resumed) = build(), build()
    for optimizer in (first, second):
        optimizer.step()
    straight.step()
    resumed.load_state_dict(json.loads(json.dumps(straight.state_dict())))
    for _ in range(5):
        straight.step()
        resumed.step()
        assert resumed.get_last_lr() == straight.get_last_lr()


@pytest.mark.parametrize("make", [lr_scheduler.OneCycleLR, lr_scheduler.CyclicLR])
def test_a_tensor_that_was_given_is_not_kept(make):
    top = microtorch.tensor(0.5)
    optimizer = optim.SGD([microtorch.ones(2, requires_grad=True)], lr=0.1, momentum=0.9)
    more = {"total_steps": 4} if make is lr_scheduler.OneCycleLR else {"base_lr": 0.25, "step_size_up": 2}
    scheduler = make(optimizer, max_lr=top, **more)
    top.fill_(100.0)
    lrs = []
    for _ in range(3):
        optimizer.step()
        scheduler.step()
        lrs += scheduler.get_last_lr()
    assert all(type(lr) is float for lr in lrs)
    assert max(lrs) <= 0.5


@pytest.mark.parametrize("case", [case for case in CASES if "WarmRestarts" not in case])  # it refuses tensors
def test_no_tensor_that_was_given_is_kept(case):
    """Every number of the table's calls as a tensor that is changed afterwards."""
    numbers = []

    class Given:  # the module of schedules, with tensors for floats
        def __getattr__(self, name):
            def make(*args, **kwargs):
                return getattr(ours, name)(*map(self.tensor, args), **{k: self.tensor(v) for k, v in kwargs.items()})

            return make

        def tensor(self, value):
            if type(value) is list:
                return [self.tensor(v) for v in value]
            if type(value) is float:
                numbers.append(microtorch.tensor(value, dtype=microtorch.float64))
                return numbers[-1]
            return value

    mine = build_ours(case)
    tensors = [microtorch.tensor(np.zeros(2), requires_grad=True) for _ in range(2)]
    other = build(CASES[case], optim.SGD, tensors, Given())
    for number in numbers:
        number.fill_(77.0)
    for step in range(STEPS):
        assert settings(*other) == settings(*mine)
        advance(case, *mine, step)
        advance(case, *other, step)
