"""A captured step does what the eager step does, bit for bit."""

import copy
import gc
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import samples
from steps_to_capture import OPTIMIZERS, batches, training

import microtorch
from microtorch import nn, optim

CASES = [
    pytest.param(cls, sample, id=f"{name}-{i}")
    for name, cls in samples.operations().items()
    for i, sample in enumerate(samples.samples_of(cls))
]
NO_DERIVATIVE = {"ScatterMultiply"}  # as in PyTorch


def equal(a, b):
    return np.array_equal(a, b, equal_nan=True)


def same_state(one, other):
    theirs = other.state_dict()
    return all(equal(value.numpy(), theirs[name].numpy()) for name, value in one.state_dict().items())


@pytest.mark.parametrize("cls, sample", CASES)
def test_every_operation_trains_alike(cls, sample):
    histories = []
    for captured in (False, True):
        microtorch.manual_seed(0)
        args = sample.tensors()
        leaves = [a for a in args if isinstance(a, microtorch.Tensor) and a.requires_grad]
        update = optim.SGD(leaves, lr=1e-4, momentum=0.5)

        def step(scale, args=args, update=update):
            update.zero_grad()
            outputs = (sample.call or cls.apply)(*args)
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            loss = sum((y * y * scale).sum() for y in outputs if y.dtype.kind == "f")
            if cls.__name__ not in NO_DERIVATIVE and isinstance(loss, microtorch.Tensor) and loss.requires_grad:
                loss.backward()
            update.step()
            return outputs

        step = microtorch.capture(step) if captured else step
        history = []
        for i in range(50):
            outputs = step(microtorch.tensor(1.0 + i / 10, dtype=microtorch.float64))
            history.append([y.detach().numpy().copy() for y in outputs])
        history.append([leaf.detach().numpy() for leaf in leaves])
        histories.append(history)
    for eager, replayed in zip(*histories, strict=True):
        assert all(equal(a, b) for a, b in zip(eager, replayed, strict=True))


