"""Names that mean something to a page, a picture or a terminal, and a graph in which each of them is everywhere."""

import microtorch
from microtorch import nn
from microtorch.autograd import ArrayFunction

MARK = "window.ran=1"  # what a script of a name would do
NAMES = {
    "comment and script": "<!--<script>",
    "end of script": f"</script><script>{MARK}</script>",
    "end of comment": f"--><img src=x onerror={MARK}>",
    "end of title": f"</title></style><svg onload={MARK}>",
    "attribute": f'" onmouseover="{MARK}" x="',
    "apostrophe": f"' onfocus='{MARK}",
    "html-like label": "<b>x</b>",
    "table": "<<table><tr><td>x</td></tr></table>>",
    "broken table": "<table>",
    "entity": "&lt;&amp;&#0;&bogus;",
    "node's name": r"\N",
    "graph's name": r"a\G\E\T\H\L",
    "line ends of DOT": r"left\l right\r new\n",
    "backslash": "\\",
    "backslash and quote": '\\"',
    "statement": '"]; x -> y; z [label="',
    "template": "/*SCRIPT*/ TITLE \"DATA\" /*STYLE*/ ${x} {{x}} {}",
    "mathtext": r"$\alpha$ $ \$",
    "percent": "%s %n %(x)s",
    "under": "_hidden",
    "table row": "a | b",
    "formula": "=cmd()",
    "line ends": "one\ntwo\r\nthree\u2028four",
    "tab": "a\tb",
    "bell and colour": "\a\x1b[31mred\x1b[0m",
    "null": "a\0b",
    "c1 control": "\x85\x9b31m",
    "lone surrogate": "\ud800x\udfff",
    "noncharacter": "\ufffe\uffff",
    "right to left": "abc\u202etxt.exe\u202c",
    "isolates": "\u2066a\u2069\u200f\u200e\u061c",
    "zero width": "a\u200bb\ufeff",
    "emoji": "👨‍👩‍👧 🏳️‍🌈",
    "arabic": "الشبكة",
    "combining": "Z͑ͫ̓a͊ͯͤl̀ͮ",
    "long": "long" * 2500,
    "long and marked": "<" * 10_000,
    "space": " ",
    "json": '{"a": [1, null]}',
    "prototype": "__proto__",
}  # fmt: skip


def class_name(name):
    """`name` as far as a class may be called so: Python refuses the others itself."""
    try:
        type(name, (), {})
    except (ValueError, UnicodeEncodeError):
        return name.encode("utf-8", "replace").decode().replace("\0", "?")
    return name


def network(*given):
    """A model, its loss and names of tensors: modules, classes, operations and tensors are called so."""
    model, names = nn.Sequential(), {}
    for name in given:
        kind = class_name(name)
        words = {"__doc__": f"y = {kind}  dx = dy · {kind}", "forward": staticmethod(_forward)}
        double = type(kind, (ArrayFunction,), words | {"backward": staticmethod(_backward)})
        words = {"forward": lambda self, x: self.double(self.inner(x)), "extra_repr": lambda self, name=name: name}
        layer = type(kind, (nn.Module,), words | {"double": staticmethod(double.apply)})()
        layer.inner = nn.Linear(2, 2)
        model.add_module(name.replace(".", "·"), layer)  # no name has a dot
    x = h = microtorch.ones(3, 2)
    for name, layer in zip(given, model, strict=True):
        h = layer(h) + microtorch.ones(2)
        names |= {f"{name} of h": h, name: h.grad_fn.inputs[1]}
    target = microtorch.zeros(3, 2)
    return model, ((h - target) ** 2).mean(), names | {"t": [target], "x": x}


def _forward(ctx, x, factor=2.0):
    ctx.factor = factor
    return x * factor


def _backward(ctx, dy):
    return dy * ctx.factor


def groups(size=10):
    """The names in groups, as one graph can hold: list of list of str."""
    every = list(NAMES.values())
    return [every[i : i + size] for i in range(0, len(every), size)]
