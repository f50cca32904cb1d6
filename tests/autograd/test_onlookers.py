"""Those who look on while a network trains: each inside and outside each other, in one thread and in two at once.

Captured steps, detect_anomaly, the watch of `explain`, hooks of tensors and of modules, and no_grad. A step under two
of them does, bit for bit, what it does without those that only look, or it is refused in words.
"""

import contextlib
import itertools
import sys
import threading
import types
import warnings

import numpy as np
import pytest

import microtorch
from microtorch import explain, nn, optim
from microtorch.autograd import ArrayFunction, detect_anomaly
from microtorch.autograd.mode import state
from microtorch.autograd.observe import Observer
from microtorch.errors import CaptureError
from microtorch.explain.watch import Watch
from microtorch.nn import functional as F
from microtorch.optim.lr_scheduler import LRScheduler

CALLS = 6


@contextlib.contextmanager
def hooks_of_tensors(model):
    """A hook on a parameter and, through the module that makes it, on a result; both change the gradient."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(model[0].weight.register_hook(lambda g: g * 2))
        stack.enter_context(model[2].register_forward_hook(on_its_result))
        yield


def on_its_result(module, args, y):
    if y.requires_grad:
        y.register_hook(lambda g: g * 0.5)


@contextlib.contextmanager
def hooks_of_modules(model):
    """Hooks that change what goes in, what comes out and what comes back."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(model[0].register_forward_pre_hook(lambda m, args: (args[0] * 2,)))
        stack.enter_context(model[1].register_forward_hook(lambda m, args, y: y * 0.5))
        stack.enter_context(model[2].register_full_backward_hook(lambda m, gx, gy: (gx[0] * 3,)))
        yield


AROUND = {
    "detect_anomaly": lambda model: detect_anomaly(),
    "watch": lambda model: Watch(),
    "hooks of tensors": hooks_of_tensors,
    "hooks of modules": hooks_of_modules,
    "no_grad": lambda model: microtorch.no_grad(),
    "capture": lambda model: contextlib.nullcontext(),  # it is put around the step instead
}
LOOK_ONLY = ("detect_anomaly", "watch", "capture")
PHASES = {"all calls": range(CALLS), "the first call": [0], "later calls": [2, 3]}


class Training:
    """Linear-ReLU-Linear, cross entropy and SGD with momentum, the same at each start.

    Parameters
    ----------
    inner, outer : str
        What the forward and the backward pass, and what the calls of the step run in; names of AROUND.
    looking : bool
        With False, those that only look are left out.
    """

    def __init__(self, inner="capture", outer="capture", looking=True, strict=True, pause=None):
        rng = np.random.default_rng(0)
        self.model = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
        for p in self.model.parameters():
            p.data = rng.standard_normal(p.shape).astype(np.float32)
        self.optimizer = optim.SGD(self.model.parameters(), lr=0.05, momentum=0.9)
        self.batches = [
            (microtorch.from_numpy(rng.standard_normal((4, 5)).astype(np.float32)), microtorch.tensor([0, 2, 1, 2]))
            for _ in range(CALLS)
        ]
        self.inner, self.outer = (name if looking or name not in LOOK_ONLY else None for name in (inner, outer))
        self.pause = pause or (lambda: None)
        self.call = self.step
        if self.inner == "capture":
            self.call = microtorch.capture(self.call, strict=strict)
        if self.outer == "capture":  # of a captured step, where both are
            inside = self.call
            self.call = microtorch.capture(lambda x, y: inside(x, y), strict=strict)
        self.seen = []

    def around(self, name):
        """The block of an onlooker."""
        return AROUND[name](self.model) if name is not None else contextlib.nullcontext()

    def step(self, x, y):
        """One step; what the model gives before it is looked at as well."""
        self.optimizer.zero_grad()
        with self.around(self.inner):
            shown = self.model(x)
            with microtorch.enable_grad():
                loss = F.cross_entropy(self.model(x), y)
                self.pause()
                loss.backward()
        self.optimizer.step()
        return loss, shown

    def run(self, within=range(CALLS)):
        """Make all calls, those of `within` inside the outer block; everything that came of them."""
        for i, batch in enumerate(self.batches):
            with self.around(self.outer) if i in within else contextlib.nullcontext():
                self.one_call(batch)
        return self.seen

    def one_call(self, batch):
        """Call the step, and keep what it gave and what it changed."""
        loss, shown = self.call(*batch)
        self.seen += [loss.detach().numpy().copy(), shown.detach().numpy().copy()]
        self.seen += [p.detach().numpy().copy() for p in self.model.parameters()]
        self.seen += [p.grad.numpy().copy() for p in self.model.parameters()]
        self.seen += [s["momentum_buffer"].numpy().copy() for s in self.optimizer.state.values()]


