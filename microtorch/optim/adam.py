"""Adam and AdamW.

Parameters
----------
betas : (float, float), default (0.9, 0.999)
    β₁ and β₂, the shares of the two averages that are kept.
amsgrad : bool, default False
    Divide by the largest average so far.
"""

import math

import numpy as np

from .optimizer import Optimizer


def adam(p, g, exp_avg, exp_avg_sq, max_exp_avg_sq, numbers):
    """The formula of `Adam` for one parameter; `max_exp_avg_sq` is None without amsgrad."""
    size, beta1, beta2, root, eps, decay, shrink, sign = numbers
    d = sign * g
    if decay != 0:
        d = d + decay * p
    exp_avg += (1 - beta1) * (d - exp_avg)
    exp_avg_sq[...] = beta2 * exp_avg_sq + (1 - beta2) * d * d
    v = exp_avg_sq
    if max_exp_avg_sq is not None:
        v = np.maximum(max_exp_avg_sq, exp_avg_sq, out=max_exp_avg_sq)
    p[...] = shrink * p - size * exp_avg / (np.sqrt(v) * root + eps)


class Adam(Optimizer):
    """Adam: each weight has its own step, from running averages of its gradient and of the gradient's square.

    Parameters
    ----------
    weight_decay : float, default 0
        λ.
    decoupled_weight_decay : bool, default False
        Shrink the weights themselves instead of adding λw to the gradient; then it is `AdamW`.

    Notes
    -----
    ::

        d = g + λ w                         (decoupled: d = g, and w = (1 − η λ) w)
        m = β₁ m + (1 − β₁) d
        v = β₂ v + (1 − β₂) d²              (amsgrad: v̂ = max(v̂, v) takes the place of v below)
        w = w − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    S. J. Reddi, S. Kale, S. Kumar, "On the convergence of Adam and beyond", ICLR 2018, algorithm 2.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> w.grad
    tensor([ 2., -4.])
    >>> optimizer.step()
    >>> w
    tensor([ 0.9, -1.9], requires_grad=True)
    """

    formula = staticmethod(adam)
    kept = {"step": "count", "exp_avg": "array", "exp_avg_sq": "array", "max_exp_avg_sq": "array if amsgrad"}
    ranges = {"lr": (0.0, math.inf), "eps": (0.0, math.inf), "weight_decay": (0.0, math.inf)}

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        maximize=False,
        decoupled_weight_decay=False,
        **hints,
    ):
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults, **hints)

    def numbers(self, group, state):
        t = state.get("step", 0) + 1
        lr, (beta1, beta2), decay = float(group["lr"]), group["betas"], float(group["weight_decay"])
        decoupled = group["decoupled_weight_decay"]
        return (
            lr / (1.0 - beta1**t),
            float(beta1),
            float(beta2),
            (1.0 - beta2**t) ** -0.5,
            float(group["eps"]),
            0.0 if decoupled else decay,
            1.0 - lr * decay if decoupled else 1.0,
            -1.0 if group["maximize"] else 1.0,
        ), {"step": t}


class AdamW(Adam):
    """Adam with decoupled weight decay: the weights shrink by themselves, whatever the gradient's scale.

    Parameters
    ----------
    weight_decay : float, default 1e-2
        λ; each step first multiplies the weights by 1 − ηλ.

    Notes
    -----
    The formulas are those of `Adam` with ``decoupled_weight_decay=True``.

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.85, -1.8 ], requires_grad=True)
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
        **hints,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            decoupled_weight_decay=True,
            **hints,
        )
