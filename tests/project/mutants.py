"""Small faults planted in the engine one at a time, to see whether a test notices.

    python tests/project/mutants.py --count 60 --seed 1 --jobs 2

Each mutant runs a selection of the tests in a copy of the tree; what survives is printed with its place and its change.
A survivor is either a test that is missing, a line that is not needed, or a change without effect on what the package
does (a longer way to the same result).
"""

import argparse
import ast
import copy
import difflib
import os
import pathlib
import queue
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
PLACES = (
    "microtorch/autograd/*.py",
    "microtorch/autograd/inplace/*.py",
    "microtorch/tensor.py",
    "microtorch/captured/*.py",
)
# The quick ones come first: a mutant ends at the first test that fails.
TESTS = [
    *(
        "test_inplace",
        "test_function",
        "test_modes",
        "test_inplace_views",
        "test_captured_inputs",
        "test_nn_hooks",
        "test_memory",
    ),
    *("test_onlookers_of_operations", "test_onlookers", "test_anomaly", "test_functional", "test_creation"),
]
AND_OF_CAPTURED_STEPS = [
    *("test_captured_reads", "test_captured_checking", "test_captured_hooks"),
    *("test_captured", "test_captured_refused", "test_captured_stale"),
    *("test_captured_arguments", "test_captured_native"),
]
AND_OF_OTHERS = [
    *("test_engine", "test_saved_tensors_hooks", "test_gradient_hooks", "test_nn_utils", "test_nn_state"),
]
FLIPPED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
# Words of messages, and what only draws or prints, are no part of what the tests hold by their numbers.
TALKING = re.compile(
    r"__repr__|__str__|_repr_html_|describe|report|message|explain|statistics|remedy|called_at|released"
)


class Mutant(NamedTuple):
    """One fault: a piece of a file and what takes its place."""

    path: str
    function: str
    kind: str
    line: int
    start: int
    end: int
    text: str

    def apply(self, source):
        """The source with the fault in it."""
        return source[: self.start] + self.text + source[self.end :]

    def diff(self, source):
        """What was changed, as a reader sees it."""
        lines = difflib.unified_diff(source.splitlines(), self.apply(source).splitlines(), n=1, lineterm="")
        return "\n".join(list(lines)[2:])


