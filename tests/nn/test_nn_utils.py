"""Clipping of gradients, and parameters as one vector."""

import math

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import GraphError, ShapeError


def parameters(*gradients, dtype=np.float64):
    made = []
    for g in gradients:
        p = nn.Parameter(microtorch.zeros(np.shape(g), dtype=dtype))
        p.grad = microtorch.tensor(np.asarray(g, dtype))
        made.append(p)
    return made


GRADIENTS = [[3.0, -4.0], [[12.0]], np.zeros((0, 2)), 84.0]


@pytest.mark.parametrize("p, norm", [(2, 85), (1, 103), (math.inf, 84), (3, (27 + 64 + 1728 + 592704) ** (1 / 3))])
def test_norm_of_all_as_one_vector(p, norm):
    total = nn.utils.get_total_norm([q.grad for q in parameters(*GRADIENTS)], p)
    assert total.shape == ()
    assert total.dtype == np.float64
    assert total.item() == pytest.approx(norm)


@pytest.mark.parametrize("p", [1, 2, 2.5, math.inf])
@pytest.mark.parametrize("max_norm", [1.0, 50.0, 1000.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clipping_equals_pytorch(torch, p, max_norm, dtype):
    filled = [g for g in GRADIENTS if np.size(g)]  # PyTorch knows no largest of no elements
    ours, theirs = parameters(*filled, dtype=dtype), []
    for q in ours:
        t = torch.nn.Parameter(torch.zeros(q.shape, dtype=torch.float32 if dtype == np.float32 else torch.float64))
        t.grad = torch.tensor(q.grad.numpy())
        theirs.append(t)
    ours.append(nn.Parameter(microtorch.zeros(1)))  # without a gradient
    total = nn.utils.clip_grad_norm_(ours, max_norm, p)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, p)
    tolerance = 1e-6 if dtype == np.float32 else 1e-12
    assert total.dtype == dtype
    np.testing.assert_allclose(total.numpy(), expected.numpy(), rtol=tolerance)
    for a, b in zip(ours, theirs, strict=False):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=tolerance)
        assert a.grad.dtype == dtype


def test_clipping_changes_gradients_in_place_and_only_if_needed():
    (p,) = parameters([3.0, 4.0])
    kept = p.grad
    assert nn.utils.clip_grad_norm_(p, 5.1).item() == 5
    assert kept.tolist() == [3, 4]
    nn.utils.clip_grad_norm_([p], 1.0)
    assert p.grad is kept
    np.testing.assert_allclose(kept.numpy(), [0.6, 0.8], rtol=1e-6)


def test_clipping_by_value():
    p, q = parameters([3.0, -4.0, 0.5], 7.0)
    nn.utils.clip_grad_value_([p, q], 2)
    assert p.grad.tolist() == [2.0, -2.0, 0.5]
    assert q.grad.item() == 2.0


def test_clipping_is_noticed_by_a_pending_backward():
    (p,) = parameters([3.0, 4.0])
    w = microtorch.ones(2, dtype=np.float64, requires_grad=True)
    loss = (w * p.grad).sum()
    nn.utils.clip_grad_norm_([p], 1.0)
    with pytest.raises(GraphError, match=r"clip_grad_norm_ at .*test_nn_utils"):
        loss.backward()


def test_nonfinite_gradients():
    bad = parameters([1.0, math.nan], [2.0])
    with pytest.raises(RuntimeError, match="of 2 gradients is nan: 1 of them hold NaN or infinity"):
        nn.utils.clip_grad_norm_(bad, 1.0, error_if_nonfinite=True)
    assert bad[1].grad.tolist() == [2.0]
    assert math.isnan(nn.utils.clip_grad_norm_(bad, 1.0).item())
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0


def test_vectors():
    net = nn.MLP([3, 4, 2])
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (3 * 4 + 4 + 4 * 2 + 2,)
    (vector * vector).sum().backward()
    np.testing.assert_allclose(net.fc2.weight.grad.numpy(), 2 * net.fc2.weight.numpy(force=True))
    other = nn.MLP([3, 4, 2])
    nn.utils.vector_to_parameters(vector.detach(), other.parameters())
    for name, p in other.named_parameters():
        assert p.tolist() == net.get_parameter(name).tolist()
        assert not np.shares_memory(p._array, vector._array)
    for wrong in (microtorch.zeros(25), microtorch.zeros(27), microtorch.zeros(2, 13)):
        with pytest.raises(ShapeError, match="for parameters of 26 elements"):
            nn.utils.vector_to_parameters(wrong, net.parameters())
    with pytest.raises(TypeError, match="takes a Tensor"):
        nn.utils.vector_to_parameters([1.0], net.parameters())


@pytest.mark.parametrize("p", [0, 0.5, -1, -2.5, "inf", math.inf, -math.inf])
def test_unusual_norms_equal_pytorch(torch, p):
    gradients = [[3.0, -4.0], [[12.0, 0.5]], [0.0, 0.0] if p == 0 else [1.0], 84.0]
    ours = [q.grad for q in parameters(*gradients)]
    theirs = [torch.tensor(g.numpy()) for g in ours]
    expected = torch.nn.utils.get_total_norm(theirs, float(p) if p == "inf" else p)
    assert nn.utils.get_total_norm(ours, p).item() == pytest.approx(expected.item(), rel=1e-12)


@pytest.mark.parametrize("p", [math.nan, "nan", "two", None, [2]])
def test_a_norm_that_is_none(p):
    made = parameters([3.0, 4.0])
    with pytest.raises(ValueError, match=r"norm_type is .* It is a number, as 2\.0"):
        nn.utils.clip_grad_norm_(made, 1.0, p)
    assert made[0].grad.tolist() == [3, 4]


@pytest.mark.parametrize("limit", [-1.0, math.nan, "much", None])
@pytest.mark.parametrize(
    "clip, name", [(nn.utils.clip_grad_norm_, "max_norm"), (nn.utils.clip_grad_value_, "clip_value")]
)
def test_a_bound_that_is_none(clip, name, limit):
    made = parameters([3.0, 4.0])
    with pytest.raises((TypeError, ValueError), match=rf"{clip.__name__}: {name} is "):
        clip(made, limit)
    assert made[0].grad.tolist() == [3, 4]


def test_no_parameters_and_a_used_up_iterator():
    model = nn.Linear(2, 1)
    used = model.parameters()
    list(used)
    with pytest.warns(UserWarning, match="used up, so nothing is clipped") as caught:
        assert nn.utils.clip_grad_norm_(used, 1.0).item() == 0
    assert caught[0].filename == __file__
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0
    with pytest.raises(ValueError, match="there are no parameters"):
        nn.utils.parameters_to_vector([])


CALLS = [
    lambda x: nn.utils.clip_grad_norm_(x, 1.0),
    lambda x: nn.utils.clip_grad_value_(x, 1.0),
    lambda x: nn.utils.clip_grads_with_norm_(x, 1.0, 5.0),
    lambda x: nn.utils.get_total_norm(x),
    lambda x: nn.utils.parameters_to_vector(x),
    lambda x: nn.utils.vector_to_parameters(microtorch.ones(3), x),
]


@pytest.mark.parametrize("call", CALLS)
def test_what_are_no_parameters(call):
    model = nn.Linear(2, 1)
    with pytest.raises(TypeError, match=r"are tensors, not one Linear. Give model.parameters\(\)"):
        call(model)
    with pytest.raises(TypeError, match=r"\[0\] is a tuple, not a Tensor. Give parameters\(\)"):
        call(model.named_parameters())
    with pytest.raises(TypeError, match=r"\[1\] is a NoneType"):
        call([model.weight, None])
