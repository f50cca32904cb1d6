"""Results and checks in the formats of autograders: JSON, Gradescope, Otter's tests, nbgrader's cells.

Parameters
----------
result : Result
"""

import json

from .grading import UNWRITTEN, Here, lesson_of

__all__ = ["as_gradescope", "as_json", "nbgrader_notebook", "otter_test"]


def as_json(result):
    """A result as a dict for JSON: ``lesson``, ``points``, ``total`` and ``steps``.

    Returns
    -------
    dict
        Each step has ``title``, ``points``, ``of``, ``written`` and ``wrong``, None where it is right.
    """
    steps = [
        {
            "title": step.title,
            "points": 0 if wrong else step.points,
            "of": step.points,
            "written": wrong != UNWRITTEN,
            "wrong": wrong,
        }
        for step, wrong in result.steps
    ]
    return {"lesson": result.lesson, "points": result.points, "total": result.total, "steps": steps}


def as_gradescope(result):
    """A result as Gradescope reads it from ``/autograder/results/results.json``; Otter writes the same.

    Returns
    -------
    dict
    """
    tests = [
        {
            "name": step.title,
            "number": str(i),
            "score": 0 if wrong else step.points,
            "max_score": step.points,
            "status": "failed" if wrong else "passed",
            "output": wrong or "",
            "visibility": "visible",
        }
        for i, (step, wrong) in enumerate(result.steps, 1)
    ]
    return {"score": result.points, "output": result.lesson, "output_format": "text", "tests": tests}


def otter_test(lesson, name=None):
    """The text of a test file for Otter-Grader: put it into the folder ``tests`` beside a notebook.

    Parameters
    ----------
    lesson : int, str, path-like or module
        As in `check_names`; a path must be there where Otter runs.
    name : str, optional
        The name of the question, which is that of the file; default ``q3`` for lesson 3.

    Returns
    -------
    str

    Notes
    -----
    Otter runs such tests in the process of the answers: they can change what judges them.
    """
    exercise, steps = _steps(lesson)
    cases = [
        {
            "code": f">>> from microtorch.exercises import check_names\n"
            f">>> check_names(globals(), {exercise!r}, {step.title!r}).points\n{step.points}",
            "hidden": False,
            "locked": False,
            "points": step.points,
        }
        for step in steps
    ]
    suite = {"cases": cases, "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    test = {"name": name or f"q{lesson}", "suites": [suite]}
    return f"OK_FORMAT = True\n\ntest = {_pretty(test)}\n"


def nbgrader_notebook(lesson, questions):
    """A notebook for nbgrader: a cell for the answers, and for each step a cell that is graded, with its points.

    Parameters
    ----------
    lesson : int, str, path-like or module
        As in `check_names`.
    questions : str
        What the cell for the answers holds; between ``### BEGIN SOLUTION`` and ``### END SOLUTION`` what students do
        not get.

    Returns
    -------
    dict
        The notebook, for ``json.dump``.

    Notes
    -----
    nbgrader runs the graded cells in the process of the answers: they can change what judges them.
    """
    exercise, steps = _steps(lesson)
    cells = [_cell(questions, "answers", {"grade": False, "solution": True, "locked": False, "task": False})]
    for i, step in enumerate(steps, 1):
        code = (
            f"from microtorch.exercises import check_names\n\n_ = check_names(globals(), {exercise!r}, {step.title!r})"
        )
        marks = {"grade": True, "solution": False, "locked": True, "task": False, "points": step.points}
        cells.append(_cell(code, f"step{i}", marks))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _cell(source, name, marks):
    nbgrader = {"grade_id": name, "schema_version": 3, **marks}
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": name,
        "metadata": {"nbgrader": nbgrader},
        "outputs": [],
        "source": source,
    }


def _steps(lesson):
    """The text that names the exercise in a file, and its steps, made without any answers."""
    _, steps = lesson_of(lesson)
    name = lesson if isinstance(lesson, int) else getattr(lesson, "__file__", None) or str(lesson)
    return name, steps(Here({}))


def _pretty(value):
    """Python's literal for what JSON could hold."""
    text = json.dumps(value, indent=4, ensure_ascii=False)
    for theirs, ours in (("true", "True"), ("false", "False"), ("null", "None")):
        text = text.replace(f": {theirs}", f": {ours}")
    return text
