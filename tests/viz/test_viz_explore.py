"""The page that plays the backward pass, opened from its file in a real browser."""

import re

import numpy as np
import pytest
from chromium import CONTRAST, data_of, needs_chromium

import microtorch
from microtorch import nn, viz
from microtorch.viz.page.places import _crossings, _sampled
from microtorch.viz.page.steps import backward_steps


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 3)
        self.fc2 = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc2(self.fc1(x).tanh())


def make(path, **options):
    """A page in which gradients meet (x is used twice), with a stale gradient and a weight that is not reached."""
    microtorch.manual_seed(0)
    net = Net()
    net.spare = nn.Linear(2, 2)
    x = microtorch.randn(4, 2)
    net.fc2(microtorch.ones(1, 3)).sum().backward()
    net.fc2.weight.grad = None  # the bias keeps one from this pass
    h = net(x)
    loss = (h * h + h.exp()).mean()
    viz.explore(loss, path, net, {"x": x, "loss": loss, "h": h}, **options)
    return net, loss


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "backprop.html"
    net, loss = make(path, check=True)
    stale = net.fc2.bias.grad.numpy().copy()
    for p in net.parameters():
        p.grad = None
    loss.backward()
    return path, net, stale


# -- without a browser ---------------------------------------------------------------------------------------------


def test_a_two_layer_net_stays_under_500_kb(tmp_path):
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    loss = nn.CrossEntropyLoss()(net(microtorch.randn(64, 784)), microtorch.zeros(64, dtype=microtorch.int64))
    viz.explore(loss, tmp_path / "page.html", net)
    assert (tmp_path / "page.html").stat().st_size < 500_000


def test_the_same_graph_gives_the_same_numbers_and_places(tmp_path):
    make(tmp_path / "a.html")
    make(tmp_path / "b.html")
    a, b = data_of(tmp_path / "a.html"), data_of(tmp_path / "b.html")
    for found in (a, b):  # times are another each time
        found["colors"].pop("time")
        for node in found["nodes"]:
            node.pop("time", None)
    assert a == b


def test_the_page_asks_for_nothing(page_file):
    text = page_file[0].read_text("utf-8")
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:,)", text)
    assert "default-src 'none'" in text
    assert not re.search(r"\b(fetch|XMLHttpRequest|import)\s*\(", text)


def test_a_closing_tag_in_a_name_stays_text(tmp_path):
    x = microtorch.ones(2, requires_grad=True)
    viz.explore((x * x).sum(), tmp_path / "x.html", names={"</script><b>": x})
    assert "</script><b>" in [n.get("name") for n in data_of(tmp_path / "x.html")["nodes"]]


def test_numeric_check_finds_the_right_derivative_right_and_a_wrong_one_wrong(tmp_path):
    class Wrong(microtorch.autograd.ArrayFunction):
        """y = 3 · x        dx = 2 · dy"""

        @staticmethod
        def forward(ctx, x):
            return 3 * x

        @staticmethod
        def backward(ctx, dy):
            return 2 * dy

    x = microtorch.ones(3, requires_grad=True)
    steps = backward_steps(viz.graph(Wrong.apply(x.exp()).sum()), check=True)
    errors = {s.operation.name: s.error for s in steps}
    assert errors["Wrong"] == pytest.approx(0.5, abs=1e-6)
    assert errors["Exp"] < 1e-6


