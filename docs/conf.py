"""How the site is built: `make docs`."""

import logging
import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "extensions"), str(HERE.parent / "tests"), str(HERE.parent)]

# Pools of threads only wait for one another in networks as small as those of the lessons; also in the kernels.
for pool in ("OPENBLAS", "MKL", "OMP", "NUMBA"):
    os.environ.setdefault(f"{pool}_NUM_THREADS", "1")

# A kernel of our own, whatever kernels are installed: this Python, and quiet.
os.environ["JUPYTER_PATH"] = str(HERE / "extensions" / "jupyter")
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
logging.getLogger("traitlets").setLevel(logging.WARNING)

import microtorch  # noqa: E402

project = "microtorch"
author = "microtorch developers"
copyright = author
version = release = microtorch.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "numpydoc",
    "mathml",
    "reference",
    "notebooks",
    "backward_page",
    "sources",
]
exclude_patterns = ["_build", "extensions", "results/*"]
default_role = "py:obj"  # what docstrings set in single backticks becomes a link where the name is known

# -- pages ----------------------------------------------------------------------------------------------------------
myst_enable_extensions = ["dollarmath", "deflist", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "force"  # outputs are those of the source as it is, not of the day a cache was filled
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_execution_show_tb = True

# -- reference ------------------------------------------------------------------------------------------------------
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = False
viewcode_line_numbers = True
copybutton_exclude = ".linenos, .gp, .go"

# -- look -----------------------------------------------------------------------------------------------------------
html_theme = "furo"
html_title = "microtorch"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1b5fa8", "color-brand-content": "#1b5fa8"},
    "dark_css_variables": {"color-brand-primary": "#7ab8f5", "color-brand-content": "#7ab8f5"},
}
html_math_renderer = "mathml"
