"""The graph as edges: where a gradient goes from an argument of a node; see Note [Edges] in tensor.py."""


def maker(edge):
    """The node that an edge leads to, and which of its outputs; (None, 0) for leaves and for no edge."""
    if type(edge) is tuple:
        return edge
    return edge if hasattr(edge, "number") else None, 0


def nodes_below(edges):
    """Every node that `edges` lead to, directly or further on, each once. A list, not recursion: graphs are deep."""
    found = {}
    waiting = list(edges)
    for edge in waiting:  # it grows as we go
        node, _ = maker(edge)
        if node is not None and node not in found:
            found[node] = None
            waiting += node.edges
    return list(found)


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    from .extending import saved  # what torch.autograd.graph has; it needs more than this module may import

    if name in saved.__all__:
        return getattr(saved, name)
    from ..pytorch.absent import refuse

    raise refuse("autograd.graph", name, saved.__all__)
