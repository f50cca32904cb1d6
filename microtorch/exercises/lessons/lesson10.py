"""Checks of lesson 10."""

import numpy as np

from ..grading import Step, equal, operation

TITLE = "dropout and batch norm"


def steps(student):
    """Two operations and the running average."""
    x = np.array([[-2.0, 0.5, 3.0], [1.0, 2.5, -0.7], [0.2, -1.5, 0.4], [1.8, 0.1, -1.0]])
    mask = (np.random.default_rng(0).random(x.shape) < 0.6).astype(int)

    def normal(x, eps):
        return (x - x.mean(0)) / np.sqrt(x.var(0) + eps)

    return [
        *operation(student, "Dropout", lambda x, mask, p: x * mask / (1 - p), [x, mask, 0.4], {0: "x"}),
        *operation(student, "Normalise", normal, [x, 1e-5], {0: "x"}),
        Step("the running average", lambda: equal(student.updated(2.0, 5.0, 0.1), 2.3, "updated(2, 5, 0.1)")),
    ]
