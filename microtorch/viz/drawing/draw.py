"""`draw`: the graph as a picture, through Graphviz."""

import os
from html import escape

from ...io.files import replacing
from ..records.folding import fold
from ..records.graph import graph, with_gradients
from ..records.measures import MEASURES, with_times
from .dot import Dot
from .layout import LARGE
from .render import render
from .text import as_text

__all__ = ["Drawing", "draw"]


SHOWN = ("saved", "values", "gradients", "bytes", "time", "formulas", "legend")


def draw(loss, model=None, names=None, show=("saved", "legend"), depth=None, direction="forward", color=None):
    """A picture of the graph that leads to `loss`.

    Operations are rounded and grey, parameters blue with a thick line, inputs pale, values kept for backward dashed
    and amber, results green with a double line; frames are modules. A legend says so in the picture.

    Parameters
    ----------
    loss : Tensor, or sequence or dict of Tensor, or Exception
        What to draw. For the exception of a failed forward: the graph so far, with the failing call marked.
    model : Module, optional
        Names its parameters, and shows those that the graph does not reach. Default: the outermost module that ran.
    names : dict, optional
        Names of further tensors. Default: those of the caller's variables.
    show : str or sequence of str, default ("saved", "legend")
        Of "saved" (what is kept for backward), "values", "gradients", "bytes" (kept by each operation), "time" (of
        each operation's backward, measured now), "formulas", "legend"; "all" for all of them.
    depth : int, optional
        Modules nested deeper are one box each: 0 draws the model as one. Default: everything where that is readable,
        else repeated blocks once (``× N``), else as deep as is readable.
    direction : {"forward", "backward", "both"}, default "forward"
        The way of the arrows: values, gradients, or the one laid over the other.
    color : {"gradient", "nan", "dead", "time", "bytes"}, optional
        Colour the boxes by the norm of the gradient, the share of NaN and inf, the share of dead units, the time of
        the backward, or the bytes kept, in place of their kind.

    Returns
    -------
    Drawing
        Notebooks show it. ``.save(path)`` writes svg, png, pdf, dot or html; ``.source`` is the DOT source,
        ``.records`` what it was made from.

    Raises
    ------
    GraphError
        If an exception is given in which no operation failed.
    ValueError
        For unknown options.

    Notes
    -----
    Gradients are computed for the picture, as `microtorch.autograd.grad` would; no ``.grad`` changes, hooks run.
    After a backward has released the graph, those of the parameters are what ``.grad`` holds, the others are unknown.
    A ``.grad`` that is None, zero, or left over from the backward of another graph is marked, each in its way.

    Examples
    --------
    >>> w = microtorch.tensor([3.0, 4.0], requires_grad=True)
    >>> picture = microtorch.viz.draw(w * w, names={"w": w})
    >>> picture
    <Drawing: 1 operation, 1 parameter>
    >>> picture.save("square.dot")  # doctest: +SKIP
    """
    shown = _choices(show)
    if direction not in ("forward", "backward", "both"):
        raise ValueError(f"direction={direction!r} is none of 'forward', 'backward', 'both'")
    if color is not None and color not in MEASURES:
        raise ValueError(f"color={color!r} is none of {', '.join(map(repr, MEASURES))}")
    found = graph(loss, model, names)
    if shown & {"gradients", "time"} or color in ("gradient", "nan", "time"):
        with_gradients(found)
    if "time" in shown or color == "time":
        with_times(found)
    return Drawing(found, fold(found, depth), shown, direction, color)


def _choices(show):
    shown = {show} if isinstance(show, str) else set(show)
    if "all" in shown:
        return set(SHOWN)
    if unknown := shown - set(SHOWN):
        raise ValueError(f"show={sorted(unknown)} is none of {', '.join(SHOWN)}, all")
    return shown


class Drawing:
    """A picture of a graph; made by `draw`.

    Attributes
    ----------
    source : str
        Its DOT source.
    records : Graph
        What it shows: operations, values, edges, modules.
    view : View
        What of that is visible, after folding.
    """

    def __init__(self, records, view, shown, direction, color):
        self.records, self.view = records, view
        self._dot = Dot(view, shown, direction, color)
        self.source = self._dot.source()

    def save(self, path):
        """Write the picture; the ending says how: .svg, .png, .pdf, .dot or .html.

        Raises
        ------
        GraphError
            For svg, png, pdf and html where there is no Graphviz; it says what to install.
        ValueError
            For another ending.
        """
        ending = os.path.splitext(path)[1].lower().lstrip(".")
        if ending in ("dot", "gv"):
            content = self.source.encode()
        elif ending == "html":
            content = self._page().encode()
        elif ending in ("svg", "png", "pdf"):
            content = self._render(ending)
        else:
            raise ValueError(f"save: {path} does not end in .svg, .png, .pdf, .dot or .html")
        with replacing(path) as temporary:
            temporary.write_bytes(content)

    def _render(self, format):
        if format == "svg" and len(self.view.boxes) > LARGE:
            return self._dot.svg().encode()
        return render(self.source, format)

    def _page(self):
        svg = self._render("svg").decode()
        svg = svg[svg.index("<svg") :]
        return (
            '<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{escape(_count(self.records))}</title>"
            "<style>body{margin:0;background:#fff}svg{display:block;max-width:100%;height:auto;margin:auto}</style>\n"
            f"{svg}</html>\n"
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {"text/plain": repr(self)}
        try:
            bundle["image/svg+xml"] = self._render("svg").decode()
        except Exception as error:  # a notebook shows what there is, never a traceback
            bundle["text/plain"] = f"{as_text(self.records)}\n\n{error}"
        return bundle

    def __repr__(self):
        return f"<Drawing: {_count(self.records)}>"


def _count(records):
    def some(n, word):
        return f"{n} {word}" if n == 1 else f"{n} {word}s"

    return f"{some(len(records.operations), 'operation')}, {some(len(records.parameters), 'parameter')}"
