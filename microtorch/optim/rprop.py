"""Resilient backpropagation: only the sign of the gradient counts."""

import math

import numpy as np

from .optimizer import Optimizer


def rprop(p, g, prev, step_size, numbers):
    """The formula of `Rprop` for one parameter."""
    shrink, grow, least, most, sign = numbers
    d = sign * g
    agreement = np.sign(d * prev)
    step_size[agreement > 0] *= grow
    step_size[agreement < 0] *= shrink
    np.clip(step_size, least, most, out=step_size)
    prev[...] = d
    prev[agreement < 0] = 0
    p -= np.sign(prev) * step_size


class Rprop(Optimizer):
    """Resilient backpropagation: each weight has a step size that grows while its gradient keeps its sign.

    Parameters
    ----------
    lr : float, default 1e-2
        The first step size.
    etas : (float, float), default (0.5, 1.2)
        η⁻ and η⁺, the factors on the step size when the sign changes and when it stays.
    step_sizes : (float, float), default (1e-6, 50)
        The smallest and the largest step size.

    Notes
    -----
    ::

        Δ = clamp(Δ · (η⁺ if g g₋ > 0, η⁻ if g g₋ < 0, else 1), step_sizes)
        g = 0 where g g₋ < 0
        w = w − sign(g) Δ,    g₋ = g

    For full batches: the noise of small ones changes signs at random.

    References
    ----------
    M. Riedmiller, H. Braun, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm",
    IEEE ICNN 1993.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.Rprop([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9, -1.9], requires_grad=True)
    """

    formula = staticmethod(rprop)
    kept = {"step": "count", "prev": "array", "step_size": "array"}
    ranges = {"lr": (0.0, math.inf)}

    def __init__(self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, maximize=False, **hints):
        defaults = {"lr": lr, "etas": tuple(etas), "step_sizes": tuple(step_sizes), "maximize": maximize}
        super().__init__(params, defaults, **hints)

    def check(self, group):
        super().check(group)
        shrink, grow = group["etas"]
        if not 0.0 < shrink < 1.0 < grow:
            raise ValueError(f"Invalid eta values: {shrink}, {grow}. Rprop needs 0 < η⁻ < 1 < η⁺.")

    def initial(self, group, key):
        return group["lr"] if key == "step_size" else 0.0

    def numbers(self, group, state):
        (shrink, grow), (least, most) = group["etas"], group["step_sizes"]
        sign = -1.0 if group["maximize"] else 1.0
        return (float(shrink), float(grow), float(least), float(most), sign), {"step": state.get("step", 0) + 1}
