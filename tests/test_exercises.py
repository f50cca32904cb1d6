"""The exercises: answers get all points, questions none for what is not written, and mistakes their diagnosis."""

from pathlib import Path

import pytest

from microtorch.__main__ import main
from microtorch.exercises import check, start

LESSONS = range(1, 14)
ANSWERS = Path(__file__).parent / "answers"

# What a student may get wrong: lesson, what is replaced in the answers, by what; the points lost; what the check says.
MISTAKES = [
    (1, "return dl * b, dl * a, dl", "return dl * a, dl * b, dl", 2, "da at a=2.0"),
    (2, "        w.grad = None\n", "", 2, "w after 20 steps"),
    (2, '"d": True', '"d": False', 1, "d is a leaf"),
    (3, "return dy * 2 * x", "return 2 * x", 1, "ignores the incoming gradient"),
    (3, "return dy * 2 * x", "return -dy * 2 * x", 1, "wrong sign"),
    (3, "dy / b, -dy * a / (b * b)", "-dy * a / (b * b), dy / b", 2, "gradcheck failed"),
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
    (10, "return dy * ctx.factor", "return dy", 1, "passed on unchanged"),
    (10, "rstd * (dy - dy.mean(axis=0, keepdims=True) - y", "rstd * (dy - y", 1, "gradcheck failed"),
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
]  # fmt: skip


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_answers_get_all_points(lesson):
    result = check(ANSWERS / f"answer{lesson:02}.py")
    assert result.points == result.total, str(result)


@pytest.mark.parametrize("lesson", LESSONS)
def test_the_questions_get_no_points_for_what_is_not_written(lesson, tmp_path):
    result = check(start(tmp_path / f"{lesson:02}"))
    assert result.points <= 1  # one forward is given
    assert "not written yet" in str(result)
    assert not [wrong for _, wrong in result.steps if wrong not in (None, "not written yet")]


@pytest.mark.parametrize("lesson, right, wrong, lost, says", MISTAKES)
def test_a_mistake_costs_its_points_and_is_explained(lesson, right, wrong, lost, says, tmp_path):
    text = (ANSWERS / f"answer{lesson:02}.py").read_text(encoding="utf-8")
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
    (tmp_path / "exercises/03.py").write_text((ANSWERS / "answer03.py").read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["check", "exercises/03"]) == 0
    assert "11 of 11 points" in capsys.readouterr().out


def test_nothing_is_overwritten_and_unknown_lessons_are_refused(tmp_path):
    start(tmp_path / "1")
    with pytest.raises(FileExistsError, match="there already"):
        start(tmp_path / "1")
    with pytest.raises(ValueError, match="numbered 01 to 13"):
        start(tmp_path / "99")
