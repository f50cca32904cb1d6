"""detect_anomaly: stop at the first NaN or infinity, and say where it was born."""

import numpy as np

from ..errors import GradientError, user_line
from ..tensor import Tensor
from .graph import maker
from .memory import has_values
from .mode import scope_title, state
from .observe import Observer, tell

__all__ = ["detect_anomaly", "is_anomaly_enabled", "set_detect_anomaly"]


class detect_anomaly(Observer):
    """Stop at the first NaN or infinity, in the forward or in the backward pass.

    Parameters
    ----------
    check_nan : bool, default True
        Look at values. With ``False`` only the user's line of each operation is remembered, for the messages about
        values changed in place and graphs released.

    Raises
    ------
    GradientError
        With the operation, the module, the user's line, statistics of the operation's inputs, the place of the first
        bad value, and the shortest path from the parameters to it.

    Notes
    -----
    An infinity that comes in from outside, such as a mask of −inf, is let through; one that an operation makes from
    finite inputs is not. Works as a context manager and per thread. Costs nothing when off; when on, a pass over
    every value.

    Examples
    --------
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> with microtorch.autograd.detect_anomaly():
    ...     y = microtorch.log(x)
    Traceback (most recent call last):
    ...
    microtorch.errors.GradientError: detect_anomaly: Log made -inf, ...
    """

    def __init__(self, check_nan=True):
        self.check_nan = check_nan

    def _judges(self):
        """Whether this is the innermost block, and values are to be looked at."""
        blocks = [observer for observer in state.observers if isinstance(observer, detect_anomaly)]
        return self.check_nan and blocks[-1] is self

    def forward(self, ctx, arrays, outputs):
        """Judge what an operation made, and remember where it was called."""
        ctx.line = user_line()
        if self._judges():
            for out in outputs:
                found = _first_bad(out._array, [a._array for a in ctx.inputs if isinstance(a, Tensor)])
                if found is not None:
                    raise GradientError(_forward_message(ctx, found))

    def backward(self, node, dys, dxs):
        """Judge what a backward made."""
        for i, dx in enumerate(dxs if self._judges() else ()):
            arrays = [np.asarray(getattr(dy, "_array", dy)) for dy in dys]
            found = None if dx is None else _first_bad(np.asarray(getattr(dx, "_array", dx)), arrays)
            if found is not None:
                raise GradientError(_backward_message(node, i, arrays, found))
        return dxs


class set_detect_anomaly:
    """Switch `detect_anomaly` on or off for this thread, at once; as a context manager, until the end of the block.

    Parameters
    ----------
    mode : bool
        On or off.
    check_nan : bool, default True
        As of `detect_anomaly`.

    Examples
    --------
    >>> with microtorch.autograd.set_detect_anomaly(True):
    ...     microtorch.autograd.is_anomaly_enabled()
    True
    """

    def __init__(self, mode, check_nan=True):
        self.before = state.observers
        others = tuple(observer for observer in self.before if not isinstance(observer, detect_anomaly))
        if mode:
            tell("joined", watching := detect_anomaly(check_nan))
            others += (watching,)
        state.observers = others

    def __enter__(self):
        return self

    def __exit__(self, *error):
        state.observers = self.before


def is_anomaly_enabled():
    """Whether `detect_anomaly` is on in this thread."""
    return any(isinstance(observer, detect_anomaly) for observer in state.observers)


