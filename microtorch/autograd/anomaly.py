"""detect_anomaly: stop at the first NaN or infinity, and say where it was born.

While it is on, `Function.apply` is replaced by a version that looks at every result and gives each node a backward
that looks at every gradient. While it is off nothing of this runs.
"""

import functools
import threading

import numpy as np

from ..errors import GradientError, user_line
from ..tensor import Tensor
from .function import Function, has_values
from .mode import scope_title, state

__all__ = ["detect_anomaly", "is_anomaly_enabled"]


class detect_anomaly:
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
    >>> import microtorch
    >>> x = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> with microtorch.autograd.detect_anomaly():
    ...     y = microtorch.log(x)
    Traceback (most recent call last):
    ...
    microtorch.errors.GradientError: detect_anomaly: Log made -inf, ...
    """

    def __init__(self, check_nan=True):
        self.check_nan = check_nan

    def __enter__(self):
        self.before = state.anomaly
        state.anomaly = self
        if self.before is None:
            _switch(+1)
        return self

    def __exit__(self, *error):
        state.anomaly = self.before
        if self.before is None:
            _switch(-1)

    def look(self, function, args, outputs, line):
        """Judge what `function`, called at `line`, made of `args`, and have its backward judged when it runs."""
        if not self.check_nan:
            return
        for out in outputs:
            if out.grad_fn is not None:
                out.grad_fn.first_order = functools.partial(_watched_backward, function.first_order)
            found = _first_bad(out._array, [a._array for a in args if isinstance(a, Tensor)])
            if found is not None:
                raise GradientError(_forward_message(function, args, found, line))


def is_anomaly_enabled():
    """Whether `detect_anomaly` is on in this thread."""
    return state.anomaly is not None


_users = 0  # threads inside detect_anomaly
_users_lock = threading.Lock()


def _switch(change):
    """Put watching versions of `apply` in place for the first thread that wants them; away after the last."""
    global _users
    with _users_lock:
        _users += change
        if _users == change == 1:
            _replaced.update((f, f.__dict__["apply"]) for f in _with_apply(Function))
            for function, plain in _replaced.items():
                function.apply = classmethod(functools.partial(_watched_apply, plain.__func__))
        elif _users == 0:
            while _replaced:
                function, plain = _replaced.popitem()
                function.apply = plain


_replaced = {}  # each class that has an `apply` of its own -> that


def _with_apply(function):
    """`function` and its subclasses, those that have an `apply` of their own."""
    if "apply" in function.__dict__:
        yield function
    for sub in function.__subclasses__():
        yield from _with_apply(sub)


def _watched_apply(plain, cls, *args):
    result = plain(cls, *args)
    watch = state.anomaly
    if watch is None or not any(isinstance(a, Tensor) for a in args):
        return result
    outputs = result if isinstance(result, tuple) else (result,)
    line = user_line()
    for out in outputs:
        if out.grad_fn is not None:
            out.grad_fn.line = line
    watch.look(cls, args, outputs, line)
    return result


def _watched_backward(first_order, node, *dys):
    dxs = first_order(node, *dys)
    for i, dx in enumerate(dxs if isinstance(dxs, tuple) else (dxs,)):
        found = None if dx is None else _first_bad(np.asarray(dx), dys)
        if found is not None:
            raise GradientError(_backward_message(node, i, dys, found))
    return dxs


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


def _forward_message(function, args, found, line):
    inputs = [(f"input {i}{_named(a)}", a._array, a) for i, a in enumerate(args) if isinstance(a, Tensor)]
    culprits = [f"{name} at {index}" for name, index in _at_fault(inputs)]
    lines = [
        f"detect_anomaly: {function.name()} made {_what(found)}",
        f"  at {line}{_in_module(state.scope)}",
        *(f"  {name}: {statistics(array)}" for name, array, _ in inputs),
    ]
    if culprits:
        lines.append(f"  It was there before: {', '.join(culprits)}. Look at where that input comes from.")
    path = _path_from_parameter([t for _, _, t in inputs])
    if path:
        lines.append(f"  From the parameters: {' -> '.join([*path, function.name()])}")
    if not culprits:
        lines.append(_remedy(function))
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
    path = _path_from_parameter([a for a in node.inputs if isinstance(a, Tensor)])
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
        if array.dtype.kind == "f" and np.isnan(array).any():
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


def _path_from_parameter(tensors):
    """The names along the shortest way from a leaf that requires a gradient to one of `tensors`."""
    queue, seen = [(t, ()) for t in tensors if t._requires_grad], set()
    for t, path in queue:  # breadth first: the list grows as we go
        if t.grad_fn is None:
            return [t.name or f"a leaf of shape {t.shape}", *path]
        if t.grad_fn not in seen:
            seen.add(t.grad_fn)
            onward = (t.grad_fn.name(), *path)
            queue.extend((x, onward) for x in t.grad_fn.inputs if isinstance(x, Tensor) and x._requires_grad)
    return []
