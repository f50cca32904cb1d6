"""The exercises: answers get all points, questions none for what is not written, and mistakes their diagnosis."""

import ast
import doctest
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from microtorch.__main__ import main
from microtorch.exercises import check, check_names, nbgrader_notebook, otter_test, start

LESSONS = range(1, 16)


def answers(lesson):
    """The file with the right answers of a lesson."""
    (found,) = (Path(__file__).parent / "answers").rglob(f"answer{lesson:02}.py")
    return found


# What a student may get wrong: lesson, what is replaced in the answers, by what; the points lost; what the check says.
MISTAKES = [
    (1, "return dl * b, dl * a, dl", "return dl * a, dl * b, dl", 2, "da at a=2.0"),
    (2, "        w.grad = None\n", "", 2, "w after 20 steps"),
    (2, '"d": True', '"d": False', 1, "d is a leaf"),
    (3, "return dy * 2 * x", "return 2 * x", 2, "ignores the incoming gradient"),
    (3, "return dy * 2 * x", "return -dy * 2 * x", 2, "wrong sign"),
    (3, "dy / b, -dy * a / (b * b)", "-dy * a / (b * b), dy / b", 3, "gradcheck failed"),
    (3, "np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))", "np.log(1 + np.exp(x))", 1, "Softplus.forward of ±1000"),
    (4, "sorted(found, key=lambda node: -node.number)", "found", 2, "newest first is"),
    (5, "dx.sum(axis=axes, keepdims=True).reshape(shape)", "dx.sum(axis=0)", 5, "shape"),
    (5, "dy - dy.sum(axis=0) / len(x)", "dy", 1, "dx of x − mean x"),
    (6, "x - x.max(axis=1, keepdims=True)", "x", 1, "±1000"),
    (6, "return p / len(p)", "return p", 2, "the gradient of the mean loss"),
    (7, "ds @ w2 * (h > 0)", "ds @ w2", 2, "dw1"),
    (8, "(m / (1 - beta1**t))", "m", 2, "w after step 1"),
    (9, "math.sqrt(2 / fan_in)", "math.sqrt(1 / fan_in)", 4, "the standard deviation for 50 inputs"),
    (10, "ctx.factor = mask / (1 - p)", "ctx.factor = mask", 1, "Dropout.forward"),
    (10, "return dy * ctx.factor", "return dy", 2, "passed on unchanged"),
    (10, "rstd * (dy - dy.mean(axis=0, keepdims=True) - y", "rstd * (dy - y", 2, "gradcheck failed"),
    (11, "(g,) = grad(f(x).sum(), [x], create_graph=True)", "(g,) = grad(f(x).sum(), [x])", 2, "create_graph"),
    (13, "np.array(data, np.float64)", "np.array(data)", 1, "float64"),
    (13, "lambda dy: (dy, dy)", "lambda dy: (dy, 0 * dy)", 7, "the gradient of c in (ab + c)²"),
    (13, "node.grad + dy", "dy", 2, "it adds up"),
    (13, "-node.number", "node.number", 11, "KeyError"),
    (13, "arrived[parent] + dx if parent in arrived else dx", "dx", 4, "(ab + c)²"),
    (13, "dx = unbroadcast(dx, parent.data.shape)", "pass", 5, "the gradient of b"),
    (13, "(dy @ w.T, x.T @ dy)", "(dy @ w.T, 2 * x.T @ dy)", 5, "the gradient of w"),
    (13, "dy * (self.data > 0)", "dy", 5, "y = relu(x @ w)"),
    (13, "dy * p / len(labels)", "dy * p", 5, "/ N, which"),
    (13, "x - x.max(axis=1, keepdims=True)", "x", 2, "±1000"),
    (13, "return self.layers[-1](x)", "return self.layers[-1](x).relu()", 5, "no ReLU after the last layer"),
    (13, "found += item.parameters()", "pass", 5, "finds 0 parameters"),
    (13, "p.data - self.rate", "p.data + self.rate", 3, "the loss at step 2"),
    (13, "p.grad = None", "pass", 3, "the loss at step 3"),
    (12, "softplus(z)", "(1 + z.exp()).log()", 2, "±1000"),
    (14, "grad(f(x), [x], dy)", "grad(f(x).sum(), [x])", 4, "dy is not used"),
    (14, "[x], dy, create_graph=True", "[x], dy", 3, "create_graph"),
    (14, "(product * v).sum(), [dy]", "(product * v).sum(), [x], allow_unused=True", 3, "that by dy, not by x"),
    (14, "for row in rows])", "for row in rows], 1)", 2, "transposed"),
    (14, "v * mask", "v", 1, "J @ v of a ReLU"),
    (14, "m <= n", "n <= m", 1, "one for each result"),
    (15, "1.5 * guess", "1.5", 1, "guessing among them costs"),
    (15, "abs(loss - guess) < 1e-6", "False", 1, "ln 10 = 2.303"),
    (15, "np.linalg.norm(after - before)", "np.linalg.norm(after)", 1, "a step of 0.005"),
    (15, "gradient * (1 - momentum)", "gradient", 1, "ten gradients add up"),
    (15, "reversed(norms)", "norms", 2, "go from the last to the first"),
    (15, '"E": "zero_grad missing"', '"E": "rate too high"', 1, "each later one is larger"),
    (15, '"D": "labels shuffled"', '"D": "weights too large"', 1, "see the most wrong samples"),
    (15, '"G": "rate too low"', '"G": "too slow"', 1, "none of the causes"),
]  # fmt: skip


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_answers_get_all_points(lesson):
    result = check(answers(lesson))
    assert result.points == result.total, str(result)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_questions_get_no_points_for_what_is_not_written(lesson, tmp_path):
    result = check(start(tmp_path / f"{lesson:02}"))
    assert result.points <= 1  # one forward is given
    assert "not written yet" in str(result)
    assert not [wrong for _, wrong in result.steps if wrong not in (None, "not written yet")]


