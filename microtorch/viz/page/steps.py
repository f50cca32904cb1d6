"""The backward pass step by step, for the page: what each operation receives, hands on, and where it is added."""

from dataclasses import dataclass, field

import numpy as np

from ...autograd.observe import Observer
from ...errors import GraphError
from ...random import Generator
from ...tensor import Tensor
from ..records.graph import with_gradients
from ..records.records import Edge, Operation

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
    """The steps of the backward pass of `graph`, newest operation first: what the engine does, looked on."""
    if graph.released:
        raise GraphError(
            "explore: a backward has released what this graph had saved, so its steps cannot be shown. "
            "Call explore before backward, or after backward(retain_graph=True)."
        )
    with _Pass(graph) as seen:
        graph.gradients = False
        with_gradients(graph)
    steps = [seen.steps[operation] for operation in reversed(graph.operations)]
    for step in steps if check else ():
        step.error = _numeric_error(step.operation, step.arrivals)
    for (source, output), arrivals in seen.places.items():
        final = source.grads[output] if isinstance(source, Operation) else source.grad
        if final is not None:
            newest = arrivals[-1]
            newest.hooked = not np.array_equal(final, newest.total, equal_nan=True)
            newest.total = final
            if newest.nth == 1 and not newest.hooked:
                newest.part = final  # one array, so that the page holds it once
    return steps


class _Pass(Observer):
    """Looks on while the engine differentiates a graph, and keeps what arrives where."""

    def __init__(self, graph):
        self.steps = {operation: Step(operation) for operation in graph.operations}
        self.places = {}  # (record, output) -> its arrivals, in order
        self.open = {}  # node -> its arguments that are still to get a gradient: (engine's edge, record of it, shape)
        self.by_node = {operation.node: operation for operation in graph.operations}
        self.into = {}
        for edge in graph.edges:
            self.into.setdefault(edge.target, []).append(edge)

    def backward(self, node, dys, dxs):
        """Line up the arguments of an operation with what its backward gave for them."""
        records = iter(self.into.get(self.by_node[node], ()))
        given = [(edge, next(records)) for x, edge in zip(node.inputs, node.edges) if isinstance(x, Tensor)]
        shapes = [None if dx is None else dx.shape for x, dx in zip(node.inputs, dxs) if isinstance(x, Tensor)]
        self.open[node] = [(edge, record, shape) for (edge, record), shape in zip(given, shapes) if shape is not None]
        return dxs

    def arrived(self, node, edge, dx, held, total):
        """Keep one arrival."""
        if node not in self.by_node:  # the seed
            return
        at = next(i for i, (other, _, _) in enumerate(self.open[node]) if other is edge)
        _, record, shape = self.open[node].pop(at)
        before = self.places.setdefault((record.source, record.output), [])
        arrival = Arrival(record, np.array(dx), len(before) + 1, np.array(total), shape != dx.shape)
        before.append(arrival)
        self.steps[self.by_node[node]].arrivals.append(arrival)


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
        y = type(node).apply(*inputs[:position], x, *inputs[position + 1 :])
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
