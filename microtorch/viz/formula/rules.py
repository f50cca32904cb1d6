"""The rules of an operation as its docstring has them, for the options that it was called with.

Beside the formula (Note [Formulas]) a docstring may have lines of these kinds, each the text up to the next one:

    With training=False: a formula of its own for this value of an option
    Letters: what the letters of the formula stand for
    Why: the reason in words
    Derivation: the reason in formulas

What letters are in numbers, over which dimensions Σ goes and in which shape a tensor is looked at follows from the
arguments; where it does not, the class has a static method ``notation(ctx, *arrays)`` that returns them as
``{"letters": {name: value}, "axes": {"Σ": dims}, "views": {name: shape}}``. A letter that is None is left out of the
formula, as is a factor of 1. ``"varies": True`` says that letters depend on floating inputs.
"""

import inspect
import math
import re
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from ...errors import visible
from ..records.names import arguments
from .parse import parse

__all__ = ["Rules", "formula_of", "rules_of"]


_SECTION = re.compile(r"^(With [^:]+|Letters|Why|Derivation): ", re.M)
_DEFINITION = re.compile(r",\s(?=[^\W\d][\w\u0302]*\s=\s)")


@dataclass
class Rules:
    """The rules that an operation states of itself, with its options.

    Attributes
    ----------
    result : list
        The tree of y.
    gradients : dict
        {argument: tree of its gradient}.
    definitions : dict
        {letter: tree}.
    letters, axes, views : dict
        What letters are; which dimensions Σ and its like go over; shapes that tensors are looked at in.
    texts : dict
        "Letters", "Why" and "Derivation".
    varies : bool
        Whether letters depend on floating inputs, so that they are right for these numbers only.
    """

    result: list
    gradients: dict
    definitions: dict
    letters: dict = field(default_factory=dict)
    axes: dict = field(default_factory=dict)
    views: dict = field(default_factory=dict)
    texts: dict = field(default_factory=dict)
    varies: bool = False

    def simple(self, tree):
        """`tree` without what is left out under these options."""
        return _simple(tree, self.letters)

    def gradient(self, argument):
        """The tree of the gradient of `argument`, ``xs[1]`` where there are many; None if the formula has none."""
        plural = argument.partition("[")[0]
        names = (argument, plural, plural.removesuffix("s") + "ᵢ")
        found = next((self.gradients[name] for name in names if name in self.gradients), None)
        return None if found is None else self.simple(found)


@cache
def _read(cls):
    """[({option: text}, formula)], the plain formula first, and the texts of a class."""
    pieces = _SECTION.split(inspect.cleandoc(cls.__doc__ or ""))
    formulas, texts = [({}, _in_a_line(pieces[0].partition("\n\n")[0]))], {}
    for title, text in zip(pieces[1::2], pieces[2::2], strict=True):
        if title.startswith("With "):
            options = dict(part.split("=") for part in title[5:].split(" and "))
            formulas.append((options, _in_a_line(text)))
        else:
            texts[title] = " ".join(text.split())
    return formulas, texts


def _in_a_line(text):
    """A formula may be broken between two gradients, where there are two spaces."""
    return "  ".join(line.strip() for line in text.strip().splitlines())


def formula_of(node):
    """(what `node` computes, its gradients), as its docstring has it for its options."""
    formulas, _ = _read(type(node))
    options = dict(zip(arguments(type(node)), node.inputs, strict=False))
    chosen = ""
    for wanted, formula in formulas:
        if all(_is(options.get(name), value) for name, value in wanted.items()):
            chosen = formula
    left, _, right = chosen.partition("  ")
    return left.strip(), right.strip()


