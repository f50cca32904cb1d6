"""The backward pass step by step, for the page: what each operation receives, hands on, and where it is added."""

from dataclasses import dataclass, field

import numpy as np

from ..autograd.engine import _unbroadcast
from ..errors import GraphError
from ..random import Generator
from ..tensor import Tensor
from .graph import with_gradients
from .records import Edge, Operation

__all__ = ["Arrival", "Step", "backward_steps"]

CHECKED = 64  # elements up to which an input is checked numerically


@dataclass(eq=False)
class Arrival:
    """A gradient that an operation hands to one of its inputs.

    Attributes
    ----------
    edge : Edge
    part : ndarray
        What this operation gives.
    nth : int
        1 if it is the first to arrive at that tensor, 2 if it is added to one that waits, and so on.
    total : ndarray
        What waits there afterwards.
    summed : bool
        Whether it was summed over dimensions along which the input was broadcast.
    hooked : bool
        Whether hooks have changed the total, which is complete.
    """

    edge: Edge
    part: np.ndarray
    nth: int
    total: np.ndarray
    summed: bool = False
    hooked: bool = False


@dataclass(eq=False)
class Step:
    """The backward of one operation; no arrivals where no gradient came to it."""

    operation: Operation
    arrivals: list = field(default_factory=list)
    error: float | None = None  # the largest difference to a numeric gradient, relative to the largest entry


def backward_steps(graph, check=False):
    """The steps of the backward pass of `graph`, newest operation first.

    The totals are the engine's own (`with_gradients`); what each path adds to them is computed here, by the same
    functions of the same operations.
    """
    if graph.released:
        raise GraphError(
            "explore: a backward has released what this graph had saved, so its steps cannot be shown. "
            "Call explore before backward, or after backward(retain_graph=True)."
        )
    with_gradients(graph)
    into = {}
    for edge in graph.edges:
        into.setdefault(edge.target, []).append(edge)
    steps, arrived = [], {}
    for operation in reversed(graph.operations):
        step = Step(operation)
        steps.append(step)
        if operation.node is None or all(dy is None for dy in operation.grads):
            continue
        for edge, part, summed in _parts(operation, into.get(operation, [])):
            place = (edge.source, edge.output)
            before = arrived.setdefault(place, [])
            total = part if not before else before[-1].total + part
            before.append(Arrival(edge, part, len(before) + 1, total, summed))
            step.arrivals.append(before[-1])
        if check:
            step.error = _numeric_error(operation, step.arrivals)
    for (source, output), arrivals in arrived.items():
        final = source.grads[output] if isinstance(source, Operation) else source.grad
        if final is not None:
            newest = arrivals[-1]
            newest.hooked = not np.array_equal(final, newest.total, equal_nan=True)
            newest.total = final
            if newest.nth == 1 and not newest.hooked:
                newest.part = final  # one array, so that the page holds it once
    return steps


def _parts(operation, edges):
    """(edge, gradient, whether it was summed) for each input that `operation` hands a gradient to."""
    node, edges = operation.node, iter(edges)
    dxs = node.first_order(node, *_whole(operation))
    dxs = dxs if type(dxs) is tuple else (dxs,)
    for i, x in enumerate(node.inputs):
        if not isinstance(x, Tensor):
            continue
        edge = next(edges)
        dx = dxs[i] if i < len(dxs) else None
        if x.requires_grad and dx is not None:
            summed = dx.shape != x.shape
            yield edge, np.array(_unbroadcast(node, dx, x.shape) if summed else dx), summed


def _whole(operation):
    """The gradients of its outputs, zeros for those that none came to."""
    return [
        np.zeros(shape, dtype) if dy is None else dy
        for dy, shape, dtype in zip(operation.grads, operation.shapes, operation.dtypes, strict=True)
    ]


def _numeric_error(operation, arrivals):
    """How far ``dy · (f(x + h) − f(x − h)) / 2h`` is from the gradient, in float64; None where it cannot be asked."""
    node = operation.node
    inputs = [x._array if isinstance(x, Tensor) else x for x in node.inputs]
    if any(isinstance(x, Generator) for x in inputs) or not arrivals:
        return None
    inputs = [x.astype(np.float64) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in inputs]
    dys = [dy.astype(np.float64) for dy in _whole(operation)]

    def weighted(position, x):
        y = type(node).forward(type(node)(), *inputs[:position], x, *inputs[position + 1 :])
        return sum(float((dy * part).sum()) for dy, part in zip(dys, y if type(y) is tuple else (y,), strict=True))

    worst = None
    positions = [i for i, x in enumerate(node.inputs) if isinstance(x, Tensor) and x.requires_grad]
    for position, arrival in zip(positions, arrivals, strict=False):
        x, part = inputs[position], arrival.part
        if x.size > CHECKED:
            continue
        numeric = np.empty(x.shape)
        for i in np.ndindex(x.shape):
            h = 1e-5 * max(1.0, abs(x[i]))
            up, down = x.copy(), x.copy()
            up[i] += h
            down[i] -= h
            numeric[i] = (weighted(position, up) - weighted(position, down)) / (2 * h)
        error = float(np.abs(numeric - part).max(initial=0.0) / max(1e-12, float(np.abs(part).max(initial=0.0))))
        worst = error if worst is None else max(worst, error)
    return worst
