"""What a line reads, from its bytecode: the same for every version of Python."""

import sys
import types

import numpy as np
import pytest

import microtorch
from microtorch.autograd import ArrayFunction
from microtorch.captured.reads import chains

LINES = {
    "y = a": [("a", [])],
    "y = a.b.c": [("a", [("attr", "b"), ("attr", "c")])],
    "y = a.b(c)": [("a", [("attr", "b")]), ("c", [])],
    "y = a[0]": [("a", [("item", 0)])],
    "y = a[1000].b": [("a", [("item", 1000), ("attr", "b")])],
    "y = a['k'][0]": [("a", [("item", "k"), ("item", 0)])],
    "y = a.b['k'].c": [("a", [("attr", "b"), ("item", "k"), ("attr", "c")])],
    "y = a if b is None else c": [("b", [("is", None)]), ("a", []), ("c", [])],
    "y = a if b.c is not None else d": [("b", [("attr", "c"), ("is", None)]), ("a", []), ("d", [])],
    "a.b = c": [("c", []), ("a", [("store", "b")])],
    "y = a is None": [("a", [("is", None)])],
    "y = a.b is not None": [("a", [("attr", "b"), ("is", None)])],
    "y = a + 1": [("a", [])],
    "y = a.b * 2 + 1000": [("a", [("attr", "b")])],
    "y = a[0] + 1": [("a", [("item", 0)])],
    "y = a == None": [("a", [])],
    "y = a + b": [("a", []), ("b", [])],
    "y = a(b, c=d.e)": [("a", []), ("b", []), ("d", [("attr", "e")])],
}


@pytest.mark.parametrize("scope", ["global", "local"])
@pytest.mark.parametrize("line", LINES)
def test_chains(line, scope):
    names = sorted({name for name, _ in LINES[line]})
    arguments = ", ".join(names) if scope == "local" else ""
    namespace = {}
    exec(f"def f({arguments}):\n    {line}\n", namespace)
    assert sorted(chains(namespace["f"].__code__)[2], key=str) == sorted(LINES[line], key=str)


def test_what_is_added_to_is_read_and_set():
    namespace = {}
    exec("def f(a):\n    a.n += 1\n", namespace)
    assert ("a", [("attr", "n")]) in [(name, path[:1]) for name, path in chains(namespace["f"].__code__)[2]]


def test_names_that_are_set():
    namespace = {}
    exec("def f(b):\n    global a\n    a = b\n", namespace)
    assert ("a", [("assign", None)]) in chains(namespace["f"].__code__)[3]


HISTORY = [1.0]
SINCE = {
    "only whether it is None": lambda x: x * (1.0 if HISTORY is None else 2.0),
    "whether it is None, as a value": lambda x: x * float(HISTORY is not None),
    "what is loaded": lambda x: x * (2.0 if "microtorch" in sys.modules else 1.0),
    "a setting of Python's": lambda x: x * (1.0 if sys.warnoptions == 0 else 2.0),
}


@pytest.mark.parametrize("name", SINCE)
def test_what_is_not_the_steps_may_change(name, monkeypatch):
    """The step asks nothing of it that it would be recorded anew for: the items of a list, others' modules."""
    step = microtorch.capture(SINCE[name])
    for call in range(4):
        step(microtorch.ones(2))
        HISTORY.append(1.0)
        monkeypatch.setitem(sys.modules, f"another_module_{call}", types.ModuleType("another"))
        monkeypatch.setattr(sys, "warnoptions", [*sys.warnoptions, "default"])
    assert step.report().count("because") == 1


LENGTHS, PAIRS = [1.0, 2.0], [(1.0, 2.0)]
NESTED = {"a": LENGTHS}
WITH_A_CONSTANT = {
    "a list times a number": lambda x: x * sum(LENGTHS * 2),
    "a number times a list": lambda x: x * sum(2 * LENGTHS),
    "a tuple and another": lambda x: x * sum(PAIRS[0] + (1.0,)),
    "a number less one": lambda x: x * (LENGTHS[0] - 1),
    "an item's item, times": lambda x: x * sum(NESTED["a"] * 2),
}


@pytest.mark.parametrize("name", WITH_A_CONSTANT)
def test_what_is_computed_with_a_constant_is_read(name):
    step = WITH_A_CONSTANT[name]
    captured = microtorch.capture(step)
    for call in range(4):
        LENGTHS[0], PAIRS[0] = float(call), (1.0, float(call))
        for _ in range(2):
            assert captured(microtorch.ones(1)).tolist() == step(microtorch.ones(1)).tolist()
    assert captured.recording.replays


TYPED_IN = """
import functools
import microtorch

scale = 1.0

def step(model, x):
    return x * scale + model

partial = functools.partial(step, 1.0)

class Steps:
    def __call__(self, x):
        return x * scale + 1.0
"""


@pytest.mark.parametrize("make", ["partial", "Steps()", "Steps().__call__", "lambda x: partial(x)"])
def test_what_typed_in_code_reads_is_followed(make, monkeypatch):
    """As with ``python -c``: code without a file, in a module without one."""
    typed = types.ModuleType("typed_in")
    monkeypatch.setitem(sys.modules, "typed_in", typed)
    exec(TYPED_IN, typed.__dict__)
    step = microtorch.capture(eval(make, typed.__dict__))
    for scale in (1.0, 2.0, 2.0, 3.0, 3.0):
        typed.scale = scale
        assert step(microtorch.ones(1)).tolist() == [scale + 1.0]
    assert step.report().count("because") == 3


FACTORS = {"first": 2.0, "second": 1.0}


class Scaled(ArrayFunction):
    """y = factor · x, by calls that a recording keeps, with numbers that Python reads before and between them."""

    @staticmethod
    def forward(ctx, x):
        y = ctx.empty(x.shape, x.dtype)
        ctx.call(np.multiply, x, FACTORS["first"], y)
        microtorch.ones(1).exp()  # an operation inside, after which the reads count as before
        ctx.call(np.multiply, y, FACTORS["second"], y)
        return y

    @staticmethod
    def backward(ctx, dy):
        return dy * (FACTORS["first"] * FACTORS["second"])


@pytest.mark.parametrize("key", FACTORS)
def test_what_an_operation_of_the_users_reads_is_followed(key, monkeypatch):
    w = microtorch.ones(2, dtype=microtorch.float64, requires_grad=True)

    def step(x):
        w.grad = None
        y = Scaled.apply(x * w)
        y.sum().backward()
        return y, w.grad

    step, x = microtorch.capture(step), microtorch.ones(2, dtype=microtorch.float64)
    for factor in (2.0, 2.0, 3.0, 3.0):
        monkeypatch.setitem(FACTORS, key, factor)
        expected = [FACTORS["first"] * FACTORS["second"]] * 2
        assert [t.tolist() for t in step(x)] == [expected, expected]


def test_a_container_that_holds_itself_is_read():
    knot = {"factor": 1.0}
    knot["self"] = knot
    step = microtorch.capture(lambda x: x * len(str(knot)))
    for factor in (1.0, 1.0, 100.25, 100.25):
        knot["factor"] = factor
        assert step(microtorch.ones(1)).tolist() == [len(str(knot))]
