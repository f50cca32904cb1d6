"""`check_every`: a replay is compared with the eager step, in all that a step leaves behind."""

import functools

import numpy as np
import pytest
from steps_to_capture import Trainer, data

import microtorch
from microtorch import nn, optim
from microtorch.errors import CaptureError


def test_check_every_compares_with_the_eager_step():
    runs = []
    for options in ({}, {"check_every": 2}):
        microtorch.manual_seed(0)
        t = Trainer(nn.MLP([6, 5, 3], dropout=0.3, norm="batch"), optim.Adam)
        step = microtorch.capture(t.step, **options)
        runs.append([step(*data(call)).item() for call in range(9)])
        runs[-1] += [v.tolist() for v in t.model.state_dict().values()]
    assert runs[0] == runs[1]


def test_check_every_names_what_differs(tmp_path):
    path = tmp_path / "factor"
    path.write_text("1.0")
    step = microtorch.capture(lambda x: (x + 1) * float(path.read_text()), check_every=3)
    for _ in range(4):
        step(microtorch.ones(2))
    path.write_text("3.0")  # reading a file through a library is not seen
    step(microtorch.ones(2))
    step(microtorch.ones(2))
    with pytest.raises(CaptureError, match=r"result 0 differs, .* is Mul forward"):
        step(microtorch.ones(2))


@pytest.mark.parametrize("requires_grad", [False, True])
def test_check_every_tells_operations_of_one_name_apart(tmp_path, requires_grad):
    path, weight = tmp_path / "summand", microtorch.full((2,), 2.0).requires_grad_(requires_grad)
    path.write_text("1.0")
    step = microtorch.capture(lambda x: (x * weight + float(path.read_text())) * 3, check_every=2)
    for _ in range(2):
        step(microtorch.ones(2))
    path.write_text("3.0")
    with pytest.raises(CaptureError, match=r"does is Add forward"):
        step(microtorch.ones(2))


class Left:
    """A step that leaves `factor` times its argument at one place, and gives back what lies there."""

    def __init__(self, path):
        self.path, self.norm = path, nn.BatchNorm1d(2, affine=False)
        self.weight, self.total = microtorch.full((2,), 2.0, requires_grad=True), microtorch.zeros(2)
        self.optimizer = optim.SGD([self.weight], lr=0.5)

    def factor(self):
        return float(self.path.read_text())  # read through a library: not seen

    def argument(self, x, given):
        return given.add_(x * self.factor())

    def part_of_argument(self, x, given):
        given.add_(x * self.factor())
        return given[:1]

    def memory(self, x, given):
        return self.total.mul_(0.5).add_(x * self.factor())

    def part_of_memory(self, x, given):
        self.total.add_(x * self.factor())
        return {"last": [self.total[1:]]}

    def leaf(self, x, given):
        self.gradient(x, given)
        self.optimizer.step()
        return self.weight.detach()

    def gradient(self, x, given):
        self.optimizer.zero_grad()
        (self.weight * x * self.factor()).sum().backward()
        return self.weight.grad

    def buffer(self, x, given):
        self.norm((x * self.factor()).reshape(1, 2).expand(3, 2))
        return self.norm.running_mean

    def nothing(self, x, given):
        self.argument(x, given)
        self.leaf(x, given)


PLACES = [name for name in vars(Left) if not name.startswith("_") and name != "factor"]


@pytest.mark.parametrize("place", PLACES)
def test_check_every_compares_what_lies_where_the_step_changes_it(tmp_path, place):
    path = tmp_path / "factor"
    path.write_text("1.0")
    runs = []
    for wrap in (lambda step: step, lambda step: microtorch.capture(step, check_every=2)):
        step, given, found = wrap(getattr(Left(path), place)), microtorch.ones(2), []
        for call in range(6):
            left = step(microtorch.tensor([1.0, 2.0 + call]), given)
            found.append((repr(left), given.tolist()))
        runs.append(found)
    assert runs[0] == runs[1]
    path.write_text("3.0")
    assert step.recording.replays == 5  # the next one is compared
    with pytest.raises(CaptureError, match="a replay no longer does what the step does"):
        step(microtorch.tensor([1.0, 7.0]), given)


def gradients(w, x, a):
    w.grad = None
    (w * x).sum().backward()
    return (w.grad * w.grad).sum() + w.grad[0]


def gradients_added_to(w, x, a):
    (w * x).sum().backward()
    return w.grad * 2 + 1


def asked_for(w, x, a):
    (dw,) = microtorch.autograd.grad((w * w * x).sum(), w)
    return dw * 2 + 1


def in_place(w, x, a):
    y = x * 2
    y.add_(1).mul_(y)
    y[0] = x[1]
    return y + 1


def in_place_recorded(w, x, a):
    y = x * 2
    y.mul_(w)
    y[:1].mul_(3)
    y[1:] = w[:1]
    return y * 2 + x


def filled(w, x, a):
    y = microtorch.zeros(2)
    y.copy_(x * 2)
    return y + microtorch.ones(2) * 2


# What these make on their way is theirs alone: an eager step makes it anew, at another place.
ON_THE_WAY = {
    "results": lambda w, x, a: (x * 2 + 1) * 3,
    "results beside the graph": lambda w, x, a: (w * (x * 2 + 1) ** 2).sum(),
    "parts of an argument": lambda w, x, a: x[:1] * 2 + x.reshape(2, 1),
    "an argument's detached self": lambda w, x, a: w * x.detach() + 1,
    "an array": lambda w, x, a: microtorch.from_numpy(a) * 2 + x,
    "comparisons": lambda w, x, a: microtorch.where(x > 1.5, x, w) + (x > 1.5),
    "positions": lambda w, x, a: x[x.argsort()] + w[x.argsort()],
    "several results": lambda w, x, a: sum(part * 2 for part in (x * 2).split(1)),
    "random numbers": lambda w, x, a: x * microtorch.rand(2) + microtorch.bernoulli(microtorch.full((2,), 0.5)) * 2,
    "a detached parameter": lambda w, x, a: (w.detach() * x + 1) * w.detach()[0],
    "gradients": gradients,
    "gradients that are added to": gradients_added_to,
    "gradients that are asked for": asked_for,
    "changed in place": in_place,
    "changed in place, recorded": in_place_recorded,
    "new memory that is filled": filled,
}


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_check_every_lets_alone_what_a_step_makes_on_its_way(name):
    runs = []
    for wrap in (lambda step: step, lambda step: microtorch.capture(step, check_every=2)):
        microtorch.manual_seed(0)
        w = microtorch.tensor([2.0, 3.0], requires_grad=True)
        step, found = wrap(functools.partial(ON_THE_WAY[name], w)), []
        for call in range(6):
            found.append(step(microtorch.tensor([1.0, 2.0 - call]), np.array([1.0 + call, 2.0])).tolist())
        runs.append(found)
    assert runs[0] == runs[1]
    assert step.recording.replays >= 4


def test_check_every_looks_at_what_an_operation_gave_before_a_later_one_writes_over_it(tmp_path):
    path = tmp_path / "subtrahend"
    path.write_text("1.0")

    def step(x):
        h = x * 2
        h.exp_()
        return h - float(path.read_text())

    step = microtorch.capture(step, check_every=2)
    for _ in range(2):
        step(microtorch.ones(2))
    path.write_text("3.0")
    with pytest.raises(CaptureError, match=r"does is Sub forward"):
        step(microtorch.ones(2))
