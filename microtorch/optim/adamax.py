"""Adamax: Adam with the infinity norm."""

import math

import numpy as np

from .optimizer import Optimizer


def adamax(p, g, exp_avg, exp_inf, numbers):
    """The formula of `Adamax` for one parameter."""
    size, beta1, beta2, eps, decay, sign = numbers
    d = sign * g
    if decay != 0:
        d = d + decay * p
    exp_avg += (1 - beta1) * (d - exp_avg)
    np.maximum(beta2 * exp_inf, np.abs(d) + eps, out=exp_inf)
    p -= size * exp_avg / exp_inf


class Adamax(Optimizer):
    """Adamax: Adam whose steps are divided by a decaying maximum of the gradient instead of its mean square.

    Parameters
    ----------
    lr : float, default 2e-3
        Learning rate η.
    eps : float, default 1e-8
        ε, added to the gradient's absolute value.

    Notes
    -----
    ::

        d = g + λ w
        m = β₁ m + (1 − β₁) d
        u = max(β₂ u, |d| + ε)
        w = w − η / (1 − β₁ᵗ) · m / u

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9, -1.9], requires_grad=True)
    """

    formula = staticmethod(adamax)
    kept = {"step": "count", "exp_avg": "array", "exp_inf": "array"}
    ranges = {"lr": (0.0, math.inf), "eps": (0.0, math.inf), "weight_decay": (0.0, math.inf)}

    def __init__(self, params, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, *, maximize=False, **hints):
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults, **hints)

    def numbers(self, group, state):
        t, (beta1, beta2) = state.get("step", 0) + 1, group["betas"]
        return (
            float(group["lr"]) / (1.0 - beta1**t),
            float(beta1),
            float(beta2),
            float(group["eps"]),
            float(group["weight_decay"]),
            -1.0 if group["maximize"] else 1.0,
        ), {"step": t}
