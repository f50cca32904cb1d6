"""A View as DOT source: what each kind of box looks like and says."""

from html import escape

import numpy as np

from ...errors import visible
from ..records.measures import measured
from ..records.records import Operation
from . import colors
from .layout import curve, layered
from .numbers import number, shape_text, size_text, summary, time_text
from .svg import write_svg

MANY = 6  # arguments that the text of an arrow lists
FEW = 24  # operations up to which what they keep gets boxes of its own
LONGEST, LONGEST_TOOLTIP = 80, 400  # characters of a line
FONT = "Helvetica,Arial,sans-serif"
LEGEND = {
    "operation": "operation",
    "module": "module, folded",
    "parameter": "parameter",
    "frozen": "frozen parameter",
    "buffer": "buffer",
    "input": "input",
    "saved": "kept for backward",
    "output": "output",
    "failed": "failed call",
}


class Dot:
    """Writes a View as DOT."""

    def __init__(self, view, shown, direction, color):
        self.view, self.shown, self.direction = view, shown, direction
        self.places, self.bar = measured(view.graph, color) if color else ({}, None)
        dtypes = [e.dtype for e in view.graph.edges]
        self.dtype = max(sorted(set(dtypes)), key=dtypes.count) if dtypes else ""
        operations = [b for b in view.boxes if b.kind == "operation"]
        self.saved_boxes = "saved" in shown and len(operations) <= FEW

    def source(self):
        """The whole source."""
        import graphviz

        dot = graphviz.Digraph(
            graph_attr={
                "fontname": FONT, "fontsize": "11", "fontcolor": colors.SOFT, "rankdir": "TB", "nodesep": "0.3",
                "ranksep": "0.35", "pad": "0.2", "bgcolor": colors.PAPER, "labelloc": "b",
            },
            node_attr={"fontname": FONT, "fontsize": "12", "fontcolor": colors.INK, "shape": "box", "style": "filled",
                       "margin": "0.12,0.05", "height": "0.3"},
            edge_attr={"fontname": FONT, "fontsize": "9", "fontcolor": colors.SOFT, "color": "#8b8577",
                       "arrowsize": "0.6"},
        )  # fmt: skip
        if "legend" in self.shown:
            dot.attr(label=self._legend())
        self._inside(dot, None)
        for arrow in self.view.arrows:
            self._arrow(dot, arrow)
        return dot.source

    def _inside(self, dot, frame):
        """Boxes directly in `frame`, then the frames in it."""
        for box in self.view.boxes:
            if box.frame is frame:
                self._box(dot, box)
        for inner in self.view.frames:
            if inner.parent is frame:
                with dot.subgraph(name=f"cluster_{inner.id}") as cluster:
                    cluster.attr(
                        label=plain(inner.title), labeljust="l", labelloc="t", fontsize="10", margin="10",
                        style="rounded,dashed" if inner.times == 1 else "rounded,bold",
                        color="#8b8577" if inner.times == 1 else colors.INK,
                    )  # fmt: skip
                    self._inside(cluster, inner)

    # -- boxes -----------------------------------------------------------------------------------------------------

    def _box(self, dot, box):
        attributes, ink, lines = self._look(box)
        dot.node(box.id, label=_table(lines, ink), tooltip=plain(_tooltip(box.record), LONGEST_TOOLTIP), **attributes)
        if box.kind == "operation" and box.record.saved and self.saved_boxes:
            self._saved(dot, box)

    def _look(self, box):
        """Attributes of a box, the colour of its text, and its lines."""
        record = box.record
        failed = box.kind == "operation" and record.error is not None
        fill, line = colors.KINDS["failed" if failed else box.kind]
        style = {"operation": "filled,rounded", "module": "filled,rounded"}.get(box.kind, "filled")
        attributes = {"fillcolor": fill, "color": line}
        if box.kind == "parameter":
            attributes["penwidth"] = "2"
            if not record.used or any(".grad is None" in text for text, _ in self._gradient_lines(record)):
                style += ",dashed"
            if record.state == "stale":
                attributes["color"] = colors.WARNING
        elif box.kind == "output":
            attributes["peripheries"] = "2"
        elif box.kind == "module":
            attributes["penwidth"] = "2"
        elif failed:
            attributes.update(penwidth="3")
        lines = [(visible(text, LONGEST), kind) for text, kind in self._lines(box)]
        ink = colors.INK
        places = [self.places[r] for r in box.records if r in self.places]
        if places:  # a folded module: the extreme of what is in it
            place = None if None in places else max(places)
            attributes["fillcolor"] = colors.WARNING if place is None else colors.on_scale(place)
            ink = colors.ink_on(attributes["fillcolor"])
        return {"style": style, **attributes}, ink, lines

    def _lines(self, box):
        if getattr(box.record, "error", None) is not None:
            return self._failed(box.record)
        return getattr(self, f"_lines_of_{box.kind}", self._lines_of_value)(box)

    def _saved(self, dot, box):
        fill, line = colors.KINDS["saved"]
        saved = box.record.saved
        what = what_is_kept(saved)
        shapes = ", ".join(dict.fromkeys(shape_text(s.shape) for s in saved))
        label = _table([("keeps " + what, "b"), (f"{shapes} · {size_text(box.record.nbytes)}", "s")], colors.INK)
        name = f"{box.id}_saved"
        dot.node(name, label=label, style="filled,dashed", fillcolor=fill, color=line, tooltip="kept for backward")
        # minlen 0 puts it beside the operation; `rank=same` inside clusters has made Graphviz abort.
        dot.edge(box.id, name, minlen="0", style="dashed", arrowhead="none", color=line)

    def _lines_of_operation(self, box):
        o = box.record
        lines = [(o.name, "b")]
        if o.labels:
            lines.append(("→ " + ", ".join(o.labels), "s"))
        if o.options:
            lines.append((", ".join(f"{k}={v}" for k, v in o.options.items()), "s"))
        if "formulas" in self.shown and o.formula:
            lines += [(o.formula, "s"), *((part.strip(), "g") for part in o.gradient.split(",  "))]
        if "values" in self.shown:
            lines += [("= " + summary(a), "s") for a in o.arrays if a is not None]
        if "gradients" in self.shown:
            for dy in o.grads:
                if dy is not None:
                    lines.append(("∂ " + summary(dy), "g"))
                elif self.view.graph.gradients:
                    lines.append(("∂ no gradient comes here", "g"))
        if o.nbytes and ("bytes" in self.shown or ("saved" in self.shown and not self.saved_boxes)):
            lines.append((f"keeps {size_text(o.nbytes)}", "s"))
        if "time" in self.shown and o.seconds is not None:
            lines.append((f"backward {time_text(o.seconds)}", "s"))
        return lines

    def _failed(self, o):
        """The call that failed: its words, wrapped."""
        words, rows = o.error.split(), [""]
        for word in words:
            if len(rows[-1]) + len(word) > 44:
                rows.append("")
            rows[-1] = f"{rows[-1]} {word}".strip()
        return [(f"✗ {o.name} failed here", "w"), *((row, "s") for row in rows[:6])]

    def _lines_of_value(self, box):
        v = box.record
        name = v.name or v.kind
        if v.scope is not None and v.scope.path and name.startswith(v.scope.path + "."):
            name = name[len(v.scope.path) + 1 :]  # the frame around it says the rest
        lines = [(name + (f" (× {box.times} alike)" if box.times > 1 else ""), "b")]
        lines.append((shape_text(v.shape) + ("" if v.dtype == self.dtype else f" {v.dtype}"), "s"))
        if v.kind == "frozen":
            lines.append(("frozen: requires_grad=False", "s"))
        if not v.used:
            lines.append(("not reached by this graph", "w"))
        scalar = v.kind == "output" and v.tensor.numel() == 1
        if "values" in self.shown or scalar or (v.kind == "input" and v.tensor.ndim == 0):
            lines.append(("= " + summary(v.array), "s"))
        return lines + self._gradient_lines(v)

    def _gradient_lines(self, v):
        """Gradients, and a word on a ``.grad`` that is None, zero or left over."""
        lines, asked = [], "gradients" in self.shown
        if asked and v.grad is not None and (self.view.graph.gradients or v.state in ("filled", "zero")):
            lines.append(("∂ " + summary(v.grad), "g"))
        if v.state == "none" and (asked or self.view.graph.released):
            lines.append((".grad is None", "s"))
        elif v.state == "zero" or (v.state == "filled" and v.grad is not None and not np.any(v.grad)):
            lines.append((".grad is all zero", "w"))
        elif v.state == "stale":
            lines.append((".grad is left over", "w"))
        return lines

    def _lines_of_module(self, box):
        operations = [r for r in box.records if isinstance(r, Operation)]
        parameters = [r for r in box.records if not isinstance(r, Operation)]
        lines = [(box.title, "b"), (f"{len(operations)} operation{'s' * (len(operations) > 1)}", "s")]
        if parameters:
            count = sum(p.tensor.numel() for p in parameters)
            lines.append((f"{len(parameters)} parameter{'s' * (len(parameters) > 1)}, {count:,} numbers", "s"))
        if kept := sum({s.memory: s.nbytes for o in operations for s in o.saved or ()}.values()):
            lines.append((f"keeps {size_text(kept)}", "s"))
        if "time" in self.shown and any(o.seconds for o in operations):
            lines.append((f"backward {time_text(sum(o.seconds or 0 for o in operations))}", "s"))
        return lines

    # -- arrows and legend -------------------------------------------------------------------------------------------

    def _arrow(self, dot, arrow):
        edge = arrow.edges[0]
        text = shape_text(edge.shape) + ("" if edge.dtype == self.dtype else f"\n{edge.dtype}")
        if len(arrow.edges) > 1:
            text += f"\n({', '.join(e.argument for e in arrow.edges[:MANY])}{', …' * (len(arrow.edges) > MANY)})"
        source, target, attributes = (
            arrow.source.id,
            arrow.target.id,
            {"label": " " + text.replace("\\", "\\\\").replace("\n", "\n ")},
        )
        if arrow.source.kind in ("parameter", "frozen", "buffer", "input"):
            attributes["label"] = ""  # the box says it
        if arrow.source.kind in ("operation", "module") and arrow.target.kind in ("operation", "module"):
            attributes["weight"] = "12"  # the way of the values is a straight line
        flows = any(e.flows for e in arrow.edges)
        if not flows and self.direction != "forward":
            attributes.update(style="dotted", arrowhead="none")
        elif self.direction == "backward":
            attributes.update(color=colors.GRADIENT, dir="back")
        elif self.direction == "both":
            attributes.update(color=f"#6b665b:{colors.GRADIENT}", dir="both")
        if self.direction == "backward":  # the loss on top: gradients fall
            attributes["dir"] = "forward" if flows else "none"
            source, target = target, source
        dot.edge(
            source,
            target,
            tooltip=plain(f"{edge.argument or 'output'}: {shape_text(edge.shape)} {edge.dtype}"),
            **attributes,
        )

    def svg(self):
        """The picture as SVG, without Graphviz, frames and kept values: for large graphs."""
        looks = {box: self._look(box) for box in self.view.boxes}
        sizes = {
            box: (max(6.8 * len(text) for text, _ in rows) + 20, 16.0 * len(rows) + 10)
            for box, (_, _, rows) in looks.items()
        }
        backward = self.direction == "backward"
        arrows = [(a.target, a.source) if backward else (a.source, a.target) for a in self.view.arrows]
        at = layered(sizes, arrows)
        boxes, lines = [], []
        for box, (look, ink, rows) in looks.items():
            boxes.append(
                {
                    "x": at[box][0], "y": at[box][1], "width": sizes[box][0], "height": sizes[box][1], "ink": ink,
                    "fill": look["fillcolor"], "line": look["color"], "dashed": "dashed" in look["style"],
                    "round": "rounded" in look["style"], "double": "peripheries" in look, "rows": rows,
                    "tooltip": _tooltip(box.record),
                }
            )  # fmt: skip
        for (upper, lower), arrow in zip(arrows, self.view.arrows, strict=True):
            (x0, y0), (x1, y1) = at[upper], at[lower]
            still = self.direction != "forward" and not any(e.flows for e in arrow.edges)
            points = curve((x0, y0 + sizes[upper][1] / 2), (x1, y1 - sizes[lower][1] / 2), y1 - y0)
            lines.append((points, "#8b8577" if still or not backward else colors.GRADIENT, still))
        return write_svg(boxes, lines, self._notes())

    def _legend(self):
        kinds = ["failed" if getattr(b.record, "error", None) else b.kind for b in self.view.boxes]
        if self.saved_boxes and any(b.record.saved for b in self.view.boxes if b.kind == "operation"):
            kinds.append("saved")
        cells = []
        for kind, word in LEGEND.items():
            if kind in kinds and not (self.bar and kind != "saved"):
                fill, line = colors.KINDS[kind]
                style = {"operation": "rounded", "module": "rounded", "saved": "dashed"}.get(kind, "solid")
                look = f'border="1" bgcolor="{fill}" color="{line}" style="{style}"'
                cells.append(f'<td {look}><font color="{colors.INK}">{word}</font></td>')
        rows = [f"<tr>{''.join(cells)}</tr>"] if cells else []
        if self.bar:
            title, low, high = self.bar
            steps = "".join(f'<td bgcolor="{colors.on_scale(i / 8)}" width="16"> </td>' for i in range(9))
            rows.append(f"<tr><td>{_markup(title)}: {low}</td>{steps}<td>{high}</td></tr>")
        span = max(len(cells), 11 if self.bar else 1)
        rows.append(f'<tr><td colspan="{span}">{escape(self._notes())}</td></tr>')
        return f'<<table border="0" cellborder="0" cellspacing="5" cellpadding="3">{"".join(rows)}</table>>'

    def _notes(self):
        """The attributes of the whole picture, in one line."""
        notes = {
            "forward": "arrows: values", "backward": "arrows: gradients",
            "both": "grey arrows: values · orange arrows: gradients",
        }[self.direction]  # fmt: skip
        notes += f" · {self.dtype} unless it says otherwise" if self.dtype else ""
        if self.view.graph.nbytes:
            notes += f" · keeps {size_text(self.view.graph.nbytes)} in all"
        if self.view.graph.released:
            notes += " · drawn after backward: what was kept is released"
        return notes


