"""Checks of lesson 11."""

import numpy as np

import microtorch

from ..grading import Step, equal, holds

TITLE = "second derivatives"


def steps(student):
    """A product with the Hessian, Newton's step, and a penalty that trains."""

    def leaf(numbers):
        return student.there("microtorch.tensor(np.array(numbers), requires_grad=True)", numbers=numbers)

    def slopes(w):
        return student.there("lambda x: (x * w).sum(1)", w=w)

    def product():
        x, v = leaf([1.0, 2.0, -1.0]), microtorch.tensor(np.array([1.0, 0.0, 2.0]))
        found = student.hessian_vector(student.there("lambda x: (x * x * x).sum() + x[0] * x[1]"), x, v)
        equal(found, [6.0, 1.0, -12.0], "H v")  # H = diag(6x) with 1 at (0, 1) and (1, 0)

    def newton():
        equal(student.newton_step(student.there("lambda x: x * x - 4 * x"), leaf(10.0)), 2.0, "the step on a parabola")
        equal(student.newton_step(student.there("np.exp"), leaf(0.0)), -1.0, "the step on exp at 0")

    def penalty():
        w = leaf([3.0, 4.0])
        found = student.gradient_penalty(slopes(w), leaf([[1.0, 2.0], [0.5, -1.0]]))
        equal(found, 16.0, "the penalty of a slope of length 5")

    def trains():
        w = leaf([3.0, 4.0])
        found = student.gradient_penalty(slopes(w), leaf([[1.0, 2.0], [0.5, -1.0]]))
        if found is None:
            raise NotImplementedError
        holds(
            found.requires_grad, "the penalty leads to no gradient: was the first derivative recorded (create_graph)?"
        )
        found.backward()
        equal(w.grad, [4.8, 6.4], "the gradient of the penalty by w")  # 2 (5 − 1) w / 5

    return [
        Step("the product with the Hessian", product, 2),
        Step("Newton's step", newton),
        Step("the gradient penalty", penalty),
        Step("its gradient", trains, 2),
    ]
