"""The data and the learning rates that all engines get."""

import numpy as np

RATE = {"sgd": 0.01, "momentum": 0.01, "adam": 0.001}


def data(case):
    """A fixed batch: float32 inputs and int64 labels."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((case["batch"], case["sizes"][0])).astype(np.float32)
    return x, rng.integers(0, case["sizes"][-1], case["batch"])
