"""Where everything is on the page: laid out once, by Graphviz where it is there and the graph is small."""

import json
from itertools import pairwise

from ...errors import GraphError
from ..drawing.dot import plain
from ..drawing.layout import LARGE, curve, layered
from ..drawing.render import render

HEIGHT = 40  # of a node, in pixels
FAR = 1200  # pixels


def lay_out_alike(pages):
    """`lay_out` for steps of one training: most have the same graph, which is laid out once."""
    done = {}
    for found in pages:
        key = json.dumps([[n["id"] for n in found["nodes"]], [[e["from"], e["to"]] for e in found["edges"]]])
        if key not in done:
            lay_out(found)
            done[key] = found
            continue
        like, found["size"] = done[key], done[key]["size"]
        for group, places in {"nodes": "x y w h", "edges": "points label far", "modules": "box at title"}.items():
            for mine, other in zip(found[group], like[group], strict=True):
                mine.update({name: other[name] for name in places.split() if name in other})


def lay_out(found):
    """Places for nodes, curves for edges, boxes for modules: the loss on top, gradients fall."""
    for node in found["nodes"]:
        node["w"], node["h"] = _width(node), HEIGHT
    by_graphviz = len(found["nodes"]) <= LARGE
    if by_graphviz:
        try:
            _by_graphviz(found)
        except GraphError:  # not here, or it fails on this graph
            by_graphviz = False
    if not by_graphviz:
        _by_rows(found)
    if len(found["modules"]) <= LARGE:
        place_titles(found)


def _by_rows(found):
    nodes = {n["id"]: n for n in found["nodes"]}
    sizes = {n["id"]: (n["w"], n["h"]) for n in found["nodes"] if n["kind"] != "saved"}
    for node in found["nodes"]:
        if node["kind"] == "saved":  # to the right of its operation, in one box with it
            width, height = sizes[node["of"]]
            sizes[node["of"]] = (width + 2 * (node["w"] + 24), height)
    places = layered(sizes, [(e["to"], e["from"]) for e in found["edges"]])
    for name, (x, y) in places.items():
        nodes[name].update(x=round(x, 1), y=round(y, 1))
    for node in found["nodes"]:
        if node["kind"] == "saved":
            of = nodes[node["of"]]
            node.update(x=round(of["x"] + of["w"] / 2 + 24 + node["w"] / 2, 1), y=of["y"])
    for edge in found["edges"]:
        a, b = nodes[edge["to"]], nodes[edge["from"]]
        points = curve((a["x"], a["y"] + a["h"] / 2), (b["x"], b["y"] - b["h"] / 2), b["y"] - a["y"])
        if b["y"] - a["y"] > FAR:  # a stub that says where it leads: hundreds of long lines hide everything
            (x, y), edge["far"] = points[0], b["title"]
            points = curve((x, y), (x + a["w"] / 2 + 20, y + 26), 0)
        edge["points"] = [[round(x, 1), round(y, 1)] for x, y in points]
    members = {}
    inner = {m["id"]: m["parent"] for m in found["modules"]}
    for node in found["nodes"]:
        module, margin = node["module"], 12
        while module is not None:
            members.setdefault(module, []).append((node, margin))
            module, margin = inner[module], margin + 10
    for module in found["modules"]:
        inside = members.get(module["id"])
        if inside:
            left = min(n["x"] - n["w"] / 2 - margin for n, margin in inside)
            right = max(n["x"] + n["w"] / 2 + margin for n, margin in inside)
            top = min(n["y"] - HEIGHT / 2 - margin for n, margin in inside)
            bottom = max(n["y"] + HEIGHT / 2 + margin for n, margin in inside)
            module["box"] = [round(v, 1) for v in (left, top, right - left, bottom - top + 12)]
    right, bottom = max(n["x"] + n["w"] / 2 for n in found["nodes"]), max(n["y"] for n in found["nodes"])
    found["size"] = [round(right), round(bottom + HEIGHT)]


