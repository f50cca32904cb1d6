"""What changes between two calls of a captured step is followed, recorded anew or refused in words: never stale.

Each case makes a step and a list of changes, one of which is made before each call; eager and captured runs must agree
bit for bit.
"""

import functools
import random
import time

import numpy as np
import pytest
from steps_to_capture import Settings, Trainer, data

import microtorch
from microtorch import nn, optim
from microtorch.errors import CaptureError

F = nn.functional
CALLS = 6


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
