"""NAdam: Adam with Nesterov momentum."""

import math

import numpy as np

from .optimizer import Optimizer


def nadam(p, g, exp_avg, exp_avg_sq, numbers):
    """The formula of `NAdam` for one parameter."""
    of_g, of_avg, beta1, beta2, root, eps, decay, shrink, sign = numbers
    d = sign * g
    if decay != 0:
        d = d + decay * p
    exp_avg += (1 - beta1) * (d - exp_avg)
    exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * d * d
    p[...] = shrink * p - (of_g * d + of_avg * exp_avg) / (np.sqrt(exp_avg_sq) * root + eps)


class NAdam(Optimizer):
    """NAdam: Adam that looks ahead along its average, as Nesterov momentum does.

    Parameters
    ----------
    lr : float, default 2e-3
        Learning rate η.
    weight_decay : float, default 0
        λ.
    momentum_decay : float, default 4e-3
        ψ, how fast the momentum approaches β₁.
    decoupled_weight_decay : bool, default False
        Shrink the weights themselves, as `AdamW` does.

    Notes
    -----
    ::

        d = g + λ w                         (decoupled: d = g, and w = (1 − η λ) w)
        μₜ = β₁ (1 − 0.96^(t ψ) / 2),    Πₜ = μ₁ μ₂ ... μₜ
        m = β₁ m + (1 − β₁) d,    v = β₂ v + (1 − β₂) d²
        w = w − η ((1 − μₜ) d / (1 − Πₜ) + μₜ₊₁ m / (1 − Πₜ₊₁)) / (√(v / (1 − β₂ᵗ)) + ε)

    References
    ----------
    T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016, algorithm 2.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.8..., -1.8...], requires_grad=True)
    """

    formula = staticmethod(nadam)
    kept = {"step": "count", "mu_product": "number", "exp_avg": "array", "exp_avg_sq": "array"}
    ranges = {
        "lr": (0.0, math.inf),
        "eps": (0.0, math.inf),
        "weight_decay": (0.0, math.inf),
        "momentum_decay": (0.0, math.inf),
    }

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        momentum_decay=4e-3,
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
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults, **hints)

    def numbers(self, group, state):
        t, before = state.get("step", 0) + 1, state.get("mu_product", 1.0)
        lr, (beta1, beta2), psi = float(group["lr"]), group["betas"], float(group["momentum_decay"])
        decay, decoupled = float(group["weight_decay"]), group["decoupled_weight_decay"]
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (t * psi))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((t + 1) * psi))
        product = before * mu
        return (
            lr * (1.0 - mu) / (1.0 - product),
            lr * mu_next / (1.0 - product * mu_next),
            float(beta1),
            float(beta2),
            (1.0 - beta2**t) ** -0.5,
            float(group["eps"]),
            0.0 if decoupled else decay,
            1.0 - lr * decay if decoupled else 1.0,
            -1.0 if group["maximize"] else 1.0,
        ), {"step": t, "mu_product": product}