def _by_graphviz(found):
    """Points of 1/72 inch become pixels."""
    import graphviz

    dot = graphviz.Digraph(
        graph_attr={"rankdir": "TB", "nodesep": "0.35", "ranksep": "0.3", "splines": "true", "margin": "0"},
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"arrowhead": "none"},
    )
    members = {}
    for node in found["nodes"]:
        members.setdefault(node["module"], []).append(node)
    for module in found["modules"]:
        members.setdefault(module["parent"], []).append(module)
    _inside(dot, members, None)
    nodes = {n["id"]: n for n in found["nodes"]}
    above = {e["to"] for e in found["edges"] if nodes[e["from"]]["kind"] == "parameter"}
    for i, edge in enumerate(found["edges"]):
        # Room for what is written beside an edge while its gradient flows.
        text = f"dL/d{edge['argument']} {edge['shape']}" if edge["flows"] and edge["argument"] else ""
        a, b = nodes[edge["to"]], nodes[edge["from"]]
        chain = a["kind"] in ("operation", "output") and b["kind"] == "operation"
        # A chain runs straight: below the parameters of its operations, not beside them.
        below = "2" if edge["to"] in above and a["module"] != b["module"] else "1"
        straight = {"weight": "20", "minlen": below} if chain else {"minlen": below}
        dot.edge(edge["to"], edge["from"], id=str(i), label=text, fontname="Courier", fontsize="11", **straight)
    for node in found["nodes"]:
        if node["kind"] == "saved":
            dot.edge(node["of"], node["id"], minlen="0")
    laid_out = json.loads(render(dot.source, "json0"))
    _, _, width, height = (float(x) for x in laid_out["bb"].split(","))
    found["size"] = [round(width), round(height)]
    modules = {m["id"]: m for m in found["modules"]}
    for item in laid_out.get("objects", ()):
        if item["name"] in nodes:
            x, y = (float(v) for v in item["pos"].split(","))
            nodes[item["name"]].update(x=round(x, 1), y=round(height - y, 1))
        elif item["name"].startswith("cluster_"):
            left, bottom, right, top = (float(v) for v in item["bb"].split(","))
            box = [round(v, 1) for v in (left, height - top, right - left, top - bottom)]
            modules[item["name"][8:]]["box"] = box
    for item in laid_out.get("edges", ()):
        if "id" not in item:  # from an operation to what it keeps, side by side
            continue
        points = [p.split(",") for p in item["pos"].split(" ") if p[0] not in "es"]
        flat = [[round(float(x), 1), round(height - float(y), 1)] for x, y in points]
        edge = found["edges"][int(item["id"])]
        edge["points"] = flat
        if "lp" in item:
            x, y = (float(v) for v in item["lp"].split(","))
            edge["label"] = [round(x, 1), round(height - y, 1)]


def _inside(dot, members, module):
    """The nodes and modules directly inside a module, in its frame."""
    for item in members.get(module, ()):
        if "kind" in item:
            group = "chain" if item["kind"] in ("operation", "output") else ""  # edges inside a group run straight
            dot.node(item["id"], width=f"{item['w'] / 72:.3f}", height=f"{HEIGHT / 72:.3f}", group=group)
            continue
        with dot.subgraph(name=f"cluster_{item['id']}") as cluster:
            # The title is laid out too, so that a frame is as wide as what it says.
            cluster.attr(label=plain(item["title"]), labelloc="b", labeljust="l", fontsize="13", margin="14")
            _inside(cluster, members, item["id"])


def _width(node):
    """Room for the text of a node in pixels."""
    return round(max(56, 8.2 * len(node["title"]) + 26, 6.9 * len(node["subtitle"]) + 22))


def place_titles(found):
    """Put the title of each frame where no edge and no node crosses it, at the bottom or else at the top."""
    lines = [_sampled(e["points"]) for e in found["edges"]]
    nodes = [
        (n["x"] - n["w"] / 2, n["y"] - n["h"] / 2, n["x"] + n["w"] / 2, n["y"] + n["h"] / 2) for n in found["nodes"]
    ]
    for module in found["modules"]:
        if "box" not in module:
            continue
        x, y, w, h = module["box"]
        for title in (module["title"], module["title"].partition("(")[0]):  # without its options, if need be
            length = 6.8 * (len(title) + 2)
            places = [(left, bottom) for bottom in (y + h - 9, y + 15) for left in _steps(x + 10, x + w - length - 6)]
            crossings = [_crossings(place, length, lines, nodes) for place in places]
            module["title"], module["at"] = title, [round(v, 1) for v in places[crossings.index(min(crossings))]]
            if not min(crossings):
                break


def _steps(first, last):
    return [first + 8 * i for i in range(max(1, int((last - first) // 8) + 1))]


def _crossings(place, length, lines, nodes):
    left, right, top, bottom = place[0] - 3, place[0] + length, place[1] - 12, place[1] + 4
    met = sum(any(left < x < right and top < y < bottom for x, y in line) for line in lines)
    return met + sum(a < right and c > left and b < bottom and d > top for a, b, c, d in nodes)


def _sampled(points):
    """Points on a chain of Bézier curves, at most a few pixels apart."""
    found = []
    for i in range(0, len(points) - 3, 3):
        a, b, c, d = points[i : i + 4]
        n = max(8, int(sum(abs(p[0] - q[0]) + abs(p[1] - q[1]) for p, q in pairwise((a, b, c, d))) / 4))
        for k in range(n + 1):
            t = k / n
            u = 1 - t
            found.append(
                tuple(u * u * u * a[j] + 3 * u * u * t * b[j] + 3 * u * t * t * c[j] + t * t * t * d[j] for j in (0, 1))
            )
    return found
