"""Pictures through Graphviz: the same bytes each time, every ending, and what happens without Graphviz."""

import subprocess
import sys
import time

import numpy as np
import pytest

import microtorch
from microtorch import nn, viz
from microtorch.viz.drawing import colors, render
from microtorch.viz.drawing.layout import layered
from microtorch.viz.drawing.numbers import number, size_text, sparkline, statistics, summary
from microtorch.viz.records.graph import with_gradients
from microtorch.viz.records.measures import measured


@pytest.fixture
def net():
    microtorch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


@pytest.fixture
def loss(net):
    return net(microtorch.ones(5, 3)).square().mean()


def test_the_same_input_gives_the_same_bytes(net, loss, tmp_path):
    def content(ending):
        path = tmp_path / f"again.{ending}"
        viz.draw(loss, net, show=("saved", "values", "gradients", "formulas", "legend")).save(path)
        return path.read_bytes()

    start = time.monotonic()
    first = {ending: content(ending) for ending in ("svg", "png", "pdf", "dot", "html")}
    time.sleep(max(0, 1.1 - time.monotonic() + start))  # what holds the time of day holds seconds
    assert {ending: content(ending) for ending in first} == first
    assert first["png"].startswith(b"\x89PNG")
    assert first["pdf"].startswith(b"%PDF")
    assert b"<svg" in first["svg"]
    assert b"<svg" in first["html"]
    assert b"http-equiv" not in first["html"]


def test_the_source_does_not_depend_on_what_ran_before(net):
    def source():
        return viz.draw(net(microtorch.ones(5, 3)).square().mean(), net).source

    first = source()
    for _ in range(3):
        net(microtorch.ones(1, 3)).sum().backward()
        net.zero_grad()
    assert source() == first


def test_what_the_notebook_gets(loss):
    bundle = viz.draw(loss)._repr_mimebundle_()
    assert bundle["text/plain"] == "<Drawing: 5 operations, 4 parameters>"
    assert bundle["image/svg+xml"].count('class="node"') >= 10


def test_options_that_do_not_exist(loss, tmp_path):
    for wrong in ({"show": "colour"}, {"direction": "up"}, {"color": "rainbow"}):
        with pytest.raises(ValueError, match="none of"):
            viz.draw(loss, **wrong)
    with pytest.raises(ValueError, match=r"\.gif"):
        viz.draw(loss).save(tmp_path / "x.gif")


@pytest.mark.parametrize(
    "color, direction",
    [("gradient", "both"), ("nan", "forward"), ("dead", "backward"), ("time", "both"), ("bytes", "backward")],
)
def test_every_colour_and_direction_draws(loss, color, direction):
    assert render.render(viz.draw(loss, color=color, direction=direction).source, "svg")


def test_colours_say_what_they_measure():
    x = microtorch.tensor([[1.0, -1.0], [2.0, -3.0]], requires_grad=True)
    y = x.relu()
    bad = (x * float("nan")).sum()
    dead = measured(viz.graph(y.sum()), "dead")[0]
    assert {r.name: place for r, place in dead.items()} == {"Relu": 0.5}
    nan = measured(viz.graph(bad), "nan")[0]
    assert max(nan.values()) == 1.0
    kept = measured(viz.graph(y.sum()), "bytes")[0]
    assert {r.name: place for r, place in kept.items()} == {"Relu": 1.0, "Sum": 0.0}
    (grads, _) = measured(with_gradients(viz.graph(y.sum() * 5.0)), "gradient")
    assert {r.name: place for r, place in grads.items() if r.kind == "operation"} == pytest.approx(
        {"Relu": 1.0, "Sum": 0.63, "Mul": 0.0}, abs=0.2
    )


def test_states_look_different():
    w = microtorch.ones(2, requires_grad=True)

    def box(loss):
        source = viz.draw(loss, names={"w": w}, show=("gradients", "legend")).source
        return next(line for line in source.splitlines() if "<b>w</b>" in line)

    none = box((w * 2.0).sum())
    (w * 0.0).sum().backward()
    stale = box((w * 2.0).sum())
    loss = (w * 0.0).sum()
    w.grad = None
    loss.backward()
    zero = box(loss)
    loss = (w * 2.0).sum()
    loss.backward()
    filled = box(loss)
    assert ".grad is None" in none
    assert "left over" in stale
    assert "all zero" in zero
    assert "∂ 2 2" in filled
    assert len({none, stale, zero, filled}) == 4


def test_a_failed_forward_is_drawn(net):
    with pytest.raises(microtorch.ShapeError) as caught:
        net(microtorch.ones(5, 7))
    picture = viz.draw(caught.value, net)
    assert "linear failed here" in picture.source
    assert render.render(picture.source, "svg")


def test_a_graph_of_2000_nodes_is_drawn_in_under_3_seconds(tmp_path):
    rng = np.random.default_rng(0)
    x = microtorch.ones(4, requires_grad=True)
    seen, y = [x], x
    for _ in range(2000):  # irregular, so that nothing folds, and with edges of any length
        y = y * seen[rng.integers(len(seen))] if rng.random() < 0.5 else (y.exp, y.tanh, y.sin)[rng.integers(3)]()
        seen.append(y)
    loss = y.sum()
    start = time.process_time()
    picture = viz.draw(loss)
    picture.save(tmp_path / "large.svg")
    assert time.process_time() - start < 3
    assert len(picture.records.operations) == 2001
    assert (tmp_path / "large.svg").read_text().count('class="node"') == len(picture.view.boxes) > 1500


