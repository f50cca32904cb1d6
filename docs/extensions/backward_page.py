"""Makes the page that docs/pictures.md shows, which plays a backward pass, from the net of examples/pictures.py."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1]


def write(app):
    """Before Sphinx copies what lies in _static."""
    pictures = runpy.run_path(str(DOCS.parent / "examples" / "pictures.py"))
    pictures["backward_page"](pictures["FOLDER"])


def setup(app):
    """Hook into the build."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
