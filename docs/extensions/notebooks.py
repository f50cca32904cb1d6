"""The lessons as notebooks that run anywhere, and as slides: python docs/extensions/notebooks.py [FOLDER]

Each is one file: the first cell installs the package, code that a lesson quotes from the source stands in it, links to
other pages are their words. `jupyter nbconvert --to slides --execute NOTEBOOK` makes slides: headings begin them, and
text between two cells of code begins one below.
`make docs` writes them beside the site, where the page of the lessons offers them.
"""

import argparse
import json
import re
import textwrap
from pathlib import Path

DOCS = Path(__file__).parents[1]
LESSONS = sorted((DOCS / "lessons").glob("[0-9]*.md"))
OUT = DOCS / "_static" / "notebooks"
_FENCE = re.compile(r"^```\{(code-cell|literalinclude)\} ?(\S*)\n(.*?)^```$\n?", re.S | re.M)
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:)[^)]*\)")


def notebook_of(path, archive="microtorch"):
    """The notebook of a lesson: a dict for ``json.dump``.

    Parameters
    ----------
    path : Path
        The page, in MyST's Markdown.
    archive : str
        What the first cell installs: a name, or the path or address of a wheel.
    """
    text = re.sub(r"\A---\n.*?\n---\n", "", path.read_text(encoding="utf-8"), flags=re.S).strip()
    install = (
        f"# Installs the package, in Colab too; where it is there already, nothing happens.\n%pip install -q {archive}"
    )
    cells = [_code(install, ["install"])]
    place, prose = 0, ""
    for fence in _FENCE.finditer(text):
        prose += text[place : fence.start()]
        place = fence.end()
        kind, file, body = fence.groups()
        if kind == "literalinclude":
            prose += f"```python\n{quoted(path.parent / file, body)}```\n"
            continue
        tags = re.search(r"^:tags: \[(.*)\]\n", body, re.M)
        cells += _prose(prose)
        prose = ""
        code = re.sub(r"^:.*\n", "", body, flags=re.M).strip()
        cells.append(_code(code, [tag.strip() for tag in tags[1].split(",")] if tags else []))
    cells += _prose(prose + text[place:])
    _slides(cells)
    for i, cell in enumerate(cells):
        cell["id"] = f"cell{i}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def quoted(file, options):
    """What a literalinclude shows: a function or class, or the lines between two marks."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    options = {k: v.strip('"') for k, v in re.findall(r"^:([\w-]+): (.*)$", options, re.M)}
    if "pyobject" in options:
        lines = _definition(lines, options["pyobject"])
    if "start-at" in options:
        lines = lines[next(i for i, line in enumerate(lines) if options["start-at"] in line) :]
    if "end-at" in options:
        lines = lines[: next(i for i, line in enumerate(lines) if options["end-at"] in line) + 1]
    if "end-before" in options:
        lines = lines[: next(i for i, line in enumerate(lines) if options["end-before"] in line)]
    return textwrap.dedent("".join(lines))


def _definition(lines, name):
    import ast

    body = ast.parse("".join(lines)).body
    for part in name.split("."):
        found = next(node for node in body if getattr(node, "name", None) == part)
        body = getattr(found, "body", [])
    first = min([found.lineno, *(d.lineno for d in getattr(found, "decorator_list", []))])
    return lines[first - 1 : found.end_lineno]


def _code(source, tags=()):
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": source}


def _prose(text):
    """Cells of text, a new one at each heading."""
    parts = re.split(r"(?m)^(?=#{1,2} )", text)
    return [
        {"cell_type": "markdown", "metadata": {}, "source": _LINK.sub(r"\1", part).strip()}
        for part in parts
        if part.strip()
    ]


def _slides(cells):
    """Mark which cells begin a slide: headings, and below them what stands between two cells of code."""
    cells[0]["metadata"]["slideshow"] = {"slide_type": "skip"}
    kinds = [cell["cell_type"] for cell in cells]
    heads = [cell["source"].startswith("#") and kind == "markdown" for cell, kind in zip(cells, kinds)]
    for i, cell in enumerate(cells[1:], 1):
        if heads[i]:
            cell["metadata"]["slideshow"] = {"slide_type": "slide"}
        elif kinds[i - 1 : i + 2] == ["code", "markdown", "code"]:
            cell["metadata"]["slideshow"] = {"slide_type": "subslide"}


def write(folder=OUT, archive="microtorch"):
    """Write the notebooks of all lessons; their paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{lesson.stem}.ipynb" for lesson in LESSONS]
    for lesson, path in zip(LESSONS, paths, strict=True):
        path.write_text(json.dumps(notebook_of(lesson, archive), indent=1, ensure_ascii=False), encoding="utf-8")
    return paths


def setup(app):
    """For Sphinx: the notebooks lie beside the site."""
    app.connect("builder-inited", lambda app: write())
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", default="notebooks")
    parser.add_argument(
        "--archive", default="microtorch", help="what the first cell installs: a name, a wheel's address"
    )
    args = parser.parse_args()
    for written in write(args.folder, args.archive):
        print(written)
