"""A recorded training, and its page in a real browser."""

import json

import numpy as np
import pytest
from chromium import CONTRAST, data_of, needs_chromium

import microtorch
from microtorch import nn, viz
from microtorch.datasets import Digits, spirals
from microtorch.train import Solver
from microtorch.viz.training import record as module


def net(*sizes, activation=nn.ReLU):
    layers = [part for n, m in zip(sizes, sizes[1:]) for part in (nn.Linear(n, m), activation())]
    return nn.Sequential(*layers[:-1])


def train(model, optimizer, path, steps=30, batch=None, **options):
    x, t = batch or spirals(60, generator=microtorch.Generator().manual_seed(0)).tensors
    with viz.record(model, optimizer, path, **options) as recording:
        for _ in range(steps):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), t).backward()
            optimizer.step()
    return recording


def make(path, seed=0, lr=0.05, **options):
    microtorch.manual_seed(seed)
    model = net(2, 8, 8, 3, activation=nn.Tanh)
    return train(model, microtorch.optim.Adam(model.parameters(), lr=lr), path, **{"every": 1, **options})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("training") / "training.html"
    return path, make(path)


# -- what is recorded ----------------------------------------------------------------------------------------------


def test_recording_changes_nothing_in_the_training(tmp_path):
    def weights(record):
        microtorch.manual_seed(3)
        model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
        optimizer = microtorch.optim.Adam(model.parameters(), lr=0.1)
        if record:
            train(model, optimizer, tmp_path / "x.html", every=1)
        else:
            x, t = spirals(60, generator=microtorch.Generator().manual_seed(0)).tensors
            for _ in range(30):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), t).backward()
                optimizer.step()
        return {k: v.numpy() for k, v in model.state_dict().items()}

    bare, looked_on = weights(False), weights(True)
    for name, value in bare.items():
        np.testing.assert_array_equal(value, looked_on[name])


def test_numbers_are_those_of_the_training(recorded):
    _, recording = recorded
    microtorch.manual_seed(0)
    model = net(2, 8, 8, 3, activation=nn.Tanh)
    optimizer = microtorch.optim.Adam(model.parameters(), lr=0.05)
    x, t = spirals(60, generator=microtorch.Generator().manual_seed(0)).tensors
    for i in range(3):
        old = model[0].weight.detach().numpy().copy()
        optimizer.zero_grad()
        out = model(x)
        loss = nn.functional.cross_entropy(out, t)
        loss.backward()
        optimizer.step()
        assert recording.losses[i] == pytest.approx(loss.item())
        assert recording.accuracies[i] == pytest.approx((out.argmax(1) == t).float().mean().item())
        grads = np.concatenate([p.grad.numpy().ravel() for p in model[0].parameters()])
        change = model[0].weight.detach().numpy() - old
        numbers = recording.numbers["0"]
        assert numbers["gradient"][i] == pytest.approx(np.linalg.norm(grads), rel=1e-3)
        assert numbers["ratio"][i] == pytest.approx(np.linalg.norm(change) / np.linalg.norm(old), rel=1e-3)


def test_every_counts_steps(tmp_path):
    recording = make(tmp_path / "x.html", every=4, steps=18)
    assert recording.steps == [1, 5, 9, 13, 17]
    assert recording.step == 18
    with pytest.raises(ValueError, match="every is 0"):
        make(tmp_path / "x.html", every=0)


def test_memory_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STEPS", 20)
    monkeypatch.setattr(module, "FRAMES", 4)
    monkeypatch.setattr(module, "ENTERED", 3)
    recording = make(tmp_path / "x.html", steps=150)
    assert len(recording.steps) < 20
    assert all(len(v) == len(recording.steps) for m in recording.numbers.values() for v in m.values())
    assert len(recording.frames) <= 4
    assert len(recording.entered) <= 3


def test_by_default_it_rests(tmp_path, monkeypatch):
    """After a recorded step of a second, by a clock that is ours, forty-five seconds pass until the next.

    The first, in which recording loads what it needs, does not count.
    """
    now = iter(range(10_000))
    monkeypatch.setattr(module.time, "perf_counter", lambda: float(next(now)))
    recording = make(tmp_path / "x.html", every=None, steps=300)
    assert recording.steps[:2] == [1, 2]
    assert len(recording.steps) > 3
    assert min(b - a for a, b in zip(recording.steps[1:], recording.steps[2:])) > 15


def test_a_thousand_steps_stay_under_5_mb(tmp_path):
    microtorch.manual_seed(0)
    model = net(64, 64, 32, 10)
    optimizer = microtorch.optim.SGD(model.parameters(), lr=0.05)
    images, labels = Digits(train=True).__getitems__(range(32))
    batch = images.reshape(32, 64), labels
    recording = train(model, optimizer, tmp_path / "x.html", steps=990, batch=batch, every=1)
    assert len(recording.steps) == 990
    assert (tmp_path / "x.html").stat().st_size < 5_000_000


