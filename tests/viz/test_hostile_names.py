"""Names of strangers in every picture, page and text: shown as text, never obeyed (hostile.py lists them)."""

import json
import re
import warnings
import xml.etree.ElementTree as ET

import hostile
import numpy as np
import pytest
from chromium import browser, data_of, needs_chromium, visit  # noqa: F401

import microtorch
from microtorch import explain, viz
from microtorch.errors import visible
from microtorch.train import History, Table

GROUPS = hostile.groups()
ids = [f"{i}" for i in range(len(GROUPS))]


def shown(name, longest=30):
    """How the beginning of a name reads where it is shown; spaces count as one."""
    return " ".join(visible(name)[:longest].split())


def words(text):
    return " ".join(text.replace("\xa0", " ").split())


def is_clean(text):
    return all(c.isprintable() or c in "\n\u200d" for c in text)


@pytest.fixture(scope="module", params=GROUPS, ids=ids)
def graph(request):
    return (request.param, *hostile.network(*request.param))


def test_text(graph):
    group, model, loss, names = graph
    for text in (viz.tree(loss, model, names), repr(model), repr(explain.summary(model, microtorch.ones(3, 2)))):
        assert is_clean(text)
        for name in group:
            assert shown(name.replace(".", "·")) in words(text)
    assert max(map(len, viz.tree(loss, model, names).splitlines())) < 1000


@pytest.mark.parametrize("group", GROUPS, ids=ids)
def test_explanations(group):
    model, loss, _ = hostile.network(*group)
    found = [explain.why_no_grad(model[0].inner.weight, microtorch.ones(1).sum(), model), explain.saved_tensors(loss)]
    assert all(is_clean(repr(text)) for text in found)
    optimizer = microtorch.optim.SGD(list(model[0].parameters()), lr=0.1)
    batch = (microtorch.ones(3, 2), microtorch.zeros(3, 2))
    report = explain.check_training(model, batch, microtorch.nn.functional.mse_loss, optimizer)
    assert is_clean(repr(report))
    assert is_clean(str(microtorch.autograd.gradcheck(model.double(), microtorch.ones(3, 2).double(),
                                                      raise_exception=False)))  # fmt: skip
    with pytest.raises(microtorch.CheckpointError) as caught:
        model.load_state_dict({name: np.zeros(3) for name in group})
    assert is_clean(str(caught.value))


def test_notebook(graph):
    group, model, _, _ = graph
    page = model._repr_html_()
    assert is_clean(page)
    root = ET.fromstring(f"<div>{page.replace(' open>', '>')}</div>")
    assert {element.tag for element in root.iter()} <= {"div", "details", "summary"}
    assert all(set(element.attrib) <= {"style"} for element in root.iter())
    for name in group:
        assert shown(name.replace(".", "·")) in words("".join(root.itertext()))
        x = microtorch.ones(2)
        x.name = name
        told = ET.fromstring(f"<div>{x._repr_html_()}</div>")
        assert shown(name) in words("".join(told.itertext()))


def pictures(graph):
    _, model, loss, names = graph
    yield viz.draw(loss, model, names, show="all", depth=99)
    yield viz.draw(loss, model, names, depth=1, direction="both", color="gradient")


def texts_of(svg):
    root = ET.fromstring(svg)
    known = {"svg", "g", "title", "polygon", "path", "text", "ellipse", "polyline", "a", "rect", "defs", "marker",
             "linearGradient", "stop", "style"}  # fmt: skip
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= known
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
    return words(" ".join(t for t in root.itertext() if t.strip()))


def test_pictures(graph, tmp_path):
    pytest.importorskip("pygraphviz")
    group = graph[0]
    for picture in pictures(graph):
        picture.save(tmp_path / "a.svg")
        picture.save(tmp_path / "a.dot")
        assert is_clean((tmp_path / "a.dot").read_text("utf-8").replace("\t", ""))
        for text in (texts_of((tmp_path / "a.svg").read_bytes()), texts_of(picture._dot.svg())):
            for name in group:
                assert shown(name.replace(".", "·")) in text


def test_png_and_pdf(tmp_path):
    pytest.importorskip("pygraphviz")
    model, loss, names = hostile.network(r"\N<b>", "a\0\ud800")
    picture = viz.draw(loss, model, names)
    for ending, start in (("png", b"\x89PNG"), ("pdf", b"%PDF")):
        picture.save(tmp_path / f"a.{ending}")
        assert (tmp_path / f"a.{ending}").read_bytes().startswith(start)


