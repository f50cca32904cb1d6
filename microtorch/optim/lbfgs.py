"""L-BFGS: a quasi-Newton method with a limited memory."""

import collections
import math
from typing import NamedTuple

import numpy as np

from ..autograd.inplace.changes import record_changes, watch
from ..autograd.mode import enable_grad
from ..errors import user_line
from ..tensor import wrap
from .optimizer import Optimizer


class LBFGS(Optimizer):
    """L-BFGS: steps along an approximate Newton direction made from the last changes of the gradient.

    Parameters
    ----------
    params : iterable of Tensor or of (str, Tensor)
        What to optimize; one parameter group only.
    lr : float, default 1
        The first step along each direction.
    max_iter : int, default 20
        How many directions are tried in a `step`.
    max_eval : int, optional
        How many times `step` evaluates the closure at most. Default ``max_iter * 5 // 4``.
    tolerance_grad : float, default 1e-7
        Stop where no gradient is larger.
    tolerance_change : float, default 1e-9
        Stop where neither weights nor loss change more.
    history_size : int, default 100
        How many changes are remembered; each takes twice the parameters' memory.
    line_search_fn : {"strong_wolfe"}, optional
        Search the step length along each direction; without, it is `lr`.

    Notes
    -----
    With s the last changes of the weights, y those of the gradient and ρ = 1 / sᵀy, the direction d = −H g comes from
    the two-loop recursion, which starts from H₀ = sᵀy / yᵀy. The line search finds a step length t with
    f(t) ≤ f(0) + c₁ t f'(0) and \\|f'(t)\\| ≤ c₂ \\|f'(0)\\|, c₁ = 1e-4, c₂ = 0.9, by cubic interpolation.

    For full batches: a closure whose loss changes by itself (dropout, another batch) misleads it.

    References
    ----------
    J. Nocedal, S. J. Wright, "Numerical optimization", 2nd edition 2006, algorithms 7.4, 3.5 and 3.6, eq. 3.59.

    Examples
    --------
    >>> w = microtorch.tensor([3.0, -4.0], requires_grad=True)
    >>> optimizer = microtorch.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((w - 1) * (w - 1)).sum()
    ...     loss.backward()
    ...     return loss
    >>> loss = optimizer.step(closure)
    >>> w
    tensor([1., 1.], requires_grad=True)
    """

    kept = {
        "func_evals": "count",
        "n_iter": "count",
        "d": "array if n_iter",
        "prev_flat_grad": "array if n_iter",
        "t": "number if n_iter",
        "H_diag": "number if n_iter",
        "prev_loss": "real if n_iter",
        "ro": "numbers if n_iter",
        "old_dirs": "arrays if n_iter",
        "old_stps": "arrays if n_iter",
    }
    ranges = {"lr": (0.0, math.inf)}

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(f"LBFGS: line_search_fn {line_search_fn!r}: only 'strong_wolfe' is supported, or None")
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group):
        super().add_param_group(param_group)
        if len(self.param_groups) > 1:
            self.param_groups.pop()
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def fits(self, param, key, value):
        return value.shape == (sum(p.numel() for p in self.param_groups[0]["params"]),)

    def step(self, closure):
        """Go along up to `max_iter` directions.

        Parameters
        ----------
        closure : callable
            Clears the gradients, computes the loss and its gradients, and returns the loss.

        Returns
        -------
        Tensor
            The loss before the step.
        """
        group = self.param_groups[0]
        params = group["params"]
        lr, tolerance_grad, tolerance_change = (
            float(group[name]) for name in ("lr", "tolerance_grad", "tolerance_change")
        )
        self.stepped = True
        first_loss, gradient = self._evaluate(closure)
        loss, evaluations = float(first_loss), 1
        # The state belongs to all parameters together; as in PyTorch it is kept under the first.
        state = self.state[params[0]]
        state.setdefault("n_iter", 0)
        state["func_evals"] = state.get("func_evals", 0) + 1
        if np.abs(gradient).max(initial=0) <= tolerance_grad:
            return first_loss
        memory = _Memory(state, group["history_size"])

        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = memory.direction(gradient)
            previous = loss
            t = lr if state["n_iter"] > 1 else lr / max(1.0, float(np.abs(gradient).sum()))
            slope = gradient @ direction
            if slope > -tolerance_change:
                memory.remember(direction, gradient, t, loss)
                break
            origin = [p._array.copy() for p in params]

            def evaluate(t, origin=origin, direction=direction):
                self._place(origin, t, direction)
                loss, gradient = self._evaluate(closure)
                return _Point(np.float64(t), np.float64(loss), gradient, np.float64(gradient @ direction))

            memory.remember(direction, gradient, t, loss)
            used, last = 0, iteration == group["max_iter"]
            if group["line_search_fn"] is not None:
                start = _Point(np.float64(0), np.float64(loss), gradient, np.float64(slope))
                reach = float(np.abs(direction).max())
                found, used = _strong_wolfe(
                    evaluate, start, t, group["max_eval"] - evaluations, tolerance_change / reach
                )
                t, loss, gradient = float(found.t), float(found.f), found.g
                self._place(origin, t, direction)
                state["t"] = t
            elif last:  # with batches that change, a loss that nobody asks for is not worth computing
                self._place(origin, t, direction)
            else:
                found, used = evaluate(t), 1
                loss, gradient = float(found.f), found.g
            evaluations += used
            state["func_evals"] += used
            if (
                last
                or evaluations >= group["max_eval"]
                or np.abs(gradient).max() <= tolerance_grad
                or np.abs(direction * t).max() <= tolerance_change
                or abs(loss - previous) < tolerance_change
            ):
                break
        return first_loss

    def _evaluate(self, closure):
        """The loss of `closure` and the gradients of all parameters, one after the other."""
        with enable_grad():
            loss = closure()
        parts = [
            np.zeros(p.numel(), p.dtype) if p.grad is None else p.grad._array.ravel()
            for p in self.param_groups[0]["params"]
        ]
        return loss, np.concatenate(parts)

    def _place(self, origin, t, direction):
        """Put the parameters at `origin` + `t` · `direction`."""
        start, params = 0, self.param_groups[0]["params"]
        for p, at in zip(params, origin, strict=True):
            p._array[...] = at + float(t) * direction[start : start + at.size].reshape(at.shape)
            start += at.size
        record_changes([watch(p._array) for p in params], "LBFGS.step", user_line())


