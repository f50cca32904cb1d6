"""Checks of lesson 3."""

import numpy as np

from ..grading import Step, equal, operation

TITLE = "writing an operation"


def steps(student):
    """Three operations, each by its value, every gradient, and the second derivative."""
    x = np.array([[-2.0, -0.5, 0.3], [1.0, 2.5, 4.0]])
    b = np.array([0.5, 2.0, -1.5])

    def large():
        equal(student.Softplus.apply(np.array([1000.0, -1000.0])), [1000.0, 0.0], "Softplus.forward of ±1000")

    return [
        *operation(student, "Square", lambda x: x**2, [x], {0: "x"}),
        *operation(student, "Quotient", lambda a, b: a / b, [x, b], {0: "a", 1: "b"}),
        *operation(student, "Softplus", lambda x: np.logaddexp(0, x), [x], {0: "x"}),
        Step("Softplus: large values", large),
    ]