def same(ours, eager):
    assert len(ours) == len(eager)
    for i, (a, b) in enumerate(zip(ours, eager)):
        assert np.array_equal(a, b), f"value {i} of {len(eager)}"


def everything_of_ours():
    """Every attribute of the classes that onlookers might be tempted to change, and the functions of our modules."""
    classes = []
    for base in (ArrayFunction, microtorch.Tensor, nn.Module, optim.Optimizer, LRScheduler, microtorch.Generator):
        classes.append(base)
    for cls in classes:  # it grows as we go
        classes.extend(sub for sub in cls.__subclasses__() if sub not in classes)
    found = {cls: dict(vars(cls)) for cls in classes}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "microtorch":
            found[module] = {n: v for n, v in vars(module).items() if isinstance(v, types.FunctionType | type)}
    return found


def unchanged(before):
    for thing, attributes in before.items():
        now = vars(thing)
        changed = [name for name, value in attributes.items() if now.get(name) is not value]
        assert not changed, f"{thing}: {changed}"
        if isinstance(thing, type):
            assert not now.keys() - attributes.keys(), f"{thing} has new attributes"


@pytest.fixture(autouse=True)
def _nothing_is_left_behind():
    before = everything_of_ours()
    yield
    unchanged(before)
    assert not microtorch.autograd.is_anomaly_enabled()
    assert microtorch.is_grad_enabled()


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("outer", AROUND)
@pytest.mark.parametrize("inner", AROUND)
def test_one_inside_the_other(inner, outer, phase, strict):
    if not strict and "capture" not in (inner, outer):
        return  # there is nothing to be strict about
    eager = Training(inner, outer, looking=False).run(PHASES[phase])
    training = Training(inner, outer, strict=strict)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="capture")  # a lenient step says that it runs eagerly
        try:
            seen = training.run(PHASES[phase])
        except CaptureError:
            assert strict, "only a strict step is refused"
            assert "capture" in (inner, outer)
            seen, eager = training.seen, eager[: len(training.seen)]
    same(seen, eager)


LINES = ("zero_grad", "forward", "backward", "step")


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize("first, last", [(i, j) for i in range(4) for j in range(i, 4)])
@pytest.mark.parametrize("inner", ["detect_anomaly", "watch", "hooks of tensors", "hooks of modules"])
def test_around_some_lines_of_a_captured_step(inner, first, last, strict):
    """As where zero_grad, loss and backward are inside detect_anomaly, and the optimizer's step after it."""

    def training(looking):
        t = Training(inner, None, looking, strict)

        def step(x, y):
            for i in range(4):
                if i == first:
                    block = t.around(t.inner)
                    block.__enter__()
                if i == 0:
                    t.optimizer.zero_grad()
                elif i == 1:
                    y_hat = t.model(x)
                    loss = F.cross_entropy(y_hat, y)
                elif i == 2:
                    loss.backward()
                else:
                    t.optimizer.step()
                if i == last:
                    block.__exit__(None, None, None)
            return loss, y_hat

        t.call = microtorch.capture(step, strict=strict) if looking else step
        return t

    ours, eager = training(True), training(False).run()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="capture")
        try:
            ours.run()
        except CaptureError:
            assert strict
    assert strict or len(ours.seen) == len(eager)
    same(ours.seen, eager[: len(ours.seen)])


class InTurn:
    """A thread that goes on only when told to, and then up to its next `pause` or its end."""

    def __init__(self, work):
        self.go, self.paused, self.error, self.ended = threading.Semaphore(0), threading.Semaphore(0), None, False
        self.thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self.thread.start()

    def _run(self, work):
        self.go.acquire()
        try:
            work(self.pause)
        except BaseException as error:  # for the thread that waits for it
            self.error = error
        self.ended = True
        self.paused.release()

    def pause(self):
        """Wait to be told to go on; for the thread itself, and nothing for others."""
        if threading.current_thread() is self.thread:
            self.paused.release()
            self.go.acquire()

    def resume(self):
        """Have it go on; nothing once it has ended."""
        if not self.ended:
            self.go.release()
            self.paused.acquire()
        if self.error is not None:
            raise self.error

    def finish(self):
        """Have it go on to its end."""
        while not self.ended:
            self.resume()


def trains_under(name, training):
    """What a thread does: two calls inside the onlooker, two outside, two inside, with pauses in between and within."""

    def work(pause):
        t = training(pause)
        for i, batch in enumerate(t.batches):
            pause()
            with t.around(name) if i not in (2, 3) else contextlib.nullcontext():
                pause()
                t.one_call(batch)
                pause()
        work.seen = t.seen

    return work


