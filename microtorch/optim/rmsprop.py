"""RMSprop: the gradient divided by a running root mean square."""

import math

import numpy as np

from .optimizer import Optimizer


def rmsprop(p, g, square_avg, grad_avg, buffer, numbers):
    """The formula of `RMSprop` for one parameter; `grad_avg` and `buffer` are None where they are not used."""
    lr, alpha, eps, momentum, decay, sign = numbers
    d = sign * g
    if decay != 0:
        d = d + decay * p
    square_avg[...] = alpha * square_avg + (1 - alpha) * d * d
    q = square_avg
    if grad_avg is not None:
        grad_avg += (1 - alpha) * (d - grad_avg)
        q = square_avg - grad_avg * grad_avg
    d = d / (np.sqrt(q) + eps)
    if buffer is not None:
        buffer[...] = d = momentum * buffer + d
    p -= lr * d


class RMSprop(Optimizer):
    """RMSprop: each weight's gradient is divided by the root of a running average of its square.

    Parameters
    ----------
    lr : float, default 1e-2
        Learning rate η.
    alpha : float, default 0.99
        α, the share of the average that is kept.
    momentum : float, default 0
        μ, the share of the velocity that is kept.
    centered : bool, default False
        Divide by the standard deviation instead of the root mean square.

    Notes
    -----
    ::

        d = g + λ w
        s = α s + (1 − α) d²
        q = s,    centered: a = α a + (1 − α) d,  q = s − a²
        b = μ b + d / (√q + ε)
        w = w − η b

    References
    ----------
    T. Tieleman, G. Hinton, "Lecture 6.5: RMSprop", Coursera, 2012.
    A. Graves, "Generating sequences with recurrent neural networks", 2013, eq. 38–41 (the centered form).

    Examples
    --------
    >>> w = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([ 0.9, -1.9], requires_grad=True)
    """

    formula = staticmethod(rmsprop)
    kept = {
        "step": "count",
        "square_avg": "array",
        "grad_avg": "array if centered",
        "momentum_buffer": "array if momentum",
    }
    ranges = {
        "lr": (0.0, math.inf),
        "alpha": (0.0, math.inf),
        "eps": (0.0, math.inf),
        "weight_decay": (0.0, math.inf),
        "momentum": (0.0, math.inf),
    }

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        *,
        maximize=False,
        **hints,
    ):
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
        }
        super().__init__(params, defaults, **hints)

    def numbers(self, group, state):
        return (
            float(group["lr"]),
            float(group["alpha"]),
            float(group["eps"]),
            float(group["momentum"]),
            float(group["weight_decay"]),
            -1.0 if group["maximize"] else 1.0,
        ), {"step": state.get("step", 0) + 1}
