"""Hooks of optimizers and of all modules: what is called when, with what, and beside PyTorch."""

import copy
import importlib
import pickle

import numpy as np
import pytest

import microtorch
from microtorch import capture, nn, optim
from microtorch.errors import CaptureError
from microtorch.nn import hooks as module_hooks
from microtorch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

OPTIMIZERS = ["SGD", "Adam", "RMSprop", "LBFGS"]


def made(library, name):
    w = library.ones(2, requires_grad=True)
    w.grad = library.ones(2)
    return w, getattr(library.optim, name)([w], lr=0.5)


def story(library, name):
    """What a step with hooks of each kind notes, and the weights at its end."""
    w, optimizer = made(library, name)
    log = []
    module = importlib.import_module(f"{library.__name__}.optim.optimizer")
    handles = [
        module.register_optimizer_step_pre_hook(lambda o, args, kwargs: log.append(("every", len(args), len(kwargs)))),
        module.register_optimizer_step_post_hook(lambda o, args, kwargs: log.append(("every after", o is optimizer))),
        optimizer.register_step_pre_hook(lambda o, args, kwargs: log.append(("before", w.tolist()))),
        optimizer.register_step_post_hook(lambda o, args, kwargs: log.append(("after", w.tolist() != [1.0, 1.0]))),
    ]

    def closure():
        log.append("closure")
        w.grad = library.ones(2)
        return (w.detach() * 2).sum()

    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o, closure), {}))
    optimizer.step()
    for handle in handles:
        handle.remove()
    length = len(log)
    optimizer.step()
    assert set(log[length:]) == {"closure"}
    return log, w.tolist()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_hooks_are_called_around_a_step(name):
    log, _ = story(microtorch, name)
    closures = [entry for entry in log if entry == "closure"]
    order = ["every", "before", "closure", "after", "every after"]
    seen = [entry if isinstance(entry, str) else entry[0] for entry in log]
    assert list(dict.fromkeys(seen)) == order
    assert closures


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_same_story_as_in_pytorch(torch, name):
    (log, w), (theirs, v) = story(microtorch, name), story(torch, name)
    assert log == theirs
    np.testing.assert_allclose(w, v, rtol=1e-6, atol=1e-6)


def test_states_pass_their_hooks():
    _, optimizer = made(microtorch, "Adam")
    log = []
    optimizer.register_state_dict_pre_hook(lambda o: log.append("saving"))
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "note": "mine"})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: {k: state[k] for k in ("state", "param_groups")})
    optimizer.register_load_state_dict_post_hook(lambda o: log.append("loaded"))
    optimizer.register_load_state_dict_post_hook(lambda o: log.append("first"), prepend=True)
    optimizer.step()
    state = optimizer.state_dict()
    assert state["note"] == "mine"
    optimizer.load_state_dict(state)
    assert log == ["saving", "first", "loaded"]


def test_a_step_of_ones_own_is_hooked_once():
    class Own(optim.SGD):
        def step(self, closure=None):
            return super().step(closure)

    w = microtorch.ones(1, requires_grad=True)
    w.grad = microtorch.ones(1)
    optimizer, log = Own([w], lr=0.1), []
    optimizer.register_step_pre_hook(lambda *given: log.append("before"))
    optimizer.register_step_post_hook(lambda *given: log.append("after"))
    optimizer.step()
    assert log == ["before", "after"]
    assert w.item() == pytest.approx(0.9)


def test_hooks_belong_to_their_optimizer():
    _, optimizer = made(microtorch, "SGD")
    optimizer.register_step_pre_hook(lambda *given: None)
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert not other.has_step_hooks


def test_an_answer_that_is_no_pair_is_an_error():
    w, optimizer = made(microtorch, "SGD")
    optimizer.register_step_pre_hook(lambda *given: 1)
    with pytest.raises(RuntimeError, match=r"returns None or \(args, kwargs\), not 1"):
        optimizer.step()
    assert w.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("register", [register_optimizer_step_pre_hook, register_optimizer_step_post_hook, "own"])
def test_a_captured_step_calls_hooks_that_come_later(register):
    w = microtorch.ones(2, requires_grad=True)
    optimizer, log = optim.SGD([w], lr=0.1), []

    def step(x):
        optimizer.zero_grad()
        loss = (w * x).sum()
        loss.backward()
        optimizer.step()
        return loss

    step = capture(step)
    x = microtorch.ones(2)
    for _ in range(4):
        step(x)
    register = optimizer.register_step_post_hook if register == "own" else register
    with register(lambda *given: log.append(w.tolist())):
        step(x)
    step(x)
    assert len(log) == 1
    assert w.tolist() == pytest.approx([0.4, 0.4])


def module_story(library):
    every = module_hooks if library is microtorch else library.nn.modules.module
    nn_ = library.nn
    net = nn_.Sequential(nn_.Linear(2, 2), nn_.Tanh())
    with library.no_grad():
        net[0].weight.copy_(library.tensor([[1.0, 2.0], [3.0, 4.0]]))
        net[0].bias.fill_(0.5)
    log, name = [], lambda m: type(m).__name__
    net[1].register_forward_hook(lambda m, args, y: log.append(("own", name(m))))
    net[1].register_full_backward_hook(lambda m, dx, dy: log.append(("own backward", name(m))))
    handles = [
        every.register_module_forward_pre_hook(lambda m, args: log.append(("before", name(m)))),
        every.register_module_forward_hook(lambda m, args, y: y * 2 if name(m) == "Tanh" else None),
        every.register_module_forward_hook(lambda m, args, y: log.append(("after", name(m)))),
        every.register_module_full_backward_pre_hook(lambda m, dy: log.append(("backward of", name(m)))),
        every.register_module_full_backward_hook(lambda m, dx, dy: log.append(("backward", name(m)))),
    ]
    x = library.tensor([[0.1, 0.2]], requires_grad=True)
    y = net(x)
    y.sum().backward()
    for handle in handles:
        handle.remove()
    length = len(log)
    net(x)
    assert log[length:] == [("own", "Tanh")]
    return log, y.tolist(), x.grad.tolist()


def test_hooks_of_all_modules():
    log, _, _ = module_story(microtorch)
    assert log[:4] == [("before", "Sequential"), ("before", "Linear"), ("after", "Linear"), ("before", "Tanh")]
    assert [entry for entry in log if entry[0] == "backward"][-1] == ("backward", "Sequential")


def test_hooks_of_all_modules_as_in_pytorch(torch):
    log, y, dx = module_story(microtorch)
    theirs, v, dv = module_story(torch)
    assert log == theirs
    np.testing.assert_allclose(y, v, rtol=1e-6)
    np.testing.assert_allclose(dx, dv, rtol=1e-5)


@pytest.mark.parametrize("strict", [False, True])
def test_a_captured_step_notices_hooks_of_all_modules_that_come_later(strict):
    net, log = nn.Linear(2, 1), []
    step = capture(lambda x: net(x).sum(), strict=strict)
    x = microtorch.ones(1, 2)
    for _ in range(3):
        step(x)
    with module_hooks.register_module_forward_hook(lambda m, args, y: log.append(m)):
        if strict:
            with pytest.raises(CaptureError, match="a hook of Linear is Python code"):
                step(x)
        else:
            with pytest.warns(UserWarning, match="runs eagerly. a hook of Linear"):
                step(x)
            assert log == [net]
