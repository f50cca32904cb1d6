"""How tensors and modules look in a notebook: numbers on a diverging scale, layers with their parameters."""

from html import escape

import numpy as np

from ...errors import visible
from ..drawing.numbers import number, shape_text, size_text, summary

LONGEST = 400  # characters of a line
ROWS, COLUMNS = 8, 12  # of a matrix; larger ones are told by a histogram and statistics


def tensor_html(tensor):
    """A tensor as HTML: its kind in a line, and its numbers as a tinted table or, if they are many, as a summary."""
    array = tensor._array
    marks = [shape_text(tensor.shape), tensor.dtype.name, size_text(tensor.nbytes)]
    if tensor.name:
        marks.insert(0, tensor.name)
    if tensor.grad_fn is not None:
        marks.append(f"made by {tensor.grad_fn.name()}")
    elif tensor.requires_grad:
        marks.append("requires a gradient" if tensor.grad is None else "has a gradient")
    head = f"<div><strong>tensor</strong> {escape(visible(' · '.join(marks), LONGEST))}</div>"
    if array.ndim <= 2 and array.size and max(array.shape[:1], default=1) <= ROWS and _width(array) <= COLUMNS:
        return head + _table(np.atleast_2d(array))
    return f"{head}<div><code>{escape(summary(array))}</code></div>"


def _width(array):
    return array.shape[-1] if array.ndim else 1


def _table(matrix):
    largest = np.abs(matrix[np.isfinite(matrix)].astype(np.float64)).max(initial=0.0) or 1.0
    rows = "".join("<tr>" + "".join(_cell(x, largest) for x in row) + "</tr>" for row in matrix)
    return f'<table style="font-family:monospace;border-collapse:collapse">{rows}</table>'


def _cell(x, largest):
    # Orange to blue, as in all pictures: colour-blind readers tell them apart, and the sign is there in print as well.
    share = float(np.clip(float(x) / largest, -1, 1)) if np.isfinite(float(x)) else 0.0
    colour = "0,114,178" if share > 0 else "230,97,1"
    tint = f"background:rgba({colour},{abs(share) * 0.5:.2f})"
    return f'<td style="padding:1px 6px;text-align:right;{tint}">{number(x)}</td>'


def module_html(module):
    """A module as HTML: its tree, which folds, with the parameters of each layer and their number."""
    total = sum(p.numel() for p in module.parameters())
    return _branch("", module, opened=True) + f"<div>{total:,} parameters</div>"


def _branch(name, module, opened=False):
    own = [f"{label} {shape_text(p.shape)}" for label, p in module.named_parameters(recurse=False)]
    title = f"{name}: " if name else ""
    line = f"{title}{type(module).__name__}({module.extra_repr()})" + (f"  {', '.join(own)}" if own else "")
    line = escape(visible(line, LONGEST))
    children = "".join(_branch(label, child) for label, child in module.named_children())
    if not children:
        return f'<div style="margin-left:1.2em">{line}</div>'
    return (
        f'<details style="margin-left:1.2em"{" open" if opened else ""}><summary>{line}</summary>{children}</details>'
    )
