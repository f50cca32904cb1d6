"""The measures that boxes can be coloured by: one number for each record, and how it is put on the scale."""

import time

import numpy as np

from ...errors import GraphError
from ..drawing.numbers import number, size_text, time_text
from .records import Operation

__all__ = ["MEASURES", "with_times"]


def with_times(graph):
    """Fill in how long the backward of each operation takes, the best of three; gradients must be there."""
    for operation in graph.operations:
        node, dys = operation.node, operation.grads
        if node is None or node.saved is None or all(dy is None for dy in dys):
            continue
        # Outputs that no gradient reached count as zeros, as in a backward.
        dys = [
            np.zeros(shape, dtype) if dy is None else dy
            for dy, shape, dtype in zip(dys, operation.shapes, operation.dtypes, strict=True)
        ]
        operation.seconds = min(_time(node, dys) for _ in range(3))
    return graph


def _time(node, dys):
    start = time.perf_counter()
    node.first_order()(node, *dys)
    return time.perf_counter() - start


def _gradient(record):
    grads = record.grads if isinstance(record, Operation) else [record.grad]
    grads = [g for g in grads if g is not None]
    if not grads:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sqrt(sum(float(np.square(g, dtype=np.float64).sum()) for g in grads)))


def _arrays(record):
    found = [*record.arrays, *record.grads] if isinstance(record, Operation) else [record.array, record.grad]
    return [a for a in found if a is not None and a.dtype.kind == "f"]


def _not_finite(record):
    arrays = _arrays(record)
    size = sum(a.size for a in arrays)
    return sum(a.size - int(np.isfinite(a).sum()) for a in arrays) / size if size else None


def _dead(record):
    """The share of units (the last dimension) that are zero for every sample: what a dead ReLU gives."""
    if not isinstance(record, Operation) or not record.arrays or record.arrays[0] is None:
        return None
    y = record.arrays[0]
    if y.ndim < 2 or y.dtype.kind != "f" or not y.size:
        return None
    return float((y == 0).all(axis=tuple(range(y.ndim - 1))).mean())


def _seconds(record):
    return getattr(record, "seconds", None)


def _bytes(record):
    return record.nbytes if isinstance(record, Operation) else None


def _percent(share):
    return f"{100 * share:.3g} %"


# name: (what the bar says, number of a record, as text, whether the scale is logarithmic)
MEASURES = {
    "gradient": ("norm of the gradient", _gradient, number, True),
    "nan": ("share of NaN and inf", _not_finite, _percent, False),
    "dead": ("share of units that are 0 for all samples", _dead, _percent, False),
    "time": ("time of its backward", _seconds, time_text, True),
    "bytes": ("bytes kept for backward", _bytes, size_text, False),
}


def measured(graph, color):
    """{record: place in 0..1, or None for NaN}, and the bar's title and ends, for a name in MEASURES."""
    if color not in MEASURES:
        raise ValueError(f"color={color!r} is none of {', '.join(map(repr, MEASURES))}")
    if color == "gradient" and graph.released and all(v.grad is None for v in graph.values):
        raise GraphError(
            "color='gradient': a backward has released this graph and no parameter holds a gradient. "
            "Draw before backward, or after backward(retain_graph=True)."
        )
    title, measure, text, logarithmic = MEASURES[color]
    found = {r: measure(r) for r in (*graph.operations, *graph.values)}
    found = {r: x for r, x in found.items() if x is not None}
    usable = [x for x in found.values() if np.isfinite(x) and (x > 0 or not logarithmic)]
    low, high = (min(usable), max(usable)) if usable else (0.0, 0.0)
    if not logarithmic:
        low = 0.0
        high = 1.0 if color in ("nan", "dead") else high
    places = {}
    for record, x in found.items():
        if not np.isfinite(x):
            places[record] = None
        elif logarithmic:
            places[record] = 0.0 if x <= 0 or low == high else float(np.log(x / low) / np.log(high / low))
        else:
            places[record] = x / high if high else 0.0
    return places, (title, text(low), text(high))
