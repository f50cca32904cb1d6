"""Changes in place: what is recorded, what is refused, what a backward notices."""

import sys

import numpy as np
import pytest

import microtorch as mt
from microtorch.errors import DTypeError, GraphError, ShapeError


def leaf(*values):
    return mt.tensor(np.array(values, np.float64), requires_grad=True)


def this_line():
    return sys._getframe(1).f_lineno


def test_a_saved_value_that_was_changed_names_both_operations_and_the_line():
    x = leaf(1.0, 2.0)
    y = mt.exp(x)
    z = y * y
    line = this_line() + 1
    y += 1
    with pytest.raises(GraphError, match=rf"Mul saved.*\(2,\).*add_ at .*test_inplace\.py:{line}.*y = y \+ 1"):
        z.sum().backward()


def test_a_change_through_a_detached_alias_is_noticed():
    x = leaf(1.0, 2.0)
    y = mt.exp(x)
    alias = y.detach()
    alias.mul_(3)
    with pytest.raises(GraphError, match=r"Exp saved.*mul_"):
        y.sum().backward()


def test_a_change_of_an_input_under_no_grad_is_noticed():
    w = leaf(1.0, 2.0)
    y = (w * w).sum()
    with mt.no_grad():
        w.sub_(0.1)
    with pytest.raises(GraphError, match=r"Mul saved.*sub_"):
        y.backward()


def test_a_change_of_what_nobody_saved_is_fine():
    x = leaf(1.0, 2.0)
    y = x + 1
    z = (y + 1).sum()
    y.mul_(5)
    z.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1, 1])


def test_disjoint_parts_do_not_disturb_each_other():
    base = mt.zeros(4)
    a, b = base[:2], base[2:]
    w = mt.ones(2, requires_grad=True)
    y = (w * a).sum()
    b.add_(1)
    y.backward()
    np.testing.assert_array_equal(w.grad.numpy(), [0, 0])


def test_in_place_operations_are_recorded():
    x = leaf(1.0, 2.0)
    y = x * 1
    y.mul_(x)
    y += 1
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 4])


def test_setitem_is_recorded():
    x, v = leaf(1.0, 2.0, 3.0), leaf(10.0)
    y = x * 2
    y[1:2] = v * 3
    np.testing.assert_array_equal(y.detach().numpy(), [2, 30, 6])
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 0, 2])
    assert v.grad.item() == 3


def test_rows_filled_one_by_one():
    w = leaf(1.0, 2.0)
    rows = mt.zeros(5, 2, dtype=mt.float64)
    for i in range(5):
        rows[i] = w * i
    rows.sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), [10, 10])


def test_in_place_on_a_leaf_that_requires_a_gradient():
    w = leaf(1.0, 2.0)
    for change in (lambda: w.add_(1), lambda: w.__setitem__(0, 5.0), lambda: w.__imul__(2)):
        with pytest.raises(GraphError, match=r"leaf that requires a gradient.*no_grad"):
            change()
    np.testing.assert_array_equal(w.detach().numpy(), [1, 2])


def test_in_place_on_a_view_inside_the_graph_is_recorded():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    y[:2].mul_(5)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [5, 5, 1])


def test_in_place_on_a_view_of_a_leaf():
    x = leaf(1.0, 2.0, 3.0)
    with pytest.raises(GraphError, match=r"add_.*view of a leaf that requires a gradient.*no_grad"):
        x[:2].add_(1)


def test_in_place_on_memory_that_cannot_be_written():
    with pytest.raises(GraphError, match=r"add_.*\(2, 3\) is expanded.*clone"):
        mt.ones(3).expand(2, 3).add_(1)


def test_in_place_with_a_result_that_does_not_fit():
    with pytest.raises(ShapeError, match=r"\(3, 2\).*\(2,\) in place"):
        mt.ones(2).add_(mt.ones(3, 2))
    with pytest.raises(DTypeError, match=r"float32.*int64"):
        mt.arange(3).add_(0.5)


def test_versions_count_changes():
    t = mt.zeros(3)
    assert t._version == 0
    t.add_(1)
    t[0] = 2
    assert t._version == 2
    assert t.detach()._version == 2
