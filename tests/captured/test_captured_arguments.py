"""Arguments of a captured step, its recordings and the threads that share it: as eager steps, bit for bit."""

import logging
import math
import sys
import threading
from json import dumps

import numpy as np
import pytest
from steps_to_capture import Settings, Trainer, data

import microtorch
from microtorch import nn, optim
from microtorch.errors import CaptureError

F = nn.functional
CALLS = 6


# -- arguments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [(1, 1.0, True), (0.0, -0.0), (1.5, np.float32(1.5)), ("a", b"a"), (None, False)])
def test_arguments_are_told_apart_by_type_and_value(values):
    def step(x, value):
        return x / value if isinstance(value, float) else x * (len(repr(value)) + 1)

    captured = microtorch.capture(step)
    for value in values * 3:
        x = microtorch.tensor([1.0, 2.0])
        assert captured(x, value).numpy().tobytes() == step(x, value).numpy().tobytes()


@pytest.mark.parametrize("thing", [{1, 2}, [1.0, {"a": 2}], {"k": [3]}, slice(1, None), Settings(), bytearray(b"ab")])
def test_any_argument_can_be_given(thing):
    step = microtorch.capture(lambda x, thing: x * 2)
    for _ in range(3):
        assert step(microtorch.ones(2), thing).tolist() == [2.0, 2.0]
        assert step(microtorch.ones(2), thing=thing).tolist() == [2.0, 2.0]


def test_an_object_among_the_arguments_is_guarded_by_what_is_read_of_it():
    step = microtorch.capture(lambda x, s: x * s.scale)
    mine = Settings()
    for scale in (1.0, 2.0, 2.0, 0.5):
        mine.scale, mine.other = scale, object()
        assert step(microtorch.ones(1), mine).tolist() == [scale]
    assert step(microtorch.ones(1), Settings()).tolist() == [1.0]


def test_arguments_changed_in_place_are_changed_where_they_are():
    runs = []
    for wrap in (lambda step: step, microtorch.capture):
        step = wrap(lambda total, x: total.add_(x).mul_(0.5))
        totals = [microtorch.zeros(3), microtorch.ones(3)]
        for call in range(6):
            step(totals[call % 2], microtorch.full((3,), float(call)))
        runs.append([t.tolist() for t in totals])
    assert runs[0] == runs[1]


def test_arguments_that_share_what_is_changed_are_refused():
    total = microtorch.zeros(4)
    with pytest.raises(CaptureError, match="shares"):
        microtorch.capture(lambda a, b: a.add_(b))(total, total[:4])
    with pytest.raises(CaptureError, match="shares"):
        microtorch.capture(lambda part: total.add_(1) * part)(total[:4])
    with pytest.raises(CaptureError, match="changes a list"):
        microtorch.capture(lambda xs: xs.append(xs[0] * 2))([total])


def test_arguments_of_a_step_that_runs_eagerly_are_changed_from_the_first_call_on():
    def step(xs, array):
        xs.append(xs[0] * 2)
        array[0] = 7.0
        xs[0].add_(1)

    captured, xs, array = microtorch.capture(step, strict=False), [microtorch.ones(1)], np.zeros(2)
    first = xs[0]
    with pytest.warns(UserWarning, match="runs eagerly"):
        captured(xs, array)
    assert xs[0] is first
    assert [t.tolist() for t in xs] == [[2.0], [2.0]]
    assert array.tolist() == [7.0, 0.0]
    leaf = microtorch.ones(1, requires_grad=True)
    captured = microtorch.capture(lambda x: (x * x).sum().backward(), strict=False)
    with pytest.warns(UserWarning, match="requires a gradient"):
        captured(leaf)
    captured(leaf)
    assert leaf.grad.tolist() == [4.0]