def take_turns(order, threads):
    a, b = threads
    if order == "in turn":
        while not (a.ended and b.ended):
            a.resume()
            b.resume()
    elif order == "the first ends first":
        for thread in (a, a, b, b):
            thread.resume()
        a.finish()
        b.finish()
    else:  # one trains within a step of the other
        for _ in range(3):
            a.resume()
        b.finish()
        a.finish()


def of_thread(name, looking=True):
    """Work for a thread under one onlooker."""
    captured = looking and name == "capture"

    def training(pause):
        t = Training(None, None, pause=pause)
        if captured:
            t.call = microtorch.capture(t.step, strict=False)
        return t

    return trains_under(name if looking or name not in LOOK_ONLY else None, training)


@pytest.mark.parametrize("order", ["in turn", "the first ends first", "one within the other"])
@pytest.mark.parametrize("names", list(itertools.product(AROUND, AROUND)), ids=" and ".join)
def test_in_two_threads_at_once(names, order):
    alone = [of_thread(name, looking=False) for name in names]
    for work in alone:
        work(lambda: None)
    works = [of_thread(name) for name in names]
    threads = [InTurn(work) for work in works]
    # Warnings are settings of the process: one filter for both.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="capture")
        take_turns(order, threads)
    for work, eager in zip(works, alone):
        same(work.seen, eager.seen)


@pytest.mark.parametrize("name", AROUND)
def test_no_class_changes_while_it_looks_on(name):
    """Seen from another thread, at all times: else what that thread runs were another program's."""
    before = everything_of_ours()
    thread = InTurn(of_thread(name))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="capture")
        while not thread.ended:
            thread.resume()
            try:
                unchanged(before)
            except AssertionError:
                thread.finish()
                raise


# -- what explains ---------------------------------------------------------------------------------------------------


def reports():
    """The reports of `explain` that watch a computation."""
    model = Training(None, None).model
    frozen = model[0].weight
    x, y = Training(None, None).batches[0]

    def loss():
        with microtorch.no_grad():
            hidden = model[0](x)
        return F.cross_entropy(model[2](hidden.relu()), y)

    return {
        "summary": lambda: explain.summary(model, x),
        "why_no_grad": lambda: explain.why_no_grad(frozen, loss, model),
        "check_training": lambda: explain.check_training(
            model, (x, y), F.cross_entropy, optim.SGD(model.parameters(), lr=0.05)
        ),
    }


@pytest.mark.parametrize("around", ["detect_anomaly", "watch", "no_grad"])
@pytest.mark.parametrize("name", ["summary", "why_no_grad", "check_training"])
def test_a_report_is_the_same_inside_another_block(name, around):
    expected = str(reports()[name]())
    report = reports()[name]
    with AROUND[around](None), microtorch.enable_grad():
        told = str(report())
    assert told == expected


@pytest.mark.parametrize("other", ["capture", "detect_anomaly", "watch", "hooks of tensors"])
@pytest.mark.parametrize("name", ["summary", "why_no_grad", "check_training"])
def test_a_report_while_another_thread_trains(name, other):
    expected = str(reports()[name]())
    alone = of_thread(other, looking=False)
    alone(lambda: None)
    work = of_thread(other)
    thread = InTurn(work)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="capture")
        while not thread.ended:
            for _ in range(3):
                thread.resume()
            assert str(reports()[name]()) == expected
    same(work.seen, alone.seen)


def test_a_watch_keeps_the_operations_of_its_own_thread():
    steps = []

    def work(pause):
        x = microtorch.ones(2, requires_grad=True)
        with Watch() as watch:
            pause()
            (x * 2).sum()
            pause()
        steps.extend(step.name for step in watch.steps)

    threads = [InTurn(work), InTurn(work)]
    for _ in range(2):
        for thread in threads:
            thread.resume()
    microtorch.ones(2, requires_grad=True).exp()
    for thread in threads:
        thread.finish()
    assert steps == ["Mul", "Sum"] * 2


@pytest.mark.parametrize("outer, inner", list(itertools.permutations(["detect_anomaly", "watch"])))
def test_of_two_that_look_both_see(outer, inner):
    x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    with AROUND[outer](None) as one, AROUND[inner](None) as other:
        watch = one if outer == "watch" else other
        y = x * 2
        with pytest.raises(microtorch.GradientError, match="detect_anomaly: Log made -inf"):
            y.log()
    assert "Mul" in [step.name for step in watch.steps]


def test_who_came_first_may_leave_first():
    """Also where one that came between has left already, or is there twice."""
    first, second = Observer(), Observer()
    with contextlib.ExitStack() as stack:
        for observer in (first, second, first):
            stack.enter_context(observer)
        first.__exit__()
        assert state.observers == (first, second)
        first.__exit__()
        assert state.observers == (second,)
        stack.pop_all()
    second.__exit__()
    assert state.observers == ()