@pytest.mark.parametrize("extras", [{}, {"norm": "batch", "dropout": 0.3}], ids=["plain", "norm and dropout"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_steps_alike(optimizer, extras):
    (eager_model, _, eager), (model, _, step) = training(optimizer, **extras), training(optimizer, **extras)
    step = microtorch.capture(step)
    # The masks come from one global generator, so each takes its steps from the seed on.
    microtorch.manual_seed(1)
    losses = [eager(x, y).item() for x, y in batches(50)]
    microtorch.manual_seed(1)
    assert [step(x, y).item() for x, y in batches(50)] == losses
    assert same_state(eager_model, model)


class Halved(optim.SGD):
    """A rule of somebody's own on top of another."""

    def update(self, group):
        for p, g, _, _ in self.gradients(group):
            p -= 0.5 * group["lr"] * g


@pytest.mark.parametrize("make", [*(OPTIMIZERS[k] for k in ("sgd", "nesterov", "adamw")), lambda p: Halved(p, lr=0.1)])
def test_what_is_done_to_an_optimizer_between_steps_counts(make):
    runs = []
    for wrap in (lambda step: step, microtorch.capture):
        microtorch.manual_seed(0)
        model = nn.MLP([12, 10, 4])
        first, second, third, last = model.parameters()
        update = make([{"params": [first, second]}, {"params": [third], "lr": 0.02}])

        def step(x, y, model=model, update=update):
            update.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            update.step()
            return loss

        step, losses, saved = wrap(step), [], None
        for i, (x, y) in enumerate(batches(24)):
            losses.append(step(x, y).item())
            if i == 5:
                saved = copy.deepcopy(update.state_dict())
            elif i == 8:
                update.load_state_dict(saved)
            elif i == 11:
                update.param_groups[0]["lr"] = 0.003
            elif i == 14:
                update.add_param_group({"params": [last], "lr": 0.01})
            elif i == 17 and "momentum" in update.defaults:
                for group in update.param_groups:
                    group["momentum"], group["nesterov"] = 0.5 - group["momentum"], False
            elif i == 20:
                update.state.clear()
        runs.append((losses, model, update.state_dict()["state"]))
    assert runs[0][0] == runs[1][0]
    assert same_state(runs[0][1], runs[1][1])
    for kept, replayed in zip(runs[0][2].values(), runs[1][2].values(), strict=True):
        assert {k: float(v.sum()) if hasattr(v, "sum") else v for k, v in kept.items()} == {
            k: float(v.sum()) if hasattr(v, "sum") else v for k, v in replayed.items()
        }


def test_eager_and_captured_steps_mix():
    (eager_model, _, eager), (model, _, plain) = training("adam"), training("adam")
    captured = microtorch.capture(plain)
    expected = [eager(x, y).item() for x, y in batches(30)]
    got = [(plain if i % 3 == 1 else captured)(x, y).item() for i, (x, y) in enumerate(batches(30))]
    assert got == expected
    assert same_state(eager_model, model)


def test_schedules_go_on_changing():
    runs = []
    for wrap in (lambda step: step, microtorch.capture):
        model, update, step = training("nesterov")
        schedule = optim.lr_scheduler.CosineAnnealingLR(update, 20)
        outside = optim.lr_scheduler.ExponentialLR(update, 0.99)

        def scheduled(x, y, step=step, schedule=schedule):
            loss = step(x, y)
            schedule.step()
            return loss

        scheduled, losses = wrap(scheduled), []
        for x, y in batches(40):
            losses.append(scheduled(x, y).item())
            outside.step()
        runs.append((losses, update.param_groups[0]["lr"], model))
    assert runs[0][:2] == runs[1][:2]
    assert same_state(runs[0][2], runs[1][2])


def test_batch_sizes_and_modes_are_recorded_apart():
    runs = []
    for wrap in (lambda step: step, microtorch.capture):
        model, _, step = training(norm="batch", dropout=0.3)
        step, losses = wrap(step), []
        microtorch.manual_seed(3)
        for i in range(24):
            model.train(i % 4 < 2)
            ((x, y),) = batches(1, size=8 if i % 3 else 5)
            losses.append(step(x, y).item())
        runs.append((losses, model, step))
    assert runs[0][0] == runs[1][0]
    assert same_state(runs[0][1], runs[1][1])
    report = runs[1][2].report()
    assert "4 recordings" in report
    assert "shape" in report
    assert "mode" in report
    _, _, step = training()
    step = microtorch.capture(step)
    for x, y in batches(2):
        step(x, y)
    fused = "2× bias and relu, 2× gradients of relu and bias"
    assert f"in one call each: {fused}" in step.report()


def test_gradients_accumulate_where_nothing_clears_them():
    results = []
    for wrap in (lambda step: step, microtorch.capture):
        model, update, _ = training()

        def accumulate(x, y, model=model):
            nn.functional.cross_entropy(model(x), y).backward()

        accumulate = wrap(accumulate)
        for i, (x, y) in enumerate(batches(12)):
            accumulate(x, y)
            if i % 4 == 3:
                nn.utils.clip_grad_norm_(model.parameters(), 0.1)
                update.step()
                update.zero_grad()
        results.append(model)
    assert same_state(*results)


def test_parts_of_a_step_and_more_than_a_step():
    results = []
    for wrap in (lambda step: step, microtorch.capture):
        model, update, _ = training("adam")
        history = microtorch.zeros(3)

        @wrap
        def step(x, y, model=model, update=update, history=history):
            update.zero_grad()
            scores = model(x)
            loss = nn.functional.cross_entropy(scores, y)
            (saliency,) = microtorch.autograd.grad(loss, scores, retain_graph=True)
            (loss + (scores**2).mean() * saliency.abs().sum()).backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), 0.05)
            update.step()
            history[0] = loss.detach()
            history.mul_(0.5)
            return {"right": (scores.argmax(1) == y).float().mean(), "norm": norm, "history": history}

        outputs = [{k: v.detach().numpy().copy() for k, v in step(x, y).items()} for x, y in batches(20)]
        results.append((outputs, model))
    for a, b in zip(results[0][0], results[1][0], strict=True):
        assert all(equal(a[k], b[k]) for k in a)
    assert same_state(results[0][1], results[1][1])


