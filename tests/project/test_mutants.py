"""The faults that `mutants` plants are faults: other code, spread over the engine, and none of them in words."""

import ast
import random

import mutants


def test_mutants_are_other_code_and_spread():
    chosen = mutants.choose(mutants.all_mutants(), 60, random.Random(1))
    assert len(set(chosen)) == 60
    assert len({m.path for m in chosen}) >= 10
    assert len({m.kind for m in chosen}) >= 8
    for mutant in chosen:
        source = (mutants.ROOT / mutant.path).read_text()
        assert ast.dump(ast.parse(mutant.apply(source))) != ast.dump(ast.parse(source))
        assert mutant.diff(source)


def test_mutants_of_a_few_lines():
    source = '''
LIMIT = 1 < 2

def f(a: int, b):
    """Words, 1 < 2."""
    if a < b and not a.copy():
        raise ValueError(f"{a < b} and 1")
    a.x = b - 1
    return np.array(a)
'''
    found = mutants.Finder("f.py", source).found
    changes = {(m.kind, " ".join(source[m.start : m.end].split()), m.text) for m in found}
    assert ("comparison flipped", "a < b", "(a <= b)") in changes
    assert ("and for or", "a < b and not a.copy()", "(a < b or not a.copy())") in changes
    assert ("copy removed", "a.copy()", "(a)") in changes
    assert ("copy removed", "np.array(a)", "(a)") in changes
    assert ("statement dropped", "a.x = b - 1", "pass") in changes
    assert ("off by one", "1", "2") in changes
    assert ("operands swapped", "b - 1", "(1 - b)") in changes
    assert not any(source[: m.start].count('"') % 2 for m in found), "nothing in strings"
    assert all(m.line > 5 for m in found), "nothing outside functions, in annotations or docstrings"
