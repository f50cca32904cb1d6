"""An exercise of one's own: the checks that `microtorch check answers.py --exercise exercise_huber.py` makes.

The answers are to hold an operation `Huber` and a function `fit(x, y, steps)`.
"""

import numpy as np

from microtorch.exercises import Step, equal, holds, operation

TITLE = "Huber's loss"


def huber(x, delta):
    """The right formula, on arrays."""
    return np.where(np.abs(x) <= delta, 0.5 * x * x, delta * (np.abs(x) - 0.5 * delta))


def steps(student):
    """What is checked: an operation with its gradient, and a line that outliers do not bend."""
    x = np.array([-3.0, -0.4, 0.2, 5.0])

    def line():
        rng = np.random.default_rng(3)  # made here, where the answers do not see it
        inputs = rng.normal(size=50)
        targets = 2 * inputs
        targets[:5] = 100.0
        slope = student.fit(inputs, targets, 300)
        equal(slope, 2.0, "the slope of 45 points on a line and 5 far away", 0.1)

    def name():
        holds(student.__doc__ is not None, "the file says in its first line whose answers it holds")

    return [
        *operation(student, "Huber", huber, [x, 1.0], {0: "x"}, second=False),
        Step("a line through outliers", line, points=3),
        Step("whose answers these are", name),
    ]