class Finder(ast.NodeVisitor):
    """All mutants of one file."""

    def __init__(self, path, source):
        self.path, self.source, self.found, self.functions = path, source, [], []
        starts, at = [], 0
        for line in source.splitlines(keepends=True):
            starts.append(at)
            at += len(line)
        self.starts, self.lines = starts, source.splitlines()
        self.visit(ast.parse(source))

    def offset(self, line, column):
        """Where in the text a place of the tree is; its columns count bytes."""
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def add(self, kind, node, new):
        """Offer `new`, a node or a text, in place of `node`."""
        if not self.functions or any(TALKING.search(name) for name in self.functions):
            return
        text = (
            new if isinstance(new, str) else f"({ast.unparse(new)})" if isinstance(new, ast.expr) else ast.unparse(new)
        )
        start, end = self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)
        self.found.append(Mutant(self.path, ".".join(self.functions), kind, node.lineno, start, end, text))

    def altered(self, node, **fields):
        new = copy.deepcopy(node)
        for name, value in fields.items():
            setattr(new, name, value)
        return new

    # What is left alone: messages, annotations, defaults and decorators.

    def visit_Raise(self, node):
        self.add("statement dropped", node, "pass")

    def visit_JoinedStr(self, node):
        pass

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node):
        self.functions.append(node.name)
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        for statement in body:
            self.visit(statement)
        if len(body) > 1 and not isinstance(body[0], ast.Return):
            self.add("return early", body[-1], "return None")
        self.functions.pop()

    def visit_ClassDef(self, node):
        self.functions.append(node.name)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                self.visit(statement)
        self.functions.pop()

    # The faults.

    def visit_Compare(self, node):
        for i, operator in enumerate(node.ops):
            flipped = [*node.ops[:i], FLIPPED[type(operator)](), *node.ops[i + 1 :]]
            self.add("comparison flipped", node, self.altered(node, ops=flipped))
        self.generic_visit(node)

    def visit_BoolOp(self, node):
        self.add("and for or", node, self.altered(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And()))
        for i in range(len(node.values)):
            rest = [*node.values[:i], *node.values[i + 1 :]]
            self.add("condition dropped", node, rest[0] if len(rest) == 1 else self.altered(node, values=rest))
        self.generic_visit(node)

    def visit_If(self, node):
        self.add("condition negated", node.test, ast.UnaryOp(ast.Not(), node.test))
        self.generic_visit(node)

    def visit_IfExp(self, node):
        self.add("branches swapped", node, self.altered(node, body=node.orelse, orelse=node.body))
        self.generic_visit(node)

    def visit_BinOp(self, node):
        if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.FloorDiv | ast.Mod):
            self.add("operands swapped", node, self.altered(node, left=node.right, right=node.left))
        if isinstance(node.op, ast.Add | ast.Sub):
            other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            self.add("plus for minus", node, self.altered(node, op=other))
        self.generic_visit(node)

    def visit_Constant(self, node):
        if type(node.value) is int:
            self.add("off by one", node, str(node.value + 1))
        elif type(node.value) is bool:
            self.add("true for false", node, str(not node.value))

    def visit_Call(self, node):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in ("warn", "Line", "user_line"):
            return
        if name in ("copy", "clone", "detach", "view") and not node.args and isinstance(node.func, ast.Attribute):
            self.add("copy removed", node, node.func.value)
        elif name in ("array", "copy", "ascontiguousarray", "tuple", "list", "dict") and len(node.args) == 1:
            self.add("copy removed", node, node.args[0])
        elif len(node.args) == 2 and not any(isinstance(a, ast.Starred) for a in node.args):
            self.add("arguments swapped", node, self.altered(node, args=node.args[::-1]))
        self.generic_visit(node)

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Call):
            self.add("statement dropped", node, "pass")
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Assign(self, node):
        if not any(isinstance(target, ast.Name | ast.Tuple) for target in node.targets):
            self.add("statement dropped", node, "pass")
        self.visit(node.value)

    def visit_AugAssign(self, node):
        self.add("statement dropped", node, "pass")
        self.generic_visit(node)

    def visit_Continue(self, node):
        self.add("statement dropped", node, "pass")

    def visit_Return(self, node):
        if node.value is not None and not isinstance(node.value, ast.JoinedStr):
            self.generic_visit(node)


def is_other_code(mutant):
    """Whether a mutant is Python, and not what was there before."""
    source = (ROOT / mutant.path).read_text()
    try:
        return ast.dump(ast.parse(mutant.apply(source))) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False


def choose(mutants, count, rng):
    """`count` of them, spread over files, then over functions, then over kinds."""
    by_file = {}
    for mutant in mutants:
        by_file.setdefault(mutant.path, []).append(mutant)
    chosen, functions, kinds = [], {}, {}
    paths = list(by_file)
    while len(chosen) < count and any(by_file.values()):
        rng.shuffle(paths)
        for path in paths:
            if not by_file[path] or len(chosen) == count:
                continue
            rng.shuffle(by_file[path])
            mutant = min(by_file[path], key=lambda m: (functions.get((m.path, m.function), 0), kinds.get(m.kind, 0)))
            by_file[path].remove(mutant)
            if not is_other_code(mutant):
                continue
            functions[mutant.path, mutant.function] = functions.get((mutant.path, mutant.function), 0) + 1
            kinds[mutant.kind] = kinds.get(mutant.kind, 0) + 1
            chosen.append(mutant)
    return chosen


def all_mutants():
    """Every mutant of every file."""
    paths = [path for place in PLACES for path in sorted(ROOT.glob(place)) if path.name != "__init__.py"]
    return [
        mutant
        for path in paths
        if not TALKING.search(path.name)
        for mutant in Finder(str(path.relative_to(ROOT)), path.read_text()).found
    ]


