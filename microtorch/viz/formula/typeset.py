"""Formulas as MathML, which needs no library and no network."""

from html import escape

from .parse import FUNCTIONS

__all__ = ["derivative", "equation", "mathml"]


_LEVEL = {"cases": 0, "or": 1, "and": 2, "=": 3, "+": 4, "−": 4, "neg": 5, "·": 5, "/": 5, "@": 5, "Σ": 5, "call": 6}
_RELATIONS = ("<", ">", "≤", "≥", "=", "≠")


def derivative(name):
    """∂L/∂name."""
    return f"<mfrac><mrow><mo>∂</mo><mi>L</mi></mrow><mrow><mo>∂</mo>{_identifier(name)}</mrow></mfrac>"


def equation(left, tree, arguments, definitions=()):
    """``left = right`` as a ``<math>`` element, and one for each definition; `left` is a name or a derivative, ``dx``.

    Parameters
    ----------
    left : str
    tree : list
    arguments : collection of str
        Names whose ``dx`` is written ∂L/∂x; y is always one.
    definitions : iterable of (str, list)
        Said below it: σ = …
    """
    names = {*arguments, "y"}
    if tree[0] == "words" and "=" in tree[1]:
        return f"<math>{mathml(tree, names)}</math>"
    lines = [(left, tree), *definitions]
    return "".join(
        f'<math displaystyle="true">{_name(name, names)}<mo>=</mo>{mathml(right, names)}</math>'
        for name, right in lines
    )


def mathml(tree, names):
    """A tree as the inside of a ``<math>`` element."""
    kind, *rest = tree
    if kind == "words":
        return f"<mtext>{escape(rest[0])}</mtext>"
    if kind == "number":
        return f"<mn>{rest[0]:g}</mn>"
    if kind == "name":
        return _name(rest[0], names)
    if kind == "cases":
        return _cases(rest[0], rest[1], names)
    if kind == "/":
        return f"<mfrac><mrow>{mathml(rest[0], names)}</mrow><mrow>{mathml(rest[1], names)}</mrow></mfrac>"
    if kind == "sqrt":
        return f"<msqrt>{mathml(rest[0], names)}</msqrt>"
    if kind in ("abs", "floor", "ceil"):
        left, right = {"abs": "||", "floor": "⌊⌋", "ceil": "⌈⌉"}[kind]
        return f"<mrow><mo>{left}</mo>{mathml(rest[0], names)}<mo>{right}</mo></mrow>"
    if kind == "T" and rest[0][0] == "inverse":
        return f"<msup><mrow>{_inside(rest[0][1], names, 7)}</mrow><mrow><mo>−</mo><mo>⊤</mo></mrow></msup>"
    if kind in ("^", "T"):
        raised = "<mo>⊤</mo>" if kind == "T" else f"<mrow>{mathml(rest[1], names)}</mrow>"
        return f"<msup><mrow>{_inside(rest[0], names, 7)}</mrow>{raised}</msup>"
    if kind == "call":
        inside = "<mo>,</mo>".join(mathml(t, names) for t in rest[1:])
        return f"<mrow>{_identifier(rest[0])}<mo>&#8289;</mo><mo>(</mo>{inside}<mo>)</mo></mrow>"
    if kind in ("Σ", "Π"):
        return f"<mrow><mo>{kind}</mo>{_inside(rest[0], names, 5)}</mrow>"
    if kind == "neg":
        return f"<mrow><mo>−</mo>{_inside(rest[0], names, 5)}</mrow>"
    if kind in ("and", "or"):
        return f"{mathml(rest[0], names)}<mtext>&nbsp;{kind}&nbsp;</mtext>{mathml(rest[1], names)}"
    level = 3 if kind in _RELATIONS else _LEVEL[kind]
    left, right = _inside(rest[0], names, level), _inside(rest[1], names, level + (kind == "−"))
    return f"<mrow>{left}<mo>{escape(kind)}</mo>{right}</mrow>"


