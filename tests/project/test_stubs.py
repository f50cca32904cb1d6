"""What editors and type checkers read of the package is what runs: the stubs beside the modules are current."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import microtorch
from microtorch.tensor import Tensor

EXTENSIONS = Path(__file__).resolve().parents[2] / "docs" / "extensions"
sys.path.insert(0, str(EXTENSIONS))
import annotations_of  # noqa: E402
import stubs  # noqa: E402


@pytest.fixture(scope="module")
def written():
    return stubs.stubs()


def test_the_stubs_are_current(written):
    stale = [str(file) for file, text in written.items() if file.read_text(encoding="utf-8") != text]
    assert not stale, "run: python docs/extensions/stubs.py"


def test_the_stubs_are_python(written):
    for text in written.values():
        ast.parse(text)


def test_every_method_of_a_tensor_is_there():
    text = Path(microtorch.__file__).with_name("tensor.pyi").read_text(encoding="utf-8")
    (cls,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == "Tensor")
    known = {node.name for node in cls.body if isinstance(node, ast.FunctionDef)}
    known |= {node.target.id for node in cls.body if isinstance(node, ast.AnnAssign)}
    public = {name for name, value in inspect.getmembers(Tensor) if not name.startswith("_")}
    assert len(public) > 400
    assert public <= known


def test_a_package_says_that_it_has_types():
    assert Path(microtorch.__file__).with_name("py.typed").exists()


@pytest.mark.parametrize(
    "words, annotation",
    [
        ("int or tuple of int, optional", "int | Sequence[int] | None"),
        ("Tensor or number", "Tensor | float"),
        ("Tensor of shape (N, C) or (C,)", "Tensor"),
        ("float, default 1.0", "float"),
        ('{"mean", "sum", "none"}, default "mean"', 'Literal["mean", "sum", "none"]'),
        ("(float, float), default (0.9, 0.999)", "tuple[float, float]"),
        ("sequence of Tensor", "Sequence[Tensor]"),
        ("callable", "Callable[..., Any]"),
        ("something else", "Any"),
    ],
)
def test_words_become_annotations(words, annotation):
    assert annotations_of.of_words(words) == annotation


def test_stubs_are_not_judged_where_they_are_named_either():
    """pre-commit names each file, which leads ruff to what it excludes otherwise."""
    pytest.importorskip("ruff", reason="ruff is not installed")
    root = Path(microtorch.__file__).parents[1]
    for how in (["check"], ["format", "--check"]):
        answer = subprocess.run(
            [sys.executable, "-m", "ruff", *how, "microtorch/__init__.pyi"], cwd=root, capture_output=True, text=True
        )
        assert answer.returncode == 0, answer.stdout