class _Memory:
    """The last changes of weights and gradient, kept in an optimizer's state."""

    def __init__(self, state, size):
        self.state, self.size = state, size

    def direction(self, gradient):
        """−H g, after taking in what the last step has changed."""
        state = self.state
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -gradient
        dy = gradient - state["prev_flat_grad"]._array
        ds = state["d"]._array * float(state["t"])
        curvature = float(dy @ ds)
        if curvature > 1e-10:  # else H would no longer be positive definite
            if len(state["ro"]) == self.size:
                for kept in (state["old_dirs"], state["old_stps"], state["ro"]):
                    del kept[0]
            state["old_dirs"].append(wrap(dy))
            state["old_stps"].append(wrap(ds))
            state["ro"].append(1.0 / curvature)
            state["H_diag"] = curvature / float(dy @ dy)
        changes = [
            (y._array, s._array, float(rho))
            for y, s, rho in zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True)
        ]
        q, weights = -gradient, collections.deque()
        for y, s, rho in reversed(changes):
            weights.appendleft(float(s @ q) * rho)
            q -= weights[0] * y
        q *= float(state["H_diag"])
        for weight, (y, s, rho) in zip(weights, changes, strict=True):
            q += (weight - float(y @ q) * rho) * s
        return q

    def remember(self, direction, gradient, t, loss):
        """Keep what the next direction compares with."""
        self.state.update(d=wrap(direction), prev_flat_grad=wrap(gradient), t=t, prev_loss=loss)


class _Point(NamedTuple):
    """A point on the line: how far, and there the loss, the gradient, and the slope along the line."""

    t: float
    f: float
    g: np.ndarray
    slope: float


def _strong_wolfe(evaluate, start, t, most, tolerance, c1=1e-4, c2=0.9):
    """A point that satisfies the strong Wolfe conditions, or the best within `most` trials, and how many it took."""

    def too_high(point):
        return point.f > start.f + c1 * point.t * start.slope

    def flat_enough(point):
        return abs(point.slope) <= -c2 * start.slope

    before, new, trials = start, evaluate(t), 0
    bracket = None
    while trials < most:
        if too_high(new) or (trials > 1 and new.f >= before.f):
            bracket = [before, new]
            break
        if flat_enough(new):
            return new, trials + 1
        if new.slope >= 0:
            bracket = [before, new]
            break
        bounds = (new.t + 0.01 * (new.t - before.t), new.t * 10)
        before, new = new, evaluate(_cubic_minimum(before, new, bounds))
        trials += 1
    if bracket is None:
        bracket = [start, new]

    low = 0 if bracket[0].f <= bracket[1].f else 1
    stuck = done = False
    while not done and trials < most and abs(bracket[1].t - bracket[0].t) >= tolerance:
        left, right = sorted((bracket[0].t, bracket[1].t))
        t = _cubic_minimum(*bracket, (left, right))
        margin = 0.1 * (right - left)
        near_end = min(right - t, t - left) < margin
        if near_end and (stuck or t >= right or t <= left):  # a second time in a row, or no progress at all
            t = right - margin if abs(t - right) < abs(t - left) else left + margin
            near_end = False
        stuck = near_end
        new = evaluate(t)
        trials += 1
        high = 1 - low
        if too_high(new) or new.f >= bracket[low].f:
            bracket[high] = new
            low = 0 if bracket[0].f <= bracket[1].f else 1
        else:
            done = flat_enough(new)
            if not done and new.slope * (bracket[high].t - bracket[low].t) >= 0:
                bracket[high] = bracket[low]
            bracket[low] = new
    return bracket[low], trials + 1


def _cubic_minimum(a, b, bounds):
    """Where the cubic through two points with their slopes is lowest, within `bounds`; their middle if it has none."""
    if a.t > b.t:
        a, b = b, a
    d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return (bounds[0] + bounds[1]) / 2
    d2 = math.sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(t, bounds[0]), bounds[1])
