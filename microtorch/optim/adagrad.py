"""Adagrad: the gradient divided by the root of all its squares."""

import math

import numpy as np

from .optimizer import Optimizer


def adagrad(p, g, total, numbers):
    """The formula of `Adagrad` for one parameter."""
    lr, eps, decay, sign = numbers
    d = sign * g
    if decay != 0:
        d = d + decay * p
    total += d * d
    p -= lr * d / (np.sqrt(total) + eps)


class Adagrad(Optimizer):
    """Adagrad: each weight's gradient is divided by the root of the sum of its squares so far.

    Parameters
    ----------
    lr : float, default 1e-2
        Learning rate η.
    lr_decay : float, default 0
        κ; at step t the learning rate is η / (1 + (t − 1) κ).
    initial_accumulator_value : float, default 0
        What the sum starts from.
    eps : float, default 1e-10
        ε, added to the denominator.

    Notes
    -----
    ::

        d = g + λ w
        s = s + d²
        w = w − η / (1 + (t − 1) κ) · d / (√s + ε)

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic optimization",
    JMLR 2011, the diagonal form.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9, -1.9], requires_grad=True)
    """

    formula = staticmethod(adagrad)
    kept = {"step": "count", "sum": "array"}
    ranges = {
        "lr": (0.0, math.inf),
        "lr_decay": (0.0, math.inf),
        "eps": (0.0, math.inf),
        "weight_decay": (0.0, math.inf),
        "initial_accumulator_value": (0.0, math.inf),
    }

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        *,
        maximize=False,
        **hints,
    ):
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
            "maximize": maximize,
        }
        super().__init__(params, defaults, **hints)

    def initial(self, group, key):
        return group["initial_accumulator_value"]

    def numbers(self, group, state):
        t = state.get("step", 0) + 1
        return (
            float(group["lr"]) / (1.0 + (t - 1) * float(group["lr_decay"])),
            float(group["eps"]),
            float(group["weight_decay"]),
            -1.0 if group["maximize"] else 1.0,
        ), {"step": t}
