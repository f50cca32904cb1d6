"""A large picture as SVG, written here: Graphviz takes a minute for 2,000 boxes even when told where they are."""

from html import escape

from . import colors

_STYLE = {
    "b": (12, "bold", ""),
    "s": (10, "normal", ""),
    "g": (10, "normal", colors.GRADIENT),
    "w": (10, "bold", colors.WARNING),
}


def write_svg(boxes, lines, caption):
    """An SVG document.

    Parameters
    ----------
    boxes : list of dict
        x, y (centre), width, height, fill, line, ink, dashed, round, double, rows as (text, kind), tooltip.
    lines : list of (points, color, dashed)
        Bézier curves of four points; an arrow head at the end.
    caption : str
        Below everything.

    Returns
    -------
    str
    """
    right = max((b["x"] + b["width"] / 2 for b in boxes), default=0) + 80
    bottom = max((b["y"] + b["height"] / 2 for b in boxes), default=0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-20 -20 {right + 40:.0f} {bottom + 70:.0f}" '
        f'width="{right + 40:.0f}" height="{bottom + 70:.0f}" font-family="Helvetica,Arial,sans-serif">',
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>',
        f'<rect x="-20" y="-20" width="100%" height="100%" fill="{colors.PAPER}"/>',
    ]
    for points, color, dashed in lines:
        (a, b), *rest = points
        to = " ".join(f"{x:.1f} {y:.1f}" for x, y in rest)
        look = ' stroke-dasharray="2 3"' if dashed else ' marker-end="url(#head)"'
        parts.append(f'<path d="M{a:.1f} {b:.1f}C{to}" fill="none" stroke="{color}"{look}/>')
    for box in boxes:
        parts.append(_box(box))
    parts.append(
        f'<text x="0" y="{bottom + 34:.0f}" font-size="11" fill="{colors.SOFT}">{escape(caption)}</text></svg>\n'
    )
    return "\n".join(parts)


def _box(box):
    x, y, width, height = box["x"], box["y"], box["width"], box["height"]
    left, top = x - width / 2, y - height / 2
    round_ = 9 if box["round"] else 0
    dash = ' stroke-dasharray="4 3"' if box["dashed"] else ""
    place = f'x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"'
    look = f'rx="{round_}" fill="{box["fill"]}" stroke="{box["line"]}"{dash}'
    parts = [f'<g class="node"><title>{escape(box["tooltip"])}</title><rect {place} {look}/>']
    if box["double"]:
        parts.append(
            f'<rect x="{left - 3:.1f}" y="{top - 3:.1f}" width="{width + 6:.1f}" height="{height + 6:.1f}" '
            f'fill="none" stroke="{box["line"]}"/>'
        )
    for i, (text, kind) in enumerate(box["rows"]):
        size, weight, tint = _STYLE[kind]
        color = tint if tint and box["ink"] == colors.INK else box["ink"]
        parts.append(
            f'<text x="{x:.1f}" y="{top + 17 + 16 * i:.1f}" font-size="{size}" font-weight="{weight}" '
            f'text-anchor="middle" fill="{color}">{escape(text)}</text>'
        )
    return "".join(parts) + "</g>"
