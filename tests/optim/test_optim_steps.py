"""What a step changes, what it leaves alone, and what it leaves behind."""

import numpy as np
import pytest

import microtorch
from microtorch import optim
from microtorch.errors import GraphError, ShapeError


def tensor(array, **options):
    return microtorch.tensor(np.asarray(array), **options)


def with_gradient(w, g):
    p = tensor(w, requires_grad=True)
    p.grad = tensor(g)
    return p


OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1},
    "Adam": {"amsgrad": True},
    "AdamW": {},
    "Adamax": {},
    "NAdam": {},
    "RAdam": {},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Adagrad": {},
    "Adadelta": {},
    "ASGD": {},
    "Rprop": {},
}


def run(name, w, gradients, **options):
    p = microtorch.from_numpy(w).requires_grad_()
    optimizer = getattr(optim, name)([p], **{**OPTIMIZERS[name], **options})
    for g in gradients:
        p.grad = microtorch.from_numpy(g)
        optimizer.step()
    return p.detach().numpy()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_that_are_not_contiguous(name):
    rng = np.random.default_rng(2)
    w, gradients = rng.standard_normal((6, 4)), rng.standard_normal((7, 6, 4))
    expected = run(name, w.copy(), gradients)
    wide = np.zeros((6, 8))
    wide[:, ::2] = w
    for other in (np.asfortranarray(w), wide[:, ::2]):
        np.testing.assert_allclose(run(name, other, gradients), expected, rtol=1e-12)
    np.testing.assert_allclose(run(name, w.copy(), [np.asfortranarray(g) for g in gradients]), expected, rtol=1e-12)
    assert not wide[:, 1::2].any()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_float32_stays_float32_and_the_gradient_stays_as_it_is(name):
    p = with_gradient(np.ones(3, np.float32), np.ones(3, np.float32))
    optimizer = getattr(optim, name)([p], **OPTIMIZERS[name])
    for _ in range(3):
        optimizer.step()
    assert p.dtype == np.float32
    assert all(v.dtype == np.float32 for v in optimizer.state[p].values() if isinstance(v, microtorch.Tensor))
    assert p.grad.tolist() == [1, 1, 1]
    assert (p.detach().numpy() < 1).all()


def test_maximize_goes_up():
    p = with_gradient(np.zeros(2), np.ones(2))
    optim.SGD([p], lr=0.5, maximize=True).step()
    assert p.tolist() == [0.5, 0.5]


def test_parameters_without_a_gradient_are_left_alone():
    p, q = with_gradient(np.ones(2), np.ones(2)), tensor(np.ones(2), requires_grad=True)
    optimizer = optim.Adam([p, q], weight_decay=0.1)
    optimizer.step()
    assert q.tolist() == [1, 1]
    assert not optimizer.state[q]


def test_options_changed_between_steps_count():
    p = with_gradient(np.zeros(1), np.ones(1))
    optimizer = optim.SGD([p], lr=1.0)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = np.float32(0.5)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 2
    optimizer.step()
    assert p.tolist() == [-3.5]


def test_groups_have_their_own_options():
    p, q = with_gradient(np.zeros(1), np.ones(1)), with_gradient(np.zeros(1), np.ones(1))
    optimizer = optim.SGD([{"params": [p]}, {"params": q, "lr": 0.5}], lr=1.0)
    optimizer.step()
    assert (p.tolist(), q.tolist()) == ([-1.0], [-0.5])


def test_a_closure_is_called_with_recording_on():
    p = tensor([2.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with microtorch.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 4
    assert p.tolist() == [1.0]


def test_a_step_is_a_change_that_an_old_graph_notices():
    w = with_gradient(np.ones(2), np.ones(2))
    optimizer = optim.SGD([w], lr=0.1)
    y = (w * w).sum()
    before = w._version
    optimizer.step()
    assert w._version == before + 1
    with pytest.raises(GraphError, match=r"by SGD\.step at .*test_optim_steps\.py:\d+"):
        y.backward()


def test_data_that_is_replaced_is_followed():
    p = with_gradient(np.zeros(2), np.ones(2))
    optimizer = optim.SGD([p], lr=1.0, momentum=0.5)
    optimizer.step()
    p.data = tensor(np.full(2, 10.0))
    optimizer.step()
    assert p.tolist() == [8.5, 8.5]


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_data_replaced_by_another_shape_is_refused(name):
    p = with_gradient(np.zeros(2), np.ones(2))
    optimizer = getattr(optim, name)([("w", p)], **OPTIMIZERS[name])
    optimizer.step()
    p.data = tensor(np.zeros(3))
    with pytest.raises(ShapeError, match=rf"{name}\.step: parameter w has shape \(3,\) and its grad \(2,\)"):
        optimizer.step()
    p.grad = tensor(np.ones(3))
    with pytest.raises(ShapeError, match=r"its (momentum_buffer|exp_avg) \(2,\)"):
        optimizer.step()
    assert p.tolist() == [0, 0, 0]


def test_zero_grad():
    p = with_gradient(np.zeros(2), np.ones(2))
    optimizer, kept = optim.SGD([p]), p.grad
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is kept
    assert kept.tolist() == [0, 0]
    optimizer.zero_grad()
    assert p.grad is None


def test_zero_grad_leaves_a_gradient_with_a_graph_alone():
    p = tensor([3.0], requires_grad=True)
    (p * p * p).sum().backward(create_graph=True)
    first = p.grad
    optim.SGD([p]).zero_grad(set_to_none=False)
    assert first.tolist() == [27.0]
    assert p.grad.tolist() == [0.0]


def rosenbrock(w):
    return (1 - w[0]) * (1 - w[0]) + 100 * (w[1] - w[0] * w[0]) * (w[1] - w[0] * w[0])


def test_lbfgs_finds_the_minimum_of_the_rosenbrock_function():
    w = tensor([-1.2, 1.0], dtype=np.float64, requires_grad=True)
    optimizer = optim.LBFGS([w], line_search_fn="strong_wolfe", max_iter=100, tolerance_change=1e-16)

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(w)
        loss.backward()
        return loss

    first = optimizer.step(closure)
    np.testing.assert_allclose(first.item(), 24.2)
    np.testing.assert_allclose(w.detach().numpy(), [1, 1], atol=1e-7)
    assert optimizer.state[w]["func_evals"] < 60


def test_lbfgs_has_one_group():
    p, q = tensor([1.0], requires_grad=True), tensor([1.0], requires_grad=True)
    with pytest.raises(ValueError, match="doesn't support per-parameter options"):
        optim.LBFGS([{"params": [p]}, {"params": [q]}])
    with pytest.raises(ValueError, match="only 'strong_wolfe' is supported"):
        optim.LBFGS([p], line_search_fn="armijo")
