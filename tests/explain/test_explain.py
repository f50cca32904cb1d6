"""Explanations: the cause that is named is the true one, and asking changes nothing."""

import numpy as np
import pytest
from network_to_explain import fixture_batch, fixture_model  # noqa: F401

import microtorch
from microtorch import GraphError, explain, nn
from microtorch.nn import functional as F

# -- saved_tensors ----------------------------------------------------------------------------------------------------


def test_saved_tensors_counts_each_storage_once():
    x = microtorch.ones(10, 4, requires_grad=True)
    h = x.exp()
    loss = (h * h.view(40).reshape(10, 4)).sum()
    rows = explain.saved_tensors(loss)
    assert rows.bytes == h.nbytes
    assert [row.bytes for row in rows if not row.leaf] == [160]


def test_saved_tensors_of_a_network(model, batch):
    x, y = batch
    loss = F.cross_entropy(model(x), y)
    rows = explain.saved_tensors(loss)
    hidden = [row for row in rows if row.module.startswith("Sequential.1")]
    assert [row.shape for row in hidden] == [(12, 8)]
    assert {row.name for row in rows if row.leaf} >= {"2.weight", "input"}
    assert "Sequential.2 (Linear)" in str(rows)
    assert f"{rows.bytes:,} bytes are kept" in str(rows)
    loss.backward()
    with pytest.raises(GraphError, match="released"):
        explain.saved_tensors(loss)


# -- summary ----------------------------------------------------------------------------------------------------------


def test_summary_counts_by_hand(model, batch):
    found = explain.summary(model, batch[0])
    linear, relu, head, whole = found
    assert (linear.flops, linear.parameters) == (2 * 12 * 4 * 8 + 12 * 8, 40)
    assert head.flops == 2 * 12 * 8 * 3 + 12 * 3
    assert relu.saved == 12 * 8 * 4  # its result, which the next layer saves, too
    assert head.saved == 0
    assert whole.shape == (12, 3)
    assert found.parameters == sum(p.numel() for p in model.parameters())
    with microtorch.no_grad():
        h = model[1](model[0](batch[0])).numpy()
    assert relu.zeros == pytest.approx((h == 0).mean())
    assert relu.std == pytest.approx(h.std(), rel=1e-5)
    assert "1.ReLU" not in str(found)
    assert "bytes kept for backward" in str(found)


def test_summary_leaves_no_trace(batch):
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5))
    before = {k: v.numpy().copy() for k, v in model.state_dict().items()}
    state = microtorch.get_rng_state()
    explain.summary(model, batch[0])
    assert microtorch.get_rng_state() == state
    for k, v in model.state_dict().items():
        np.testing.assert_array_equal(v.numpy(), before[k])


def test_summary_of_a_layer_used_twice(batch):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            return self.fc(self.fc(x))

    found = explain.summary(Twice(), batch[0])
    assert [row.name for row in found] == ["fc (call 1 of 2)", "fc (call 2 of 2)", "Twice"]
    assert found.parameters == 20
    assert found.flops == 2 * (2 * 12 * 4 * 4 + 12 * 4)


# -- check_training ---------------------------------------------------------------------------------------------------


def _trained(model, lr=0.5):
    return microtorch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def test_a_healthy_training_has_no_findings(model, batch):
    check = microtorch.check_training(model, batch, F.cross_entropy, _trained(model))
    assert check, str(check)
    assert check.losses[-1] < 0.5 * check.losses[0]
    assert "nothing suspicious" in str(check)


@pytest.mark.parametrize("make", [nn.Tanh, nn.Sigmoid, nn.LeakyReLU, nn.GELU])
def test_no_false_alarm_for_other_networks(batch, make):
    for seed in range(5):
        microtorch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(4, 32), nn.BatchNorm1d(32), make(), nn.Dropout(0.1), nn.Linear(32, 3))
        check = explain.check_training(
            model, batch, nn.CrossEntropyLoss(), microtorch.optim.Adam(model.parameters(), 0.01)
        )
        assert check, f"seed {seed}: {check}"


def test_no_false_alarm_for_regression(batch):
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    target = batch[0].sum(1, keepdim=True)
    check = explain.check_training(model, (batch[0], target), F.mse_loss, _trained(model, 0.05))
    assert check, str(check)


def test_log_softmax_before_cross_entropy_is_harmless(model, batch):
    model = nn.Sequential(*model, nn.LogSoftmax(1))
    assert explain.check_training(model, batch, F.cross_entropy, _trained(model))


def test_everything_is_put_back(batch):
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))
    optimizer = microtorch.optim.Adam(model.parameters(), 0.01)
    F.cross_entropy(model(batch[0]), batch[1]).backward()
    optimizer.step()
    values = {k: v.numpy().copy() for k, v in model.state_dict().items()}
    moments = [{k: np.array(v) for k, v in optimizer.state[p].items()} for p in model.parameters()]
    gradients = [p.grad for p in model.parameters()]
    copies = [g.numpy().copy() for g in gradients]
    state = microtorch.get_rng_state()

    explain.check_training(model, batch, F.cross_entropy, optimizer)

    assert microtorch.get_rng_state() == state
    for k, v in model.state_dict().items():
        np.testing.assert_array_equal(v.numpy(), values[k], err_msg=k)
    for p, kept, gradient, copy in zip(model.parameters(), moments, gradients, copies, strict=True):
        assert p.grad is gradient
        np.testing.assert_array_equal(gradient.numpy(), copy)
        for k, v in optimizer.state[p].items():
            np.testing.assert_array_equal(np.array(v), kept[k], err_msg=k)
    optimizer.zero_grad()
    F.cross_entropy(model(batch[0]), batch[1]).backward()
    optimizer.step()


