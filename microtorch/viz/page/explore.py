"""`explore`: one page that plays the backward pass, with everything in it: records, numbers, layout and script."""

import inspect
import json
import math
import re
from html import escape
from importlib import resources

import numpy as np

from ...errors import visible
from ...io.files import replacing
from ..drawing.dot import LONGEST_TOOLTIP, what_is_kept
from ..drawing.numbers import number, shape_text, size_text, statistics, time_text
from ..records.graph import graph
from ..records.measures import MEASURES, with_times
from ..records.names import public_function
from .places import lay_out
from .recorded import recorded_calls, recording_of
from .rules import Shown
from .steps import backward_steps

__all__ = ["explore"]


WHOLE = 4096  # numbers up to which a tensor is put into the page whole
IN_SHORT = 3000  # of a step of a recorded training
IN_ALL = 16_384  # numbers in the page, about 200 kB; the tensors after that come as summaries
FEW = 40  # operations up to which what they keep is drawn beside them
MANY = 1000  # tensors, after which summaries become shorter, so that pages of large graphs stay a few MB
EVALUATED = 60  # operations up to which the page can compute with other numbers
LONGEST = 80  # characters of a name in a box
HEIGHT = 620  # pixels of the page in a notebook
WINDOW = 8  # rows and columns that are shown of a larger one


def explore(loss, path=None, model=None, names=None, check=False, captured=None):
    """Write a page that plays the backward pass of `loss`, step by step.

    Parameters
    ----------
    loss : Tensor
        What to differentiate, before its backward (or after ``backward(retain_graph=True)``).
    path : str or path-like, optional
        The .html file to write. It needs no network, and nothing beside it. Without one the page is returned, and a
        notebook shows it.
    model : Module, optional
    names : dict, optional
        As in `draw`.
    check : bool, default False
        Also compute the gradient of each operation numerically, where its inputs are small, and show both.
    captured : CapturedStep, optional
        A step made by `capture` that computes such a loss: the calls of the recording it used last are listed beside
        the graph, in order, and linked with the operations they are made for.

    Returns
    -------
    Page or None
        Without a `path`: the page, which ``save(path)`` writes.

    Raises
    ------
    GraphError
        If a backward has released the graph.
    CaptureError
        If `captured` has no recording: it was not called yet, or it runs eagerly.

    Notes
    -----
    No ``.grad`` changes; hooks run, because they have a say in the gradient. Tensors of up to 4,096 elements are
    shown whole as long as the page stays small, others by statistics, a histogram and a window into them.

    Recorded calls and operations are matched by name, module and occurrence; where their numbers differ, or the graph
    has parameters that the step does not use, they are listed without a link.

    Examples
    --------
    >>> w = microtorch.tensor([3.0, 4.0], requires_grad=True)
    >>> microtorch.viz.explore((w * w).sum(), "backprop.html")  # doctest: +SKIP
    """
    recording = None if captured is None else recording_of(captured)
    records = graph(loss, model, names)
    steps = backward_steps(records, check)
    page = Page(_Contents(with_times(records), steps, recording).html())
    if path is None:
        return page
    page.save(path)
    return None


class Page:
    """A page of `explore`, not yet in a file; made by `explore`, shown by notebooks.

    Attributes
    ----------
    html : str
        The whole page.
    """

    def __init__(self, html):
        self.html = html

    def save(self, path):
        """Write it to `path`, an .html file."""
        with replacing(path) as temporary:
            temporary.write_text(self.html, encoding="utf-8")

    def _repr_html_(self):
        # A frame: the page's styles and scripts stay its own, and those of the notebook away.
        return (
            f'<iframe srcdoc="{escape(self.html)}" style="width:100%;height:{HEIGHT}px;border:1px solid #ccc" '
            'title="backward pass" allowfullscreen></iframe>'
        )

    def __repr__(self):
        return f"<page of explore, {size_text(len(self.html))}: .save('backprop.html') writes it>"


def step_data(loss, model, most):
    """The content of the page of the backward of `loss`, not laid out; None if it has over `most` operations."""
    records = graph(loss, model)
    if len(records.operations) > most:
        return None
    page = _Contents(records, backward_steps(records), None)
    page.left = IN_SHORT
    return page.contents()


def template():
    """The page without its title and its data."""
    files = resources.files(__package__) / "web"
    names = "explorer.html theme.css explorer.css explorer.js explorer_calls.js formula.js what_if.js explorer_panel.js"
    page, theme, style, *scripts = [(files / name).read_text("utf-8") for name in names.split()]
    return page.replace("/*STYLE*/", theme + style).replace("/*SCRIPT*/", "".join(scripts))