def test_not_after_backward(tmp_path):
    x = microtorch.ones(2, requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(microtorch.GraphError, match="before backward"):
        viz.explore(loss, tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()


def test_without_graphviz_the_page_is_laid_out_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(viz.drawing.render.shutil, "which", lambda program: None)
    monkeypatch.setattr(viz.drawing.render.importlib.util, "find_spec", lambda name: None)
    make(tmp_path / "x.html")
    data = data_of(tmp_path / "x.html")
    at = {n["id"]: (n["x"], n["y"]) for n in data["nodes"]}
    assert len(set(at.values())) == len(at)
    assert all(at[e["to"]][1] < at[e["from"]][1] for e in data["edges"])
    assert all("box" in m for m in data["modules"])


# -- in Chromium ---------------------------------------------------------------------------------------------------


def shown_gradient(page):
    """The numbers of the gradient in the panel, in full."""
    page.wait_for_selector("#gradient td")
    return [float(t) for t in page.eval_on_selector_all("#gradient td", "cells => cells.map(c => c.title)")]


@needs_chromium
def test_the_last_step_shows_the_grad_that_backward_computed(page_file, visit):
    path, net, _ = page_file
    page = visit(path)
    page.keyboard.press("End")
    names = dict(net.named_parameters())
    for node in data_of(path)["nodes"]:
        if node["kind"] == "parameter" and node["used"]:
            page.focus(f"#{node['id']}")
            page.keyboard.press("Enter")
            expected = names.pop(node["name"]).grad.numpy()
            np.testing.assert_array_equal(np.float32(shown_gradient(page)), expected.ravel())
            assert "complete" in page.inner_text("#panel")
    assert list(names) == ["spare.weight", "spare.bias"]


@needs_chromium
def test_keys_walk_the_pass_newest_first(page_file, visit):
    path, _, _ = page_file
    steps = data_of(path)["steps"]
    page = visit(path)
    assert "The start" in page.inner_text("#panel")
    for i in (1, 2, 3):
        page.keyboard.press("ArrowRight")
        assert page.get_attribute(".node.now.operation", "id") == steps[i - 1]["node"]
        assert page.evaluate("location.hash") == f"#step={i}"
        assert f"Step {i} of {len(steps)}" in page.inner_text("#say")
    page.keyboard.press("ArrowLeft")
    assert page.get_attribute(".node.now.operation", "id") == steps[1]["node"]
    page.keyboard.press("End")
    assert page.inner_text("#where") == f"{len(steps)} / {len(steps)}"
    page.keyboard.press("Home")
    assert page.locator(".node.now.operation").count() == 0
    page.keyboard.press("Space")
    page.wait_for_selector(f"text=step 1 of {len(steps)}")
    page.keyboard.press("Space")
    assert "play" in page.inner_text("#play")
    page.keyboard.press("?")
    assert page.is_visible("#keys")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("fc2")
    assert page.locator(".node.found").count() >= 3
    page.keyboard.press("Enter")
    assert page.locator(".node.open").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".node.open").count() == 0


@needs_chromium
def test_a_graph_that_fits_stays_where_it_is(page_file, visit):
    path, _, _ = page_file
    width, height = data_of(path)["size"]
    page = visit(path, viewport={"width": int(width) + 800, "height": int(height) + 160})
    at_first = page.get_attribute("#world", "transform")
    page.keyboard.press("0")  # all of it in view
    assert page.get_attribute("#world", "transform") == at_first
    for _ in data_of(path)["steps"]:
        page.keyboard.press("ArrowRight")
    assert page.get_attribute("#world", "transform") == at_first


@needs_chromium
def test_every_node_is_reached_by_tab_and_opened_by_enter(page_file, visit):
    page = visit(page_file[0])
    unnamed = page.eval_on_selector_all(
        "[role=button], button, input",
        "all => all.filter(e => !(e.getAttribute('aria-label') || e.textContent.trim())).length",
    )
    assert unnamed == 0
    found = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        found.add(page.evaluate("document.activeElement.id"))
    visible = page.eval_on_selector_all(".node", "all => all.filter(e => e.style.display !== 'none').map(e => e.id)")
    assert set(visible) <= found
    page.locator(".node.parameter").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".node.open.parameter").count() == 1


@needs_chromium
def test_where_paths_meet_gradients_add(page_file, visit):
    data = data_of(page_file[0])
    met = next((i, a) for i, s in enumerate(data["steps"], 1) for a in s["arrivals"] if a["nth"] == 2)
    page = visit(page_file[0], f"#step={met[0]}")
    assert "added to what waits there" in page.inner_text("#panel")
    total, part = (np.array(data["tensors"][met[1][k]]["values"]) for k in ("total", "part"))
    assert not np.array_equal(total, part)


