"""Checks of lesson 9."""

import numpy as np

import microtorch

from ..grading import Step, equal, holds, values

TITLE = "initialisation and gradient flow"


def steps(student):
    """The formula, the filling, what comes out of 20 layers, and dead units."""

    def filled():
        weight = student.there("microtorch.full((400, 100), 7.0, requires_grad=True)")
        student.initialise(weight, student.there("microtorch.Generator().manual_seed(1)"))
        filled = values(weight.detach())
        holds(not (filled == 7.0).any(), "weight was not filled")
        holds(weight.requires_grad and weight.is_leaf, "weight must stay a leaf that requires a gradient")
        equal(filled.std(), (2 / 100) ** 0.5, "the standard deviation for 100 inputs", 0.02)
        equal(filled.mean(), 0.0, "the mean", 0.01)

    def deep():
        generator = student.there("microtorch.Generator().manual_seed(2)")
        h = np.random.default_rng(2).standard_normal((64, 128))
        for _ in range(20):
            weight = student.there("microtorch.zeros(128, 128, requires_grad=True)")
            student.initialise(weight, generator)
            h = np.maximum(h @ values(weight.detach()).T, 0)
        size = (h * h).mean()
        holds(0.2 < size < 5, f"after 20 layers the mean square is {size:.3g}, not about 1")

    def dead():
        values = microtorch.tensor([[0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 0.0, 1.0]])
        equal(student.dead_share(values), 0.5, "the dead share of two units in four")

    return [
        Step("the formula", lambda: equal(student.std_for_relu(50), 0.2, "the standard deviation for 50 inputs")),
        Step("filling a weight in place", filled),
        Step("20 layers", deep, 2),
        Step("dead units", dead),
    ]
