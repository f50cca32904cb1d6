"""Averaged stochastic gradient descent."""

import math

from .optimizer import Optimizer


def asgd(p, g, ax, numbers):
    """The formula of `ASGD` for one parameter."""
    eta, shrink, mu, decay, sign = numbers
    d = sign * g
    if decay != 0:
        d = d + decay * p
    p[...] = shrink * p - eta * d
    ax[...] = p if mu == 1 else ax + mu * (p - ax)


class ASGD(Optimizer):
    """Averaged stochastic gradient descent: a falling step size, and the mean of the weights in ``state[p]["ax"]``.

    Parameters
    ----------
    lr : float, default 1e-2
        The first step size η₀.
    lambd : float, default 1e-4
        λ, the decay.
    alpha : float, default 0.75
        α, how fast the step size falls.
    t0 : float, default 1e6
        The step after which weights are averaged.
    weight_decay : float, default 0
        Adds this times w to the gradient.

    Notes
    -----
    ::

        d = g + weight_decay · w
        w = (1 − λ η) w − η d
        ax = ax + μ (w − ax)
        η = η₀ / (1 + λ η₀ t)^α,    μ = 1 / max(1, t − t0)        (for the next step)

    References
    ----------
    B. T. Polyak, A. B. Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control 1992.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.ASGD([w], lr=0.1, lambd=0)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.8, -1.6], requires_grad=True)
    """

    formula = staticmethod(asgd)
    kept = {"step": "count", "eta": "number", "mu": "number", "ax": "array"}
    ranges = {"lr": (0.0, math.inf), "weight_decay": (0.0, math.inf)}

    def __init__(self, params, lr=1e-2, lambd=1e-4, alpha=0.75, t0=1e6, weight_decay=0, *, maximize=False, **hints):
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults, **hints)

    def numbers(self, group, state):
        lr, lambd, t = float(group["lr"]), float(group["lambd"]), state.get("step", 0) + 1
        eta = state.get("eta", lr)
        return (
            eta,
            1.0 - lambd * eta,
            state.get("mu", 1.0),
            float(group["weight_decay"]),
            -1.0 if group["maximize"] else 1.0,
        ), {
            "step": t,
            "eta": lr / (1.0 + lambd * lr * t) ** float(group["alpha"]),
            "mu": 1.0 / max(1.0, t - float(group["t0"])),
        }
