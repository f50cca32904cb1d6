"""Checks of lesson 8."""

import numpy as np

from ..grading import Step, equal

TITLE = "optimizers as dynamical systems"


def steps(student):
    """The two bounds, and the two updates over several steps."""
    gradients = [np.array([1.0, -2.0]), np.array([0.5, 0.1]), np.array([-3.0, 0.0])]

    def momentum():
        w = v = wanted_w = wanted_v = np.zeros(2)
        for g in gradients:
            w, v = student.momentum_step(w, v, g, 0.1, 0.9)
            wanted_v = 0.9 * wanted_v + g
            wanted_w = wanted_w - 0.1 * wanted_v
            equal(v, wanted_v, "v")
            equal(w, wanted_w, "w")

    def adam(count):
        def check():
            w = m = v = np.zeros(2)
            right = np.zeros(2)
            rm = rv = np.zeros(2)
            for t, g in enumerate(gradients[:count], 1):
                w, m, v = student.adam_step(w, m, v, g, t, 0.01, 0.9, 0.999, 1e-8)
                rm, rv = 0.9 * rm + 0.1 * g, 0.999 * rv + 0.001 * g * g
                right = right - 0.01 * (rm / (1 - 0.9**t)) / (np.sqrt(rv / (1 - 0.999**t)) + 1e-8)
                equal(m, rm, f"m after step {t}", 1e-9)
                equal(v, rv, f"v after step {t}", 1e-9)
                equal(w, right, f"w after step {t}", 1e-9)

        return check

    return [
        Step("the largest rate", lambda: equal(student.largest_rate(4.0), 0.5, "the bound for curvature 4")),
        Step(
            "the largest rate with momentum",
            lambda: equal(
                student.largest_rate_with_momentum(4.0, 0.9), 0.95, "the bound for curvature 4 and momentum 0.9"
            ),
        ),
        Step("momentum", momentum),
        Step("Adam: the first step", adam(1)),
        Step("Adam: three steps", adam(3)),
    ]
