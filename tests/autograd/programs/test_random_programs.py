"""Random programs give on microtorch what they give on PyTorch, or an error in words; see `random_programs`."""

import random
import warnings

import hypothesis
import pytest
import random_programs
from hypothesis import strategies as st
from random_programs import Outcome, compare, is_well_conditioned, show, shrink

from microtorch.autograd import function

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

SEEDS, AT_ONCE = 400, 25


@pytest.fixture(autouse=True, params=["as they are", "all large"])
def sizes(request, monkeypatch):
    """Results as they are, and as if all of them were worth a shell."""
    if request.param == "all large":
        monkeypatch.setattr(function, "SHELL_BYTES", -1)


# Written by hand: a name for each kind, and its program. They must agree; nothing in them may be refused.
PROGRAMS = {
    "itself added in place": """
        t0 = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64, requires_grad=True)
        t1 = t0 * 3
        t1 += t1
        t1 += 1
        t1.sum().backward()""",
    "itself subtracted, copied, assigned": """
        t0 = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64, requires_grad=True)
        t1 = t0 * t0
        t1.copy_(t1)
        t1[:] = t1
        t2 = t1 * 2
        t1 -= t1
        (t1 + t2).sum().backward()""",
    "a copy of itself scattered": """
        t0 = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64, requires_grad=True)
        t1 = t0 * 3
        t1.scatter_add_(0, torch.tensor([0, 0, 1]), t1.clone())
        (t1 * t1).sum().backward()""",
    "itself as the bound of clamp_": """
        t0 = torch.tensor([1.0, -2.0, 4.0], dtype=torch.float64, requires_grad=True)
        t1 = t0 * 3
        t2 = t0 * t0
        t1.clamp_(min=t2)
        t1.sum().backward()""",
    "rows swapped": """
        t0 = torch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=torch.float64, requires_grad=True)
        t1 = t0 * t0
        t1[0] = t1[1]
        t1[1] = t1[0] * 2
        t1.sum().backward()""",
    "a row multiplied": """
        t0 = torch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=torch.float64, requires_grad=True)
        t1 = t0 * t0
        t1[0].mul_(2)
        (t1 * t1).sum().backward()""",
    "what is recorded added to a row of constants": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t1 = torch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=torch.float64)
        t1[0] += t0
        (t1 * t1).sum().backward()""",
    "a view that is older than its base's graph": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t1 = torch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=torch.float64)
        t2 = t1[0]
        t1.mul_(t0)
        (t2 * t2).sum().backward()""",
    "a view of a view": """
        t0 = torch.tensor([[1.0, 2.0], [3.0, 5.0]], dtype=torch.float64, requires_grad=True)
        t1 = t0 * 2
        t2 = t1.T
        t3 = t2[0]
        t3.mul_(3)
        t2 += 1
        t4 = t1[:, 1]
        (t1.sum() + (t3 * t4).sum()).backward()""",
    "a gradient that is retained before a change in place": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t1 = t0 * 3
        t1.retain_grad()
        t1.mul_(2)
        t1.sum().backward()""",
    "a gradient that is retained before a hook": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t1 = t0 * 3
        t1.retain_grad()
        t1.register_hook(lambda g: 10 * g)
        t1.sum().backward()""",
    "a gradient that is retained twice": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t1 = t0 * 3
        t1.retain_grad()
        (t1 * t1).sum().backward(retain_graph=True)
        (t1 * t1).sum().backward()""",
    "a hook on each side of a change in place": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t1 = t0 * 3
        t1.register_hook(lambda g: g * 2)
        t1.mul_(2)
        t1.register_hook(lambda g: g * 10)
        t1.sum().backward()""",
    "a leaf that is frozen before backward": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t1 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t2 = (t0 * t1).sum()
        t0.requires_grad_(False)
        t2.backward()""",
    "a leaf changed under no_grad, and thawed": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64)
        t1 = t0 * 2
        t0.requires_grad_()
        t2 = t0 * 2
        with torch.no_grad(): t0.mul_(3)
        (t2 + t0 * t1).sum().backward()""",
    "a function of gradients": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t1 = t0 * t0
        t2, = torch.autograd.grad((t1 * t1).sum(), [t0], create_graph=True)
        t1.mul_(2)
        (t2 * t2 + t1).sum().backward()""",
    "a number filled in": """
        t0 = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
        t1 = t0.masked_fill(t0 > 1.5, 0.3)
        t2 = t0 * 2
        t2.fill_(0.3)
        t3 = torch.where(t0 > 1.5, t0, 0.3)
        t4 = t0.clamp(0.3, 0.7)
        (t1 + t2 + t3 + t4).sum().backward()""",
}


def explained(program, outcome, torch):
    """What a test says of a program that fails: the shrunk source and what is wrong with it."""
    import microtorch

    small = shrink(program, outcome.kind, microtorch, torch)
    outcome = compare(small, microtorch, torch)
    return f"{outcome.kind}: {outcome.detail}\n{show(small, 'microtorch')}"


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_random_programs(first):
    failures = []
    for seed in range(first, first + AT_ONCE):
        outcome, small = random_programs.examine(seed)
        if small is not None:
            failures.append(f"seed {seed}: {outcome.kind}: {outcome.detail}\n{show(small, 'microtorch')}")
    assert not failures, "\n\n".join(failures)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_written_by_hand(torch, name):
    import microtorch

    program = [line.strip() for line in PROGRAMS[name].strip().splitlines()]
    assert compare(program, microtorch, torch) == Outcome()


@hypothesis.settings(max_examples=60, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(rng=st.randoms(use_true_random=False), length=st.integers(3, 20))
def test_programs_that_hypothesis_draws(torch, rng, length):
    import microtorch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = random_programs.generate(rng, torch, length)
        outcome = compare(program, microtorch, torch)
        if outcome.kind is not None and is_well_conditioned(program, torch):
            pytest.fail(explained(program, outcome, torch))


class _Wrong:
    """PyTorch with one function replaced, or refused, in place of microtorch."""

    def __init__(self, torch, **replaced):
        self._torch, self.replaced = torch, replaced

    def __getattr__(self, name):
        return self.replaced.get(name) or getattr(self._torch, name)


def test_a_wrong_function_is_found_and_shrunk(torch):
    wrong = _Wrong(torch, tanh=lambda t: torch.tanh(t) * (1 + 1e-7))
    for seed in range(1000):
        program = random_programs.generate(random.Random(seed), torch)
        kind = compare(program, wrong, torch).kind
        if kind == "value":
            break
    small = shrink(program, kind, wrong, torch)
    assert compare(small, wrong, torch).kind == "value"
    assert len(small) == 2, show(small)
    assert "torch.tanh" in small[1]
    namespace = {}
    exec(show(small), namespace)
    assert torch.equal(namespace["t1"], torch.tanh(namespace["t0"]))


def test_refusals_are_counted_and_their_effects_found(torch):
    import microtorch

    def refuse(t):
        t.detach().fill_(7)
        raise microtorch.GraphError("tanh: refused")

    program = ["t0 = torch.tensor([1.0], dtype=torch.float64)", "t1 = torch.tanh(t0)", "t2 = t1 * 2", "t3 = t0 * 2"]
    assert compare(program, _Wrong(torch, tanh=refuse), torch).kind == "changed"

    def refuse(t):
        raise microtorch.GraphError("tanh: refused")

    assert compare(program, _Wrong(torch, tanh=refuse), torch) == Outcome(refusals=["GraphError: tanh: refused"])

    def refuse(t):
        raise ZeroDivisionError

    assert compare(program, _Wrong(torch, tanh=refuse), torch).kind == "foreign"


def test_a_program_is_the_same_at_each_run(torch):
    for seed in range(20):
        programs = [random_programs.generate(random.Random(seed), torch) for _ in range(2)]
        assert programs[0] == programs[1]


def test_a_program_that_turns_on_a_rounding_is_not_judged(torch):
    one = "t0 = torch.tensor([0.1], dtype=torch.float64)"
    program = [one, one.replace("t0", "t1"), "t2 = (t0 - t1 > 0).double()"]
    assert is_well_conditioned(program[:2], torch)
    assert not is_well_conditioned(program, torch)