def what_is_kept(saved):
    """``x and w`` for a list of Saved."""
    *most, last = dict.fromkeys("its output" if s.of == "output" else s.of for s in saved)
    return f"{', '.join(most)} and {last}" if most else last


def plain(text, longest=LONGEST):
    """A text as a quoted string of DOT, where ``<...>`` and ``\\N`` mean something."""
    import graphviz

    return graphviz.escape(visible(text, longest))


def _markup(text):
    """A text inside of an HTML-like label, where a backslash means something too."""
    return escape(text).replace("\\", "&#92;&#92;")


def _table(lines, ink):
    """Rows of text as an HTML-like label: (text, "b" title, "s" small, "g" gradient, "w" warning)."""
    rows = []
    for text, kind in lines:
        text = _markup(text) or " "
        if kind == "b":
            rows.append(f'<tr><td><font color="{ink}"><b>{text}</b></font></td></tr>')
            continue
        tint = {"g": colors.GRADIENT, "w": colors.WARNING}.get(kind, ink) if ink == colors.INK else ink
        bold = f"<b>{text}</b>" if kind == "w" else text
        rows.append(f'<tr><td><font color="{tint}" point-size="10">{bold}</font></td></tr>')
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{"".join(rows)}</table>>'


def _tooltip(record):
    if isinstance(record, Operation):
        scope = f" in {record.scope.path}" if record.scope is not None and record.scope.path else ""
        text = f"{record.name}{scope}: {record.formula or record.error or 'no formula'}"
    else:
        text = f"{record.kind} {record.name}: {number(record.tensor.numel())} numbers, {record.dtype}"
    return visible(text, LONGEST_TOOLTIP)