def filled(page, title, data):
    """A page with its title and its data put in."""
    data = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # "</script" ends a script also inside a string, and "<!--<script>" makes it end much later.
    parts = {"TITLE": escape(title), '"DATA"': data.replace("<", "\\u003c")}
    return re.sub("|".join(map(re.escape, parts)), lambda place: parts[place[0]], page)  # in one go: names too


class _Contents:
    """Gathers what the page shows into one JSON-able dict."""

    def __init__(self, records, steps, recording):
        self.records, self.steps, self.recording = records, steps, recording
        self.tensors, self.known, self.left = [], {}, IN_ALL
        self.kept = []  # arrays whose id is in `known`, alive so that no other takes it
        self.out, self.into = {}, {}
        self.edge_numbers = {edge: i for i, edge in enumerate(records.edges)}
        for edge in records.edges:
            self.out.setdefault(edge.source, []).append(edge)
            self.into.setdefault(edge.target, []).append(edge)
        self.shown = {o: Shown(o, self.into.get(o, ()), self.tensor) for o in records.operations}

    def html(self):
        """The page."""
        return filled(template(), visible(", ".join(v.name for v in self.records.roots), LONGEST), self.data())

    def data(self):
        """Everything, laid out."""
        found = self.contents()
        lay_out(found)
        return found

    def contents(self):
        """Everything but places; edges and tensors are numbered, nodes named."""
        records = self.records
        # Gradients first: they are what the page is about, so they are the last to be shortened.
        known = all(a is not None for o in records.operations for a in o.arrays)
        self.small = known and len(records.operations) <= EVALUATED
        steps = [self._step(i, step) for i, step in enumerate(self.steps, 1)]
        nodes = [self._operation(o) for o in records.operations] + [self._value(v) for v in records.values]
        if len(records.operations) <= FEW:
            nodes += [self._saved(o) for o in records.operations if o.saved]
        edges = [
            {
                "from": e.source.id, "to": e.target.id, "output": e.output, "argument": e.argument,
                "shape": shape_text(e.shape),
                "dtype": e.dtype, "flows": e.flows,
            }
            for e in records.edges
        ]  # fmt: skip
        modules = [
            {
                "id": s.id,
                "title": visible(s.title, LONGEST),
                "path": visible(s.path, LONGEST_TOOLTIP),
                "parent": s.parent.id if s.parent else None,
            }
            for s in records.scopes
        ]
        found = {
            "nodes": nodes, "edges": edges, "modules": modules, "steps": steps,
            "colors": {name: self._colors(name) for name in ("gradient", "time")},
            "summary": self._summary(), "size": None,
        }  # fmt: skip
        if self.recording is not None:
            found["calls"] = recorded_calls(self.recording, records)
        found["tensors"] = self.tensors
        found["refused"] = self._refused(steps)
        return found

    def _refused(self, steps):
        """Why the page cannot ask "what if", or an empty text."""
        if not self.small:
            return f"the page recomputes graphs of up to {EVALUATED} operations whose values are all known"
        if not all("values" in t for t in self.tensors):
            return "a tensor is too large for the page to hold"
        for operation, shown in self.shown.items():
            if not shown.evaluates():
                return f"the rule of {operation.name} is told in words"
        if any(a["hooked"] for s in steps for a in s["arrivals"]):
            return "a hook has a say in the gradient"
        return ""

    def _summary(self):
        root = self.records.roots[0]
        value = f" {number(root.array.item())}" if root.array.size == 1 else ""
        counts = [
            f"{visible(root.name, LONGEST)}{value}", counted(len(self.steps), "step"),
            counted(len(self.records.parameters), "parameter"), f"keeps {size_text(self.records.nbytes)}",
        ]  # fmt: skip
        return " · ".join(counts)

    def _colors(self, name):
        """{node: place in 0..1} and the ends of the bar."""
        title, measure, text, _ = MEASURES[name]
        found = {r.id: measure(r) for r in (*self.records.operations, *self.records.values)}
        usable = [x for x in found.values() if x is not None and x > 0 and math.isfinite(x)]
        low, high = (min(usable), max(usable)) if usable else (1.0, 1.0)
        span = math.log(high / low) or 1.0
        places = {
            k: 0.0 if not x > 0 else round(min(1.0, math.log(x / low) / span), 3)
            for k, x in found.items()
            if x is not None
        }
        return {"title": title, "low": text(low), "high": text(high), "places": places}

    # -- tensors -----------------------------------------------------------------------------------------------------

    def tensor(self, array):
        """The number of `array` in the page; None for None."""
        if array is None:
            return None
        if id(array) not in self.known:
            self.known[id(array)] = len(self.tensors)
            self.kept.append(array)
            self.tensors.append(self._tensor(array))
        return self.known[id(array)]

    def _tensor(self, array):
        found = {"shape": list(array.shape), "dtype": array.dtype.name}
        if array.size <= min(WHOLE, self.left):
            self.left -= array.size
            found["values"] = [_plain(x) for x in array.ravel()]
        else:
            side = WINDOW if len(self.tensors) < MANY else 2
            matrix = array.reshape(-1, array.shape[-1] if array.ndim else 1)[:side, :side]
            found["window"] = [[_rounded(x.item()) for x in row] for row in matrix]
        if array.size > 16:
            told = statistics(array)
            counts = told.pop("histogram", [])
            found["statistics"] = {k: _rounded(v) for k, v in told.items()}
            if len(counts) > 1 and len(self.tensors) < MANY:
                found["statistics"]["histogram"] = counts
        return found

    # -- nodes -------------------------------------------------------------------------------------------------------

    def _operation(self, o):
        subtitle = ", ".join(o.labels) or ", ".join(shape_text(s) for s in o.shapes if s is not None)
        return {
            "id": o.id, "kind": "operation", "title": visible(o.name, LONGEST),
            "subtitle": visible(("→ " if o.labels else "") + subtitle, LONGEST),
            "module": o.scope.id if o.scope else None, **self.shown[o].told(self.small),
            "doc": _docstring(type(o.node)), "options": o.options, "hooks": bool(o.node.hooks),
            "values": [self.tensor(a) for a in o.arrays], "gradients": [self.tensor(g) for g in o.grads],
            "saved": [[s.of, shape_text(s.shape), s.dtype, size_text(s.nbytes)] for s in o.saved or ()],
            "kept": size_text(o.nbytes) if o.nbytes else "", "time": time_text(o.seconds) if o.seconds else "",
        }  # fmt: skip

    def _saved(self, o):
        shapes = ", ".join(dict.fromkeys(shape_text(s.shape) for s in o.saved))
        return {
            "id": f"{o.id}_saved", "kind": "saved", "title": f"keeps {what_is_kept(o.saved)}", "of": o.id,
            "subtitle": f"{shapes} · {size_text(o.nbytes)}", "module": o.scope.id if o.scope else None,
        }  # fmt: skip

    def _value(self, v):
        name = v.name or next((e.argument for e in self.out.get(v, ())), "") or v.kind
        small = v.array.size == 1 and v.kind in ("output", "input", "buffer")
        return {
            "id": v.id, "kind": v.kind, "title": visible(_short(name), LONGEST),
            "subtitle": number(v.array.item()) if small else shape_text(v.shape),
            "name": visible(name, LONGEST_TOOLTIP),
            "module": v.scope.id if v.scope else None, "values": [self.tensor(v.array)],
            "gradients": [self.tensor(v.grad)], "state": v.state, "used": v.used,
            "stale": self.tensor(v.tensor.grad._array) if v.state in ("stale", "filled") else None,
            "users": len(self.out.get(v, ())),
        }  # fmt: skip

    # -- steps -------------------------------------------------------------------------------------------------------

    def _step(self, i, step):
        o = step.operation
        arrivals = [
            {
                "edge": self.edge_numbers[a.edge], "part": self.tensor(a.part), "nth": a.nth,
                "total": self.tensor(a.total), "hooked": a.hooked,
            }
            for a in step.arrivals
        ]  # fmt: skip
        found = {"node": o.id, "arrivals": arrivals, "rules": self.shown[o].gradients(step)}
        if step.error is not None:
            found["error"] = _error_text(step.error)
        return found


def counted(n, thing):
    """``1 step``, ``2 steps``."""
    return f"{n:,} {thing}" + "s" * (n != 1)


def _error_text(error):
    """``6·10⁻⁸``."""
    if not error:
        return "0"
    mantissa, _, exponent = f"{error:.0e}".partition("e")
    return f"{mantissa}·10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _short(name):
    return name.rpartition(".")[2] or name


def _plain(x):
    """A number as JSON has it, with the fewest digits that give it back."""
    if x.dtype.kind != "f":
        return x.item()
    return float(str(x)) if np.isfinite(x) else str(x)


def _rounded(x):
    return x if isinstance(x, int | bool) else float(f"{x:.4g}") if math.isfinite(x) else str(x)


def _docstring(cls):
    """The first paragraph of the public function of an operation."""
    function = public_function(cls)
    return (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ") if function is not None else ""
