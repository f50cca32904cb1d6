"""Lesson 1: the chain rule as a graph.

Fill in what raises NotImplementedError, then run `python -m microtorch check exercises/01`.
"""


def gradients(a, b, c):
    """The derivatives (da, db, dc) of L = (a·b + c)² by a, b and c, all of them floats.

    Walk the graph from L back: first L by the sum, then the sum by the product and by c, then the product by a and b.
    """
    raise NotImplementedError


def derivative(edges, start, end):
    """The derivative of `end` by `start` in any graph: the sum over all paths of the product of the local derivatives.

    `edges` has for each node a list of (next node, local derivative of the next by this one), for instance
    {"x": [("u", 2.0), ("v", 3.0)], "u": [("y", 5.0)], "v": [("y", 7.0)]}, where y by x is 2·5 + 3·7.
    """
    raise NotImplementedError
