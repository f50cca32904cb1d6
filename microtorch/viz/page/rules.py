"""The rules of an operation as the page shows them: typeset, with their numbers, and as trees that it can evaluate."""

import numpy as np

from ...tensor import Tensor
from ..drawing.numbers import number
from ..formula.evaluate import NAMES, evaluate
from ..formula.rules import rules_of
from ..formula.typeset import equation, pieces, plain
from ..records.records import Operation

__all__ = ["Shown"]


class Shown:
    """The rules of one operation, with the arrays that are in them."""

    def __init__(self, operation, edges, tensor):
        self.operation, self.tensor = operation, tensor
        self.rules = rules = rules_of(operation.node)
        self.arrays = {}
        for edge in edges:
            source = edge.source
            self.arrays[edge.argument] = source.arrays[edge.output] if isinstance(source, Operation) else source.array
        if len(operation.arrays) == 1:
            self.arrays |= {"y": operation.arrays[0], "dy": operation.grads[0]}
        self.arrays = {name: a for name, a in self.arrays.items() if a is not None}
        self.letters = {k: v for k, v in rules.letters.items() if v is not None and (k not in self.arrays)}
        self.values = {k: self._viewed(k, a) for k, a in self.arrays.items()} | self.letters | self.definitions()
        self.told_already = set()  # definitions that are typeset, once in a step
        self.names = {*rules.gradients, *self.arrays}

    def _viewed(self, name, array):
        view = self.rules.views.get("y" if name == "dy" else name)
        return array if view is None else array.reshape(view)

    def definitions(self):
        """{letter: tree} of what the formulas define, simplified."""
        return {name: self.rules.simple(tree) for name, tree in self.rules.definitions.items()}

    def told(self, evaluated):
        """The texts of the operation: its formula, why its rules hold and, if it is `evaluated`, the trees."""
        rules, tree = self.rules, self.rules.simple(self.rules.result)
        found = {
            "formula": equation("y", tree, self.names, self._used(tree).items()), "why": rules.texts.get("Why", ""),
            "derivation": rules.texts.get("Derivation", ""), "meaning": rules.texts.get("Letters", ""),
        }  # fmt: skip
        if evaluated and rules.gradients:
            found |= {
                "tree": tree, "definitions": list(map(list, self.definitions().items())),
                "letters": {k: self._letter(v) for k, v in self.letters.items()},
                "axes": rules.axes, "views": rules.views, "moves": None,
            }  # fmt: skip
            if tree[0] == "words":
                found["moves"] = moves(self.operation.node)
        return found

    def evaluates(self):
        """Whether the page can compute it with other numbers, forward and backward."""
        rules, node = self.rules, self.operation.node
        if rules.varies or node.hooks:
            return False
        trees = [rules.simple(rules.result), *map(rules.gradient, rules.gradients)]
        known = {*self.values, *NAMES, "y", "dy"}
        if any(name not in known for t in (*trees, *self.definitions().values()) for name in _names_in(t)):
            return False  # a letter that only its reader knows
        in_words = [t for t in trees if t[0] == "words"]
        return not in_words or (len(in_words) == len(trees) and moves(node) is not None)

    def _letter(self, value):
        if isinstance(value, np.ndarray):
            return {"tensor": self.tensor(value)}
        value = value if value is True or value is False else float(value)
        return value if np.isfinite(value) else str(value)

    def _used(self, tree):
        """{letter: tree} of the definitions that a tree needs."""
        used, waiting, definitions = {}, [tree], self.definitions()
        while waiting:
            for name in _names_in(waiting.pop()):
                if name in definitions and name not in used:
                    used[name] = definitions[name]
                    waiting.append(definitions[name])
        return used

    def gradients(self, step):
        """For each argument that gets a gradient: its rule, and the rule with its numbers as a list of pieces."""
        parts = {a.edge.argument: a for a in step.arrivals}
        rules, said = [], self._used(self.rules.simple(self.rules.result))  # once in a step
        for name, arrival in parts.items():
            tree = self.rules.gradient(name)
            found = {"argument": name, "math": "", "pieces": [], "tree": None}
            found |= {"result": self.tensor(arrival.part), "caption": _caption("d" + name)}
            if tree is not None:
                new = {k: t for k, t in self._used(tree).items() if k not in said}
                said |= new
                summed = [{"text": "summed over what was broadcast"}] * arrival.summed
                found["math"] = equation("d" + name, tree, self.names, new.items())
                found |= {"pieces": [*self._with_numbers(tree), *summed], "tree": tree}
            rules.append(found)
        return rules

    def _with_numbers(self, tree):
        found = []
        for piece in pieces(tree):
            if isinstance(piece, str):
                if piece.startswith("ᵀ") and found and "tensor" in found[-1]:
                    found[-1]["transposed"] = True
                    piece = piece[1:]
                found.append({"text": piece.strip()})
            else:
                found.append(self._piece(piece))
        return [p for p in found if p.get("text") != ""]

    def _piece(self, tree):
        """A name or a function with its value."""
        name = tree[1] if tree[0] == "name" else None
        if name in self.arrays:  # (its numbers are kept up to date with those of the graph)
            return {"tensor": self.tensor(self.arrays[name]), "caption": _caption(name)}
        if name in NAMES and name not in self.values:
            return {"text": name}
        value = self.letters.get(name) if name else None
        if value is None:
            try:
                value = evaluate(tree, self.values, self.rules.axes)
            except (KeyError, ValueError):  # a value that was not kept, as it is large
                return {"text": plain(tree)}
        if np.ndim(value) == 0:
            return {"text": number(np.asarray(value).item()), "tree": tree}
        return {"tensor": self.tensor(np.asarray(value)), "caption": plain(tree), "tree": tree}


def moves(node):
    """For each number of each result the place, from 1, that it came from among all numbers of the arguments.

    0 for a constant; None if the operation does more than move numbers. Found by moving numbered ones, twice.
    """
    sizes = [x.numel() for x in node.inputs if isinstance(x, Tensor)]
    count = sum(sizes)
    if not count:
        return None
    found = None
    for numbers in (np.arange(1.0, count + 1), np.arange(float(count), 0, -1)):
        parts = iter(np.split(numbers, np.cumsum(sizes)[:-1]))
        given = [next(parts).reshape(x.shape) if isinstance(x, Tensor) else x for x in node.inputs]
        try:
            y = type(node).apply(*given)
        except Exception:  # of an operation on indices, say, that is asked with other numbers
            return None
        places = [np.asarray(a).ravel() for a in (y if type(y) is tuple else (y,))]
        if any(not np.isin(a, [0, *numbers]).all() for a in places):
            return None
        back = [a if numbers[0] == 1 else np.where(a == 0, 0, count + 1 - a) for a in places]
        if found is not None and any(not np.array_equal(a, b) for a, b in zip(found, back, strict=True)):
            return None
        found = back
    return [a.astype(int).tolist() for a in found]


def _names_in(tree):
    if isinstance(tree, list):
        if tree and tree[0] == "name":
            yield tree[1]
        for part in tree:
            yield from _names_in(part)


def _caption(name):
    return f"∂L/∂{name[1:]}" if name[0] == "d" and len(name) > 1 else name
