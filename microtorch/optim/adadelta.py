"""Adadelta: steps in the units of the weights."""

import math

import numpy as np

from .optimizer import Optimizer


def adadelta(p, g, square_avg, acc_delta, numbers):
    """The formula of `Adadelta` for one parameter."""
    lr, rho, eps, decay, sign = numbers
    d = sign * g
    if decay != 0:
        d = d + decay * p
    square_avg[...] = rho * square_avg + (1 - rho) * d * d
    d = np.sqrt(acc_delta + eps) / np.sqrt(square_avg + eps) * d
    acc_delta[...] = rho * acc_delta + (1 - rho) * d * d
    p -= lr * d


class Adadelta(Optimizer):
    """Adadelta: the ratio of the recent steps' size to the recent gradients' size takes the learning rate's place.

    Parameters
    ----------
    lr : float, default 1.0
        η, a factor on the steps.
    rho : float, default 0.9
        ρ, the share of the averages that is kept.
    eps : float, default 1e-6
        ε, added under both roots; it also sets the first steps.

    Notes
    -----
    ::

        d = g + λ w
        s = ρ s + (1 − ρ) d²
        δ = √(a + ε) / √(s + ε) · d
        a = ρ a + (1 − ρ) δ²
        w = w − η δ

    References
    ----------
    M. D. Zeiler, "Adadelta: an adaptive learning rate method", 2012, algorithm 1.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.Adadelta([w])
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9968, -1.9968], requires_grad=True)
    """

    formula = staticmethod(adadelta)
    kept = {"step": "count", "square_avg": "array", "acc_delta": "array"}
    ranges = {"lr": (0.0, math.inf), "rho": (0.0, 1.0), "eps": (0.0, math.inf), "weight_decay": (0.0, math.inf)}

    def __init__(self, params, lr=1.0, rho=0.9, eps=1e-6, weight_decay=0, *, maximize=False, **hints):
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults, **hints)

    def numbers(self, group, state):
        return (
            float(group["lr"]),
            float(group["rho"]),
            float(group["eps"]),
            float(group["weight_decay"]),
            -1.0 if group["maximize"] else 1.0,
        ), {"step": state.get("step", 0) + 1}