def test_page_source(graph, tmp_path):
    group, model, loss, names = graph
    viz.explore(loss, tmp_path / "a.html", model, names)
    page = (tmp_path / "a.html").read_text("utf-8")
    assert is_clean(page.replace("\xa0", " "))
    assert page.count("<script") == page.count("</script>") == 2
    assert "<!--" not in page
    data = json.dumps(data_of(tmp_path / "a.html"), ensure_ascii=False)
    for name in group:
        assert json.dumps(visible(name)[:20], ensure_ascii=False)[1:-1] in data


@needs_chromium
def test_page(graph, tmp_path, visit):  # noqa: F811
    group, model, loss, names = graph
    viz.explore(loss, tmp_path / "a.html", model, names)
    page = visit(tmp_path / "a.html")
    drawn = words(page.locator("#nodes, #frames").all_text_contents().__str__())
    assert page.locator("#nodes > g").count() > len(group)
    text = words(page.evaluate("() => document.querySelector('#world').textContent"))
    for name in group:
        assert shown(name.replace(".", "·")) in text, drawn
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "End"):
        page.keyboard.press(key)
        assert page.evaluate("() => document.querySelector('#panel h2').textContent")
    for node in page.locator("#nodes > g").all()[:12]:
        node.dispatch_event("click")
    assert page.evaluate("() => window.ran") is None
    assert page.locator("img, svg svg, iframe, #panel script").count() == 0


@needs_chromium
def test_drawing_as_a_page(graph, tmp_path, visit):  # noqa: F811
    pytest.importorskip("pygraphviz")
    group, model, loss, names = graph
    viz.draw(loss, model, names, depth=99).save(tmp_path / "a.html")
    page = visit(tmp_path / "a.html")
    text = words(page.evaluate("() => document.querySelector('svg').textContent"))
    for name in group:
        assert shown(name.replace(".", "·")) in text
    assert page.evaluate("() => window.ran") is None


@pytest.mark.parametrize("name", hostile.NAMES.values(), ids=hostile.NAMES)
def test_title_of_the_page(tmp_path, name):
    w = microtorch.ones(2, requires_grad=True)
    loss = (w * w).sum()
    loss.name = name
    viz.explore(loss, tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text("utf-8")
    assert re.search(r"<title>([^<]*) · backward pass</title>", page)
    assert page.count("<script") == 2
    (root,) = [n for n in data_of(tmp_path / "a.html")["nodes"] if n["kind"] == "output"]
    assert root["name"].startswith(visible(name)[:20])


@pytest.mark.parametrize("name", hostile.NAMES.values(), ids=hostile.NAMES)
def test_tables(name):
    table = Table()
    table.append(**{name: 0.5, "step": 1})
    assert is_clean(str(table))
    assert shown(name) in words(str(table))
    root = ET.fromstring(table._repr_html_())
    assert shown(name) in words(" ".join(root.itertext()))
    rows = table.markdown().splitlines()
    assert len(rows) == 3
    assert all(re.sub(r"\\.", "", row).count("|") == 3 for row in rows)


def test_plots(tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    for name in hostile.NAMES.values():
        runs = {name: np.linspace(1, 0, 5), "_b": np.linspace(1, 0, 5)}
        figure = Figure()
        axes = figure.subplots(2, 3).ravel()
        viz.plots.curves(runs, axes[0], xlabel=name, ylabel=name)
        viz.plots.confusion_matrix([0, 1], [0, 1], [name, "b"], axes[1])
        model, loss, _ = hostile.network(name)
        loss.backward()
        viz.plots.gradient_flow(model, axes[2])
        viz.plots.activation_functions({name: microtorch.tanh}, axes[3])
        viz.plots.schedules({name: lambda o: microtorch.optim.lr_scheduler.StepLR(o, 2)}, 3, axes[4])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing|.*layout.*", UserWarning)
            figure.canvas.draw()
        for ax in (axes[0], axes[3], axes[4]):
            label = ax.get_legend().get_texts()[0]
            assert label.get_text().replace("\\$", "$").strip().startswith(shown(name, 10))
            assert is_clean(label.get_text())
        history = History()
        history.evaluations.append(**{f"val_{name}": 0.5, "step": 1})
        history.plot()
