"""A name must never break a picture, a page or a text, nor mean anything in it: it is shown as text.

Random names are made of pieces that mean something to HTML, scripts, DOT, XML, JSON, Markdown and terminals, and given
to modules, classes, operations and tensors of a small network, which is then written in every way but by Graphviz's
programs and a browser; those see the fixed list in test_hostile_names.py.
"""

import itertools
import json
import pathlib
import random
import re
import tempfile
import xml.etree.ElementTree as ET

import hostile

import microtorch
from microtorch import explain, viz
from microtorch.errors import visible
from microtorch.train import Table

SMALL = 4

PIECES = [*hostile.NAMES.values(), "<", ">", "&", "'", '"', "\\", "/", "-->", "]]>", "<![CDATA[", "<?xml", "\0", "\r\n",
          "\x7f", "\u2028", "\ud83d", "\udc00", "\u202e", "😀", "`", "|", "{", "}", ";", "\\u003c", "&#x3c;", "$", "_",
          "%0a", "<script>", "</script", "<style>", "x" * 300]  # fmt: skip


def a_name(draw):
    """A name of one to four pieces, or of any characters."""
    if draw.random() < 0.3:
        return "".join(
            chr(draw.choice((draw.randrange(256), draw.randrange(0x110000)))) for _ in range(draw.randint(1, 9))
        )
    return "".join(draw.choice(PIECES) for _ in range(draw.randint(1, 4)))


def faults(name, folder):
    """What goes wrong with `name`: list of str."""
    model, loss, names = hostile.network(name)
    wanted = visible(name)[:20].replace(".", "·")
    table = Table()
    table.append(**{name: 0.5})
    x = microtorch.ones(2)
    x.name = name
    texts = {"tree": viz.tree(loss, model, names), "repr": repr(model), "table": str(table),
             "markdown": table.markdown(), "summary": repr(explain.summary(model, microtorch.ones(3, 2)))}  # fmt: skip
    for what, text in texts.items():
        if not all(c.isprintable() or c in "\n\u200d" for c in text):
            yield f"{what} has characters that are not shown"
        if what in ("tree", "repr") and wanted not in text.replace(".", "·"):
            yield f"{what} does not show it"
    if len(table.markdown().splitlines()) != 3:
        yield "markdown has more rows"
    picture = viz.draw(loss, model, names, show="all")
    pages = {
        "svg": picture._dot.svg(),
        "module": model._repr_html_(),
        "tensor": x._repr_html_(),
        "table": table._repr_html_(),
    }
    for what, page in pages.items():
        root = ET.fromstring(f"<div>{page.replace(' open>', '>')}</div>")
        if wanted.split() and wanted not in "".join(root.itertext()).replace(".", "·"):
            yield f"{what} does not show it"
        if bad := {e.tag.rpartition("}")[2] for e in root.iter()} & {"script", "img", "b", "iframe", "a", "object"}:
            yield f"{what} has the elements {bad}"
    viz.explore(loss, folder / "page.html", model, names)
    page = (folder / "page.html").read_text("utf-8")
    if page.count("<script") != 2 or page.lower().count("</script") != 2 or "<!--" in page:
        yield "page has scripts that are not its own"
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]
    if wanted not in json.dumps(json.loads(data), ensure_ascii=False).replace("\\\\", "\\").replace('\\"', '"').replace(
        ".", "·"
    ):
        yield "page does not show it"


def campaign(seconds, seed):
    with tempfile.TemporaryDirectory() as folder:
        for number in itertools.count():
            name = a_name(random.Random(f"{seed} {number}"))
            try:
                found = list(faults(name, pathlib.Path(folder)))
            except Exception as error:
                found = [f"{type(error).__name__}: {visible(str(error), 200)}"]
            told = f"trial {number} of seed {seed}, {visible(name, 60)!r}: {'; '.join(found)}"
            yield "shown as text" if not found else "fault", told if found else None
