"""Pictures of the graph, of the backward pass and of training.

Importing it is light: graphviz, pygraphviz and matplotlib are imported when something is rendered.
"""

from .drawing.draw import Drawing, draw
from .drawing.text import tree
from .page.explore import Page, explore
from .plots import plots
from .plots.grid import make_grid, save_image
from .records.graph import graph
from .training.page import compare
from .training.record import Recording, record

__all__ = [
    "Drawing",
    "Page",
    "Recording",
    "compare",
    "draw",
    "explore",
    "graph",
    "make_grid",
    "plots",
    "record",
    "save_image",
    "tree",
]
