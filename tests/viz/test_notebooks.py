"""In notebooks: pages inline, text with its lines, names of variables, %%backprop; lessons as notebooks that run."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from chromium import needs_chromium

import microtorch
from microtorch import nn, viz
from microtorch.errors import GraphError

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS / "extensions"))
import notebooks  # noqa: E402


def loss_of_two():
    a = microtorch.tensor([1.0, 2.0], requires_grad=True)
    b = microtorch.tensor([3.0, 4.0], requires_grad=True)
    return a, b, (a * b).sum()


def test_pictures_find_the_names_of_variables():
    a, b, loss = loss_of_two()
    product = a * b
    for text in (viz.tree(product + 1), viz.draw(product + 1).source, viz.explore(product + 1).html):
        assert "product" in text
    assert "├─ a  2  parameter" in viz.tree(loss)
    assert "a  2" not in viz.tree(loss, names={})
    assert "first  2" in viz.tree(loss, names={"first": a})
    b.name = "bias"  # a name of its own counts more than a variable
    assert "bias  2" in viz.tree(loss)
    model = nn.Linear(2, 1)
    weight = model.weight
    assert "model" not in viz.tree(model(microtorch.ones(1, 2)).sum())
    assert weight is model.weight


def test_text_is_shown_with_its_lines():
    text = viz.tree(loss_of_two()[2])
    assert repr(text) == str(text)
    assert len(repr(text).splitlines()) > 3


def test_explore_without_a_path_is_a_page(tmp_path):
    page = viz.explore(loss_of_two()[2])
    assert page._repr_html_().startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert ".save('backprop.html')" in repr(page)
    page.save(tmp_path / "page.html")
    viz.explore(loss_of_two()[2], tmp_path / "other.html")
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")
    assert (tmp_path / "other.html").exists()


@needs_chromium
def test_the_page_plays_inside_a_notebook(visit, tmp_path):
    path = tmp_path / "notebook.html"
    path.write_text(f"<body>{viz.explore(loss_of_two()[2])._repr_html_()}</body>", encoding="utf-8")
    page = visit(path)
    frame = page.frame_locator("iframe")
    frame.locator("#where").wait_for()
    assert frame.locator("#where").inner_text().startswith("0 /")
    frame.locator("#next").click()
    assert frame.locator("#where").inner_text().startswith("1 /")
    assert frame.locator("#panel").inner_text() != ""


# -- the lessons ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lesson", notebooks.LESSONS, ids=lambda path: path.stem)
def test_a_lesson_is_a_notebook_with_slides(lesson):
    notebook = notebooks.notebook_of(lesson, "dist/microtorch.whl")
    cells = notebook["cells"]
    assert cells[0]["source"].endswith("%pip install -q dist/microtorch.whl")
    text = lesson.read_text(encoding="utf-8")
    assert sum(cell["cell_type"] == "code" for cell in cells) == text.count("```{code-cell}") + 1
    prose = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    assert "```{" not in prose
    assert ".md)" not in prose
    assert prose.count("```python") >= text.count("```{literalinclude}")
    slides = [cell["metadata"].get("slideshow", {}).get("slide_type", "") for cell in cells]
    assert slides[0] == "skip"  # nobody is shown the installation
    assert slides.count("slide") >= 3
    marks = ["c" if cell["cell_type"] == "code" else "#" if cell["source"].startswith("#") else "-" for cell in cells]
    assert [mark == "#" for mark in marks[1:]] == [slide == "slide" for slide in slides[1:]]
    between = [marks[i - 1 : i + 2] == ["c", "-", "c"] for i in range(len(marks))]
    assert between == [slide == "subslide" for slide in slides]


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A folder with nothing but the package as a wheel has it, where a kernel of this Python runs."""
    pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    site = tmp_path / "site"
    shutil.copytree(Path(microtorch.__file__).parent, site / "microtorch", ignore=shutil.ignore_patterns("__pycache__"))
    kernels = tmp_path / "jupyter" / "kernels" / "python3"
    kernels.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernels / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "x", "language": "python"}))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    return work, site


