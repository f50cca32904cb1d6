"""``%load_ext microtorch``: the cell magic ``%%backprop``, which shows the backward pass of a cell's last value."""

import ast

from ...errors import GraphError, describe
from ...tensor import Tensor
from ..drawing.draw import draw
from ..drawing.text import tree
from .explore import explore

__all__ = ["load_ipython_extension"]

_SHOWN = {"": explore, "explore": explore, "draw": draw, "tree": tree}


def load_ipython_extension(ipython):
    """Give an IPython shell the magic ``%%backprop``."""
    ipython.register_magic_function(lambda line, cell: backprop(ipython, line, cell), "cell", "backprop")


def backprop(ipython, line, cell):
    """Run a cell and show the backward pass of its last value, a tensor that requires a gradient.

    Parameters
    ----------
    ipython : InteractiveShell
    line : str
        How: ``explore``, the page that plays it, which is the default; ``draw``, a picture; ``tree``, text.
    cell : str

    Returns
    -------
    Page, Drawing or str
    """
    show = _SHOWN.get(line.strip())
    if show is None:
        raise ValueError(f"%%backprop: {line.strip()!r} is none of explore, draw and tree.")
    body = ast.parse(ipython.transform_cell(cell)).body
    names, last = ipython.user_ns, body[-1] if body else None
    if isinstance(last, ast.Expr):
        _run(ipython, body[:-1], names)
        value = eval(ipython.compile(ast.Expression(last.value), _file(ipython, cell), "eval"), names)
    else:
        _run(ipython, body, names)
        target = last.targets[-1] if isinstance(last, ast.Assign) else last
        value = names.get(target.id) if isinstance(target, ast.Name) else None
    if not isinstance(value, Tensor) or not value.requires_grad:
        raise GraphError(
            f"%%backprop: the last value of the cell is {describe(value)}, and nothing that leads to a gradient. End "
            "the cell with the loss, before its backward."
        )
    return show(value, names={name: x for name, x in names.items() if isinstance(x, Tensor)})


def _run(ipython, statements, names):
    if statements:
        exec(ipython.compile(ast.Module(statements, []), _file(ipython, ""), "exec"), names)


def _file(ipython, cell):
    """The name under which tracebacks find the lines of a cell."""
    return ipython.compile.cache(cell) if cell else "<cell>"
