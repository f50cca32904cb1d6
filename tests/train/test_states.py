"""A saved state that is damaged, in any place and any way, is refused by name, and nothing is changed by it."""

import numpy as np
import pytest
import resumable
from damages import damaged, damages, names, places
from stopped import RULES, SCHEDULES, saved, solver, stopped_in_the_middle

import microtorch
from microtorch import optim
from microtorch.errors import CheckpointError
from microtorch.io import load, save
from microtorch.optim import lr_scheduler


def follows(training):
    """The digest of what comes of a training."""
    training.train()
    return resumable.digest(training)


def is_plausible(path, how, value, other):
    """Whether what stands there now is as good as what stood there: no state can say which was meant."""
    if isinstance(value, int) and other == value:  # True for 1
        return True
    if how == "a million" and isinstance(value, int | float) and path[0] not in ("counts", "best"):
        return True
    if how == "bool" and isinstance(value, bool):
        return True
    if how == "-5" and {"lambd", "alpha", "t0", "dampening", "step_sizes"} & {*path} and path[0] == "optimizer":
        return True  # ASGD, SGD and Rprop take them, as PyTorch's do
    if how in ("-5", "1e400") and path == ("scheduler", "best"):
        return True  # it is whatever was measured, and infinite at first
    return how == "float16" and path[:2] == ("optimizer", "state")  # floating numbers of any width, as PyTorch's


CASES = [("adam", schedule) for schedule in SCHEDULES] + [(rule, "none") for rule in RULES if rule != "adam"]


@pytest.mark.parametrize("rule, schedule", CASES, ids=lambda case: getattr(case, "__name__", case))
def test_every_field_damaged_in_every_way(tmp_path, rule, schedule):
    state = saved(stopped_in_the_middle(rule=rule, schedule=schedule), tmp_path)
    training = solver(rule, schedule, num_epochs=1)
    training.train()
    before, wrong, refused = resumable.digest(training), [], 0
    whole = schedule == "cosine by step"  # the others repeat only what differs between them
    for path in places(state):
        if not whole and path[0] not in ("optimizer", "scheduler"):
            continue
        value = state
        for key in path:
            value = value[key]
        for how, other in damages(value).items():
            try:
                training.load_state_dict(damaged(state, path, other))
            except CheckpointError as error:
                refused += 1
                if not any(name in str(error).lower() for name in names(path)):
                    wrong.append(f"{path} {how}: not named in: {error}")
            except Exception as error:
                wrong.append(f"{path} {how}: {type(error).__name__}: {error}")
            else:
                if not is_plausible(path, how, value, other):
                    wrong.append(f"{path} {how}: taken")
                training = solver(rule, schedule, num_epochs=1)
                training.train()
        if wrong and resumable.digest(training) != before:
            break
    assert not wrong, f"{len(wrong)} of {refused + len(wrong)}:\n" + "\n".join(wrong[:40])
    assert resumable.digest(training) == before
    assert refused > 150


def test_every_field_of_lbfgs(tmp_path):
    def train(optimizer, w):
        def closure():
            optimizer.zero_grad()
            loss = ((w * w - 2) * (w * w - 2)).sum() + w.sum()
            loss.backward()
            return loss

        for _ in range(2):
            optimizer.step(closure)

    w = microtorch.tensor(np.array([1.0, -3.0, 0.3]), requires_grad=True)
    optimizer = optim.LBFGS([("w", w)], max_iter=3)
    train(optimizer, w)
    save(optimizer.state_dict(), tmp_path / "state")
    state, wrong, refused = load(tmp_path / "state"), [], 0
    for path in places(state["state"]):
        value = state["state"]
        for key in path:
            value = value[key]
        for how, other in damages(value).items():
            new = optim.LBFGS([("w", w)], max_iter=3)
            try:
                new.load_state_dict({**state, "state": damaged(state["state"], path, other)})
            except CheckpointError as error:
                refused += 1
                wrong += [] if any(name in str(error).lower() for name in names(path)) else [f"{path} {how}: {error}"]
            except Exception as error:
                wrong.append(f"{path} {how}: {type(error).__name__}: {error}")
            else:  # nothing is known of the parameter, or a number is as good as another
                sign = how == "-5" and "prev_loss" in path
                none = path == ("w",) and how in ("None", "removed", "{}")
                if not (none or sign or how in ("a million", "float16") or other == value):
                    wrong.append(f"{path} {how}: taken")
    assert not wrong, "\n".join(wrong)
    assert refused > 100


@pytest.mark.parametrize("rule, schedule", [("adam", "cosine by step"), ("sgd", "steps"), ("nadam", "two")])
def test_a_whole_state_is_taken_and_goes_on_bit_for_bit(tmp_path, rule, schedule):
    straight = follows(solver(rule, schedule))
    state = saved(stopped_in_the_middle(rule=rule, schedule=schedule), tmp_path)
    resumed = solver(rule, schedule)
    resumed.load_state_dict(state)
    assert follows(resumed) == straight


def test_a_parameter_without_gradients_has_no_state_and_that_is_no_damage(tmp_path):
    first, second = solver(), solver()
    for training in (first, second):
        training.model[0].weight.requires_grad_(False)
    first.num_epochs = 1
    first.train()
    state = saved(first, tmp_path)
    assert state["untouched"] == ["0.weight"]
    second.load_state_dict(state)
    assert resumable.digest(second) == resumable.digest(first)


def test_norms_that_are_wanted_later_have_nan_before(tmp_path):
    first = solver(clip_norm=None, num_epochs=1)
    first.train()
    second = solver(num_epochs=2)
    second.load_state_dict(saved(first, tmp_path))
    second.train()
    assert np.isnan(second.grad_norm_history).tolist() == [True] * 4 + [False] * 4
    second.history.steps.to_csv(tmp_path / "steps.csv")


def test_another_schedule_and_another_monitor_are_refused(tmp_path):
    state = saved(stopped_in_the_middle(), tmp_path)
    longer = solver(scheduler=lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=40))
    with pytest.raises(CheckpointError, match=r"T_max was saved as 20 and is 40 now.*same schedule"):
        longer.load_state_dict(state)
    with pytest.raises(CheckpointError, match=r"best\.value is .*never was the val_loss.*same monitor"):
        solver(monitor="val_loss").load_state_dict(state)
    with pytest.raises(CheckpointError, match=r"no val_error in history"):
        solver(monitor="val_error").load_state_dict(state)
