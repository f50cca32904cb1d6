"""Stochastic gradient descent, with momentum."""

import math

from .optimizer import Optimizer


def sgd(p, g, buffer, numbers):
    """The formula of `SGD` for one parameter; `buffer` is None without momentum."""
    lr, momentum, undamped, nesterov, decay, sign = numbers
    d = sign * g
    if decay != 0:
        d = d + decay * p
    if buffer is not None:
        buffer[...] = momentum * buffer + undamped * d
        d = d + momentum * buffer if nesterov != 0 else buffer
    p -= lr * d


class SGD(Optimizer):
    """Stochastic gradient descent, with or without (Nesterov) momentum.

    Parameters
    ----------
    momentum : float, default 0
        μ, the share of the velocity that is kept.
    dampening : float, default 0
        τ; the gradient enters the velocity with the factor 1 − τ, from the second step on.
    nesterov : bool, default False
        Look ahead along the velocity; needs momentum and no dampening.

    Notes
    -----
    ::

        d = g + λ w
        v = d at the first step, then v = μ v + (1 − τ) d        (the momentum buffer)
        w = w − η v,    or with Nesterov    w = w − η (d + μ v)

    Without momentum, w = w − η d and nothing is kept.

    Two other conventions are found in textbooks; with a constant learning rate each is this one in other variables.

    *Velocity with the learning rate inside* (Polyak 1964; Sutskever et al. 2013, eq. 1–2): u = μ u − η g, w = w + u.
    That is v = −u / η. The look-ahead form w = w + u + μ (u − u_before) is ``nesterov=True``, because
    u − μ u_before = −η g. The conventions differ in how a change of η acts: there it scales only the gradients to
    come, here the whole velocity at once.

    *Exponential average*: m = β m + (1 − β) g, w = w − η m. That is ``momentum=β`` with the learning rate (1 − β) η,
    and v = m / (1 − β), exact from the first step with m = 0. (``momentum=β, dampening=β`` with v = m is the same
    too, except that v starts as the whole first gradient.)

    References
    ----------
    B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and momentum in deep learning",
    ICML 2013.

    Examples
    --------
    >>> w = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = microtorch.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> w.grad
    tensor([2., 4.])
    >>> optimizer.step()
    >>> w
    tensor([0.8, 1.6], requires_grad=True)
    """

    formula = staticmethod(sgd)
    kept = {"momentum_buffer": "array if momentum"}
    ranges = {"lr": (0.0, math.inf), "momentum": (0.0, math.inf), "weight_decay": (0.0, math.inf)}

    def __init__(
        self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False, **hints
    ):
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults, **hints)

    def check(self, group):
        super().check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    def numbers(self, group, state):
        first = state.get("momentum_buffer") is None  # the first velocity is not damped
        return (
            float(group["lr"]),
            float(group["momentum"]),
            1.0 if first else 1.0 - float(group["dampening"]),
            float(group["nesterov"]),
            float(group["weight_decay"]),
            -1.0 if group["maximize"] else 1.0,
        ), {}
