"""Lesson 8: optimizers as dynamical systems. All arguments are numbers or arrays."""


def largest_rate(curvature):
    """The learning rate beyond which gradient descent on ½·curvature·w² diverges."""
    raise NotImplementedError


def largest_rate_with_momentum(curvature, momentum):
    """The same with momentum (v ← momentum·v + g, w ← w − lr·v)."""
    raise NotImplementedError


def momentum_step(w, v, g, lr, momentum):
    """The new (w, v) after a step with gradient g."""
    raise NotImplementedError


def adam_step(w, m, v, g, t, lr, beta1, beta2, eps):
    """The new (w, m, v) after step number t (the first is 1) with gradient g, with both bias corrections."""
    raise NotImplementedError
