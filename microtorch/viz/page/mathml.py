"""The formulas of docstrings as MathML, and as a list of tokens that numbers can be filled into."""

import re
from html import escape

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉⁱʲᵏⁿᵖʳˢᵗˣʸᶻᵀ", "0123456789+−=()abcdeijknprstxyzT", strict=True))
_TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<super>[{''.join(_SUPERSCRIPTS)}]+)|(?P<number>\d+(\.\d+)?)|(?P<word>[A-Za-zα-ωΑ-Ω][A-Za-z0-9_]*)|(?P<sign>.)"
)


def tokens(formula):
    """[(text, kind)]: kind is "number", "word", "sign" or "super" (written high, given in plain letters)."""
    found = []
    for match in _TOKEN.finditer(formula):
        text = match.group()
        kind = next(k for k, v in match.groupdict().items() if v is not None)
        if kind == "space":
            continue
        if kind == "super":
            text = "".join(_SUPERSCRIPTS[c] for c in text)
        found.append((text, kind))
    return found


def terms(gradient):
    """The parts of ``da = dy · b,  db = dy · a``: [(argument, right side)]; what says nothing of one is left out."""
    found = []
    for part in re.split(r"[,;]\s{2,}", gradient):
        match = re.fullmatch(r"\s*d(\w+)\s*=\s*(.+)", part)
        if match:
            found.append((match.group(1), match.group(2).strip()))
    return found


def derivative(name):
    """∂L/∂name."""
    return f"<mfrac><mrow><mo>∂</mo><mi>L</mi></mrow><mrow><mo>∂</mo>{_identifier(name)}</mrow></mfrac>"


def mathml(formula, arguments):
    """A formula as one ``<math>`` element; ``dx`` is written ∂L/∂x for x among `arguments` or the result y."""
    parts, items = [], tokens(formula)
    names = {*arguments, "y"}
    for text, kind in items:
        if kind == "super" and parts:
            base = parts.pop()
            raised = "".join(f"<mi>{c}</mi>" if c.isalpha() else f"<mo>{c}</mo>" for c in text.replace("T", "⊤"))
            raised = f"<mn>{text}</mn>" if text.isdigit() else f"<mrow>{raised}</mrow>"
            parts.append(f"<msup>{base}{raised}</msup>")
        elif kind == "number":
            parts.append(f"<mn>{text}</mn>")
        elif kind == "word" and text[0] == "d" and text[1:] in names:
            parts.append(derivative(text[1:]))
        elif kind == "word" and (len(text) == 1 or text in names):
            parts.append(_identifier(text))
        elif kind == "word" and text in ("where", "else", "and", "for", "every", "element", "or", "at", "of", "the"):
            parts.append(f"<mtext>&nbsp;{text}&nbsp;</mtext>")
        elif kind == "word":
            parts.append(f'<mi mathvariant="normal">{escape(text)}</mi><mo>&#8289;</mo>')
        else:
            parts.append(f"<mo>{escape(text)}</mo>")
    return f"<math>{''.join(parts)}</math>"


def _identifier(name):
    return f"<mi>{escape(name)}</mi>" if len(name) == 1 else f'<mi mathvariant="italic">{escape(name)}</mi>'
