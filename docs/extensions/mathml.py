"""Mathematics as MathML, which browsers render by themselves: no script, no font and no network."""

from latex2mathml.converter import convert


def inline(self, node):
    """A formula in a line of text."""
    self.body.append(convert(node.astext()))
    raise_skip()


def block(self, node):
    """A formula of its own, with its number if it has one."""
    number = f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    self.body.append(f'<div class="math">{convert(node.astext(), display="block")}{number}</div>')
    raise_skip()


def raise_skip():
    """The text of the formula is not to be shown a second time."""
    from docutils.nodes import SkipNode

    raise SkipNode


def setup(app):
    """Register the renderer under the name that conf.py chooses."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
