"""Checks of lesson 6."""

import numpy as np

from ..grading import Step, equal, operation

TITLE = "softmax, cross-entropy and numerical care"


def steps(student):
    """The logarithm of softmax, small and large; log-sum-exp as an operation; the gradient of the loss."""
    x = np.array([[0.5, -1.0, 2.0], [1.5, 1.5, -0.5]])
    large = np.array([[1000.0, 0.0, -1000.0]])

    def right(x):
        m = x.max(axis=1, keepdims=True)
        return x - m - np.log(np.exp(x - m).sum(axis=1, keepdims=True))

    def gradient():
        labels = np.array([2, 0])
        p = np.exp(right(x))
        p[[0, 1], labels] -= 1
        equal(student.cross_entropy_gradient(x, labels), p / 2, "the gradient of the mean loss of two rows")

    return [
        Step("log_softmax", lambda: equal(student.log_softmax(x), right(x), "log_softmax")),
        Step("log_softmax of ±1000", lambda: equal(student.log_softmax(large), right(large), "log_softmax of ±1000")),
        *operation(student, "LogSumExp", lambda x: np.log(np.exp(x).sum(axis=1)), [x], {0: "x"}),
        Step("LogSumExp of ±1000", lambda: equal(student.LogSumExp.apply(large), [1000.0], "LogSumExp of ±1000")),
        Step("the gradient of cross-entropy", gradient, 2),
    ]
