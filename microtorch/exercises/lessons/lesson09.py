"""Checks of lesson 9."""

import microtorch

from ..grading import Step, equal, holds

TITLE = "initialisation and gradient flow"


def steps(student):
    """The formula, the filling, what comes out of 20 layers, and dead units."""

    def filled():
        weight = microtorch.full((400, 100), 7.0, requires_grad=True)
        student.initialise(weight, microtorch.Generator().manual_seed(1))
        holds(not (weight == 7.0).any(), "weight was not filled")
        holds(weight.requires_grad and weight.is_leaf, "weight must stay a leaf that requires a gradient")
        equal(weight.detach().std().item(), (2 / 100) ** 0.5, "the standard deviation for 100 inputs", 0.02)
        equal(weight.detach().mean().item(), 0.0, "the mean", 0.01)

    def deep():
        generator = microtorch.Generator().manual_seed(2)
        h = microtorch.randn(64, 128, generator=generator)
        for _ in range(20):
            weight = microtorch.zeros(128, 128, requires_grad=True)
            student.initialise(weight, generator)
            h = microtorch.relu(h @ weight.detach().T)
        size = (h * h).mean().item()
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