def test_a_failing_loss_puts_everything_back(model, batch):
    weight = model[0].weight.numpy(force=True).copy()

    def loss(output, target):
        with microtorch.no_grad():
            model[0].weight.zero_()
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        explain.check_training(model, batch, loss, _trained(model))
    np.testing.assert_array_equal(model[0].weight.numpy(force=True), weight)


def _deep(activation, n=12, scale=1.0):
    layers = [m for _ in range(n) for m in (nn.Linear(8, 8), activation())]
    model = nn.Sequential(nn.Linear(4, 8), *layers, nn.Linear(8, 3))
    with microtorch.no_grad():
        for p in model.parameters():
            p.mul_(scale)
    return model


def test_vanishing_and_exploding(batch):
    vanishing = _deep(nn.Sigmoid)
    assert "vanishing" in explain.check_training(vanishing, batch, F.cross_entropy, _trained(vanishing)).causes
    exploding = _deep(nn.Identity, scale=6.0)
    loss = lambda output, target: (output * 1e-9).sum()  # noqa: E731
    assert "exploding" in explain.check_training(exploding, batch, loss, _trained(exploding, 1e-30)).causes


def test_detached_output_is_told_with_its_line(model, batch):
    check = explain.check_training(model, batch, lambda o, t: F.cross_entropy(o.detach(), t), _trained(model))
    assert check.causes[0] == "no gradient"
    assert "detached at" in str(check)
    assert "test_explain.py:" in str(check)


def test_optimizer_that_needs_a_closure(model, batch):
    optimizer = microtorch.optim.LBFGS(model.parameters(), lr=0.5)
    check = explain.check_training(model, batch, F.cross_entropy, optimizer)
    assert check, str(check)
    assert check.losses[-1] < 0.5 * check.losses[0]
    assert not optimizer.state


def test_broadcast_in_a_loss_of_ones_own_class(batch):
    class Loss(nn.Module):
        def forward(self, output, target):
            return (output - target).abs().mean()

    model = nn.Linear(4, 1)
    check = explain.check_training(model, (batch[0], batch[0].sum(1)), Loss(), _trained(model, 0.01))
    assert "broadcast in the loss" in check.causes


def test_model_that_holds_a_result_of_its_graph(batch):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 3)
            self.last = None

        def forward(self, x):
            self.last = self.fc(x)
            return self.last

    net = Net()
    net(batch[0])
    last = net.last
    assert explain.check_training(net, batch, F.cross_entropy, _trained(net))
    assert net.last is last


def test_loss_per_sample_is_refused(model, batch):
    check = explain.check_training(model, batch, lambda o, t: F.cross_entropy(o, t, reduction="none"), _trained(model))
    assert check.causes == ["loss"]


# -- warnings of the engine -------------------------------------------------------------------------------------------


def test_accumulating_micro_batches_is_no_mistake(model, batch, recwarn):
    optimizer = _trained(model)
    for clear in (optimizer.zero_grad, model.zero_grad, lambda: optimizer.zero_grad(set_to_none=False)):
        for _ in range(4):
            clear()
            for _ in range(3):
                F.cross_entropy(model(batch[0]), batch[1]).backward()
            optimizer.step()
    assert [str(w.message) for w in recwarn] == []


def test_zeroing_by_hand_is_no_mistake(recwarn):
    w = microtorch.ones(3, requires_grad=True)
    optimizer = microtorch.optim.SGD([w], lr=0.1)
    for _ in range(4):
        (w * w).sum().backward()
        optimizer.step()
        w.grad.zero_()
    assert [str(w.message) for w in recwarn] == []


def test_never_zeroed_warns():
    w = microtorch.ones(3, requires_grad=True)
    optimizer = microtorch.optim.SGD([w], lr=0.1)
    for _ in range(2):
        (w * w).sum().backward()
        optimizer.step()
    loss = (w * w).sum()
    with pytest.warns(UserWarning, match=r"never zeroed.*zero_grad"):
        loss.backward()


def test_grad_of_a_retained_result_does_not_warn(recwarn):
    y = microtorch.ones(3, requires_grad=True) * 2
    y.retain_grad()
    assert y.grad is None
    y.sum().backward()
    assert y.grad.tolist() == [1, 1, 1]
    assert [str(w.message) for w in recwarn] == []


# -- where an error happened ------------------------------------------------------------------------------------------


def test_error_of_user_code_carries_the_path_once():
    class Inner(nn.Module):
        def forward(self, x):
            return {}["missing"]

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def forward(self, x):
            return self.inner(x)

    with pytest.raises(KeyError) as caught:
        Outer()(microtorch.ones(1))
    assert caught.value.__notes__ == ["In Outer.inner (Inner)"]


def test_error_in_backward_carries_the_path(model, batch):
    class Bad(microtorch.autograd.ArrayFunction):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, dy):
            raise RuntimeError("mine")

    class Layer(nn.Module):
        def forward(self, x):
            return Bad.apply(x)

    loss = nn.Sequential(model, Layer())(batch[0]).sum()
    with pytest.raises(RuntimeError, match="mine") as caught:
        loss.backward()
    assert caught.value.__notes__ == ["In the backward of Bad of (12, 3), in Sequential.1 (Layer)."]


def test_summary_counts_tied_parameters_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)
            self.two.weight = self.one.weight

        def forward(self, x):
            return self.two(self.one(self.one(x)))

    model = Tied()
    found = explain.summary(model, microtorch.ones(3, 4))
    assert found.parameters == sum(p.numel() for p in model.parameters()) == 24
    assert [(row.name, row.parameters) for row in found[:-1]] == [
        ("one (call 1 of 2)", 20),
        ("one (call 2 of 2)", 0),
        ("two", 4),
    ]
