"""README and docs: every block runs, every link leads somewhere, every public name exists and is documented."""

import ast
import importlib
import inspect
import re
import sys
import warnings
from pathlib import Path

import pytest

import microtorch
from microtorch.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(p for p in DOCS.rglob("*.md") if not {"_build", "results"} & set(p.parts))]
BLOCK = re.compile(r"^```(\{code-cell\}|python)[^\n]*\n(.*?)^```$", re.S | re.M)

sys.path.insert(0, str(DOCS / "extensions"))
import coverage_of_docstrings  # noqa: E402, I001


# What the blocks of a page take for granted, as a reader has it: a network in training, and data on the disk.
SMALL_CIFAR = """
import pathlib, pickle
import numpy as np

rng = np.random.default_rng(0)
folder = pathlib.Path("cifar-10-batches-py")
folder.mkdir()
for name in ("test_batch", *(f"data_batch_{i}" for i in range(1, 6))):
    images, labels = rng.integers(0, 256, (1000, 3072), np.uint8), rng.integers(0, 10, 1000).tolist()
    batch = {b"data": images, b"labels": labels}
    (folder / name).write_bytes(pickle.dumps(batch, 2))
"""
LOOP = """
from microtorch import nn, optim
from microtorch.data import DataLoader, TensorDataset
from microtorch.nn.functional import cross_entropy

model = nn.MLP([{features}, 5, 2])
loader = DataLoader(TensorDataset(microtorch.randn(8, {features}), microtorch.randint(0, 2, (8,))), batch_size=4)
optimizer = optim.SGD(model.parameters(), lr=0.1)
"""
GIVEN = {
    "training.md": SMALL_CIFAR + LOOP.format(features=6),
    "pictures.md": LOOP.format(features=2),
    "captured.md": LOOP.format(features=64)
    + "x_train, y_train, losses = microtorch.randn(64, 64), microtorch.randint(0, 10, (64,)), []\n",
}
# Run elsewhere: the blocks of messages.md are the programs of tests/mistakes, each in PyTorch and in microtorch.
ELSEWHERE = {"messages.md"}


def page_id(page):
    return str(page.relative_to(ROOT))


def blocks(page):
    """[(line, code, whether it raises)]: the cells of an executed page, or the Python blocks of a plain one."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in BLOCK.finditer(text):
        code = re.sub(r"^:tags:.*\n", "", match.group(2))
        found.append((text[: match.start(2)].count("\n"), code, "raises-exception" in match.group(2)))
    return found


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p) and p.name not in ELSEWHERE], ids=page_id)
def test_every_block_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MICROTORCH_DATA", str(tmp_path))
    monkeypatch.setattr("socket.socket.connect", lambda *args: pytest.fail("a page uses the network"))
    microtorch.manual_seed(0)
    names = {"__name__": "__main__", "microtorch": microtorch}
    exec(GIVEN.get(page.name, ""), names)
    for line, code, raises in blocks(page):
        tree = ast.increment_lineno(ast.parse(code, str(page)), line)
        try:
            exec(compile(tree, str(page), "exec"), names)
        except Exception:
            if not raises:
                raise
        else:
            assert not raises, f"{page.name}:{line}: this block is said to raise, and does not"


# -- links -----------------------------------------------------------------------------------------------------------
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    """The names by which the headings of a page can be linked."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w\- ]", "", h.replace("`", "")).strip().lower().replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_internal_link_leads_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    bad = []
    for target in LINK.findall(text) + IMAGE.findall(text):
        if re.match(r"[a-z]+:", target) or "reference/generated/" in target:  # the build checks the latter
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            bad.append(target)
    assert not bad, f"{page_id(page)} links to what is not there: {', '.join(bad)}"


def test_what_is_quoted_from_the_source_is_there():
    bad = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for file, options in re.findall(r"^```\{literalinclude\} (\S+)\n(.*?)^```$", text, re.S | re.M):
            source = (page.parent / file).resolve()
            name = re.search(r":pyobject: (\S+)", options)
            if not source.exists():
                bad.append(f"{page.name}: {file}")
            elif name:
                thing = ast.parse(source.read_text(encoding="utf-8"))
                for part in name.group(1).split("."):
                    body = getattr(thing, "body", ())
                    thing = next((n for n in body if getattr(n, "name", None) == part), None)
                if thing is None:
                    bad.append(f"{page.name}: {name.group(1)} of {file}")
    assert not bad, bad


