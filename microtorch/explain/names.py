"""Names of parameters: by their dotted paths in the model that ran."""

from ..autograd.graph import nodes_below
from ..tensor import edge_of


def newest_first(loss):
    """Every node of the graph of `loss`, newest first."""
    return sorted(nodes_below([edge_of(loss)]), key=lambda node: node.number, reverse=True)


def outermost(nodes):
    """The outermost module that ran, of the newest node that ran in one; None if there is none."""
    for node in nodes:
        scope = node.scope
        if scope is not None:
            while scope[1] is not None:
                scope = scope[1]
            return scope[0]
    return None


def paths_of(model):
    """{parameter: dotted path}; empty without a model."""
    return {p: path for path, p in model.named_parameters()} if model is not None else {}


def called(tensor, paths):
    """A tensor in a sentence."""
    name = paths.get(tensor) or tensor.name
    return f"{name} {tensor.shape}" if name else f"this tensor of shape {tensor.shape}"