@needs_chromium
def test_states_are_said_in_words(page_file, visit):
    path, _, stale = page_file
    page = visit(path)
    ids = {n.get("name"): n["id"] for n in data_of(path)["nodes"]}

    def panel(name):
        page.focus(f"#{ids[name]}")
        page.keyboard.press("Enter")
        return page.inner_text("#panel")

    assert "left over" in panel("fc2.bias")
    titles = page.eval_on_selector_all("#panel td", "cells => cells.map(c => +c.title)")
    assert titles[-stale.size :] == stale.tolist()
    assert ".grad is None" in panel("fc1.weight")
    assert "does not reach it" in panel("spare.weight")
    assert "requires_grad is False" in panel("x")


@needs_chromium
def test_modules_fold_and_unfold(page_file, visit):
    page = visit(page_file[0])
    shown = "[...document.querySelectorAll('.node')].filter(e => e.style.display !== 'none').length"
    before = page.evaluate(shown)
    page.get_by_label("fold fc1").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(shown) < before
    page.keyboard.press("End")
    page.locator(".node.module:visible").click()
    assert page.evaluate(shown) == before


@needs_chromium
def test_zoom_and_colours(page_file, visit):
    page = visit(page_file[0])

    def place():
        return page.get_attribute("#world", "transform")

    first = place()
    page.keyboard.press("+")
    assert place() != first
    page.mouse.move(400, 400)
    page.mouse.wheel(0, 300)
    page.mouse.down()
    page.mouse.move(450, 420)
    page.mouse.up()
    page.keyboard.press("0")
    for tint, words in (("gradient", "norm of the gradient"), ("time", "time of its backward")):
        page.click(f"[data-tint={tint}]")
        assert words in page.inner_text("#bar")
    for arrows in ("forward", "both", "backward"):
        page.click(f"[data-arrows={arrows}]")
        assert page.get_attribute(f"[data-arrows={arrows}]", "aria-pressed") == "true"


@needs_chromium
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width, height", [(1280, 800), (390, 780)])
def test_text_meets_contrast_aa_in_both_themes_on_desktop_and_phone(page_file, visit, theme, width, height, tmp_path):
    path, _, _ = page_file
    page = visit(path, "#step=3", color_scheme=theme, viewport={"width": width, "height": height})
    ids = {n.get("name"): n["id"] for n in data_of(path)["nodes"]}
    for action in (
        lambda: None,
        lambda: page.keyboard.press("End"),
        lambda: page.evaluate("id => open(id)", ids["fc2.bias"]),
        lambda: page.click("[data-tint=gradient]"),
        lambda: page.click("#help"),
    ):
        action()
        bad, seen = page.evaluate(CONTRAST)
        assert bad == []
        assert seen >= 6
    page.screenshot(path=tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000
    # nothing sticks out sideways
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@needs_chromium
def test_the_theme_can_be_turned(page_file, visit):
    page = visit(page_file[0], color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark


@needs_chromium
def test_less_motion_where_it_is_asked_for(page_file, visit):
    moving = "getComputedStyle(document.querySelector('.edge.now')).animationName"
    assert visit(page_file[0], "#step=2").evaluate(moving) == "flow"
    assert visit(page_file[0], "#step=2", reduced_motion="reduce").evaluate(moving) == "none"


@needs_chromium
def test_a_graph_of_2000_nodes_stays_smooth(tmp_path, visit):
    x = microtorch.ones(3, requires_grad=True)
    y = x
    for i in range(700):
        y = (y * 1.001 + x).tanh() if i % 2 else (y + 0.01).tanh()
    viz.explore(y.sum(), tmp_path / "large.html")
    assert len(data_of(tmp_path / "large.html")["nodes"]) > 1500
    page = visit(tmp_path / "large.html")
    # the middle one of 60 steps, with the browser's own clock: a frame of 60 a second is 16.7 ms
    took = page.evaluate(
        """() => { const took = [];
        for (let i = 0; i < 60; i++) {
          const start = performance.now();
          go(state.step + 1);
          document.body.offsetHeight;
          took.push(performance.now() - start);
        }
        return took.sort((a, b) => a - b)[30]; }"""
    )
    assert took < 100


# -- the drawing and "what if" -------------------------------------------------------------------------------------


def chain(path):
    microtorch.manual_seed(1)
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 2))
    x, t = microtorch.randn(5, 2), microtorch.tensor([0, 1, 1, 0, 1])
    viz.explore(nn.CrossEntropyLoss()(net(x), t), path, net, {"x": x})
    return net, x, t


