"""Hooks that come and go around a captured step: none is missed, and recordings from before serve after them."""

import pytest

import microtorch
from microtorch import nn, optim
from microtorch.nn import hooks

MODEL = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
UNUSED = nn.Linear(2, 2)
PLACES = {
    "a parameter": lambda called: MODEL[0].weight.register_hook(lambda dy: called.append(1)),
    "a layer, forward": lambda called: MODEL[1].register_forward_hook(lambda *args: called.append(1)),
    "a layer, before": lambda called: MODEL[1].register_forward_pre_hook(lambda *args: called.append(1)),
    "a layer, backward": lambda called: MODEL[1].register_full_backward_hook(lambda *args: called.append(1)),
    "all layers": lambda called: hooks.register_module_forward_hook(lambda *args: called.append(1)),
}


def training():
    optimizer = optim.SGD(MODEL.parameters(), lr=0.1)

    def step(x):
        optimizer.zero_grad()
        loss = MODEL(x).sum()
        loss.backward()
        optimizer.step()
        return loss

    return step


@pytest.mark.parametrize("place", PLACES)
def test_hooks_are_called_while_they_are_there(place):
    step, called, x = microtorch.capture(training(), strict=False), [], microtorch.ones(4, 2)
    for _ in range(3):
        step(x)
    assert step.recording.replays == 2
    with PLACES[place](called), pytest.warns(UserWarning, match="runs eagerly"):
        step(x)
    assert called
    before = len(called)
    for _ in range(3):
        step(x)
    assert len(called) == before
    assert step.recording.replays == 5  # the recording of then


@pytest.mark.parametrize("place", ["register_forward_hook", "register_forward_pre_hook"])
def test_hooks_of_what_does_not_run_are_no_reason_to_record_anew_once_they_go(place):
    model = nn.ModuleList([nn.Linear(2, 2), UNUSED])
    handle = getattr(UNUSED, place)(lambda *args: None)
    step = microtorch.capture(lambda x: model[0](x))
    step(microtorch.ones(1, 2))
    handle.remove()
    x = microtorch.rand(1, 2)
    assert step(x).tolist() == model[0](x).tolist()
