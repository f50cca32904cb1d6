"""The exercises of the lessons: questions to fill in, and checks that give partial credit and say what is wrong."""

from .formats import as_gradescope, as_json, nbgrader_notebook, otter_test
from .grading import Result, Step, check, check_names, equal, holds, operation, start, values

__all__ = [
    "Result",
    "Step",
    "check",
    "check_names",
    "start",
    "equal",
    "holds",
    "operation",
    "values",
    "as_json",
    "as_gradescope",
    "otter_test",
    "nbgrader_notebook",
]
