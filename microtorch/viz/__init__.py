"""Pictures of the graph, of the backward pass and of training.

Importing it is light: graphviz, pygraphviz and matplotlib are imported when something is rendered.
"""

from . import plots
from .draw import Drawing, draw
from .explore import explore
from .graph import graph
from .text import tree

__all__ = ["Drawing", "draw", "explore", "graph", "plots", "tree"]
