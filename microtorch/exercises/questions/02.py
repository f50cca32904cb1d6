"""Lesson 2: a tensor that remembers."""

import microtorch


def is_leaf():
    """For each line below: is the result a leaf? Return a dict of the letter to True or False.

    w = microtorch.ones(3, requires_grad=True)
    a = w * 2
    b = microtorch.ones(3)
    c = b * 2
    d = a.detach()
    """
    raise NotImplementedError


def slope(f, x):
    """The derivative of f at the number x, by backward: make a tensor, call f, call backward, read the gradient."""
    raise NotImplementedError


def descend(start, lr, steps):
    """Minimise (w − 3)² from w = start with `steps` steps of gradient descent, w ← w − lr · gradient.

    Return the final w as a float. Two traps: gradients add up over calls of backward, and the update itself must not
    be recorded (see `microtorch.no_grad`).
    """
    w = microtorch.tensor(float(start), dtype=microtorch.float64, requires_grad=True)  # noqa: F841
    raise NotImplementedError