@pytest.mark.parametrize(
    "spoil, cause",
    [
        ("dead", "dead units"),
        ("saturated", "saturated"),
        ("vanishing", "vanishing"),
        ("exploding", "exploding"),
        ("rate", "large updates"),
        ("nan", "not finite"),
        ("sure", "initial loss"),
    ],
)
def test_findings_at_the_step_where_they_begin(tmp_path, spoil, cause):
    microtorch.manual_seed(0)
    deep = spoil in ("vanishing", "exploding")
    model = net(2, *[16] * (12 if deep else 1), 3, activation=nn.ReLU if spoil in ("dead", "exploding") else nn.Tanh)
    scale = {"vanishing": 0.1, "exploding": 12.0, "sure": 80.0}.get(spoil)
    with microtorch.no_grad():
        for layer in model:
            if scale and isinstance(layer, nn.Linear) and (deep or layer is model[-1]):
                layer.weight *= scale
    optimizer = microtorch.optim.SGD(model.parameters(), lr=300.0 if spoil == "rate" else 1e-4)
    x, t = spirals(60, generator=microtorch.Generator().manual_seed(0)).tensors
    with viz.record(model, optimizer, tmp_path / "x.html", every=1) as recording:
        for i in range(4):
            if i == 2 and spoil in ("dead", "saturated", "nan"):
                with microtorch.no_grad():
                    model[0].bias.fill_({"dead": -50.0, "saturated": 50.0, "nan": float("nan")}[spoil])
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), t).backward()
            optimizer.step()
    found = {f.cause: f for f in recording.findings}
    assert cause in found
    assert found[cause].spans[0][0] == (3 if spoil in ("dead", "saturated", "nan") else 1)
    assert "." in found[cause].text
    json.dumps(data_of(tmp_path / "x.html"), allow_nan=False)


def test_a_solver_takes_it_as_a_callback(tmp_path):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    optimizer = microtorch.optim.Adam(model.parameters())
    recording = viz.record(model, optimizer, tmp_path / "x.html", every=2)
    Solver(
        model, Digits(train=False), optimizer=optimizer, num_epochs=1, step_callbacks=[recording], verbose=False
    ).train()
    assert recording.steps
    assert (tmp_path / "x.html").exists()


def test_a_captured_step_says_that_it_runs_eagerly(tmp_path):
    microtorch.manual_seed(0)
    model = net(2, 8, 3)
    optimizer = microtorch.optim.SGD(model.parameters(), lr=0.1)
    x, t = spirals(60).tensors

    def step(x, t):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    step = microtorch.capture(step, strict=False)
    with (
        viz.record(model, optimizer, tmp_path / "x.html", every=2) as recording,
        pytest.warns(UserWarning, match="runs eagerly"),
    ):
        losses = [step(x, t).item() for _ in range(8)]
    assert recording.losses == pytest.approx(losses[::2])


def test_the_page_is_written_also_after_an_exception_and_nothing_looks_on(tmp_path):
    microtorch.manual_seed(0)
    model = net(2, 8, 3)
    optimizer = microtorch.optim.SGD(model.parameters(), lr=0.1)
    x, t = spirals(60).tensors

    def stopped():
        for i in range(3):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), t)
            if i == 2:
                raise KeyError
            loss.backward()
            optimizer.step()

    with pytest.raises(KeyError), viz.record(model, optimizer, tmp_path / "x.html", every=1):
        stopped()
    assert data_of(tmp_path / "x.html")["trainings"][0]["steps"] == [1, 2]
    assert microtorch.autograd.mode.state.observers == ()
    assert not optimizer.has_step_hooks


def test_compare_needs_recordings(tmp_path):
    with pytest.raises(ValueError, match="no recording"):
        viz.compare([], tmp_path / "x.html")
    model = net(2, 3)
    empty = viz.record(model, microtorch.optim.SGD(model.parameters(), lr=0.1), None)
    with pytest.raises(ValueError, match="slow recorded no step"):
        viz.compare({"slow": empty}, tmp_path / "x.html")


# -- in Chromium ---------------------------------------------------------------------------------------------------


@needs_chromium
def test_keys_scrub_and_play(recorded, visit):
    path, recording = recorded
    page = visit(path)
    assert page.inner_text("#where") == "step 30"
    page.keyboard.press("Home")
    assert page.inner_text("#where") == "step 1"
    assert f"loss {recording.losses[0]:.3g}" in page.inner_text(".loss-now")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("location.hash") == "#step=2"
    page.eval_on_selector("#slider", "e => { e.value = 9; e.oninput(); }")
    assert page.inner_text("#where") == "step 10"
    assert f"loss {recording.losses[9]:.3g}" in page.inner_text(".loss-now")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_selector("#where:text-is('step 30')")
    assert "play" in page.inner_text("#play")
    page.keyboard.press("?")
    assert page.is_visible("#keys")


@needs_chromium
def test_a_step_is_entered_with_its_numbers(recorded, visit):
    path, recording = recorded
    page = visit(path, "#step=1")
    page.click(".enter")
    inside = page.frame_locator("#frame")
    inside.locator("#panel h2").wait_for()
    assert f"loss {recording.losses[0]:.3g}" in inside.locator("#summary").inner_text()
    inside.locator("#next").click()
    assert "CrossEntropy" in inside.locator("#panel").inner_text()
    page.keyboard.press("Escape")


@needs_chromium
def test_two_trainings_go_in_step(tmp_path, visit):
    pair = {"slow": make(None, lr=0.001), "quick": make(None, lr=0.1, every=3)}
    viz.compare(pair, tmp_path / "x.html")
    page = visit(tmp_path / "x.html", "#step=10")
    assert page.eval_on_selector_all(".training h2", "all => all.map(e => e.textContent)") == ["slow", "quick"]
    told = page.eval_on_selector_all(".loss-now", "all => all.map(e => e.textContent)")
    assert told == [f"loss {pair['slow'].losses[9]:.3g}", f"loss {pair['quick'].losses[3]:.3g}"]


@needs_chromium
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_can_be_read_in_both_themes_on_desktop_and_phone(recorded, visit, theme, width):
    page = visit(recorded[0], color_scheme=theme, viewport={"width": width, "height": 800})
    bad, seen = page.evaluate(CONTRAST)
    assert bad == []
    assert seen >= 6
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("[...document.querySelectorAll('main')].every(e => e.scrollWidth <= e.clientWidth + 1)")
