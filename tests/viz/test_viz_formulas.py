"""The rules that the page shows, evaluated with the numbers it shows: they give the results it shows.

For every operation of the table in `samples` and its options. Formulas are evaluated by Python and by the page's own
script, rules in words by what `rules_in_words` says that the words mean.
"""

import json
from functools import cache
from importlib import resources

import numpy as np
import pytest
from chromium import needs_chromium
from rules_in_words import WORDS
from samples import operations, samples_of

import microtorch
from microtorch import nn, viz
from microtorch.viz.formula.evaluate import evaluate, fitted
from microtorch.viz.formula.parse import parse
from microtorch.viz.formula.typeset import equation, plain
from microtorch.viz.page import explore
from microtorch.viz.page.steps import backward_steps
from microtorch.viz.records.names import arguments

NONE = {"ScatterMultiply", "TiesShare"}  # they have no derivative
TOLD = {name: cls for name, cls in operations().items() if name not in NONE}
CASES = [(name, i) for name, cls in TOLD.items() for i in range(len(samples_of(cls)))]


@cache
def shown(name, number):
    """(what the page has of one operation, its node in the page, the node of the engine)."""
    cls = operations()[name]
    sample = samples_of(cls)[number]
    out = (sample.call or cls.apply)(*sample.tensors())
    outs = [t for t in (out if type(out) is tuple else (out,)) if t.requires_grad]
    node = outs[0].grad_fn
    rng = np.random.default_rng(number)
    loss = sum((t * microtorch.tensor(rng.normal(size=t.shape))).sum() for t in outs)
    records = viz.graph(loss)
    data = explore._Contents(records, backward_steps(records), None).contents()
    return data, next(o.id for o in records.operations if o.node is node), node


def array(data, index):
    found = data["tensors"][index]
    return np.array([float(v) for v in found["values"]]).reshape(found["shape"])


def values(data, n, step):
    """What the names in the formulas of one operation of the page are."""
    nodes = {m["id"]: m for m in data["nodes"]}
    found = {}
    for edge in data["edges"]:
        if edge["to"] == n["id"]:
            found[edge["argument"]] = array(data, nodes[edge["from"]]["values"][edge["output"]])
    found |= {"y": array(data, n["values"][0]), "dy": array(data, n["gradients"][0])}
    found = {k: a.reshape(n["views"].get("y" if k == "dy" else k, a.shape)) for k, a in found.items()}
    letters = {k: array(data, v["tensor"]) if isinstance(v, dict) else float(v) for k, v in n["letters"].items()}
    return letters | dict(n["definitions"]) | found


class Call(dict):
    """The arguments of a call, for rules in words."""

    __getattr__ = dict.__getitem__

    def __init__(self, node, data, n, argument):
        names, given = arguments(type(node)), [getattr(x, "_array", x) for x in node.inputs]
        super().__init__(zip(names, given, strict=False))
        self["place"] = [x for x in given if isinstance(x, int) and not isinstance(x, bool)]
        self["xs"] = [x for x in given if isinstance(x, np.ndarray)]
        self["argument"], self["shape"] = argument, self[argument].shape
        shapes = [shape for shape, _ in node.outputs] if node.outputs else [given_shape(data, n)]
        y = type(node).apply(*given)
        self["y"] = y if type(y) is tuple else (y,)
        grads = [None if i is None else array(data, i) for i in n["gradients"]]
        self["dy"] = [np.zeros(s) if g is None else g for g, s in zip(grads, shapes, strict=True)]


def given_shape(data, n):
    return tuple(data["tensors"][n["gradients"][0]]["shape"])


@pytest.mark.parametrize("name, number", CASES)
def test_the_rule_with_its_numbers_gives_the_result(name, number):
    data, id, node = shown(name, number)
    n = next(m for m in data["nodes"] if m["id"] == id)
    step = next(s for s in data["steps"] if s["node"] == id)
    assert step["rules"]
    assert n["why"]
    assert n["derivation"]
    for rule in step["rules"]:
        result, tree = array(data, rule["result"]), rule["tree"]
        assert tree is not None, f"the docstring of {name} has no d{rule['argument']} = ..."
        if tree[0] == "words":
            assert tree[1] in WORDS, f"tests/rules_in_words.py does not say what {tree[1]!r} means"
            got = np.asarray(WORDS[tree[1]](Call(node, data, n, rule["argument"])))
        else:
            view = n["views"].get(rule["argument"], result.shape)
            got = fitted(evaluate(tree, values(data, n, step), n["axes"]), view, result.shape)
        assert got.shape == result.shape
        np.testing.assert_allclose(got, result, rtol=1e-9, atol=1e-12, err_msg=f"{name} d{rule['argument']}")


@pytest.mark.parametrize("name, number", CASES)
def test_the_formula_with_its_numbers_gives_the_value(name, number):
    data, id, _ = shown(name, number)
    n = next(m for m in data["nodes"] if m["id"] == id)
    if n.get("tree", ["words"])[0] == "words":
        return  # nothing to evaluate: forward's tests say what it computes
    step = next(s for s in data["steps"] if s["node"] == id)
    y = array(data, n["values"][0])
    got = fitted(evaluate(n["tree"], values(data, n, step), n["axes"]), n["views"].get("y", y.shape), y.shape)
    np.testing.assert_allclose(got, y, rtol=1e-9, atol=1e-12)


