"""Names in the pages lead where they are told of: files of the package to their source, public names to the reference.

A page writes `microtorch/autograd/engine.py` or `nn.Linear` in backticks, as it would anyway; below a quoted piece of
the source stands the file that it is from. `sphinx.ext.viewcode` shows the modules of the reference; those that only a
page names are given to it here.
"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMESPACES = ("", "microtorch.", "microtorch.nn.", "microtorch.optim.", "microtorch.autograd.")
_FILE = re.compile(r"microtorch(?:/\w+)*(?:\.py|/)")
_NAME = re.compile(r"\w+(?:\.\w+)+|[A-Z]\w+")


def module_of(text):
    """The module of a file or a folder of the package, as ``microtorch/optim/adam.py``; None of anything else."""
    path = ROOT / text
    if not _FILE.fullmatch(text) or not (path.is_file() or (path / "__init__.py").is_file()):
        return None
    return text.removesuffix(".py").removesuffix("/").removesuffix("/__init__").replace("/", ".")


def show_named_modules(app, env):
    """Have viewcode make a page of every module that a page of ours names or quotes."""
    from sphinx.pycode import ModuleAnalyzer

    shown = env.__dict__.setdefault("_viewcode_modules", {})
    for page in Path(app.srcdir).rglob("*.md"):
        for text in _FILE.findall(page.read_text(encoding="utf-8")):
            module = module_of(text)
            if module is not None and not shown.get(module):
                analyzer = ModuleAnalyzer.for_module(module)
                analyzer.find_tags()
                shown[module] = analyzer.code, analyzer.tags, {}, module


def link_names(app, doctree, docname):
    """Make links of the names in one page that have none."""
    from docutils import nodes

    if app.builder.format != "html":
        return
    objects = app.env.get_domain("py").objects

    def address(text):
        module = module_of(text)
        if module is not None:
            return app.builder.get_relative_uri(docname, "_modules/" + module.replace(".", "/"))
        if _NAME.fullmatch(text):
            for name in (space + text for space in NAMESPACES):
                if name in objects:
                    target = objects[name]
                    return app.builder.get_relative_uri(docname, target.docname) + "#" + target.node_id
        return None

    def link(node, uri):
        return nodes.reference("", "", node, refuri=uri, internal=True)

    for node in list(doctree.findall(nodes.literal)):
        uri = address(node.astext().removesuffix("()"))
        if uri is not None and not isinstance(node.parent, nodes.reference | nodes.title):
            node.replace_self(link(node.deepcopy(), uri))
    for node in list(doctree.findall(nodes.literal_block)):
        file = Path(node.get("source") or "")
        if file.is_relative_to(ROOT / "microtorch"):
            text = file.relative_to(ROOT).as_posix()
            node.parent.insert(
                node.parent.index(node) + 1,
                nodes.paragraph("", "", link(nodes.literal(text, text), address(text)), classes=["quoted-from"]),
            )


def setup(app):
    """Register both."""
    app.connect("env-updated", show_named_modules)
    app.connect("doctree-resolved", link_names)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