@pytest.mark.parametrize(
    "compute", [lambda a: np.subtract(a, 1), lambda a: np.add.reduce(a, axis=0), lambda a: np.clip(a, 0, a_max=1)]
)
def test_numpys_functions_of_an_array_argument_are_right_where_the_step_runs_eagerly(compute):
    step, a = microtorch.capture(lambda x, a: x + compute(a), strict=False), np.array([0.5, 2.0])
    with pytest.warns(UserWarning, match="runs eagerly"):
        first = step(microtorch.zeros(2, dtype=microtorch.float64), a)
    assert first.tolist() == np.broadcast_to(compute(a), 2).tolist()
    a += 1
    assert step(microtorch.zeros(2, dtype=microtorch.float64), a).tolist() == np.broadcast_to(compute(a), 2).tolist()


def test_swapped_results_are_copied_before_anything_is_overwritten():
    step = microtorch.capture(lambda a, b: (b, a))
    a, b = microtorch.tensor([1.0]), microtorch.tensor([2.0])
    for call in range(5):
        a, b = step(a, b)
        assert [a.item(), b.item()] == ([2.0, 1.0] if call % 2 == 0 else [1.0, 2.0])


def test_results_in_lists_are_new_lists():
    step = microtorch.capture(lambda x: [x * 2, {"k": x}])
    step(microtorch.ones(1)).clear()
    again = step(microtorch.ones(1))
    again[1].clear()
    assert [*step(microtorch.ones(1))[1]] == ["k"]


def test_gradients_filled_with_zeros():
    runs = []
    for wrap in (lambda step: step, microtorch.capture):
        microtorch.manual_seed(0)
        t = Trainer(nn.Linear(6, 3), optim.Adam)

        def step(x, y, t=t):
            t.optimizer.zero_grad(set_to_none=False)
            loss = F.cross_entropy(t.model(x), y)
            loss.backward()
            t.model.zero_grad(set_to_none=False)
            F.cross_entropy(t.model(x), y, label_smoothing=0.1).backward()
            t.optimizer.step()
            return loss

        step = wrap(step)
        runs.append([step(*data(call)).item() for call in range(8)] + [t.model.weight.tolist()])
    assert runs[0] == runs[1]


def test_a_number_that_is_another_one_at_each_call_ends_in_eager_steps():
    step = microtorch.capture(lambda x, n: x * n)
    for call in range(9):
        assert step(microtorch.ones(1), float(call)).tolist() == [float(call)]
    with pytest.warns(UserWarning, match="never replayed"):
        assert step(microtorch.ones(1), 9.0).tolist() == [9.0]
    assert step(microtorch.ones(1), 10.0).tolist() == [10.0]
    assert "eager from now on" in step.report()


def test_attributes_that_no_step_reads_may_change():
    t = Trainer()
    step = microtorch.capture(t.step)
    for call in range(10):
        t.model.seen = t.calls = call
        step(*data(call))
    assert step.report().count("because") == 1


@pytest.mark.parametrize("set_to_none", [False, True, None])
@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adagrad(p, lr=0.1)])
def test_a_gradient_that_is_left_of_a_frozen_parameter_is_seen(make, set_to_none):
    def trained(capture):
        microtorch.manual_seed(0)
        model = nn.MLP([6, 4, 3])
        optimizer = make(model.parameters())

        def step(x, y):
            if set_to_none is not None:
                optimizer.zero_grad(set_to_none=set_to_none)
            else:
                for p in model.parameters():
                    if p.requires_grad:
                        p.grad = None
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        step, frozen, trace = capture(step), next(model.parameters()), []
        for call, on in enumerate((False, False, True, True, False, False, True, False, False)):
            frozen.requires_grad_(on)
            trace.append(step(*data(call)).item())
            trace += [p.tolist() for p in model.parameters()]
            trace += [None if p.grad is None else p.grad.tolist() for p in model.parameters()]
        return trace

    assert trained(microtorch.capture) == trained(lambda step: step)


# -- recordings ------------------------------------------------------------------------------------------------------


def test_the_last_four_recordings_are_kept():
    step = microtorch.capture(lambda x: x * 2)
    for size in (1, 2, 3, 1, 4, 5, 4, 6):
        step(microtorch.ones(size))
    assert ": 4 recordings" in step.report()
    for size in (6, 4, 5, 1):  # the ones used last
        step(microtorch.ones(size))
    assert ": 4 recordings" in step.report()
    assert "replayed 0 times" not in step.report()


