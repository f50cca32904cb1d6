"""Lesson 12: when it goes wrong."""


def loss_from_scores(z, y):
    """The mean of −y·log σ(z) − (1−y)·log(1−σ(z)), for tensors z and y of one shape.

    For z = 1000 and y = 0 it is 1000, not infinity, and its gradient is 1, not NaN. Write it with microtorch's
    functions, but without binary_cross_entropy_with_logits.
    """
    raise NotImplementedError


def first_bad(f, x):
    """The name of the operation in which the first NaN or infinity of f(x) is born, as "Log"; None if there is none.

    f returns a tensor of one element; look at its backward, too (see `microtorch.autograd.detect_anomaly`).
    """
    raise NotImplementedError


def dead_units(layer, x):
    """The numbers of the units of relu(layer(x)) that are 0 for every row of x, as a list of int."""
    raise NotImplementedError