@pytest.mark.parametrize("lesson, right, wrong, lost, says", MISTAKES)
def test_a_mistake_costs_its_points_and_is_explained(lesson, right, wrong, lost, says, tmp_path):
    text = (answers(lesson)).read_text(encoding="utf-8")
    assert right in text
    file = tmp_path / f"{lesson:02}.py"
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    result = check(file)
    assert says in str(result)
    assert result.total - result.points == lost, str(result)


def test_a_name_that_is_missing_is_said_to_be(tmp_path):
    file = tmp_path / "01.py"
    file.write_text("")
    result = check(file)
    assert result.points == 0
    assert "gradients is missing from" in str(result)


@pytest.mark.parametrize(
    "text, says", [("", "Square is missing"), ("class Square(", "SyntaxError"), ("exit()", "ends")]
)
def test_what_keeps_the_answers_from_being_seen_is_said_of_the_second_derivative_too(text, says, tmp_path):
    file = tmp_path / "03.py"
    file.write_text(text)
    assert all(says in wrong for step, wrong in check(file).steps if step.title.startswith("Square"))


def test_the_line_of_an_error_is_told(tmp_path):
    file = tmp_path / "01.py"
    file.write_text("def gradients(a, b, c):\n    return a / 0\n")
    assert "ZeroDivisionError" in str(check(file))
    assert "at line 2 of 01.py" in str(check(file))


def test_the_command_makes_the_file_then_checks_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["check", "exercises/03"]) == 0
    assert "Made exercises/03.py" in capsys.readouterr().out
    assert main(["check", "exercises/03"]) == 1
    assert "1 of 11 points" in capsys.readouterr().out
    (tmp_path / "exercises/03.py").write_text((answers(3)).read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["check", "exercises/03"]) == 0
    assert "11 of 11 points" in capsys.readouterr().out


def test_nothing_is_overwritten_and_unknown_lessons_are_refused(tmp_path):
    start(tmp_path / "1")
    with pytest.raises(FileExistsError, match="there already"):
        start(tmp_path / "1")
    with pytest.raises(ValueError, match="numbered 01 to 15"):
        start(tmp_path / "99")


