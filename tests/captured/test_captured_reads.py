"""What a line reads, from its bytecode: the same for every version of Python."""

import pytest

from microtorch.captured.reads import chains

LINES = {
    "y = a": [("a", [])],
    "y = a.b.c": [("a", [("attr", "b"), ("attr", "c")])],
    "y = a.b(c)": [("a", [("attr", "b")]), ("c", [])],
    "y = a[0]": [("a", [("item", 0)])],
    "y = a[1000].b": [("a", [("item", 1000), ("attr", "b")])],
    "y = a['k'][0]": [("a", [("item", "k"), ("item", 0)])],
    "y = a.b['k'].c": [("a", [("attr", "b"), ("item", "k"), ("attr", "c")])],
    "y = a if b is None else c": [("b", [("is", None)]), ("a", []), ("c", [])],
    "y = a if b.c is not None else d": [("b", [("attr", "c"), ("is", None)]), ("a", []), ("d", [])],
    "a.b = c": [("c", []), ("a", [("store", "b")])],
    "y = a + b": [("a", []), ("b", [])],
    "y = a(b, c=d.e)": [("a", []), ("b", []), ("d", [("attr", "e")])],
}


@pytest.mark.parametrize("scope", ["global", "local"])
@pytest.mark.parametrize("line", LINES)
def test_chains(line, scope):
    names = sorted({name for name, _ in LINES[line]})
    arguments = ", ".join(names) if scope == "local" else ""
    namespace = {}
    exec(f"def f({arguments}):\n    {line}\n", namespace)
    assert sorted(chains(namespace["f"].__code__)[2], key=str) == sorted(LINES[line], key=str)


def test_what_is_added_to_is_read_and_set():
    namespace = {}
    exec("def f(a):\n    a.n += 1\n", namespace)
    assert ("a", [("attr", "n")]) in [(name, path[:1]) for name, path in chains(namespace["f"].__code__)[2]]


def test_names_that_are_set():
    namespace = {}
    exec("def f(b):\n    global a\n    a = b\n", namespace)
    assert ("a", [("assign", None)]) in chains(namespace["f"].__code__)[3]
