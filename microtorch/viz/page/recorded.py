"""The calls of a captured step beside the graph: what each writes, and which operations of the graph it is made for."""

from collections import Counter

from ...autograd.mode import scope_path
from ...captured import CapturedStep
from ...errors import CaptureError
from ...nn.parameter import Parameter
from ..drawing.numbers import shape_text, size_text

__all__ = ["recorded_calls", "recording_of"]


def recording_of(captured):
    """The recording of a captured step that was used last."""
    if not isinstance(captured, CapturedStep):
        raise TypeError(
            f"explore: captured is what microtorch.capture(step) returns, not {type(captured).__name__}. "
            "Pass that, after a call of it."
        )
    if captured.recording is None:
        name = getattr(captured.step, "__name__", "step")
        raise CaptureError(
            f"explore: nothing of {name} has been recorded. Call the step once first; "
            f"if it was called, it runs eagerly, and {name}.report() says why."
        )
    return captured.recording


def recorded_calls(recording, graph):
    """The calls in order, each with its module, the arrays it writes and the ids of its operations in `graph`.

    Operations are matched by name, module path and occurrence. Where the recorded step ran another number of them than
    the graph has, as with a second batch in one step, which is which is not known, and none of them is matched.
    """
    operations, counts = {}, Counter()
    for operation in graph.operations:  # oldest first, as they were recorded
        name, path = key = operation.name, scope_path(operation.node.scope) if operation.node.scope else ""
        operations[name, path, counts[key]] = operation.id
        counts[key] += 1
    ours = {v.tensor for v in graph.parameters if v.used and isinstance(v.tensor, Parameter)} <= {*recording.leaves}
    names = {v.tensor: v.name for v in graph.parameters}
    found = []
    for call in recording.calls:
        matched = [
            operations[name, path, occurrence]
            for name, path, _, occurrence in call.operations
            if ours and occurrence is not None and recording.operations[name, path] == counts[name, path]
        ]
        places = [path.partition(".")[2] or path for _, path, _, _ in call.operations]
        if call.gradient is not None:
            leaf, gradient = call.gradient
            places = [f"{names.get(leaf) or leaf.name or 'a leaf'}.grad{' = None' if gradient is None else ''}"]
        found.append(
            {
                "name": call.name, "place": ", ".join(dict.fromkeys(filter(None, places))),
                "writes": [[shape_text(a.shape), a.dtype.name, size_text(a.nbytes)] for a in call.outputs],
                "operations": list(dict.fromkeys(matched)),
            }
        )  # fmt: skip
    return found