def rules_of(node):
    """The `Rules` of a node of the graph.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.ones(3, requires_grad=True)
    >>> rules_of(x.tanh().grad_fn).gradients
    {'x': ['·', ['name', 'dy'], ['−', ['number', 1.0], ['^', ['name', 'y'], ['number', 2.0]]]]}
    """
    cls = type(node)
    _, texts = _read(cls)
    arrays = [getattr(x, "_array", x) for x in node.inputs]
    options = dict(zip(arguments(cls), arrays, strict=False))
    left, right = formula_of(node)
    name, _, formula = left.partition("=")
    # What begins with something else than y, such as "y yᵀ = x", says what y is in words.
    result, definitions = _defined(formula) if name.strip() == "y" else (["words", visible(left)], {})
    gradients = {}
    for part in re.split(r"[,;]\s{2,}", right):
        match = re.fullmatch(r"d(\w+)\s*=\s*(.+)", part)
        if match:
            gradients[match[1]], more = _defined(match[2])
            definitions |= more
    rules = Rules(result, gradients, definitions, *_notation(node, options, arrays), texts)
    rules.varies = rules.letters.pop("varies", False)
    return rules


def _is(option, text):
    """Whether an option has the value that is written as `text`."""
    number = isinstance(option, int | float) and not isinstance(option, bool)
    return option == float(text) if number else str(option) == text


def _defined(text):
    """The tree of a formula and of what it defines behind it."""
    first, *others = _DEFINITION.split(text.strip())
    found = {}
    for other in others:
        name, _, right = other.partition(" = ")
        found[name.strip()] = parse(right.strip())
    return parse(first.strip()), found


def _notation(node, options, arrays):
    """Letters, axes and views: from the arguments, then as the operation says."""
    letters = {
        k: v for k, v in options.items() if v is None or (isinstance(v, int | float) and not isinstance(v, bool))
    }
    axes, views = {}, {}
    x = options.get("x")
    if isinstance(x, np.ndarray) and "dim" in options:
        dim = options["dim"]
        dims = tuple(range(x.ndim)) if dim is None or dim == () else dim if isinstance(dim, tuple) else (dim,)
        dims = tuple(d % x.ndim for d in dims) if x.ndim else ()
        axes = dict.fromkeys(("Σ", "Π", "mean", "var", "max", "min", "count", "softmax"), dims)
        kept = tuple(1 if i in dims else n for i, n in enumerate(x.shape))
        if "keepdim" in options:
            views = {"y": kept}
        letters["n"] = math.prod(x.shape[d] for d in dims)
    own = getattr(type(node), "notation", None)
    if own is not None:
        said = own(node, *arrays)
        letters |= said.get("letters", {})
        axes |= said.get("axes", {})
        views |= said.get("views", {})
        if said.get("varies"):
            letters["varies"] = True
    return letters, axes, views


def _simple(tree, letters):
    """Without letters that are None and factors that are 1; None where nothing is left."""
    kind, *rest = tree
    if kind == "name":
        value = letters.get(rest[0], tree)
        return None if value is None else tree
    if kind in ("number", "words"):
        return tree
    if kind == "cases":
        return [kind, [[_simple(v, letters), _simple(c, letters)] for v, c in rest[0]], _simple(rest[1], letters)]
    head, parts = ([kind, rest[0]], rest[1:]) if kind == "call" else ([kind], rest)
    parts = [_simple(t, letters) for t in parts]
    if kind in ("·", "/"):
        left, right = (None if t is not None and _is_one(t, letters) else t for t in parts)
        if kind == "·" and (left is None or right is None):
            return right if left is None else left
        if right is None:
            return left if left is not None else ["number", 1.0]
        return [kind, left if left is not None else ["number", 1.0], right]
    if kind in ("+", "−") and None in parts:
        left, right = parts
        return left if right is None else right if kind == "+" else ["neg", right]
    return None if None in parts else [*head, *parts]


def _is_one(tree, letters):
    if tree[0] == "number":
        return tree[1] == 1
    value = letters.get(tree[1]) if tree[0] == "name" else None
    return isinstance(value, int | float) and value == 1