# -- answers that are up to something ------------------------------------------------------------------------------
FINE = (
    "def derivative(edges, x, y):\n    return x == y or sum(w * derivative(edges, n, y) for n, w in edges.get(x, []))\n"
)
# What is in the file of lesson 1; the points; what is said.
TRICKS = {
    "loops at once": ("while True:\n    pass\n", 0, "longer than 2 seconds"),
    "loops when called": ("def gradients(*a):\n    while True:\n        pass\n" + FINE, 3, "longer than 2 seconds"),
    "a syntax error": ("def gradients(a, b, c):\n    return (a\ndef", 0, "SyntaxError at line 2 of 01.py: '(' "),
    "exits at once": ("import sys\nsys.exit(0)\n", 0, "it ends the process: sys.exit(0)"),
    "ends at once": ("import os\nos._exit(0)\n", 0, "it ended the process (exit code 0)"),
    "ends when called": ("import os\ndef gradients(*a):\n    os._exit(0)\n" + FINE, 3, "it ended the process"),
    "exits when called": ("def gradients(*a):\n    raise SystemExit\n" + FINE, 3, "it ends the process"),
    "interrupts": ("def gradients(*a):\n    raise KeyboardInterrupt\n" + FINE, 3, "KeyboardInterrupt"),
    "patches the grader": (
        "import numpy, microtorch.exercises.grading as g, microtorch.exercises.worker as w\n"
        "g.equal = g.holds = lambda *a, **k: None\n"
        "g.what_is_wrong = lambda step: None\n"
        "g.Result.points = 6\n"
        "numpy.allclose = lambda *a, **k: True\n"
        "def gradients(a, b, c):\n    return 1.0, 2.0, 3.0\n",
        0,
        "right is",
    ),
    "patches what answers for it": (
        "import microtorch.exercises.worker as w\nw.Worker.answer = lambda self, message: {'value': True}\n",
        0,
        "not callable",
    ),
    "talks in between": (
        "import os\nfor fd in range(3, 20):\n    try:\n        os.write(fd, b'x' * 100)\n"
        "    except OSError:\n        pass\n"
        "def gradients(*a):\n    return 1, 2, 3\n",
        0,
        "it ",
    ),
    "equals everything": (
        "class All(float):\n    __eq__ = lambda self, other: True\n    __sub__ = lambda self, other: 0.0\n"
        "def gradients(*a):\n    return All(1), All(2), All(3)\n",
        0,
        "is no number and no array",
    ),
    "prints": ("print('6 of 6 points')\ndef gradients(*a):\n    return print('right') or (0, 0, 0)\n", 0, "right is"),
    "reads": ("def gradients(*a):\n    return input()\n", 0, "EOFError"),
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_gets_points(trick, tmp_path):
    text, points, says = TRICKS[trick]
    file = tmp_path / "01.py"
    file.write_text(text, encoding="utf-8")
    result = check(file, timeout=2)
    assert says in str(result)
    assert result.points == points, str(result)


def test_what_answers_have_started_is_ended(tmp_path):
    file, mark = tmp_path / "01.py", tmp_path / "alive"
    child = f"import pathlib, time; time.sleep(2); pathlib.Path({str(mark)!r}).write_text('x')"
    file.write_text(f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}])\n" + FINE)
    started = time.monotonic()
    assert check(file).points == 3
    time.sleep(max(0.0, started + 5 - time.monotonic()))
    assert not mark.exists()


def test_a_constant_with_gradient_zero_gets_nothing_for_its_gradient(tmp_path):
    text = (answers(3)).read_text(encoding="utf-8")
    file = tmp_path / "03.py"
    file.write_text(text + "\n\nSquare.forward = staticmethod(lambda ctx, x: 0 * x)\n"
                    "Square.backward = staticmethod(lambda ctx, dy: 0 * dy)\n", encoding="utf-8")  # fmt: skip
    result = check(file)
    assert result.total - result.points == 3
    assert "a value without x in it" in str(result)


def others_may_run_this():
    """Whether the user nobody can run this Python."""
    try:
        return subprocess.run([sys.executable, "-c", "import numba"], user="nobody", cwd="/").returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can run as somebody else")
def test_answers_run_as_another_user():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        file = Path(folder) / "01.py"
        file.write_text("import os\nassert os.geteuid() != 0\n" + FINE)
        with pytest.raises(ValueError, match="no user"):
            check(file, user="no-such-user")
        if others_may_run_this():
            assert check(file, user="nobody").points == 3
        else:
            with pytest.raises(PermissionError, match=r"nobody cannot run .*python"):
                check(file, user="nobody")


# -- formats -------------------------------------------------------------------------------------------------------


