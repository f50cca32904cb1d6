"""A layered layout for large graphs, in time linear in their size: where Graphviz takes minutes.

Graphviz draws small graphs better. But a tensor that is used 500 operations later makes it lay out 500 invisible
nodes, and a graph of 1,400 operations that all use one tensor took it five minutes; here it takes 0.1 s.
"""

__all__ = ["LARGE", "curve", "layered"]


LARGE = 150  # boxes up to which Graphviz is asked
GAP_X, GAP_Y = 26, 44


def layered(sizes, edges):
    """Places for boxes, so that every edge points down.

    Parameters
    ----------
    sizes : dict of id to (width, height)
    edges : list of (id, id)
        Upper and lower box.

    Returns
    -------
    dict of id to (x, y)
        The centres; y grows downwards, everything is positive.
    """
    lower, upper = {n: [] for n in sizes}, {n: [] for n in sizes}
    for a, b in edges:
        lower[a].append(b)
        upper[b].append(a)
    rows = _rows(lower, upper)
    places = {n: i for row in rows for i, n in enumerate(row)}
    for sweep in range(4):  # boxes of a row in the order of what they are connected to
        neighbours = lower if sweep % 2 else upper
        for row in reversed(rows) if sweep % 2 else rows:
            row.sort(key=lambda n, near=neighbours: _mean(places, near[n], places[n]))
            places.update((n, i) for i, n in enumerate(row))
    x = {}
    for row in rows:
        _set_row(x, row, sizes, dict.fromkeys(row, 0.0))
    for sweep in range(6):
        neighbours = lower if sweep % 2 else upper
        for row in reversed(rows) if sweep % 2 else rows:
            _set_row(x, row, sizes, {n: _mean(x, neighbours[n], x[n]) for n in row})
    left = min((x[n] - sizes[n][0] / 2 for n in sizes), default=0.0)
    found, top = {}, 0.0
    for row in rows:
        height = max(sizes[n][1] for n in row)
        found.update((n, (x[n] - left, top + height / 2)) for n in row)
        top += height + GAP_Y
    return found


def _rows(lower, upper):
    """Rows of boxes: each box is one row below its lowest upper neighbour."""
    waiting = {n: len(above) for n, above in upper.items()}
    rank = {n: 0 for n, count in waiting.items() if not count}
    order = list(rank)
    for n in order:  # it grows as we go
        for m in lower[n]:
            rank[m] = max(rank.get(m, 0), rank[n] + 1)
            waiting[m] -= 1
            if not waiting[m]:
                order.append(m)
    rows = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for n in order:
        rows[rank[n]].append(n)
    return rows


def _mean(values, keys, default):
    return sum(values[k] for k in keys) / len(keys) if keys else default


def _set_row(x, row, sizes, wanted):
    """Put the boxes of a row near where they are wanted, in their order, without overlap."""
    centre, right = 0.0, float("-inf")
    packed = {}
    for n in row:
        half = sizes[n][0] / 2
        packed[n] = max(wanted[n], right + half)
        right = packed[n] + half + GAP_X
    if row:  # pushing right has moved the row: back by the mean
        centre = sum(packed[n] - wanted[n] for n in row) / len(row)
    for n in row:
        x[n] = packed[n] - centre


def curve(start, end, span):
    """Four points of a Bézier curve downwards; a long one bows out, so as not to run through what is between."""
    (x0, y0), (x1, y1) = start, end
    bow = 0 if span < 1.5 * GAP_Y + 40 else 50 + min(span, 3000) * 0.06
    pull = max(14, (y1 - y0) * 0.3)
    return [(x0, y0), (x0 + bow, y0 + pull), (x1 + bow, y1 - pull), (x1, y1)]