def test_another_model_or_memory_is_noticed():
    model, _, _ = training()
    forward = microtorch.capture(lambda x: model(x))
    x = microtorch.ones(2, 12)
    forward(x)
    model = training()[0].double()
    with pytest.raises(microtorch.errors.DTypeError):  # as the eager step would
        forward(x)
    model = training()[0]
    with microtorch.no_grad():
        model[-1].bias.data = microtorch.full((4,), 7.0)
    assert equal(forward(x).numpy(), model(x).detach().numpy())
    model[-1].bias.requires_grad_(False)
    forward(x)
    assert "frozen" in forward.report()


def test_results_are_overwritten_and_inputs_may_be_reused():
    double = microtorch.capture(lambda x: x * 2)
    first = double(microtorch.ones(3))
    kept = first.clone()
    second = double(microtorch.full((3,), 5.0))
    assert second is first
    assert second.tolist() == [10.0] * 3
    assert kept.tolist() == [2.0] * 3


def test_a_result_in_an_eager_graph_is_guarded():
    double = microtorch.capture(lambda x: x * 2)
    w = microtorch.ones(3, requires_grad=True)
    loss = (double(microtorch.ones(3)) * w).sum()
    double(microtorch.zeros(3))
    with pytest.raises(microtorch.errors.GraphError, match="replay of a captured step"):
        loss.backward()


def test_parameters_of_two_dtypes():
    runs = []
    for wrap in (lambda step: step, microtorch.capture):
        microtorch.manual_seed(0)
        a, b = nn.Linear(3, 2), nn.Linear(3, 2).double()
        update = optim.Adam([*a.parameters(), *b.parameters()], lr=0.1)

        @wrap
        def step(x, a=a, b=b, update=update):
            update.zero_grad()
            loss = (a(x) ** 2).sum().double() + (b(x.double()) ** 2).sum()
            loss.backward()
            update.step()
            return loss

        runs.append([step(x).item() for x in [microtorch.ones(4, 3)] * 5])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("bias, shared", [(True, False), (False, False), (True, True)])
def test_a_bias_and_its_relu_in_one_call(bias, shared):
    """One pass over both, wherever it is right; where the linear result has another reader it keeps its value."""
    histories = []
    for captured in (False, True):
        microtorch.manual_seed(0)
        first, second = nn.Linear(6, 5, bias=bias), nn.Linear(5, 4, bias=bias)
        update = optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)

        def step(x, y, first=first, second=second, update=update):
            update.zero_grad()
            z = first(x)
            hidden = nn.functional.relu(z)
            loss = nn.functional.cross_entropy(second(hidden + z if shared else hidden), y)
            loss.backward()
            update.step()
            return loss, z

        step = microtorch.capture(step) if captured else step
        histories.append([[t.detach().numpy().copy() for t in step(x, y)] for x, y in batches(10, size=7, features=6)])
    for eager, replayed in zip(*histories, strict=True):
        assert all(equal(a, b) for a, b in zip(eager, replayed, strict=True))


def test_without_the_jit():
    """Arrays are reached by address, which Python does in another way than numba."""
    test = f"{__file__}::test_every_optimizer_steps_alike"
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", test]
    command += ["-k", "plain and (sgd or adamw)"]
    done = subprocess.run(command, env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_replay_allocates_next_to_nothing(optimizer):
    _, _, step = training(optimizer)
    step = microtorch.capture(step)
    ((x, y),) = batches(1, size=64)
    for _ in range(3):
        step(x, y)
    gc.collect()
    tracemalloc.start()
    for _ in range(50):
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        step(x, y)
        peak = tracemalloc.get_traced_memory()[1] - before
    grown = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        step(x, y)
    grown = tracemalloc.get_traced_memory()[0] - grown
    tracemalloc.stop()
    assert peak < 4096  # small Python objects; the smallest activation alone has 1,024 bytes
    assert abs(grown) < 2048


def test_a_parameter_that_a_step_returns_stays_one():
    w = microtorch.ones(2, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)

    def step(x):
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()
        return w, w.grad

    step = microtorch.capture(step)
    for call in range(1, 5):
        returned, gradient = step(microtorch.ones(2))
        assert (returned.tolist(), gradient.tolist()) == ([1 - call / 2] * 2, [1.0, 1.0])
        assert not returned.requires_grad
        assert w.requires_grad
        assert w.is_leaf
        (w * 3).sum().backward()
        assert w.grad.tolist() == [4.0, 4.0]