def _inside(tree, names, level):
    """In parentheses if it binds weaker than `level`."""
    kind = tree[0]
    own = 3 if kind in _RELATIONS else _LEVEL.get(kind, 9)
    if kind == "/":
        own = 6 if level < 7 else 5  # a fraction is its own parentheses, but not under a power
    if kind in ("^", "call", "T") and level >= 7:
        own = 7 if kind == "call" else 5
    text = mathml(tree, names)
    return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>" if own < level else text


def _cases(found, otherwise, names):
    rows = [(mathml(v, names), "<mtext>where&nbsp;</mtext>" + mathml(c, names)) for v, c in found]
    rows.append((mathml(otherwise, names), "<mtext>else</mtext>"))
    cells = "".join(f"<mtr><mtd>{value}</mtd><mtd>{when}</mtd></mtr>" for value, when in rows)
    return f"<mrow><mo>{{</mo><mtable columnalign='left'>{cells}</mtable></mrow>"


def _name(name, names):
    return derivative(name[1:]) if name[0] == "d" and name[1:] in names else _identifier(name)


def _identifier(name):
    if len(name) == 1 or name.endswith("\u0302"):
        return f"<mi>{escape(name)}</mi>"
    kind = "italic" if name.isidentifier() and name not in FUNCTIONS else "normal"
    return f'<mi mathvariant="{kind}">{escape(name)}</mi>'


def pieces(tree):
    """A tree written in a line: ``[str or tree, ...]``; a tree is a name or a function, whose value can be shown.

    Examples
    --------
    >>> from microtorch.viz.formula.parse import parse
    >>> pieces(parse("dy · (1 − y²)"))
    [['name', 'dy'], ' · (1 − ', ['name', 'y'], '²)']
    """
    found = []
    for piece in _pieces(tree, 0):
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def plain(tree):
    """A tree as text."""
    return "".join(
        p if isinstance(p, str) else p[1] if p[0] == "name" else f"{p[1]}({', '.join(plain(t) for t in p[2:])})"
        for p in pieces(tree)
    )


def _pieces(tree, level):
    kind, *rest = tree
    if kind == "words":
        return [rest[0]]
    if kind == "number":
        return [f"{rest[0]:g}"]
    if kind in ("name", "call"):
        return [tree]
    if kind == "cases":
        found = []
        for value, condition in rest[0]:
            found += [*_pieces(value, 1), " where ", *_pieces(condition, 1), ", "]
        found += ["else ", *_pieces(rest[1], 1)]
    elif kind in ("abs", "floor", "ceil"):
        left, right = {"abs": "||", "floor": "⌊⌋", "ceil": "⌈⌉"}[kind]
        return [left, *_pieces(rest[0], 0), right]
    elif kind == "T" and rest[0][0] == "inverse":
        return [*_pieces(rest[0][1], 7), "⁻ᵀ"]
    elif kind == "T":
        return [*_pieces(rest[0], 7), "ᵀ"]
    elif kind == "^":
        raised = plain(rest[1])
        high = raised.translate(_HIGH) if set(raised) <= set("0123456789−+") else f"^{raised}"
        high = high if high[0] != "^" or len(raised) == 1 else f"^({raised})"
        return [*_pieces(rest[0], 7), high]
    elif kind == "sqrt":
        return ["√", *_pieces(rest[0], 7)]
    elif kind in ("Σ", "Π", "neg"):
        found = ["−" if kind == "neg" else f"{kind} ", *_pieces(rest[0], 5)]
    else:
        own = 3 if kind in _RELATIONS else _LEVEL[kind]
        found = [*_pieces(rest[0], own), f" {kind} ", *_pieces(rest[1], own + (kind in "−/"))]
    own = 3 if kind in _RELATIONS else _LEVEL.get(kind, 0)
    return ["(", *found, ")"] if own < level else found


_HIGH = str.maketrans("0123456789−+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺")
