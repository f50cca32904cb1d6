"""The shape of the package and its tests: who may import whom, how long a file may be, what importing it costs."""

import ast
import pathlib
import subprocess
import sys

import pytest

import microtorch

ROOT = pathlib.Path(microtorch.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")
TESTS = pathlib.Path(__file__).resolve().parents[1]
# Programs that tests run, one for each kind of script: a list that grows by its entries, and nobody reads as a whole.
LISTS = {TESTS / "pytorch" / "scripts"}
ROOMS = sorted({path.parent for path in TESTS.rglob("*.py")} - LISTS)
OUTSIDE = sorted(path for name in ("benchmarks", "examples", "tests") for path in (TESTS.parent / name).rglob("*.py"))

# From left to right: a module imports from its own layer and those before it. The longest name that fits counts.
LAYERS = [
    [
        "errors",
        "kernels",
        "devices",
        "pytorch.absent",
        "pytorch.version",
        "autograd.graph",
        "autograd.mode",
        "autograd.observe",
        "structure",
        "threads",
    ],
    ["random", "autograd.inplace.views", "autograd.memory", "autograd.messages", "autograd.hooks"],
    [
        "interop",
        "printing",
        "pytorch.amp",
        "pytorch.cuda_amp",
        "pytorch.legacy",
        "pytorch.storage",
        "dtypes",
        "from_data",
        "tensor",
        "autograd",
        "autograd.function",
        "autograd.inplace.copy_slices",
        "autograd.inplace.changes",
        "autograd.engine",
        "autograd.higher",
        "autograd.gradients",
    ],
    ["distributed"],
    ["ops", "pytorch.settings"],
    [
        "nn",
        "optim",
        "pytorch.modules",
        "autograd.functional",
        "autograd.per_sample",
        "autograd.anomaly",
        "autograd.gradcheck",
    ],
    [
        "captured",
        "data",
        "distributions",
        "explain",
        "func",
        "io",
        "linalg",
        "special",
        "testing",
        "utils",
        "distributed.averaging",
    ],
    ["datasets", "viz", "as_torch"],
    ["train"],
    ["sklearn"],
    ["exercises", "play"],
    ["commands", "__main__"],
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rank(name):
    parts = name.split(".")
    while parts:
        if ".".join(parts) in RANK:
            return RANK[".".join(parts)]
        parts.pop()
    return None


# What a function imports when it is called may lie to the right of its file only here: a name that is handed on when it
# is asked for, or a look at a tensor, a model or a page that the computation itself never takes.
WHEN_CALLED = {
    "autograd.graph": {"autograd.extending.saved"},
    "devices.cuda": {"pytorch.cuda_amp"},
    "distributed": {"distributed.averaging", "nn.parallel"},
    "explain.first_pass": {"viz"},
    "io.onnx.saving": {"train.evaluation"},
    "nn.module": {"viz.page.notebook"},
    "nn.utils.stateless": {"func"},
    "pytorch.legacy": {"ops.creation.constant"},
    "tensor": {"ops.creation.copy", "viz.page.notebook"},
    "utils.tensorboard": {"viz"},
}


def imported_by(path, inside_functions=False):
    """The modules of the package that `path` imports when it is imported itself, or inside of its functions."""
    package = (ROOT.name, *path.relative_to(ROOT).parts[:-1])
    tree = ast.parse(path.read_text())
    functions = (f for f in ast.walk(tree) if isinstance(f, ast.FunctionDef))
    for node in (n for f in functions for n in ast.walk(f)) if inside_functions else tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[1 : len(package) - node.level + 1]
            source = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            for alias in node.names:
                full = f"{source}.{alias.name}".strip(".")
                place = ROOT / full.replace(".", "/")
                is_module = place.with_suffix(".py").exists() or place.is_dir()
                yield full if is_module or rank(source) is None else source


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_imports_go_to_the_left_only(path):
    name = module_name(path)
    if path.name == "__init__.py":
        return  # a package only hands on its modules' names
    own = rank(name)
    assert own is not None, f"{name} belongs to no layer: add it to LAYERS"
    for other in imported_by(path):
        assert rank(other) is None or rank(other) <= own, f"{name} must not import {other}"


def test_imports_inside_functions_go_to_the_right_only_where_it_is_said():
    found = {}
    for path in FILES:
        name = module_name(path)
        for other in imported_by(path, inside_functions=True):
            if None not in (rank(name), rank(other)) and rank(other) > rank(name):
                found.setdefault(name, set()).add(other)
    assert found == WHEN_CALLED


def place(path):
    """The name of a module of the package; of another file, where it is in the project."""
    return path.relative_to(TESTS.parent).as_posix() if path in OUTSIDE else module_name(path)


@pytest.mark.parametrize("path", [*FILES, *OUTSIDE], ids=place)
def test_a_file_holds_one_idea(path):
    lines = len(path.read_text().splitlines())
    assert lines <= 450, f"{lines} lines: two ideas in one file?"


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES}), ids=lambda f: str(f.relative_to(ROOT)))
def test_a_folder_can_be_looked_over(folder):
    files = sorted(path.name for path in folder.glob("*.py"))
    assert len(files) <= 14, f"{len(files)} files: two rooms in one? {files}"


@pytest.mark.parametrize("folder", ROOMS, ids=lambda f: f.relative_to(TESTS.parent).as_posix())
def test_a_folder_of_tests_can_be_looked_over(folder):
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    assert len(files) <= 14, f"{len(files)} files: two rooms in one? {files}"


def test_no_two_tests_have_one_file_name():
    """Where a folder is no package, pytest imports a file by its name alone."""
    names = [path.name for folder in ROOMS if not (folder / "__init__.py").exists() for path in folder.glob("*.py")]
    names = [name for name in names if name != "__main__.py"]
    assert sorted(names) == sorted(set(names))


def test_importing_is_light():
    heavy = ("numba", "graphviz", "pygraphviz", "matplotlib")
    code = f"import sys, microtorch; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_private_names_stay_where_they_are(path):
    """A name with an underscore is used in its own file, unless it lives in a module that has an underscore itself."""
    for node in ast.walk(ast.parse(path.read_text())):
        if (
            isinstance(node, ast.ImportFrom)
            and node.level
            and not any(part.startswith("_") for part in (node.module or "").split("."))
        ):
            folder = path.parents[node.level - 1] / (node.module or "").replace(".", "/")
            private = [a.name for a in node.names if a.name.startswith("_") and not a.name.startswith("__")]
            taken = [name for name in private if not (folder / f"{name}.py").exists()]
            assert not taken, f"{', '.join(taken)} of {node.module}: drop the underscore, or use a public name"


def code_lines(function, source):
    """The lines of a function that are neither empty, nor comments, nor its docstring."""
    lines = source[function.lineno - 1 : function.end_lineno]
    first = function.body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    without = range(first.lineno - function.lineno, first.end_lineno - function.lineno + 1) if told else ()
    return sum(bool(line.strip()) and line.strip()[0] != "#" for i, line in enumerate(lines) if i not in without)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_function_can_be_read_at_once(path):
    source = path.read_text().splitlines()
    for node in ast.walk(ast.parse("\n".join(source))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = code_lines(node, source)
            assert lines <= 60, f"{node.name} has {lines} lines of code: which part of it has a name?"
