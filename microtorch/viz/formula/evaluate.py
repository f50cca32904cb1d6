"""A formula with numbers put in, by numpy; `formula.js` does the same in the page."""

import math
from functools import partial

import numpy as np

__all__ = ["evaluate", "fitted"]


_erf = np.vectorize(math.erf, otypes=[float])


@partial(np.vectorize, otypes=[float])
def _gamma(x):
    try:
        return math.gamma(x)
    except (ValueError, OverflowError):  # a pole, or above 171: |Γ| is without limit
        return math.inf


# Bernoulli's numbers B₂, B₄, …
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)


@partial(np.vectorize, otypes=[float])
def _psi(n, x):
    """The n-th derivative of ψ: steps of x to where the series in 1/x holds, as ψ(n, x + 1) − ψ(n, x) has few terms."""
    n, sign = int(n), 1.0 if n % 2 else -1.0
    if x <= 0 and x == math.floor(x):
        return math.nan if n % 2 == 0 else math.inf
    if not -1e6 < x < math.inf:  # further down it would take too many steps
        return (math.inf if n == 0 else 0.0) if x > 0 else math.nan
    near = 0.0
    while x < 20 + n:
        near += math.factorial(n) / x ** (n + 1)
        x += 1
    if n == 0:
        far = 1 / (2 * x) - math.log(x) + sum(b / (2 * k * x ** (2 * k)) for k, b in enumerate(_BERNOULLI, 1))
    else:
        far = math.factorial(n - 1) / x**n + math.factorial(n) / (2 * x ** (n + 1))
        for k, b in enumerate(_BERNOULLI, 1):
            far += b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) / x ** (2 * k + n)
    return sign * (near + far)


CALLS = {
    "exp": np.exp, "log": np.log, "ln": np.log, "log₂": np.log2, "log₁₀": np.log10,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "sign": np.sign, "trunc": np.trunc, "erf": _erf, "atan2": np.arctan2, "sqrt": np.sqrt,
    "abs": np.abs, "floor": np.floor, "ceil": np.ceil, "neg": np.negative,
    "σ": lambda x: 1 / (1 + np.exp(-x)), "Φ": lambda x: (1 + _erf(x / math.sqrt(2))) / 2,
    "φ": lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    "round": lambda x, decimals=0: np.round(x, int(decimals)),
    "Γ": _gamma, "ψ": lambda *given: _psi(given[0] if len(given) > 1 else 0, given[-1]),
    "+": np.add, "−": np.subtract, "·": np.multiply, "/": np.divide, "@": np.matmul, "^": np.power,
    "<": np.less, ">": np.greater, "≤": np.less_equal, "≥": np.greater_equal, "=": np.equal, "≠": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "T": lambda x: np.swapaxes(x, -1, -2),
    "inverse": np.linalg.inv,
}  # fmt: skip
OVER = {
    "Σ": lambda x, axes: x.sum(axes, keepdims=True), "Π": lambda x, axes: x.prod(axes, keepdims=True),
    "mean": lambda x, axes: x.mean(axes, keepdims=True), "var": lambda x, axes: x.var(axes, keepdims=True),
    "max": lambda x, axes: x.max(axes, keepdims=True), "min": lambda x, axes: x.min(axes, keepdims=True),
    "count": lambda x, axes: np.sum(x, axes, float, keepdims=True),
    "softmax": lambda x, axes: np.exp(x - x.max(axes, keepdims=True))
    / np.exp(x - x.max(axes, keepdims=True)).sum(axes, keepdims=True),
}  # fmt: skip
NAMES = {"e": math.e, "π": math.pi, "∞": math.inf}


def evaluate(tree, values, axes):
    """The value of a tree.

    Parameters
    ----------
    tree : list
        As `parse` gives it; no words.
    values : dict
        {name: array, number or tree}: what the letters are, definitions as trees.
    axes : dict
        {name of a function that goes over dimensions, such as Σ: these, or None for all}.

    Returns
    -------
    ndarray
        Of float64; dimensions gone over have length 1.
    """
    with np.errstate(all="ignore"):  # branches of `where` that are not taken
        return _value(tree, values, axes)


def _value(tree, values, axes):
    kind, *rest = tree
    if kind == "number":
        return np.float64(rest[0])
    if kind == "name":
        found = values.get(rest[0], NAMES.get(rest[0]))
        if found is None:
            raise KeyError(rest[0])
        return _value(found, values, axes) if isinstance(found, list) else _number(found)
    if kind == "cases":
        result = _value(rest[1], values, axes)
        for value, condition in reversed(rest[0]):
            result = np.where(_value(condition, values, axes), _value(value, values, axes), result)
        return result
    if kind == "call":
        kind, *rest = rest
    given = [_value(t, values, axes) for t in rest]
    if kind in OVER and len(given) == 1:
        x = given[0]
        over = axes.get(kind)
        return OVER[kind](x, tuple(range(x.ndim)) if over is None else over)
    if kind in ("max", "min"):
        return (np.maximum if kind == "max" else np.minimum)(*given)
    return CALLS[kind](*given)


def _number(x):
    x = np.asarray(x)
    return x if x.dtype.kind == "b" else x.astype(np.float64)


def fitted(x, view, shape):
    """`x` in `shape`: repeated or summed over what was broadcast, as seen in the shape `view`."""
    if x.size != math.prod(view) or [n for n in x.shape if n != 1] != [n for n in view if n != 1]:
        x = np.broadcast_to(x, np.broadcast_shapes(x.shape, view))
        more = x.ndim - len(view)
        x = x.sum((*range(more), *(i + more for i, n in enumerate(view) if n == 1 and x.shape[i + more] != 1)))
    return x.reshape(shape)
