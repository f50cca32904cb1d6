"""Checks of lesson 5."""

import numpy as np

from ..grading import Step, equal

TITLE = "broadcasting and its gradient"


def steps(student):
    """Dimensions in front, dimensions of length 1, both; the product; the mean."""
    rng = np.random.default_rng(0)

    def summed(full, shape, wanted):
        def check():
            dx = np.arange(float(np.prod(full))).reshape(full)
            found = student.unbroadcast(dx, shape)
            equal(found, wanted(dx), f"unbroadcast of {full} to {shape}")

        return check

    def product(which, p, q):
        def check():
            a, b = rng.normal(size=p), rng.normal(size=q)
            dy = rng.normal(size=np.broadcast_shapes(p, q))
            found = student.broadcast_gradients(a, b, dy)
            if found is None:
                raise NotImplementedError
            rows = dy * (b if which == 0 else a)
            shape = (p, q)[which]
            padded = (1,) * (dy.ndim - len(shape)) + shape
            axes = tuple(i for i, n in enumerate(padded) if n == 1 and rows.shape[i] != 1)
            equal(
                found[which],
                rows.sum(axis=axes, keepdims=True).reshape(shape),
                f"d{'ab'[which]} for shapes {p} and {q}",
            )

        return check

    def mean():
        x, dy = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
        equal(student.column_means_gradient(x, dy), dy - dy.mean(axis=0), "dx of x − mean x")

    return [
        Step("nothing to sum", summed((2, 3), (2, 3), lambda d: d)),
        Step("a dimension in front", summed((4, 3), (3,), lambda d: d.sum(0))),
        Step("a dimension of length 1", summed((4, 3), (4, 1), lambda d: d.sum(1, keepdims=True))),
        Step("both", summed((2, 4, 3), (1, 3), lambda d: d.sum((0, 1))[None])),
        Step("a scalar", summed((2, 3), (), lambda d: d.sum())),
        Step("a product: the gradient of a", product(0, (4, 1), (3,))),
        Step("a product: the gradient of b", product(1, (4, 1), (3,))),
        Step("subtracting the mean", mean),
    ]
