"""Causes of a missing gradient: the one that is named is the true one, with its line."""

import pytest
from network_to_explain import fixture_batch, fixture_model  # noqa: F401

import microtorch
from microtorch import explain, nn
from microtorch.nn import functional as F


def _detach(h):
    return h.detach()


def _data(h):
    return h.data


def _no_grad(h):
    with microtorch.no_grad():
        return h * 2


def _cast(h):
    return h.long().float()


def _argmax(h):
    return h.argmax(1, keepdim=True).float() + microtorch.zeros(8)


def _numpy(h):
    return microtorch.from_numpy(h.detach().numpy() * 2)


def _item(h):
    return microtorch.full((12, 8), h.sum().item())


def _through(h):
    return h * 2


@pytest.mark.parametrize(
    "cut, cause",
    [
        (_detach, "detached"),
        (_data, "detached"),
        (_no_grad, "no_grad"),
        (_cast, "cast"),
        (_argmax, "left the graph"),
        (_numpy, "left the graph"),
        (_item, "left the graph"),
        (_through, "no backward"),
    ],
)
def test_cause_of_a_cut(model, batch, cut, cause):
    x, y = batch
    found = explain.why_no_grad(model[0].weight, lambda: F.cross_entropy(model[2](F.relu(cut(model[0](x)))), y), model)
    assert found.cause == cause
    assert "0.weight (8, 4)" in found.text
    if cause in ("detached", "no_grad", "cast"):
        line = cut.__code__.co_firstlineno
        assert f"test_why_no_grad.py:{line + 1}" in found.text or f"test_why_no_grad.py:{line + 2}" in found.text


def test_two_ways_of_which_one_is_cut_is_no_cut(model, batch):
    x, y = batch

    def loss():
        h = model[0](x)
        return F.cross_entropy(model[2](F.relu(h + h.detach())), y)

    assert explain.why_no_grad(model[0].weight, loss).cause == "no backward"


def test_cut_far_behind_is_followed(model, batch):
    x, y = batch

    def loss():
        h = model[0](x).detach()
        return F.cross_entropy(model[2](F.relu(h.exp() + 1).tanh()), y)

    assert explain.why_no_grad(model[0].weight, loss).cause == "detached"


def test_in_place_change_keeps_the_way(model, batch):
    x, y = batch

    def loss():
        h = microtorch.zeros(12, 8)
        h += model[0](x)
        return F.cross_entropy(model[2](h), y)

    assert explain.why_no_grad(model[0].weight, loss).cause == "no backward"


def test_finished_graph_remembers_the_line_of_a_detach(model, batch):
    h = model[0](batch[0]).detach()
    loss = model[2](h).sum()
    loss.backward()
    found = explain.why_no_grad(model[0].weight, loss)
    assert found.cause == "detached"
    assert "test_why_no_grad.py:" in found.text


def test_what_a_tensor_tells_of_itself():
    w = microtorch.ones(2, requires_grad=True)
    assert explain.why_no_grad(microtorch.tensor([1, 2])).cause == "integer"
    assert explain.why_no_grad(microtorch.ones(2)).cause == "frozen"
    assert explain.why_no_grad(w * 2).cause == "not a leaf"
    assert explain.why_no_grad(w).cause == "unknown"
    (w * 3).sum().backward()
    assert explain.why_no_grad(w).cause == "has gradient"


def test_unused_cleared_and_never_called(model, batch):
    x, y = batch
    head = nn.Linear(8, 3)
    loss = F.cross_entropy(model(x), y)
    assert explain.why_no_grad(head.weight, loss, head).cause == "unused"
    assert explain.why_no_grad(model[0].weight, loss).cause == "no backward"
    loss.backward()
    model.zero_grad()
    assert "cleared" in explain.why_no_grad(model[0].weight, loss).text


def test_zero_names_the_operation(model, batch):
    x, y = batch
    with microtorch.no_grad():
        model[0].bias.fill_(-100.0)

    def loss():
        return F.cross_entropy(model(x), y)

    loss().backward()
    found = explain.why_no_grad(model[0].weight, loss, model)
    assert found.cause == "zero"
    assert "Relu" in found.text
    assert "Sequential.1 (ReLU)" in found.text


def test_zero_of_clamped_values():
    w = microtorch.full((3,), 5.0, requires_grad=True)

    def loss():
        return w.clamp(0, 1).sum()

    loss().backward()
    assert "Clamp" in explain.why_no_grad(w, loss).text


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match="a Tensor, not Linear"):
        explain.why_no_grad(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="not float"):
        explain.why_no_grad(microtorch.ones(1, requires_grad=True), 1.0)