def test_a_wrong_rule_is_found():
    """What this file is for: the mean's 1/N left out."""
    data, id, _ = shown("CrossEntropy", 0)
    n = next(m for m in data["nodes"] if m["id"] == id)
    step = next(s for s in data["steps"] if s["node"] == id)
    rule = step["rules"][0]
    right = evaluate(rule["tree"], values(data, n, step), n["axes"])
    wrong = evaluate(parse("dy · (softmax(x) − q)"), values(data, n, step), n["axes"])
    np.testing.assert_allclose(right, array(data, rule["result"]))
    np.testing.assert_allclose(wrong, 4 * right)


PAGE = """cases => JSON.parse(cases).map(([data, id]) => {
  const n = data.nodes.find(m => m.id === id), step = data.steps.find(s => s.node === id), wrong = [];
  const tensor = i => ({shape: data.tensors[i].shape, data: data.tensors[i].values.map(Formula.real)});
  const given = {};
  const value = e => tensor(data.nodes.find(m => m.id === e.from).values[e.output]);
  for (const e of data.edges) if (e.to === id) given[e.argument] = value(e);
  const names = Formula.names(n, given, tensor(n.values[0]), tensor(n.gradients[0]), tensor);
  const compare = (tree, view, index) => {
    if (!tree || tree[0] === "words") return;
    const want = tensor(index), found = Formula.evaluate(tree, names, n.axes);
    const got = Formula.fitted(found, view || want.shape, want.shape);
    got.data.forEach((v, k) => {
      const w = want.data[k];
      if (!(Math.abs(v - w) <= 1e-12 + 1e-9 * Math.abs(w) || Object.is(v, w))) wrong.push([n.title, v, w]);
    });
    if (got.data.length !== want.data.length) wrong.push([n.title, "length"]);
  };
  compare(n.tree, n.views.y, n.values[0]);
  for (const r of step.rules) compare(r.tree, n.views[r.argument], r.result);
  return wrong;
}).flat()"""


@needs_chromium
def test_the_page_evaluates_them_to_the_same(browser):
    cases = []
    for name, number in CASES:
        data, id, node = shown(name, number)
        if node.outputs is None:
            cases.append((data, id))
    page = browser.new_context().new_page()
    script = (resources.files("microtorch.viz.page") / "web" / "formula.js").read_text("utf-8")
    page.evaluate(script + ";window.Formula = Formula")
    assert page.evaluate(PAGE, json.dumps(cases, allow_nan=False)) == []


@pytest.mark.parametrize(
    "text, tree",
    [
        ("dy / (2y)", ["/", ["name", "dy"], ["·", ["number", 2], ["name", "y"]]]),
        ("−Σ q · x", ["neg", ["Σ", ["·", ["name", "q"], ["name", "x"]]]]),
        ("a where a > b, else 0", ["cases", [[["name", "a"], [">", ["name", "a"], ["name", "b"]]]], ["number", 0]]),
        ("dyᵀ @ x", ["@", ["T", ["name", "dy"]], ["name", "x"]]),
        ("aᵇ⁻¹", ["^", ["name", "a"], ["−", ["name", "b"], ["number", 1]]]),
        ("a⁻ᵀ @ dy", ["@", ["T", ["inverse", ["name", "a"]]], ["name", "dy"]]),
        ("dy · ψ(n + 1, x)", ["·", ["name", "dy"], ["call", "ψ", ["+", ["name", "n"], ["number", 1]], ["name", "x"]]]),
        ("dy moved back", ["words", "dy moved back"]),
        ("(a", ["words", "(a"]),
        ("", ["words", ""]),
    ],
)
def test_formulas_are_read(text, tree):
    assert parse(text) == tree
    if tree[0] not in ("words", "cases"):
        assert parse(plain(tree)) == tree  # what is written of a tree is read as that tree


def test_formulas_become_mathml():
    found = equation("dx", parse("dy @ wᵀ + b² / 2"), {"x", "w", "b"})
    assert "<mrow><mo>∂</mo><mi>x</mi></mrow></mfrac>" in found
    assert "<mo>⊤</mo></msup>" in found
    assert "<mfrac>" in found
    assert "<script" not in equation("y", parse("<script>"), set())


@pytest.mark.parametrize("reduction, divided", [("mean", True), ("sum", False), ("none", False)])
def test_the_mean_of_a_loss_divides_and_says_so(reduction, divided):
    x = microtorch.zeros(4, 3, requires_grad=True)
    loss = nn.CrossEntropyLoss(reduction=reduction)(x, microtorch.tensor([0, 1, 2, 0])).sum()
    records = viz.graph(loss)
    data = explore._Contents(records, backward_steps(records), None).contents()
    rule = next(r for s in data["steps"] for r in s["rules"] if "softmax" in r["math"])
    assert ("<mi>n</mi>" in rule["math"]) == divided
    assert any(p.get("text") == "4" for p in rule["pieces"]) == divided
