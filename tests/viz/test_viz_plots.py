"""Pictures of training: what is on their axes, and that watching costs the same memory after any number of steps."""

import numpy as np
import pytest

import microtorch
from microtorch import nn, optim
from microtorch.viz import plots
from microtorch.viz.plots.watch import EDGES, SLOTS, _Series

matplotlib = pytest.importorskip("matplotlib", reason="pictures of training need the extra `plots`")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close():
    yield
    import matplotlib.pyplot as plt

    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()  # what cannot be drawn fails here
    plt.close("all")


@pytest.fixture
def net():
    microtorch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 3))


def test_gradient_flow_shows_each_parameter_and_marks_the_missing(net):
    net(microtorch.ones(4, 2)).sum().backward()
    net[0].bias.grad = None
    ax = plots.gradient_flow(net)
    largest, means, missing = (line.get_ydata() for line in ax.lines)
    assert largest[2] == np.abs(net[2].weight.grad.numpy()).max()
    assert means[2] == pytest.approx(np.abs(net[2].weight.grad.numpy()).mean())
    assert len(missing) == 1
    assert np.isnan(means[1])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert ax.get_yscale() == "log"


def test_watch_is_right_and_its_memory_stays(net):
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    watch = plots.Watch(net)
    steps = 3 * SLOTS
    expected, before = [], net[0].weight.detach().numpy().copy()
    for i in range(steps):
        optimizer.zero_grad()
        net(microtorch.ones(4, 2) * float(i % 5)).square().mean().backward()
        optimizer.step()
        watch.step()
        if i:
            now = net[0].weight.detach().numpy()
            expected.append(np.linalg.norm(now - before) / np.linalg.norm(before))
        before = net[0].weight.detach().numpy().copy()
    series = watch.gradients["0.weight"]
    assert series.used <= SLOTS
    assert series.steps.sum() == steps
    assert series.counts.sum() == steps * net[0].weight.numel()
    assert series.per_slot == 4
    updates = watch.updates["0.weight"]
    assert updates.norms.sum() == pytest.approx(sum(expected), rel=1e-6)
    assert set(watch.activations) == {"0", "1", "2"}
    assert watch.activations["1"].counts[:, : len(EDGES)].sum() > 0
    watch.remove()
    seen = watch.activations["0"].steps.sum()
    net(microtorch.ones(1, 2))
    assert watch.activations["0"].steps.sum() == seen
    plots.histograms(series)
    plots.histograms(watch.weights["2.bias"], title="bias")
    assert len(plots.update_ratios(watch).lines) == 5


def test_bins_are_where_the_values_are():
    series = plots.Watch(nn.Identity()).weights.setdefault("x", _Series())
    series.add(np.array([0.0, 1.5, -1.5, np.nan, 1e30]))
    low = np.concatenate([[-np.inf], EDGES])
    high = np.concatenate([EDGES, [np.inf]])
    for value in (0.0, 1.5, -1.5, 1e30):
        (slot,) = np.flatnonzero((low <= value) & (value < high))
        assert series.counts[0, slot] == 1
    assert series.counts.sum() == 4


def test_curves_have_bands_over_seeds():
    runs = {"sgd": [[3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 9.0]], "adam": [2.0, 1.0]}
    ax = plots.curves(runs)
    sgd, adam = ax.lines
    np.testing.assert_array_equal(sgd.get_ydata(), [2, 2, 2])
    np.testing.assert_array_equal(adam.get_ydata(), [2, 1])
    assert len(ax.collections) == 1
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["sgd (2 seeds)", "adam"]


def test_schedules_are_what_the_schedulers_do():
    ax = plots.schedules({"step": lambda o: optim.lr_scheduler.StepLR(o, 3, gamma=0.1)}, 7)
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [1, 1, 1, 0.1, 0.1, 0.1, 0.01])


def test_confusion_matrix_counts():
    ax = plots.confusion_matrix([0, 0, 1, 2], microtorch.tensor([0, 1, 1, 2]), classes=["a", "b", "c"])
    assert sorted(t.get_text() for t in ax.texts) == ["1", "1", "1", "1"]
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]])
    assert ax.get_title() == "75.0% right"


def test_activation_functions_come_with_their_derivatives():
    ax = plots.activation_functions([microtorch.tanh, microtorch.relu])
    x = ax.lines[0].get_xdata()
    np.testing.assert_allclose(ax.lines[1].get_ydata(), 1 - np.tanh(x) ** 2, atol=1e-12)
    assert ax.lines[0].get_color() == ax.lines[1].get_color()


@pytest.mark.parametrize("outputs", [3, 1])
def test_decision_boundary_leaves_the_model_as_it_was(outputs):
    model = nn.Sequential(nn.Linear(2, outputs), nn.Dropout(0.5))
    points = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    ax = plots.decision_boundary(model, microtorch.tensor(points), np.arange(30) % min(outputs + 1, 3), resolution=20)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    assert len(ax.get_legend().get_texts()) == max(2, min(outputs, 3))


def test_loss_surface_puts_the_weights_back(net):
    before = [p.detach().numpy().copy() for p in net.parameters()]
    x = microtorch.ones(3, 2)
    at_the_star = net(x).square().mean().item()
    generator = microtorch.Generator().manual_seed(1)
    ax = plots.loss_surface(net, lambda: net(x).square().mean(), resolution=5, generator=generator)
    for p, w in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), w)
    assert net(x).square().mean().item() == at_the_star
    assert ax.get_title().startswith("loss around")
    with pytest.raises(ZeroDivisionError):
        plots.loss_surface(net, lambda: 1 / 0, resolution=5)
    np.testing.assert_array_equal(net[0].weight.detach().numpy(), before[0])


def test_optimizer_path_is_the_optimizers():
    ax = plots.optimizer_path({"sgd": lambda p: optim.SGD(p, lr=0.05)}, steps=3, start=(1.0, 1.0), curvature=(1.0, 2.0))
    x, y = ax.lines[0].get_data()
    np.testing.assert_allclose(x, 0.95 ** np.arange(4))
    np.testing.assert_allclose(y, 0.9 ** np.arange(4))


def test_weight_images_tile_rows():
    weight = np.arange(12, dtype=np.float32).reshape(3, 4)
    ax = plots.weight_images(weight, (2, 2), columns=2)
    sheet = np.asarray(ax.images[0].get_array())
    assert sheet.shape == (5, 5)
    np.testing.assert_array_equal(sheet[:2, :2], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(sheet[3:, :2], [[8, 9], [10, 11]])


def test_pictures_go_where_they_are_told():
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    assert plots.curves({"a": [1.0, 2.0]}, ax=ax) is ax
    assert len(plt.get_fignums()) == 1