def executed(cells, work):
    """The cells after a kernel has run them."""
    import nbclient
    import nbformat

    book = nbformat.from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    nbclient.NotebookClient(
        book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(work)}}
    ).execute()
    return book.cells


@pytest.mark.filterwarnings("ignore")
def test_all_lessons_run_from_the_package_alone(kernel):
    work, site = kernel
    cells = [notebooks._code("import microtorch\nprint(microtorch.__file__)")]
    for lesson in notebooks.LESSONS:
        found = notebooks.notebook_of(lesson)["cells"]
        cells += [notebooks._code("%reset -f"), *(c for c in found if c["metadata"].get("tags") != ["install"])]
    for i, cell in enumerate(cells):
        cell["id"] = f"cell{i}"
    done = executed(cells, work)
    assert str(site) in done[0]["outputs"][0]["text"]
    codes = [cell for cell in done if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in codes)
    for cell in codes:
        raised = any(output["output_type"] == "error" for output in cell["outputs"])
        assert raised == ("raises-exception" in cell["metadata"].get("tags", [])), cell["source"]
    assert sum("image/svg+xml" in output.get("data", {}) for cell in codes for output in cell["outputs"]) >= 4


SHOWN = [
    ("%load_ext microtorch\nimport microtorch\na = microtorch.ones(2, requires_grad=True)", ""),
    ("%%backprop\nb = a * 2\nb.sum()", "text/html"),
    ("%%backprop draw\nloss = (a * 3).sum()", "image/svg+xml"),
    ("%%backprop tree\nloss = (a * 3).sum()\nloss", "text/plain"),
    ("assert b.tolist() == [2, 2] and loss.item() == 6", ""),
    ("from microtorch import nn\nfrom microtorch.datasets import Digits\nfrom microtorch.train import Solver\n"
     "_ = Solver(nn.MLP([64, 10]), Digits(train=True), num_epochs=1, batch_size=700).train()", "bar"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
def test_backprop_shows_a_cells_last_value_and_training_its_bar(kernel):
    cells = [notebooks._code(source) for source, _ in SHOWN]
    for i, cell in enumerate(cells):
        cell["id"] = f"cell{i}"
    for cell, (_, shown) in zip(executed(cells, kernel[0]), SHOWN, strict=True):
        data = [output.get("data", {}) for output in cell["outputs"]]
        if shown == "bar":
            widget = any("application/vnd.jupyter.widget-view+json" in d for d in data)
            assert widget or "batch/s" in str(cell["outputs"]) or "100%" in str(cell["outputs"])
        elif shown:
            assert any(shown in d for d in data), cell["outputs"]
        else:
            assert cell["outputs"] == []


class Shell:
    """As much of an IPython shell as the magic asks for."""

    class compile:
        def __new__(cls, tree, name, mode):
            return compile(tree, name, mode)

        @staticmethod
        def cache(cell):
            return "<cell>"

    def __init__(self):
        self.user_ns, self.magics = {}, {}

    def transform_cell(self, cell):
        return cell

    def register_magic_function(self, function, kind, name):
        self.magics[name] = function


@pytest.mark.parametrize(
    "line, cell, error, says",
    [
        ("", "3", GraphError, "the last value of the cell is 3"),
        ("", "", GraphError, "is None"),
        ("", "import microtorch\nx = microtorch.ones(2)", GraphError, "nothing that leads to a gradient"),
        ("play", "3", ValueError, "'play' is none of explore, draw and tree"),
        ("", "1 +", SyntaxError, "invalid syntax"),
    ],
)
def test_backprop_says_what_is_missing(line, cell, error, says):
    shell = Shell()
    microtorch.load_ipython_extension(shell)
    with pytest.raises(error, match=says):
        shell.magics["backprop"](line, cell)
