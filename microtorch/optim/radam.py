"""RAdam: Adam that waits until its variance is known."""

import math

import numpy as np

from .optimizer import Optimizer


def radam(p, g, exp_avg, exp_avg_sq, numbers):
    """The formula of `RAdam` for one parameter."""
    size, beta1, beta2, eps, decay, shrink, sign, rectified = numbers
    d = sign * g
    if decay != 0:
        d = d + decay * p
    exp_avg += (1 - beta1) * (d - exp_avg)
    exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * d * d
    p[...] = shrink * p - (size * exp_avg / (np.sqrt(exp_avg_sq) + eps) if rectified != 0 else size * exp_avg)


class RAdam(Optimizer):
    """Rectified Adam: momentum alone at first, then Adam scaled by how well the mean square is known by now.

    Parameters
    ----------
    weight_decay : float, default 0
        λ.
    decoupled_weight_decay : bool, default False
        Shrink the weights themselves, as `AdamW` does.

    Notes
    -----
    ::

        d = g + λ w                         (decoupled: d = g, and w = (1 − η λ) w)
        m = β₁ m + (1 − β₁) d,    v = β₂ v + (1 − β₂) d²
        ρ∞ = 2 / (1 − β₂) − 1,    ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ)
        r = √((ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ))
        w = w − η r m / (1 − β₁ᵗ) · √(1 − β₂ᵗ) / (√v + ε)    if ρ > 5
        w = w − η m / (1 − β₁ᵗ)                               otherwise

    References
    ----------
    L. Liu et al., "On the variance of the adaptive learning rate and beyond", ICLR 2020, algorithm 2.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.8, -1.6], requires_grad=True)
    """

    formula = staticmethod(radam)
    kept = {"step": "count", "exp_avg": "array", "exp_avg_sq": "array"}
    ranges = {"lr": (0.0, math.inf), "eps": (0.0, math.inf), "weight_decay": (0.0, math.inf)}

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        decoupled_weight_decay=False,
        *,
        maximize=False,
        **hints,
    ):
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults, **hints)

    def numbers(self, group, state):
        t, lr, (beta1, beta2) = state.get("step", 0) + 1, float(group["lr"]), group["betas"]
        decay, decoupled = float(group["weight_decay"]), group["decoupled_weight_decay"]
        rectification = _rectification(beta2, t)
        return (
            lr / (1.0 - beta1**t) * (rectification or 1.0),
            float(beta1),
            float(beta2),
            float(group["eps"]),
            0.0 if decoupled else decay,
            1.0 - lr * decay if decoupled else 1.0,
            -1.0 if group["maximize"] else 1.0,
            float(rectification is not None),
        ), {"step": t}


def _rectification(beta2, t):
    """r √(1 − β₂ᵗ), or None as long as the variance is too little known."""
    known, most = 1.0 - beta2**t, 2.0 / (1.0 - beta2) - 1.0
    rho = most - 2.0 * t * beta2**t / known
    if rho <= 5.0:
        return None
    return math.sqrt(known * (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho))
