"""The messages of the engine where it cannot go on."""

from .graph import maker, nodes_below
from .mode import scope_title


def called_at(node):
    """Where `node` was made, for a message, if `detect_anomaly` was on to remember it."""
    line = node.__dict__.get("line")
    return f" (called at {line})" if line else ""


def where(node):
    """Which operation on which shapes, in which module, as a note on an exception of its backward."""
    shapes = [str(tuple(x.shape)) for x in node.inputs if hasattr(x, "shape")]
    of = f" of {', '.join(shapes)}" if shapes else ""
    return f"In the backward of {node.name()}{of}{f', in {scope_title(node.scope)}' if node.scope else ''}."


def released(node, user=None):
    """A second backward through `node`, on behalf of the `user` of the loss."""
    roots = [maker(edge)[0] for edge in user.edges] if user else []
    if not roots or any(getattr(root, "done", False) for root in roots):
        return (
            f"backward: the values that {node.name()}{called_at(node)} saved were released by an earlier backward "
            "through the same graph. Compute the loss anew for each backward, or keep the values with "
            "backward(retain_graph=True)."
        )
    users = [(a, edge) for n in nodes_below(user.edges) for a, edge in zip(n.inputs, n.edges, strict=True)]
    names = [a.name for a, edge in users if maker(edge)[0] is node and a.name]
    which = f", whose result is {names[0]}," if names else ""
    return (
        f"backward: this loss is new, but a part of its graph is older: the values that {node.name()}{called_at(node)}"
        f"{which} saved were released by an earlier backward. Compute that part inside the loop too; where only its "
        "values are to go on, as with a hidden state, cut it off with h = h.detach(); or keep the values with "
        "backward(retain_graph=True) the first time."
    )


def wrong_count(node, dxs):
    """A backward that returned too many gradients, or too few."""
    return (
        f"{node.name()}.backward returned {len(dxs)} gradients for {len(node.inputs)} arguments. "
        "Return one for each argument of forward, None where there is none; trailing Nones may be left out."
    )


def wrong_shape(node, dx, shape):
    """A gradient that does not fit its argument."""
    return (
        f"{node.name()}.backward returned a gradient of shape {tuple(dx.shape)} for an input of shape {shape}. "
        "A gradient has its input's shape (or one that the input broadcasts to)."
    )


def saved_intermediate(node, position, shape):
    """A second derivative through what has no place in the graph."""
    return (
        f"{node.name()} saved an intermediate (position {position} of save_for_backward, shape {shape}), "
        "so its second derivative would be wrong. Save inputs or the output only, and compute the "
        "intermediate again in backward."
    )


def overwritten(node, array, change):
    """A saved value that was changed in place, by `change`."""
    _, operation, line = change
    names = [a.name for a in node.inputs if getattr(a, "_array", None) is array and a.name]
    value = f"{names[0]} of shape" if names else "a value of shape"
    remedy = (
        "Run every backward that needs the old values before the step, or compute the loss anew after it."
        if operation.endswith(".step")
        else "Use a version that makes a new tensor (y = y + 1 rather than y += 1), change a copy (t.clone()), "
        "or make the change after backward."
    )
    return (
        f"backward: {node.name()}{called_at(node)} saved {value} {array.shape}, which was changed in place "
        f"afterwards, by {operation} at {line}. {remedy}"
    )