def test_patience_with_graphviz_has_an_end(loss, tmp_path, monkeypatch):
    monkeypatch.setattr(render, "PATIENCE", 0.001)
    with pytest.raises(microtorch.GraphError, match="depth=1"):
        viz.draw(loss).save(tmp_path / "x.png")


@pytest.mark.parametrize("seed", range(5))
def test_rows_never_overlap_and_edges_point_down(seed):
    rng = np.random.default_rng(seed)
    sizes = {i: (float(rng.uniform(20, 90)), 30.0) for i in range(60)}
    edges = [(int(rng.integers(i)), i) for i in range(1, 60) for _ in range(2)]
    at = layered(sizes, edges)
    assert all(at[a][1] < at[b][1] for a, b in edges)
    for a in sizes:
        for b in range(a):
            if at[a][1] == at[b][1]:
                assert abs(at[a][0] - at[b][0]) >= (sizes[a][0] + sizes[b][0]) / 2
    assert min(x - sizes[i][0] / 2 for i, (x, _) in at.items()) > -1e-9


# -- without Graphviz ----------------------------------------------------------------------------------------------


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setattr(render.shutil, "which", lambda program: None)
    monkeypatch.setattr(render.importlib.util, "find_spec", lambda name: None)


def test_without_graphviz_pictures_say_what_to_install(loss, tmp_path, no_graphviz):
    picture = viz.draw(loss)
    for ending in ("svg", "png", "pdf", "html"):
        with pytest.raises(microtorch.GraphError, match="pip install pygraphviz"):
            picture.save(tmp_path / f"x.{ending}")
        assert not (tmp_path / f"x.{ending}").exists()
    picture.save(tmp_path / "x.dot")
    assert (tmp_path / "x.dot").read_text().startswith("digraph")
    bundle = picture._repr_mimebundle_()
    assert "image/svg+xml" not in bundle
    assert "pip install" in bundle["text/plain"]
    assert "Linear" in bundle["text/plain"]
    assert "Linear" in viz.tree(loss)


def test_in_an_interpreter_that_cannot_import_either():
    """Without the packages, not only with their names hidden: a fresh interpreter whose imports of them fail."""
    program = """
import shutil, sys
sys.modules["pygraphviz"] = None
shutil.which = lambda name: None
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "pygraphviz" else real(name, *rest)
import microtorch
from microtorch import viz
assert "matplotlib" not in sys.modules and "graphviz" not in sys.modules
x = microtorch.ones(2, requires_grad=True)
print(viz.tree(x * x))
print(viz.draw(x * x).source[:7])
try:
    viz.draw(x * x).save("never.svg")
except microtorch.GraphError as error:
    print("pip install" in str(error))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Mul" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["digraph", "True"]
    assert done.stderr == ""


def test_graphviz_that_fails_is_an_error_and_not_the_end(monkeypatch):
    with pytest.raises(microtorch.GraphError, match="Graphviz failed"):
        render.render("digraph { a -> ", "svg")


def test_nothing_of_it_is_imported_in_training():
    program = """
import sys, microtorch
from microtorch import nn, optim
net = nn.Linear(2, 1)
net(microtorch.ones(3, 2)).sum().backward()
print([m for m in sys.modules if m.startswith(("microtorch.viz", "graphviz", "pygraphviz", "matplotlib"))])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- numbers and colours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, text",
    [(0.0, "0"), (1.5, "1.5"), (-0.25, "−0.25"), (1e-9, "1e−9"), (123456.0, "1.2e5"), (float("nan"), "NaN"),
     (float("-inf"), "−∞"), (True, "True"), (12, "12")],
)  # fmt: skip
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_statistics_leave_out_what_is_not_finite_and_count_it():
    array = np.array([1.0, np.nan, np.inf, 0.0, 3.0, -4.0])
    found = statistics(array)
    assert (found["nan"], found["inf"], found["zero"], found["size"]) == (1, 1, 1, 6)
    assert (found["min"], found["max"], found["norm"]) == (-4.0, 3.0, np.sqrt(26))
    assert sum(found["histogram"]) == 4
    assert "1 NaN 1 inf" in summary(np.concatenate([array, array[:1]]))


def test_sparkline_shows_the_smallest_count():
    assert sparkline([0, 1, 1000]) == " ▂█"


def test_sizes_have_units():
    assert [size_text(n) for n in (12, 1536, 2_500_000)] == ["12 B", "1.54 kB", "2.5 MB"]


def test_text_has_contrast_on_every_box():
    for fill, line in colors.KINDS.values():
        assert colors.contrast(colors.INK, fill) >= 7
        assert colors.contrast(line, colors.PAPER) >= 3  # WCAG 1.4.11: what tells a box from the paper
        for text in (colors.GRADIENT, colors.WARNING):
            assert colors.contrast(text, fill) >= 4.5
    for i in range(101):
        place = colors.on_scale(i / 100)
        assert colors.contrast(colors.ink_on(place), place) >= 4.5


def test_the_scale_is_ordered_without_colour():
    brightness = [colors.luminance(colors.on_scale(i / 20)) for i in range(21)]
    assert brightness == sorted(brightness)
