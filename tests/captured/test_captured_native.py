"""Recorded calls as one native call: what becomes one, the same bits, and the ways out of it."""

import gc
import threading
import tracemalloc
import warnings
import weakref

import numpy as np
import pytest
from steps_to_capture import OPTIMIZERS, batches, training

import microtorch
from microtorch import nn
from microtorch.captured import recording as recordings
from microtorch.captured.native import Segment
from microtorch.kernels import _blas
from microtorch.kernels._jit import _numba
from microtorch.kernels.nn import dropout as kernels
from microtorch.ops.nn import linear

NATIVE = pytest.mark.skipif(
    _numba().config.DISABLE_JIT or not _blas.addresses(np.dtype(np.float32))[0],
    reason="numpy's BLAS was not found, or nothing is compiled",
)
NETS = {
    "plain": {},
    "batch norm": {"norm": "batch"},
    "layer norm": {"norm": "layer"},
    "rms norm": {"norm": "rms"},
    "dropout": {"dropout": 0.3},
    "both": {"norm": "batch", "dropout": 0.3},
    "gelu": {"activation": "gelu"},
    "leaky relu": {"activation": "leaky_relu"},
}


def outcome(step, model, calls=10):
    microtorch.manual_seed(1)
    losses = [step(x, y).item() for x, y in batches(calls)]
    return losses, [v.numpy().tobytes() for v in model.state_dict().values()]


KINDS = [*((optimizer, "plain") for optimizer in OPTIMIZERS), *(("adam", net) for net in NETS)]


@NATIVE
@pytest.mark.parametrize("optimizer, net", KINDS)
def test_a_whole_step_is_one_call(optimizer, net):
    model, _, step = training(optimizer, **NETS[net])
    expected = outcome(step, model)
    model, _, step = training(optimizer, **NETS[net])
    step = microtorch.capture(step)
    assert outcome(step, model) == expected
    assert [type(run) for run in step.recording.runs] == [Segment]


@NATIVE
def test_what_has_no_native_form_cuts_the_list():
    weight = microtorch.full((3, 4), 0.5).requires_grad_()
    step = microtorch.capture(
        lambda x: nn.functional.linear(nn.functional.linear(x, weight).sort(1)[0], weight.T[:3, :3])
    )
    step(microtorch.ones(2, 4))
    assert len(step.recording.runs) > 1


@pytest.mark.parametrize("missing", ["symbols", "segments"])
def test_without_native_calls_everything_works(monkeypatch, missing):
    if missing == "symbols":
        monkeypatch.setattr(linear, "addresses", lambda dtype: (0, 0))
    else:
        monkeypatch.setattr(recordings, "segments", lambda runs: runs)
    model, _, step = training("adam", norm="batch", dropout=0.3)
    expected = outcome(step, model)
    model, _, step = training("adam", norm="batch", dropout=0.3)
    step = microtorch.capture(step)
    assert outcome(step, model) == expected
    assert len(step.recording.runs) > 5


def test_inputs_that_do_not_lie_in_a_row_are_numpys():
    weight = microtorch.rand(5, 4).requires_grad_()
    for x in (microtorch.rand(4, 6).T, microtorch.rand(6, 8)[:, ::2], microtorch.rand(1, 4).expand(6, 4)):
        y = nn.functional.linear(x, weight)
        np.testing.assert_allclose(y.detach().numpy(), x.numpy() @ weight.detach().numpy().T, rtol=1e-5)


def test_an_error_in_the_middle_leaves_what_the_eager_step_leaves():
    states = []
    for wrap in (lambda step: step, microtorch.capture):
        model, update, step = training("adam", dropout=0.3)
        step = wrap(step)
        for i, (x, y) in enumerate(batches(8)):
            if i in (3, 5):
                y = y.clone()
                y[2] = 9
                with pytest.raises(IndexError, match="label 9 in row 2 is none of 4 classes"):
                    step(x, y)
            else:
                step(x, y)
        numbers = [v if isinstance(v, int) else v.tolist() for kept in update.state.values() for v in kept.values()]
        states.append(([v.tolist() for v in model.state_dict().values()], numbers))
    assert states[0] == states[1]


