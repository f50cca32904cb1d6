"""What changes between two calls of a captured step is followed, recorded anew or refused in words: never stale.

Each case makes a step and a list of changes, one of which is made before each call; eager and captured runs must agree
bit for bit.
"""

import functools
import logging
import math
import random
import sys
import threading
import time
from json import dumps

import numpy as np
import pytest

import microtorch
from microtorch import nn, optim
from microtorch.errors import CaptureError

F = nn.functional
CALLS = 6


def data(call, size=8):
    rng = np.random.default_rng(call)
    x = rng.standard_normal((size, 6)).astype(np.float32)
    return microtorch.from_numpy(x), microtorch.from_numpy(rng.integers(0, 3, size))


class Trainer:
    """A step as most are written, of things that the cases change."""

    def __init__(self, model=None, optimizer=optim.SGD, **settings):
        microtorch.manual_seed(0)
        self.model = model or nn.Sequential(nn.Linear(6, 5), nn.LeakyReLU(0.1), nn.Dropout(0.2), nn.Linear(5, 3))
        self.optimizer = optimizer(self.model.parameters(), **{"lr": 0.1, **settings})
        self.loss, self.scale, self.smoothing, self.options = F.cross_entropy, 1.0, 0.0, {"weight": 2.0}

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.model(x), y, label_smoothing=self.smoothing) * self.scale * self.options["weight"]
        loss.backward()
        self.optimizer.step()
        return loss

    def state(self):
        return [p.detach().numpy().copy() for p in self.model.state_dict().values()]


def attribute(path, *values):
    """A change of an attribute of the trainer to one value after the other."""

    def change(t, call):
        *parts, name = path.split(".")
        thing = functools.reduce(
            lambda thing, part: thing[int(part)] if part.isdigit() else getattr(thing, part), parts, t
        )
        setattr(thing, name, values[call % len(values)])

    return change


def once(change, at=3):
    """A change that is made before the call number `at`."""
    return lambda t, call: change(t) if call == at else None


def swap_model(t):
    t.model = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))
    t.optimizer = optim.Adam(t.model.parameters(), lr=0.05)


def new_head(t):
    t.model[3] = nn.Linear(5, 3)
    t.optimizer.add_param_group({"params": list(t.model[3].parameters()), "lr": 0.3})


def load(t):
    microtorch.manual_seed(5)
    t.model.load_state_dict({k: microtorch.rand(v.shape).to(v.dtype) for k, v in t.model.state_dict().items()})


def group(**options):
    return lambda t: t.optimizer.param_groups[0].update(options)


def frozen(t):
    t.model[0].weight.requires_grad_(False)


def thawed(t, call):
    t.model[0].weight.requires_grad_(call % 2 == 0)


def other_memory(t):
    t.model[0].bias.data = microtorch.full((5,), 0.5)


def in_place(t):
    with microtorch.no_grad():
        t.model[0].bias.mul_(0.5)


def changed_class(t):
    class Twice(nn.LeakyReLU):
        def forward(self, input):
            return super().forward(input) * 2

    t.model[1] = Twice(0.1)


def other_forward(t):
    t.model[1].forward = lambda input: input * 3


def default_dtype(t):
    t.loss = lambda scores, y, label_smoothing: F.cross_entropy(scores, y) * microtorch.tensor(0.1)
    microtorch.set_default_dtype(microtorch.float64)


def with_norm():
    microtorch.manual_seed(0)
    return Trainer(nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3)))