@pytest.mark.parametrize(
    "make", ["float('0.5')", "complex('1j')", "slice(0, int('700'))", "range(700)", "np.float64('0.5')"]
)
def test_equal_numbers_are_the_same_argument_whoever_made_them(make):
    step = microtorch.capture(lambda x, number: x * 2)
    made = [eval(make, {"np": np}) for _ in range(5)]  # other objects each time
    for number in made:
        step(microtorch.ones(2), number)
    assert step.report().count("because") == 1


# -- threads -----------------------------------------------------------------------------------------------------------


def record_in_threads(rounds, count=4):
    """Record a step in each of several threads at once, so many times; gives what went wrong."""
    wrong, barrier = [], threading.Barrier(count)

    def work(number):
        for i in range(rounds):
            microtorch.Generator().manual_seed(number)
            weight = microtorch.full((3, 2), 0.1 * (number + 1)).requires_grad_()
            optimizer = optim.SGD([weight], lr=0.1)

            def step(x, weight=weight, optimizer=optimizer):
                optimizer.zero_grad()
                loss = (F.linear(x, weight) ** 2).sum() * (number + 1)
                loss.backward()
                optimizer.step()
                return loss

            barrier.wait()
            captured, losses = microtorch.capture(step), []
            for call in range(3):
                losses.append(captured(microtorch.full((2, 2), 1.0 + call)).item())
            twin = microtorch.full((3, 2), 0.1 * (number + 1)).requires_grad_()
            other = optim.SGD([twin], lr=0.1)
            expected = [step(microtorch.full((2, 2), 1.0 + call), twin, other).item() for call in range(3)]
            if losses != expected or weight.tolist() != twin.tolist() or captured.recording.replays != 2:
                wrong.append((number, i, losses, expected))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_threads_record_at_once():
    assert record_in_threads(25) == []


def test_one_step_in_several_threads_has_recordings_for_each():
    step, wrong = microtorch.capture(lambda x: (x * 2).sum()), []

    def work(number):
        for _ in range(50):
            if step(microtorch.full((100,), float(number))).item() != 200.0 * number:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


LAST = None


def test_what_a_step_leaves_in_variables_it_leaves_there_at_each_replay():
    t, mine = Settings(), [None]

    def make():
        hidden = None

        def step(x):
            nonlocal hidden
            global LAST
            t.hidden = LAST = hidden = x * 2
            return hidden + 1

        return step, lambda: hidden

    step, get = make()
    step = microtorch.capture(step)
    for call in range(3):
        mine[0] = step(microtorch.full((2,), float(call)))
        assert t.hidden.tolist() == LAST.tolist() == get().tolist() == [2.0 * call] * 2
        t.hidden = globals()["LAST"] = None
    assert step.recording.replays == 2


LOGGER = logging.getLogger("captured")
SILENT = {
    "a logger": lambda x: LOGGER.info("step") or x * 2,
    "a module's function": lambda x: logging.info("step") or x * 2,
    "an imported function": lambda x: x * len(dumps([1])),
    "standard output": lambda x: sys.stdout.write("") or x * 2,
}


@pytest.mark.parametrize("name", SILENT)
def test_what_may_have_an_effect_is_run_each_time_where_nobody_insists(name):
    step = microtorch.capture(SILENT[name], strict=False)
    with pytest.warns(UserWarning, match="is (called|used) .*A replay would not do that"):
        step(microtorch.ones(1))
    microtorch.capture(SILENT[name])(microtorch.ones(1))
    fine = microtorch.capture(lambda x: x * math.sqrt(4.0) + np.float32(abs(-1)) + max(map(len, [(1,)])), strict=False)
    fine(microtorch.ones(1))
    assert fine.recording is not None


def test_a_step_that_prints_runs_eagerly_where_nobody_insists(capsys):
    def step(x):
        print("step")
        return x * 2

    captured = microtorch.capture(step, strict=False)
    with pytest.warns(UserWarning, match="print is called"):
        captured(microtorch.ones(1))
    captured(microtorch.ones(1))
    captured(microtorch.ones(1))
    assert capsys.readouterr().out == "step\n" * 3