def test_the_command_writes_json_and_gradescope(tmp_path, capsys):
    file = tmp_path / "03.py"
    file.write_text((answers(3)).read_text(encoding="utf-8").replace("dy * 2 * x", "2 * x"))
    assert main(["check", str(file), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["points"], found["total"]) == (9, 11)
    wrong = [step["title"] for step in found["steps"] if step["wrong"]]
    assert wrong == ["Square: the gradient of x", "Square: the second derivative"]
    out = tmp_path / "results.json"
    assert main(["check", str(file), "--format", "gradescope", "--out", str(out)]) == 1
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["score"] == sum(test["score"] for test in found["tests"]) == 9
    assert sum(test["max_score"] for test in found["tests"]) == 11
    assert {test["status"] for test in found["tests"]} == {"passed", "failed"}


def test_what_was_not_handed_in_is_a_result_for_gradescope(tmp_path):
    """Without one, students read there that the autograder has failed."""
    out = tmp_path / "results.json"
    assert main(["check", str(tmp_path / "03"), "--format", "gradescope", "--out", str(out)]) == 1
    found = json.loads(out.read_text(encoding="utf-8"))
    assert (found["score"], len(found["tests"])) == (0, 11)
    assert {test["output"] for test in found["tests"]} == {"03.py is missing: hand in a file of this name"}


def test_the_command_refuses_what_makes_no_sense(tmp_path, capsys):
    assert main(["check", str(tmp_path / "03"), "--json"]) == 1
    assert main(["check", str(tmp_path / "03"), "--timeout", "0"]) == 1
    assert main(["check", str(answers(1)), "--exercise", str(tmp_path / "none.py")]) == 1
    said = capsys.readouterr().err
    assert "03.py is not there" in said
    assert "--timeout is 0" in said
    assert "none.py is no file of Python" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("lesson", LESSONS)
def test_tests_for_otter_and_cells_for_nbgrader_pass_with_the_answers(lesson):
    names = {"__name__": "notebook"}
    exec((answers(lesson)).read_text(encoding="utf-8"), names)
    if lesson == 7:
        names["train"] = lambda data: None  # trained once is enough, above
    scope = {}
    exec(otter_test(lesson), scope)
    cases = scope["test"]["suites"][0]["cases"]
    notebook = nbgrader_notebook(lesson, "")
    graded = [cell for cell in notebook["cells"] if cell["metadata"]["nbgrader"]["grade"]]
    assert [cell["metadata"]["nbgrader"]["points"] for cell in graded] == [case["points"] for case in cases]
    for case, cell in zip(cases, graded, strict=True):
        if lesson == 7 and case is cases[-1]:
            with pytest.raises(AssertionError, match="not written yet"):
                exec(cell["source"], names)
            continue
        parsed = doctest.DocTestParser().get_doctest(case["code"], dict(names), "otter", None, 0)
        assert doctest.DocTestRunner(verbose=False).run(parsed).failed == 0
        exec(cell["source"], names)
        assert isinstance(ast.parse(cell["source"]).body[-1], ast.Assign)  # nbgrader takes a value shown for points


def test_answers_in_a_notebook_are_checked_here():
    names = {}
    exec((answers(1)).read_text(encoding="utf-8"), names)
    assert check_names(names, 1).points == 6
    with pytest.raises(AssertionError, match="gradients is missing"):
        check_names({}, 1, "(ab + c)²: the gradient of a")
    with pytest.raises(ValueError, match="no step 'nothing'"):
        check_names(names, 1, "nothing")


# -- exercises of one's own ----------------------------------------------------------------------------------------
HUBER = '''"""Answers of Ada."""
import numpy as np
from microtorch.autograd import ArrayFunction

class Huber(ArrayFunction):
    @staticmethod
    def forward(ctx, x, delta):
        ctx.save_for_backward(x)
        ctx.delta = delta
        return np.where(np.abs(x) <= delta, 0.5 * x * x, delta * (np.abs(x) - 0.5 * delta))

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return dy * np.clip(x, -ctx.delta, ctx.delta), None

def fit(x, y, steps):
    w = 0.0
    for _ in range(steps):
        w -= 0.1 * (np.clip(w * x - y, -1, 1) * x).mean()
    return w
'''


def test_an_exercise_of_ones_own(tmp_path, capsys):
    exercise = Path(__file__).parents[2] / "examples" / "exercise_huber.py"
    file = tmp_path / "ada.py"
    file.write_text(HUBER, encoding="utf-8")
    assert main(["check", str(file), "--exercise", str(exercise)]) == 0
    assert "6 of 6 points" in capsys.readouterr().out
    file.write_text(HUBER.replace("np.clip(w * x - y, -1, 1)", "(w * x - y)"), encoding="utf-8")
    result = check(file, exercise)
    assert result.points == 3
    assert "the slope of 45 points" in str(result)
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(ValueError, match="no TITLE and no steps"):
        check(file, tmp_path / "empty.py")