class Tree:
    """A copy of the project in which mutants are tried."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        without = shutil.ignore_patterns("__pycache__", ".*", "_build", "demo")
        for name in ("microtorch", "tests", "pyproject.toml"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, self.folder / name, ignore=without)
            else:
                shutil.copy(source, self.folder / name)

    def tests(self, names, options, timeout):
        """Run these files: (their exit code, what they printed), or (None, "") where they took too long."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            # Files of one size, written within one second, must not be taken for what was compiled before.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        tests = self.folder / "tests"
        files = [str(path.relative_to(self.folder)) for name in names for path in tests.rglob(f"{name}.py")]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not oracle", "--tb=no"]
        process = subprocess.Popen(
            [*command, *options, *files],
            cwd=self.folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None, ""
        return process.returncode, printed

    def try_out(self, mutant, options, timeout):
        """What became of a mutant: "killed", "killed (too slow)" or "survived"."""
        path = self.folder / mutant.path
        source = path.read_text()
        path.write_text(mutant.apply(source))
        further = [AND_OF_CAPTURED_STEPS, AND_OF_OTHERS][:: 1 if "captured" in mutant.path else -1]
        try:
            code, _ = self.tests([*TESTS, *further[0], *further[1]], ["-x", *options], timeout)
        finally:
            path.write_text(source)
        return "killed (too slow)" if code is None else "survived" if code == 0 else "killed"


def first_run(tree):
    """(options that leave out tests that fail without a fault, seconds that the others take)."""
    begin = time.monotonic()
    code, printed = tree.tests([*TESTS, *AND_OF_CAPTURED_STEPS, *AND_OF_OTHERS], [], 3600)
    failing = re.findall(r"^(?:FAILED|ERROR) (\S+?::.*?)(?: - .*)?$", printed, re.MULTILINE)
    if code not in (0, 1):
        sys.exit(f"the tests do not run:\n{printed[-3000:]}")
    if failing:
        print(f"{len(failing)} tests fail without a fault and are left out", flush=True)
    options = [option for name in failing for option in ("--deselect", name)]
    return options, time.monotonic() - begin


def work(tree, waiting, options, timeout, results):
    """Try mutants out until none is left."""
    while True:
        try:
            mutant = waiting.get_nowait()
        except queue.Empty:
            return
        outcome = tree.try_out(mutant, options, timeout)
        results.append((mutant, outcome))
        print(f"{outcome:17} {mutant.path}:{mutant.line} {mutant.function}: {mutant.kind}", flush=True)


def main():
    """Try some mutants out and print those that survive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="part of a path, such as engine.py")
    parser.add_argument("--tests", nargs="+", help="run these files, such as test_engine, instead of the usual ones")
    parser.add_argument("--list", action="store_true", help="print the mutants and run nothing")
    chosen = parser.parse_args()
    if chosen.tests:
        TESTS[:], AND_OF_CAPTURED_STEPS[:], AND_OF_OTHERS[:] = chosen.tests, [], []
    mutants = [mutant for mutant in all_mutants() if chosen.only in mutant.path]
    print(f"{len(mutants):,} mutants are possible", flush=True)
    mutants = choose(mutants, chosen.count, random.Random(chosen.seed))
    if chosen.list:
        for mutant in mutants:
            print(f"{mutant.path}:{mutant.line} {mutant.function}: {mutant.kind}")
            print(mutant.diff((ROOT / mutant.path).read_text()), end="\n\n")
        return
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trees = [Tree(pathlib.Path(folder) / str(i)) for i in range(min(chosen.jobs, len(mutants)))]
        options, seconds = first_run(trees[0])
        print(f"the tests take {seconds:.0f} s", flush=True)
        waiting, results = queue.Queue(), []
        for mutant in mutants:
            waiting.put(mutant)
        # Much more than the usual, for another tree compiles its kernels anew and others use the machine too.
        arguments = (waiting, options, 60 + 5 * seconds, results)
        threads = [threading.Thread(target=work, args=(tree, *arguments)) for tree in trees]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    survivors = [mutant for mutant, outcome in results if outcome == "survived"]
    print(f"\n{len(results) - len(survivors)} of {len(results)} mutants killed. The others:")
    for mutant in sorted(survivors):
        print(f"\n{mutant.path}:{mutant.line} {mutant.function}: {mutant.kind}")
        print(mutant.diff((ROOT / mutant.path).read_text()))


if __name__ == "__main__":
    main()
