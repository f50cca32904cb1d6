"""detect_anomaly: the first NaN or infinity is found where it is born; nothing is left behind."""

import threading

import numpy as np
import pytest

import microtorch
from microtorch import GradientError, GraphError, nn
from microtorch.autograd import ArrayFunction, detect_anomaly, is_anomaly_enabled

nan, inf = float("nan"), float("inf")


def message(compute):
    with detect_anomaly(), pytest.raises(GradientError) as caught:
        compute()
    return str(caught.value)


FORWARD = [
    ("Log", lambda x: x.log(), [1.0, 0.0], "-inf", "(1,)"),
    ("Log", lambda x: x.log(), [1.0, 2.0, -1.0], "nan", "(2,)"),
    ("Div", lambda x: 1 / x, [0.0, 1.0], "inf", "(0,)"),
    ("Sqrt", lambda x: x.sqrt(), [4.0, -4.0], "nan", "(1,)"),
    ("Exp", lambda x: x.exp(), [1.0, 1000.0], "inf", "(1,)"),
    ("Mul", lambda x: x * 1e38, [1.0, 1e38], "inf", "(1,)"),
]


@pytest.mark.parametrize("name, compute, values, what, index", FORWARD)
def test_forward_is_named_with_its_place(name, compute, values, what, index):
    x = microtorch.tensor(values, requires_grad=True)
    x.name = "x"
    told = message(lambda: compute(x))
    assert f"{name} made {what}" in told or f"made {what}" in told
    assert f"index {index}" in told
    assert "test_anomaly.py:" in told
    assert f"min {min(values):.4g}" in told
    assert f"max {max(values):.4g}" in told
    assert "x -> " in told
    assert "To do:" in told


def test_results_without_gradient_are_watched_too():
    assert "Log made -inf" in message(lambda: microtorch.zeros(2).log())


def test_infinity_from_outside_is_let_through():
    mask = microtorch.tensor([0.0, -inf])
    x = microtorch.ones(2, requires_grad=True)
    with detect_anomaly():
        (x + mask).softmax(0).sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_nan_from_outside_is_told_to_have_been_there():
    x = microtorch.tensor([1.0, nan])
    told = message(lambda: x * 2)
    assert "It was there before: input 0 at (1,)" in told


class Bad(ArrayFunction):
    """y = x        dx = what `made` says, at one place"""

    made = nan

    @staticmethod
    def forward(ctx, x):
        return x * 1

    @staticmethod
    def backward(ctx, dy):
        dx = dy * 1
        dx[0, 1] = Bad.made
        return dx


@pytest.mark.parametrize("made", [nan, inf, -inf])
def test_backward_is_named_with_module_line_and_path(made, monkeypatch):
    monkeypatch.setattr(Bad, "made", made)

    class Layer(nn.Module):
        def forward(self, x):
            return Bad.apply(x)

    model = nn.Sequential(nn.Linear(4, 3), Layer())
    told = message(lambda: model(microtorch.ones(2, 4)).sum().backward())
    assert f"the backward of Bad made {made}" in told
    assert "index (0, 1)" in told
    assert "Sequential.1 (Layer)" in told
    assert "test_anomaly.py:" in told
    assert "weight -> Linear -> Bad" in told


def test_gradients_are_not_touched_by_a_failed_pass():
    w = microtorch.ones(2, 2, requires_grad=True)
    message(lambda: Bad.apply(w * 2).sum().backward())
    assert w.grad is None


def test_several_outputs_and_second_derivatives_are_watched():
    x = microtorch.tensor([[1.0, -1.0], [2.0, 3.0]], requires_grad=True)
    told = message(lambda: microtorch.cat([a.log() for a in x.split(1)]))
    assert "nan" in told
    w = microtorch.tensor([2.0], requires_grad=True)
    with detect_anomaly():
        (dw,) = microtorch.autograd.grad(w**3, w, create_graph=True)
        dw.backward()
    assert w.grad.tolist() == [12]


def test_without_values_the_lines_are_remembered():
    with detect_anomaly(check_nan=False):
        x = microtorch.zeros(2, requires_grad=True)
        y = x.log()  # -inf, let through
        z = y.exp()
    z += 1
    with pytest.raises(GraphError, match=r"Exp \(called at .*test_anomaly.py:\d+\).*by add_ at .*test_anomaly.py:\d+"):
        z.sum().backward()


def test_released_graph_names_the_line():
    with detect_anomaly():
        y = microtorch.ones(2, requires_grad=True).exp()
    y.sum().backward()
    with pytest.raises(GraphError, match=r"Exp \(called at .*test_anomaly.py"):
        (y * 2).sum().backward()


def test_switches_nest_and_restore():
    plain = ArrayFunction.__dict__["apply"]
    assert not is_anomaly_enabled()
    with detect_anomaly():
        with detect_anomaly(check_nan=False):
            microtorch.zeros(1).log()
            assert is_anomaly_enabled()
        with pytest.raises(GradientError):
            microtorch.zeros(1).log()
    assert not is_anomaly_enabled()
    assert ArrayFunction.__dict__["apply"] is plain  # nothing on the way of a call


def test_an_error_inside_restores():
    plain = ArrayFunction.__dict__["apply"]
    with pytest.raises(KeyError), detect_anomaly():
        raise KeyError
    assert ArrayFunction.__dict__["apply"] is plain


def test_other_threads_are_not_watched():
    heard = []

    def work():
        heard.append((is_anomaly_enabled(), microtorch.zeros(1).log().item()))

    with detect_anomaly():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert heard == [(False, -inf)]


def test_same_gradients_as_without():
    microtorch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    x, y = microtorch.randn(6, 4), microtorch.arange(6) % 3

    def gradients():
        model.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        return [p.grad.numpy().copy() for p in model.parameters()]

    plain = gradients()
    with detect_anomaly():
        watched = gradients()
    for a, b in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(a, b)
