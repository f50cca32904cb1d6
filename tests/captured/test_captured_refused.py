"""Refusals of captured steps: what cannot be recorded is named with its line, and an error is the eager one."""

import pytest
from steps_to_capture import batches, training

import microtorch
from microtorch import nn
from microtorch.autograd import detect_anomaly
from microtorch.errors import CaptureError
from microtorch.random import default_generator


def hooked():
    model, _, step = training()
    next(model.parameters()).register_hook(lambda grad: None)
    return step


def differentiated_twice():
    model, _, _ = training()
    return lambda x, y: nn.functional.cross_entropy(model(x), y).backward(create_graph=True)


def reading(read):
    def make():
        model, _, _ = training()
        return lambda x, y: read(nn.functional.cross_entropy(model(x), y))

    return make


REFUSED = {
    "item": (reading(lambda loss: loss.item()), "item reads a value"),
    "bool": (reading(lambda loss: loss if loss > 1 else -loss), "bool reads a value"),
    "numpy": (reading(lambda loss: loss.detach().numpy()), "numpy reads a value"),
    "float": (reading(float), "float reads a value"),
    "print": (reading(repr), "repr reads a value"),
    "hooks": (hooked, "hook"),
    "create_graph": (differentiated_twice, "create_graph"),
    "a generator": (lambda: lambda x, y: x * default_generator.numpy.random(), "random numbers are drawn outside"),
    "an index read from a tensor": (lambda: lambda x, y: x[y[0]], "int reads a value"),
    "initialiser": (lambda: lambda x, y: nn.init.zeros_(x), "writes into memory"),
}


@pytest.mark.parametrize("make, words", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_recorded_is_refused(make, words):
    ((x, y),) = batches(1)
    with pytest.raises(CaptureError, match=words) as caught:
        microtorch.capture(make())(x, y)
    place = "steps_to_capture.py:" if make is hooked else "test_captured_refused.py:"  # where its step is written
    assert place in str(caught.value)
    step = microtorch.capture(make(), strict=False)
    with pytest.warns(UserWarning, match=words):
        step(x, y)
    step(x, y)  # says so once
    assert words.split()[0] in step.report()


def test_anomaly_detection_inside_is_refused_and_outside_sees_everything():
    ((x, y),) = batches(1)
    step = training()[2]

    def inside(x, y):
        with detect_anomaly():
            return step(x, y)

    with pytest.raises(CaptureError, match="detect_anomaly looks at every value"):
        microtorch.capture(inside)(x, y)
    captured = microtorch.capture(step)
    with detect_anomaly():
        captured(x, y)
    assert captured.recording is None  # it ran eagerly


def test_arguments_that_require_a_gradient_are_refused():
    with pytest.raises(CaptureError, match="requires a gradient"):
        microtorch.capture(lambda x: x * 2)(microtorch.ones(2, requires_grad=True))


def test_an_error_in_a_replay_is_the_eager_one():
    _, _, step = training()
    step = microtorch.capture(step)
    ((x, y),) = batches(1)
    step(x, y)
    y[3] = 9
    with pytest.raises(IndexError, match="label 9 in row 3 is none of 4 classes"):
        step(x, y)


def test_a_failed_recording_leaves_nothing_in_place():
    def wrong(x):
        raise KeyError("mine")

    before = microtorch.Tensor.item, microtorch.autograd.ArrayFunction.__dict__["apply"]
    with pytest.raises(KeyError, match="mine"):
        microtorch.capture(wrong)(microtorch.ones(2))
    assert before == (microtorch.Tensor.item, microtorch.autograd.ArrayFunction.__dict__["apply"])


def test_a_constant_that_has_entered_a_graph_since_is_noticed():
    t, w, v = microtorch.zeros(2), microtorch.ones(2, requires_grad=True), microtorch.ones(2, requires_grad=True)

    def step(x):
        v.grad = None
        (x * t * v).sum().backward()
        return v.grad

    step = microtorch.capture(step)
    for _ in range(2):
        step(microtorch.ones(2))
    t.add_(w * 2)
    with pytest.raises(CaptureError, match="a graph that was made outside the step"):
        step(microtorch.ones(2))