# -- names -----------------------------------------------------------------------------------------------------------
ROOTS = {"microtorch": "microtorch", "nn": "microtorch.nn", "F": "microtorch.nn.functional", "viz": "microtorch.viz"}
ROOTS.update({"optim": "microtorch.optim", "Tensor": "microtorch.Tensor", "autograd": "microtorch.autograd"})
SPELLED = re.compile(rf"`((?:{'|'.join(ROOTS)})(?:\.\w+)+)(?:\([^`]*\))?`")


def find(path):
    """Whether a dotted path leads to something."""
    head, *rest = path.split(".")
    parts = [*ROOTS[head].split("."), *rest]
    for n in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:n]))
        except ImportError:
            continue
        for name in parts[n:]:
            if not hasattr(thing, name):
                return False
            thing = getattr(thing, name)
        return True
    return False


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "pytorch-names.md"], ids=page_id)
def test_public_names_are_spelled_right(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    unknown = {name for name in SPELLED.findall(text) if not name.endswith(".py") and not find(name)}
    assert not unknown, f"{page_id(page)} speaks of {', '.join(sorted(unknown))}, which microtorch does not have"


def test_public_docstrings_are_complete_and_agree_with_signatures():
    missing = coverage_of_docstrings.complaints()
    assert not missing, "\n".join(missing)


def test_a_docstring_that_disagrees_is_found():
    def wrong(a, b=1, *, c=None):
        """Does something.

        Parameters
        ----------
        a, d : int
        b : int, default 1
        """

    def undocumented(a):
        pass

    said = coverage_of_docstrings.of_function("wrong", wrong)
    assert said == ["wrong: Parameters has no c", "wrong: Parameters has d, the signature has not"]
    assert coverage_of_docstrings.of_function("undocumented", undocumented) == ["undocumented: no docstring"]


def test_every_lesson_has_exercises_of_its_number():
    lessons = sorted(DOCS.glob("lessons/[0-9]*.md"))
    checked = {p.stem for p in (ROOT / "microtorch/exercises/questions").rglob("*.py")}
    assert len(checked) == 15
    for number, lesson in enumerate(lessons, 1):
        text = lesson.read_text(encoding="utf-8")
        assert lesson.name.startswith(f"{number:02}-")
        assert "## On paper" in text
        assert "<summary>Solution</summary>" in text
        assert "## A common mistake" in text
        assert (f"python -m microtorch check exercises/{number:02}" in text) == (f"{number:02}" in checked)


def test_the_commands_of_the_readme_exist(capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z]+)", text))
    assert targets
    assert targets <= set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    for command in set(re.findall(r"python -m microtorch (\w+)", text)):
        with pytest.raises(SystemExit) as stopped:
            main([command, "--help"])
        assert stopped.value.code == 0


@pytest.mark.oracle
def test_the_table_of_pytorch_names_is_current():
    sys.path.insert(0, str(DOCS))
    import compare

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = compare.page()
    assert compare.FILE.read_text(encoding="utf-8") == wanted, "run: python docs/compare.py"


def test_pages_have_no_paths_of_a_machine():
    bad = [page_id(p) for p in PAGES if re.search(r"/home/|/Users/", p.read_text(encoding="utf-8"))]
    assert not bad


def test_the_comparison_reads_signatures_from_docstrings():
    sys.path.insert(0, str(DOCS))
    import compare

    def documented():
        """add(input, other, *, alpha=1, out=None) -> Tensor"""

    documented.__signature__ = "not a signature"
    assert compare.arguments(documented) == {"input", "other", "alpha", "out"}
    assert compare.arguments(lambda a, *args, b=1, **kwargs: 0) == {"a", "b"}
    assert inspect.isfunction(documented)


def test_the_files_that_pages_name_are_there():
    from sources import _FILE, module_of

    lessons = sorted((ROOT / "docs" / "lessons").glob("[0-9]*.md"))
    for page in lessons:
        named = _FILE.findall(page.read_text(encoding="utf-8"))
        assert named, f"{page.name} leads to no source"
        assert [text for text in named if module_of(text) is None and "*" not in text] == [], page.name
    assert module_of("microtorch/optim/adam.py") == "microtorch.optim.adam"
    assert module_of("microtorch/optim/") == "microtorch.optim"
    assert module_of("microtorch/none.py") is None