def test_a_chain_runs_straight_and_no_edge_crosses_a_title(tmp_path):
    chain(tmp_path / "x.html")
    data = data_of(tmp_path / "x.html")
    xs = [n["x"] for n in data["nodes"] if n["kind"] in ("operation", "output")]
    assert max(xs) - min(xs) < 2
    lines = [_sampled(e["points"]) for e in data["edges"]]
    for module in data["modules"]:
        assert _crossings(module["at"], 6.8 * (len(module["title"]) + 2), lines, []) == 0


def test_default_options_are_not_listed(tmp_path):
    chain(tmp_path / "x.html")
    data = data_of(tmp_path / "x.html")
    options = {n["title"]: n["options"] for n in data["nodes"] if n["kind"] == "operation"}
    assert options["CrossEntropy"] == {}
    assert not any("eps" in m["title"] for m in data["modules"])


@needs_chromium
def test_what_if_recomputes_the_whole_pass_as_microtorch_does(tmp_path, visit):
    net, x, t = chain(tmp_path / "x.html")
    page = visit(tmp_path / "x.html")
    data = data_of(tmp_path / "x.html")
    assert data["refused"] == ""
    ids = {n["name"]: n["id"] for n in data["nodes"] if "name" in n}
    page.evaluate("id => open(id)", ids["0.weight"])
    page.select_option("#panel select", "3")
    page.eval_on_selector("#what-if", "e => { e.value = 0.7; e.oninput(); }")
    value = float(page.eval_on_selector("#what-if", "e => e.value"))
    with microtorch.no_grad():
        net[0].weight[1, 1] = value
    net[1].reset_running_stats()
    loss = nn.CrossEntropyLoss()(net(x), t)
    loss.backward()
    assert f"{loss.item():.3g}" in page.inner_text("#asked")
    for name, p in net.named_parameters():
        found = page.evaluate("id => D.tensors[nodes.get(id).gradients[0]].values", ids[name])
        np.testing.assert_allclose(found, p.grad.numpy().ravel(), rtol=2e-4, atol=1e-6)
    told = page.inner_text("#asked").replace("−", "-")
    by_rules, by_losses = (float(re.findall(r"-?[\d.]+(?:e-?\d+)?", line)[-1]) for line in told.splitlines()[-3::2])
    assert by_rules == pytest.approx(by_losses, rel=1e-3)
    assert page.locator(".curve .evaluation").count() == 2
    page.keyboard.press("End")
    assert "What if 0.weight[1, 1]" in page.inner_text("#panel")
    page.evaluate("id => open(id)", ids["0.weight"])
    page.click("text=as it was")
    old = page.evaluate("D.tensors.every((t, i) => t.values.every((v, k) => Math.abs(v - before[i][k]) < 1e-5))")
    assert old


@needs_chromium
def test_what_if_is_refused_in_words(tmp_path, visit):
    x = microtorch.ones(4, requires_grad=True)
    viz.explore(x.cumsum(0).sum(), tmp_path / "x.html", names={"x": x})
    page = visit(tmp_path / "x.html")
    page.evaluate("open(D.nodes.find(n => n.kind === 'parameter').id)")
    assert "the rule of CumSum is told in words" in page.inner_text("#panel")


@needs_chromium
@pytest.mark.parametrize("width", [390, 1280])
def test_no_formula_is_cut_at_the_panels_edge(tmp_path, visit, width):
    chain(tmp_path / "x.html")
    page = visit(tmp_path / "x.html", viewport={"width": width, "height": 800})
    for _ in data_of(tmp_path / "x.html")["steps"]:
        page.keyboard.press("ArrowRight")
        cut = "[...document.querySelectorAll('#panel .rule')].some(r => r.scrollWidth > r.clientWidth + 1)"
        assert not page.evaluate(cut)


@needs_chromium
def test_the_list_of_keys_opens_on_its_button(page_file, visit):
    """Without the attribute autofocus, of which Chromium complains where somebody presses Tab while the page loads."""
    page = visit(page_file[0])
    assert page.locator("[autofocus]").count() == 0
    page.click("#help")
    assert page.evaluate("document.activeElement.textContent") == "close"
    page.keyboard.press("Enter")
    assert not page.locator("#keys").is_visible()
