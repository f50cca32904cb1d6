"""Hooks on leaves and results: what they see, what they change, when they go; and gradients that are kept."""

import numpy as np
import pytest

import microtorch as mt
from microtorch.errors import GradientError


def leaf(*values):
    return mt.tensor(np.array(values, np.float64), requires_grad=True)


def test_hooks_replace_gradients_in_order_and_can_be_removed():
    x = leaf(1.0)
    first = x.register_hook(lambda dx: dx * 10)
    x.register_hook(lambda dx: dx + 1)
    (x * 2).sum().backward()
    assert x.grad.item() == 21
    first.remove()
    x.grad = None
    (x * 2).sum().backward()
    assert x.grad.item() == 3


def test_hooks_that_take_themselves_away_or_add_others():
    """Those that were there when the gradient arrived are called, each once."""
    for of_result in (False, True):
        seen, handles = [], []
        x = leaf(1.0)
        y = x * 1 if of_result else x

        def once(name, y=y, seen=seen, handles=handles):
            def hook(dy):
                seen.append(name)
                handles[name].remove()
                y.register_hook(lambda dy: seen.append("later"))

            return hook

        handles += [y.register_hook(once(name)) for name in range(3)]
        y.sum().backward(retain_graph=True)
        assert seen == [0, 1, 2]
        y.sum().backward()
        assert seen[3:] == ["later"] * 3


def test_a_hook_on_a_result_sees_its_whole_gradient():
    seen = []
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda dy: seen.append(dy.item()))
    (y * 3 + y * 4).sum().backward()
    assert seen == [7]
    assert x.grad.item() == 14


def test_what_a_hook_keeps_is_never_overwritten():
    kept = []
    x = leaf(1.0, 2.0)
    y = x + 0
    y.register_hook(kept.append)
    x.register_hook(kept.append)
    (y * 2 + y * 3).sum().backward()
    before = [t.numpy().copy() for t in kept]
    with mt.no_grad():
        x.grad.mul_(100)
    (x * 7).sum().backward()
    for t, b in zip(kept, before, strict=False):
        np.testing.assert_array_equal(t.numpy(), b)


def test_a_hook_that_returns_something_else():
    x = leaf(1.0, 2.0)
    x.register_hook(lambda dx: dx.sum())
    with pytest.raises(GradientError, match=r"hook must return None or a Tensor of shape \(2,\), not shape \(\)"):
        (x * 2).sum().backward()


def test_retain_grad():
    x = leaf(1.0)
    y, other = x * 2, x * 4
    y.retain_grad()
    assert [t.retains_grad for t in (x, y, other, x.detach(), (y * 1))] == [False, True, False, False, False]
    (y * 3 + other).sum().backward()
    assert y.grad.item() == 3
    assert x.grad.item() == 10


def test_retained_gradients_follow_the_hooks():
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda dy: dy * 10)
    y.retain_grad()
    (y * 3).sum().backward()
    assert y.grad.item() == 30