def test_steps_run_in_threads_at_once():
    expected, found = [], {}
    for number in range(3):
        model, _, step = training(["sgd", "adam", "rmsprop"][number])
        expected.append(outcome_by(step, model, number))

    def work(number):
        found[number] = outcome_by(*made[number], number)

    made = []
    for number in range(3):
        model, _, step = training(["sgd", "adam", "rmsprop"][number])
        made.append((microtorch.capture(step), model))
    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(3)] == expected


def outcome_by(step, model, number):
    losses = [step(x, y).item() for x, y in batches(60, size=4 + number)]
    return losses, [v.tolist() for v in model.state_dict().values()]


def test_threads_never_draw_one_key_twice():
    generator, keys = microtorch.Generator().manual_seed(5), [[], [], []]

    def work(found):
        for _ in range(2000):
            kernels.draw_key(generator.words, key := np.empty(2, np.uint32))
            found.append(tuple(key.tolist()))

    threads = [threading.Thread(target=work, args=(found,)) for found in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({key for found in keys for key in found}) == 6000
    assert generator.get_state()["keys"] == 6000


def test_keys_are_those_of_the_mixer():
    generator, mask = microtorch.Generator().manual_seed(5), (1 << 64) - 1
    for count in (1, 2, 3):
        kernels.draw_key(generator.words, key := np.empty(2, np.uint32))
        z = (5 + count * 0x9E3779B97F4A7C15) & mask
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        assert key.tolist() == [z & 0xFFFFFFFF, z >> 32]


def test_what_eager_steps_and_others_do_to_the_optimizer_in_between_counts():
    runs = []
    for wrap in (lambda step: step, microtorch.capture):
        model, update, step = training("adam", norm="batch")
        captured = wrap(step)
        for i, (x, y) in enumerate(batches(16)):
            (step if i % 4 == 3 else captured)(x, y)
            if i == 5:
                update.state[model.fc1.weight]["step"] = 1
            elif i == 8:
                update.state[model.fc2.bias]["exp_avg"].zero_()
            elif i == 11:
                update.state.clear()
            elif i == 13:
                update.param_groups[0]["betas"] = 0.5, 0.6
        runs.append([v.tolist() for v in model.state_dict().values()])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_gradient_that_a_frozen_parameter_is_given_counts(optimizer):
    """Also where the step itself zeroes none."""
    runs = []
    for wrap in (lambda step: step, microtorch.capture):
        model, update, _ = training(optimizer)
        frozen = model.fc1.weight.requires_grad_(False)

        def step(x, y, model=model, update=update):
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            update.step()
            return loss

        step, losses = wrap(step), []
        for call, (x, y) in enumerate(batches(10)):
            update.zero_grad()
            frozen.grad = microtorch.full_like(frozen, 0.5) if call in (4, 5, 8) else None
            losses.append(step(x, y).item())
        runs.append((losses, [v.tolist() for v in model.state_dict().values()]))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_schedule_knows_that_a_replay_has_stepped(optimizer):
    _, update, step = training(optimizer)
    step = microtorch.capture(step)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        microtorch.optim.lr_scheduler.StepLR(update, 5).step()
    for i, (x, y) in enumerate(batches(3)):
        step(x, y)
        assert step.recording.replays == i
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            microtorch.optim.lr_scheduler.StepLR(update, 5).step()


def test_replays_take_no_memory():
    _, _, step = training("adam", norm="batch", dropout=0.2)
    step = microtorch.capture(step)
    ((x, y),) = batches(1)
    for _ in range(100):
        step(x, y)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(2000):
        step(x, y)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000


def test_recorded_memory_is_given_back_at_once():
    _, _, step = training("adam", norm="batch")
    captured = microtorch.capture(step)
    for x, y in batches(3):
        captured(x, y)
    buffer = weakref.ref(captured.recording.buffers[0])
    gc.disable()
    try:
        del captured
        assert buffer() is None
    finally:
        gc.enable()


def test_buffers_that_a_replay_writes_are_guarded_in_eager_graphs():
    norm = nn.BatchNorm1d(4)
    step = microtorch.capture(lambda x: norm(x))
    step(microtorch.rand(5, 4))
    weight = microtorch.ones(4, requires_grad=True)
    loss = (weight * norm.running_mean).sum()
    step(microtorch.rand(5, 4))
    with pytest.raises(microtorch.errors.GraphError, match="replay of a captured step"):
        loss.backward()
