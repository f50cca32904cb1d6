"""The notation of formulas, read into a tree of plain lists that both Python and the page can evaluate.

Note [Formulas]: the first line of an operation's docstring says what it computes and what its gradients are,

    y = a / b        da = dy / b,  db = −dy · a / b²

in the notation of a textbook. Two spaces part gradients, one space a definition (``, σ = √(var(x) + eps)``). A node of
the tree is ``[kind, ...]``: ``["name", "x"]``, ``["number", 2]``, ``["+", left, right]``, ``["call", "tanh", tree]``,
``["cases", [[value, condition], ...], otherwise]``. What is no formula, such as "the diagonal of x", is
``["words", text]``.
"""

import re

from ...errors import visible

__all__ = ["parse", "tokens"]


_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉⁱʲᵏⁿᵖʳˢᵗˣʸᶻᵀ", "0123456789+−=()abcdeijknprstxyzT", strict=True))
_TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<super>[{''.join(_SUPERSCRIPTS)}]+)|(?P<number>\d+(\.\d+)?)"
    r"|(?P<word>[A-Za-zα-ωΑ-Ω]\u0302?[A-Za-z0-9_₀-₉]*)|(?P<sign><=|>=|.)"
)
REDUCING = ("Σ", "Π")
FUNCTIONS = {
    "exp", "log", "ln", "log₂", "log₁₀", "sin", "cos", "tan", "sinh", "cosh", "tanh", "softmax", "erf", "max", "min",
    "mean", "var", "sign", "trunc", "round", "count", "atan2", "Φ", "φ", "Γ", "ψ",
}  # fmt: skip
RELATIONS = {"<": "<", ">": ">", "≤": "≤", "≥": "≥", "<=": "≤", ">=": "≥", "=": "=", "≠": "≠"}
WORDS = ("where", "else", "or", "and")
CLOSING = {"(": ")", "|": "|", "⌊": "⌋", "⌈": "⌉"}
_KIND = {"|": "abs", "⌊": "floor", "⌈": "ceil"}


def tokens(formula):
    """[(text, kind)]: kind is "number", "word", "sign" or "super" (written high, given in plain letters)."""
    found = []
    for match in _TOKEN.finditer(formula):
        text = match.group()
        kind = next(k for k, v in match.groupdict().items() if v is not None)
        if kind == "super":
            text = "".join(_SUPERSCRIPTS[c] for c in text)
        if kind != "space":
            found.append((text, kind))
    return found


def parse(text):
    """The tree of the right side of a formula; ``["words", text]`` of what is none.

    Examples
    --------
    >>> parse("dy · (1 − y²)")
    ['·', ['name', 'dy'], ['−', ['number', 1.0], ['^', ['name', 'y'], ['number', 2.0]]]]
    >>> parse("dy with the dimensions reversed")
    ['words', 'dy with the dimensions reversed']
    """
    reader = _Reader(tokens(text))
    try:
        tree = reader.cases()
        reader.expect("end")
    except _NotAFormula:
        return ["words", visible(text)]  # a docstring is of a user's, too
    return tree


class _NotAFormula(Exception):
    pass


class _Reader:
    """Reads a list of tokens by recursive descent, one method for each level of precedence."""

    def __init__(self, items):
        self.items, self.at = [*items, ("end", "end")], 0

    @property
    def next(self):
        return self.items[self.at][0] if self.items[self.at][1] != "super" else "super"

    def take(self):
        self.at += 1
        return self.items[self.at - 1][0]

    def expect(self, text):
        if self.next != text:
            raise _NotAFormula
        self.at += 1

    def cases(self):
        first = self.sum()
        if self.next != "where":
            return first
        found = []
        while True:
            self.expect("where")
            found.append([first, self.condition()])
            self.expect(",")
            if self.next == "else":
                self.take()
                return ["cases", found, self.sum()]
            first = self.sum()

    def condition(self):
        tree = self.both()
        while self.next == "or":
            self.take()
            tree = ["or", tree, self.both()]
        return tree

    def both(self):
        tree = self.comparison()
        while self.next == "and":
            self.take()
            tree = ["and", tree, self.comparison()]
        return tree

    def comparison(self):
        left, tree = self.sum(), None
        while self.next in RELATIONS:  # a < x < b is a < x and x < b
            relation = RELATIONS[self.take()]
            right = self.sum()
            one = [relation, left, right]
            tree, left = one if tree is None else ["and", tree, one], right
        return tree or left

    def sum(self):
        tree = self.product()
        while self.next in ("+", "−"):
            tree = [self.take(), tree, self.product()]
        return tree

    def product(self):
        tree = self.factor()
        while self.next in ("·", "/", "@"):
            tree = [self.take(), tree, self.factor()]
        return tree

    def factor(self):
        if self.next == "−":
            self.take()
            return ["neg", self.factor()]
        if self.next in REDUCING:
            return [self.take(), self.product()]
        if self.next in FUNCTIONS or (self.next == "σ" and self.items[self.at + 1][0] == "("):
            return self.call()
        tree = self.power(self.atom())
        if tree[0] == "number" and self.items[self.at][1] == "word" and self.next not in WORDS:
            return ["·", tree, self.factor()]  # 2x
        return tree

    def call(self):
        name = self.take()
        if self.next != "(":
            return ["call", name, self.factor()]
        self.take()
        arguments = [self.condition()]
        while self.next == ",":
            self.take()
            arguments.append(self.sum())
        self.expect(")")
        return self.power(["call", name, *arguments])

    def power(self, tree):
        while self.next in ("super", "^"):
            text = self.take()
            if text == "T":
                tree = ["T", tree]
            elif text == "−T":
                tree = ["T", ["inverse", tree]]
            elif text == "^":
                tree = ["^", tree, self.exponent()]
            else:
                raised = _Reader(tokens(text))
                tree = ["^", tree, raised.sum()]
                raised.expect("end")
        return tree

    def exponent(self):
        if self.next == "−":
            self.take()
            return ["neg", self.exponent()]
        return self.atom()

    def atom(self):
        text, kind = self.items[self.at]
        self.at += 1
        if text == "√":
            return ["sqrt", self.atom()]
        if text in CLOSING:
            inside = self.sum()
            self.expect(CLOSING[text])
            return inside if text == "(" else [_KIND[text], inside]
        if kind == "number":
            return ["number", float(text)]
        if text in ("∞", "π") or (kind == "word" and text not in WORDS):
            return ["name", text]
        raise _NotAFormula