CHANGES = {
    "dropout's p": (Trainer, attribute("model.2.p", 0.2, 0.5)),
    "dropout in place": (Trainer, attribute("model.2.inplace", False, True)),
    "dropout's own generator": (Trainer, once(lambda t: setattr(t.model[2], "generator", microtorch.Generator()))),
    "negative slope": (Trainer, attribute("model.1.negative_slope", 0.1, 0.3)),
    "momentum of batch norm": (with_norm, attribute("model.1.momentum", 0.1, 0.7)),
    "momentum of batch norm, none": (with_norm, attribute("model.1.momentum", 0.1, None)),
    "eps of batch norm": (with_norm, attribute("model.1.eps", 1e-5, 1e-2)),
    "batch norm in evaluation": (with_norm, lambda t, call: t.model[1].train(call % 2 == 0)),
    "running statistics off": (with_norm, attribute("model.1.track_running_stats", True, False)),
    "running statistics loaded": (with_norm, once(load)),
    "another layer": (Trainer, once(lambda t: t.model.__setitem__(1, nn.Tanh()))),
    "another head": (Trainer, once(new_head)),
    "a layer more": (Trainer, once(lambda t: t.model.append(nn.Softsign()))),
    "a layer less": (Trainer, once(lambda t: t.model.__delitem__(1))),
    "a layer inserted": (Trainer, once(lambda t: t.model.insert(1, nn.Softsign()))),
    "a class of a layer": (Trainer, once(changed_class)),
    "forward of one layer": (Trainer, once(other_forward)),
    "modes": (Trainer, lambda t, call: t.model.train(call % 3 != 1)),
    "frozen": (Trainer, once(frozen)),
    "frozen and thawed": (Trainer, thawed),
    "another model and optimizer": (Trainer, once(swap_model)),
    "a parameter replaced": (Trainer, once(lambda t: setattr(t.model[0], "bias", nn.Parameter(microtorch.ones(5))))),
    "a bias taken away": (Trainer, once(lambda t: setattr(t.model[0], "bias", None))),
    "other memory": (Trainer, once(other_memory)),
    "values in place": (Trainer, once(in_place)),
    "a state loaded": (Trainer, once(load)),
    "doubles": (lambda: Trainer(optimizer=optim.SGD), once(lambda t: t.model.float())),
    "another loss": (Trainer, once(lambda t: setattr(t, "loss", lambda s, y, label_smoothing: (s * s).mean()))),
    "a factor": (Trainer, attribute("scale", 1.0, 0.5, 2.0)),
    "a factor's sign of zero": (Trainer, attribute("scale", 0.0, -0.0)),
    "a factor's type": (Trainer, attribute("scale", 1.0, 1, True)),
    "a tensor as factor": (Trainer, attribute("scale", 1.0, microtorch.tensor(0.25))),
    "smoothing": (Trainer, attribute("smoothing", 0.0, 0.1)),
    "an option in a dict": (Trainer, lambda t, call: t.options.update(weight=1.0 + call % 2)),
    "another dict": (Trainer, once(lambda t: setattr(t, "options", {"weight": 0.25}))),
    "learning rate": (Trainer, lambda t, call: group(lr=0.1 / (1 + call))(t)),
    "momentum": (Trainer, once(group(momentum=0.9))),
    "weight decay": (Trainer, once(group(weight_decay=0.1))),
    "maximize": (Trainer, once(group(maximize=True))),
    "betas": (functools.partial(Trainer, optimizer=optim.Adam), once(group(betas=(0.5, 0.9)))),
    "amsgrad": (functools.partial(Trainer, optimizer=optim.Adam), once(group(amsgrad=True))),
    "the optimizer's state dropped": (
        functools.partial(Trainer, optimizer=optim.Adam), once(lambda t: t.optimizer.state.clear())
    ),
    "a parameter less in a group": (Trainer, once(lambda t: t.optimizer.param_groups[0]["params"].pop())),
    "a parameter exchanged in a group": (
        Trainer, once(lambda t: t.optimizer.param_groups[0]["params"].__setitem__(0, nn.Parameter(microtorch.ones(2))))
    ),
    "another optimizer": (Trainer, once(lambda t: setattr(t, "optimizer", optim.RMSprop(t.model.parameters())))),
    "gradients left over": (Trainer, lambda t, call: setattr(t.model[0].bias, "grad", microtorch.ones(5))),
    "the seed": (Trainer, lambda t, call: microtorch.manual_seed(call // 2)),
    "default dtype": (Trainer, once(default_dtype)),
}  # fmt: skip


def run(make, change, capture):
    t = make()
    step = microtorch.capture(t.step) if capture else t.step
    outcome = []
    try:
        for call in range(CALLS):
            change(t, call)
            microtorch.manual_seed(100 + call) if call > 3 else None
            outcome.append(step(*data(call)).detach().numpy().copy())
            outcome += t.state()
    finally:
        microtorch.set_default_dtype(microtorch.float32)
    return outcome


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_between_calls_is_never_missed(name):
    make, change = CHANGES[name]
    eager, captured = run(make, change, False), run(make, change, True)
    assert len(eager) == len(captured)
    assert all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(eager, captured, strict=True))
    assert any(a.tobytes() != b.tobytes() for a, b in zip(eager, run(make, lambda t, call: None, False))) or name in (
        "doubles", "dropout in place", "a factor's type", "gradients left over",
    ), "the change changes nothing"  # fmt: skip


# -- what the step's own Python reads ----------------------------------------------------------------------------------

SETTING, TABLE, ARRAY = 1.0, [1.0, 2.0], np.array([1.0, 2.0], np.float32)
LARGE = np.ones(100_000, np.float32)


class Settings:
    scale, shift = 1.0, 0.0

    @property
    def factor(self):
        return self.scale * 2


def helper(x):
    return x * SETTING


def doubling(function):
    @functools.wraps(function)
    def call(x):
        return function(x) * SETTING

    return call


settings, cells = Settings(), {"k": 1.0}
nested = {"a": [{"b": 1.0}]}
many = [1.0] * 200


def with_default(x, scale=1.0):
    return x * scale


def through_from_numpy(x):
    return x * microtorch.from_numpy(ARRAY).sum()


@doubling
def decorated(x):
    return x + 1


def by_name(x):
    return x * getattr(settings, "sca" + "le")


def chosen(x):
    return x * 2 if settings.scale > 1 else x * 3


def comprehended(x):
    return sum(x * v for v in [w + 1 for w in TABLE])


def change_global(name, *values):
    return lambda call: globals().__setitem__(name, values[call % len(values)])


READS = {
    "a global number": (lambda x: x * SETTING, change_global("SETTING", 1.0, 3.0)),
    "its sign of zero": (lambda x: x * SETTING, change_global("SETTING", 0.0, -0.0)),
    "a global of a helper": (lambda x: helper(x) + 1, change_global("SETTING", 1.0, 3.0)),
    "a decorator's": (decorated, change_global("SETTING", 1.0, 3.0)),
    "an attribute": (lambda x: x * settings.scale, lambda call: setattr(settings, "scale", 1.0 + call)),
    "a property's": (lambda x: x * settings.factor, lambda call: setattr(settings, "scale", 1.0 + call)),
    "an attribute by name": (by_name, lambda call: setattr(settings, "scale", 1.0 + call)),
    "an attribute of the class": (lambda x: x * settings.shift, lambda call: setattr(Settings, "shift", 1.0 + call)),
    "a branch": (chosen, lambda call: setattr(settings, "scale", 1.0 + call % 3)),
    "an item of a list": (lambda x: x * TABLE[1], lambda call: TABLE.__setitem__(1, 1.0 + call)),
    "items of a list": (comprehended, lambda call: TABLE.__setitem__(0, 1.0 + call)),
    "the length of a list": (lambda x: x * len(TABLE), lambda call: TABLE.append(1.0)),
    "one of many items": (lambda x: x * sum(many), lambda call: many.__setitem__(150, 1.0 + call)),
    "an item of a dict": (lambda x: x * cells["k"], lambda call: cells.update(k=1.0 + call)),
    "an item by get": (lambda x: x * cells.get("k"), lambda call: cells.update(k=1.0 + call)),
    "nested items": (lambda x: x * nested["a"][0]["b"], lambda call: nested["a"][0].update(b=1.0 + call)),
    "an array": (lambda x: x * float(ARRAY.sum()), lambda call: ARRAY.__setitem__(0, call)),
    "a default": (with_default, lambda call: setattr(with_default, "__defaults__", (1.0 + call,))),
    "the code": (lambda x: helper(x), lambda call: setattr(helper, "__code__", OTHER[call % 2].__code__)),
    "a function": (lambda x: helper(x), change_global("helper", lambda x: x * 2, lambda x: x * 5)),
}  # fmt: skip
OTHER = lambda x: x * 2.0, lambda x: x * 7.0


@pytest.fixture
def globals_put_back():
    kept = dict(globals())
    tables, many_then, code = [*TABLE], [*many], helper.__code__
    yield
    globals().update(kept)
    TABLE[:], many[:] = tables, many_then
    helper.__code__, with_default.__defaults__ = code, (1.0,)
    ARRAY[:], cells["k"], nested["a"][0]["b"] = (1, 2), 1.0, 1.0
    settings.scale, Settings.shift = 1.0, 0.0


@pytest.mark.usefixtures("globals_put_back")
@pytest.mark.parametrize("name", READS)
def test_what_python_reads_is_never_stale(name):
    step, change = READS[name]
    captured = microtorch.capture(step)
    for call in range(5):
        change(call)
        x = microtorch.tensor([1.5, -2.0])
        for _ in range(2):  # the second time it is replayed
            expected = step(x)
            assert captured(x).numpy().tobytes() == expected.numpy().tobytes()
        assert captured.recording.replays, "recorded at each call: a false alarm"


def test_an_array_that_a_tensor_is_made_over_is_followed():
    captured = microtorch.capture(through_from_numpy)
    for call in range(4):
        ARRAY[0] = call
        assert captured(microtorch.ones(2)).tolist() == through_from_numpy(microtorch.ones(2)).tolist()
    assert captured.report().count("because") == 1
    ARRAY[0] = 1


def counting(x):
    settings.seen = getattr(settings, "seen", 0) + 1
    return x * settings.seen


def adding(x):
    TABLE.append(1.0)
    return x


def counting_globally(x):
    global SETTING
    SETTING += 1
    return x * SETTING


draws, numbers = random.Random(0), iter(range(10))
REFUSED = {
    "a number that it counts": (counting, "changes"),
    "a global that it counts": (counting_globally, "changes 'SETTING'"),
    "a list that it adds to": (adding, "changes the items of a list"),
    "random numbers": (lambda x: x * random.random(), "random.random is used"),
    "numpy's random numbers": (lambda x: x * np.random.rand(), "numpy.random"),  # noqa: NPY002
    "a generator's random numbers": (lambda x: x * draws.random(), "random numbers are drawn"),
    "the time": (lambda x: x * time.time(), "time.time is used"),
    "an iterator": (lambda x: x * next(numbers), "an iterator is used up"),
    "a file": (lambda x: x * (open(__file__).close() is None), "open is called"),
    "a large array": (lambda x: x * float(LARGE.mean()), "an array of 400,000 bytes"),
}


@pytest.mark.usefixtures("globals_put_back")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_repeated_is_refused(name):
    step, words = REFUSED[name]
    with pytest.raises(CaptureError, match=words) as caught:
        microtorch.capture(step)(microtorch.ones(2))
    assert "test_captured_stale.py:" in str(caught.value)
    with pytest.warns(UserWarning, match=words):
        microtorch.capture(step, strict=False)(microtorch.ones(2))


# -- arguments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [(1, 1.0, True), (0.0, -0.0), (1.5, np.float32(1.5)), ("a", b"a"), (None, False)])
def test_arguments_are_told_apart_by_type_and_value(values):
    def step(x, value):
        return x / value if isinstance(value, float) else x * (len(repr(value)) + 1)

    captured = microtorch.capture(step)
    for value in values * 3:
        x = microtorch.tensor([1.0, 2.0])
        assert captured(x, value).numpy().tobytes() == step(x, value).numpy().tobytes()


@pytest.mark.parametrize("thing", [{1, 2}, [1.0, {"a": 2}], {"k": [3]}, slice(1, None), settings, bytearray(b"ab")])
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
