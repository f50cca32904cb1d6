"""DOT source to SVG, PNG or PDF: by the `dot` program where there is one, else by pygraphviz's own Graphviz."""

import importlib.util
import re
import shutil
import subprocess
import sys

from ...errors import GraphError

# A process of its own, although the libraries could run in this one: on some graphs Graphviz calls abort(), which
# would take the user's session along, and fontconfig writes warnings straight to file descriptor 2. It costs 0.2 s.
_PYGRAPHVIZ = """
import sys, pygraphviz
source = sys.stdin.buffer.read().decode()
picture = pygraphviz.AGraph(string=source).draw(format=sys.argv[1], prog="dot", args=" ".join(sys.argv[2:]))
sys.stdout.buffer.write(picture)
"""

PATIENCE = 60  # seconds; on graphs with many long edges Graphviz can take hours


def render(source, format):
    """The picture of a DOT source.

    Parameters
    ----------
    source : str
    format : {"svg", "png", "pdf", "json0"}

    Returns
    -------
    bytes

    Raises
    ------
    GraphError
        Where neither the `dot` program nor pygraphviz is there (it says what to install), or where Graphviz fails.
    """
    density = ["-Gdpi=144"] if format == "png" else []
    if (program := shutil.which("dot")) is not None:
        command = [program, f"-T{format}", *density]
    elif importlib.util.find_spec("pygraphviz") is not None:
        command = [sys.executable, "-c", _PYGRAPHVIZ, format, *density]
    else:
        raise GraphError(
            f"draw: a picture as {format} needs Graphviz, and neither pygraphviz nor the program dot is here. "
            "Install one: `pip install pygraphviz` (2.0.1 or newer brings all it needs), or Graphviz itself. "
            "viz.tree(loss) prints the graph as text, and .source is its DOT source, without either."
        )
    try:
        done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise GraphError(
            f"draw: Graphviz needs more than {PATIENCE} s for this graph as {format}. Fold it (depth=1), or save it as "
            ".svg or .html, where large graphs are laid out without Graphviz."
        ) from None
    picture = done.stdout
    if done.returncode or not picture:
        words = done.stderr.decode(errors="replace").strip().splitlines()[-3:]
        raise GraphError(f"draw: Graphviz failed on this graph: {' '.join(words)}. viz.tree(loss) prints it as text.")
    if format == "pdf":  # the time of day is no part of the picture: the same input gives the same bytes
        picture = re.sub(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}", rb"\g<1>20000101000000", picture)
    return picture
