"""DOT source to SVG, PNG or PDF: by the `dot` program where there is one, else by pygraphviz's own Graphviz."""

import os
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager

from ..errors import GraphError

_lock = threading.Lock()


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
        Where neither the `dot` program nor pygraphviz is there; it says what to install.
    """
    if (program := shutil.which("dot")) is not None:
        done = subprocess.run([program, f"-T{format}", *_density(format)], input=source.encode(), capture_output=True)
        if done.returncode:
            raise GraphError(f"draw: {program} failed: {done.stderr.decode(errors='replace').strip()}")
        picture = done.stdout
    else:
        try:
            import pygraphviz
        except ImportError as error:
            raise GraphError(
                f"draw: a picture as {format} needs Graphviz, and neither pygraphviz nor the program dot is here. "
                "Install one: `pip install pygraphviz` (2.0.1 or newer brings all it needs), or Graphviz itself. "
                "viz.tree(loss) prints the graph as text, and .source is its DOT source, without either."
            ) from error
        with _lock, _quiet_stderr():
            picture = pygraphviz.AGraph(string=source).draw(format=format, prog="dot", args=" ".join(_density(format)))
    if format == "pdf":  # the time of day is no part of the picture: the same input gives the same bytes
        picture = re.sub(rb"(/(?:CreationDate|ModDate) \(D:)\d{14}", rb"\g<1>20000101000000", picture)
    return picture


def _density(format):
    return ["-Gdpi=144"] if format == "png" else []


@contextmanager
def _quiet_stderr():
    """Fontconfig inside the wheel complains of newer system files, straight to file descriptor 2."""
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr to keep clean
        yield
        return
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
