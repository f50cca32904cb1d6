"""Checks of lesson 12."""

import numpy as np

import microtorch

from ..grading import Step, equal

TITLE = "when it goes wrong"


def steps(student):
    """A loss that survives large scores, the place where a NaN is born, and dead units."""

    def make(z, y):
        leaf = student.there("microtorch.tensor(np.array(z), requires_grad=True)", z=z)
        return leaf, microtorch.tensor(np.array(y))

    def usual():
        z, y = np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.0, 0.0])
        wanted = np.mean(np.logaddexp(0, z) - y * z)
        equal(student.loss_from_scores(*make(z, y)), wanted, "the loss of usual scores")

    def large():
        equal(student.loss_from_scores(*make([1000.0, -1000.0], [0.0, 1.0])), 1000.0, "the loss of ±1000")

    def gradient():
        for value in (1000.0, 0.0, -1000.0):
            z, y = make([value], [0.0])
            loss = student.loss_from_scores(z, y)
            if loss is None:
                raise NotImplementedError
            loss.backward()
            equal(z.grad, [1 / (1 + np.exp(-value))] if value > -700 else [0.0], f"the gradient at {value} with y = 0")

    def bad(f, values, name):
        def check():
            found = student.first_bad(student.there(f), make(values, 0.0)[0])
            equal(found == name, True, f"whether first_bad, which gave {found!r}, is {name!r}")

        return check

    def dead():
        layer = student.there("nn.Linear(2, 3)")
        weights = {"weight": np.array([[1.0, 0.0], [-1.0, -1.0], [0.0, 1.0]]), "bias": np.zeros(3)}
        layer.load_state_dict(weights)
        x = microtorch.tensor([[1.0, 2.0], [0.5, 3.0]])
        equal(student.dead_units(layer, x), [1], "the list of dead units")

    return [
        Step("the loss", usual),
        Step("the loss of large scores", large),
        Step("the gradient of large scores", gradient),
        Step("NaN in forward", bad("lambda x: microtorch.log(x - 1).sum()", [0.0, 2.0], "Log")),
        Step("infinity in backward", bad("lambda x: microtorch.reciprocal(x).sum()", [1e-200, 4.0], "Reciprocal")),
        Step("nothing bad", bad("lambda x: (x * x).sum()", [1.0], None)),
        Step("dead units", dead),
    ]
