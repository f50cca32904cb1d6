"""Tables of text."""

from ..errors import visible


def table(head, rows):
    """Rows under a head, columns aligned: numbers to the right."""
    cells = [[visible(str(c), 200) for c in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    right = [
        all(c.replace(",", "").replace(".", "").strip("- %").isdigit() or not c for c in column) and any(column)
        for column in zip(*cells, strict=True)
    ] or [False] * len(head)

    def line(row):
        return "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)).rstrip()

    return "\n".join([line(head), line(["-" * len(h) and "-" * w for h, w in zip(head, widths)]), *map(line, cells)])