def _first_bad(array, sources):
    """(value, index, how many) of the first NaN, or infinity that is not in `sources` already; None if all is well."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return None
    bad = np.isnan(array)
    if not bad.any():
        if any(s.dtype.kind == "f" and np.isinf(s).any() for s in sources):
            return None
        bad = np.isinf(array)
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    return array[index].item(), index, int(bad.sum()), array.size


def _forward_message(ctx, found):
    inputs = [(f"input {i}{_named(a)}", a._array, a) for i, a in enumerate(ctx.inputs) if isinstance(a, Tensor)]
    culprits = [f"{name} at {index}" for name, index in _at_fault(inputs)]
    lines = [
        f"detect_anomaly: {ctx.name()} made {_what(found)}",
        f"  at {ctx.line}{_in_module(state.scope)}",
        *(f"  {name}: {statistics(array)}" for name, array, _ in inputs),
    ]
    if culprits:
        lines.append(f"  It was there before: {', '.join(culprits)}. Look at where that input comes from.")
    path = _path_from_parameter(ctx.edges)
    if path:
        lines.append(f"  From the parameters: {' -> '.join([*path, ctx.name()])}")
    if not culprits:
        lines.append(_remedy(ctx))
    return "\n".join(lines)


def _backward_message(node, i, dys, found):
    x = node.inputs[i]
    lines = [
        f"detect_anomaly: the backward of {node.name()} made {_what(found)}, in the gradient of its input {i}"
        f"{_named(x)}",
        f"  the operation was called at {getattr(node, 'line', 'an unknown line')}{_in_module(node.scope)}",
        *(f"  incoming gradient: {statistics(dy)}" for dy in dys),
        *(
            f"  input {k}{_named(a)}: {statistics(a._array)}"
            for k, a in enumerate(node.inputs)
            if isinstance(a, Tensor) and has_values(a)
        ),
    ]
    path = _path_from_parameter(node.edges)
    if path:
        lines.append(f"  From the parameters: {' -> '.join([*path, node.name()])}")
    lines.append(_remedy(node))
    return "\n".join(lines)


# What to do about an operation that makes infinities or NaN of finite numbers.
_REMEDIES = {
    "Log": "keep its input above 0: log(x + eps) or log(x.clamp(min=eps)); log_softmax and logsumexp need no eps",
    "Div": "keep the divisor away from 0: a / (b + eps)",
    "Pow": "keep the base away from 0: (x + eps).pow(p), or x.clamp(min=eps)",
    "Sqrt": "its input is negative: x.clamp(min=0) before it",
    "Rsqrt": "keep its input above 0: rsqrt(x + eps)",
    "Reciprocal": "keep its input away from 0: 1 / (x + eps)",
    "Exp": "keep its input small: subtract the maximum, or use softmax, logsumexp or softplus",
    "Log1p": "keep its input above -1",
}


def _remedy(function):
    text = _REMEDIES.get(function.name(), "look at its inputs above, and at what made them")
    return f"  To do: {text}."


def _what(found):
    value, index, count, size = found
    where = "its only value" if size == 1 else f"{count} of {size} values, the first at index {index}"
    return f"{value}, {where}"


def _at_fault(inputs):
    for name, array, _ in inputs:
        if np.isnan(array).any():
            yield name, tuple(int(i) for i in np.argwhere(np.isnan(array))[0])


def _named(a):
    name = getattr(a, "name", None)
    return f" ({name})" if name else ""


def _in_module(scope):
    return f", in {scope_title(scope)}" if scope else ""


def statistics(array):
    """The shape and range of an array in a message, and how much of it is zero, NaN or infinite."""
    if array.size == 0 or array.dtype.kind != "f":
        return f"shape {array.shape} {array.dtype}"
    finite = array[np.isfinite(array)]
    parts = [f"shape {array.shape}"]
    if finite.size:
        parts.append(f"min {finite.min():.4g}, mean {finite.mean():.4g}, max {finite.max():.4g}")
    for label, count in (
        ("zeros", int((array == 0).sum())),
        ("NaN", int(np.isnan(array).sum())),
        ("infinite", int(np.isinf(array).sum())),
    ):
        if count:
            parts.append(f"{count} {label}")
    return ", ".join(parts)


def _path_from_parameter(edges):
    """The names along the shortest way from a leaf that requires a gradient to one of `edges`."""
    queue, seen = [(edge, ()) for edge in edges if edge is not None], set()
    for edge, path in queue:  # breadth first: the list grows as we go
        node, _ = maker(edge)
        if node is None:
            return [edge.name or f"a leaf of shape {edge.shape}", *path]
        if node not in seen:
            seen.add(node)
            queue.extend((further, (node.name(), *path)) for further in node.edges if further is not None)
    return []
