"""t[index], t[index] = value, and how a tensor that changes in place keeps its earlier users' graph right."""

import numpy as np
import pytest

import microtorch as mt


def made(*shape):
    values = np.random.default_rng(0).standard_normal(shape)
    return values, mt.tensor(values, requires_grad=True)


def repeated(shape, index, dy):
    """numpy's gradient of ``x[index]``."""
    dx = np.zeros(shape)
    np.add.at(dx, index, dy)
    return dx


MASK = np.random.default_rng(1).random((4, 5)) > 0.5

INDEXES = {
    "position": 1,
    "from the end": -1,
    "slice": slice(1, 3),
    "steps": slice(None, None, 2),
    "backwards": slice(None, None, -1),
    "empty": slice(2, 2),
    "element": (1, 2, 3),
    "ellipsis": (..., 0),
    "new dimension": (None, 1, ..., None),
    "array": np.array([2, 0, 2, 2]),
    "list": [0, -1],
    "matrix": np.array([[0, 1], [1, 1]]),
    "two arrays": (np.array([0, 1]), np.array([3, 3])),
    "array after slice": (slice(None), np.array([0, 0, 3])),
    "arrays apart": (np.array([0, 2]), slice(None), np.array([1, 1])),
    "mask of rows": np.array([True, False, True]),
    "mask of all": np.random.default_rng(2).random((3, 4, 5)) > 0.5,
    "mask after slice": (slice(None), MASK),
    "mask and array": (MASK[:3, :4], np.array([0])),
    "true": True,
    "false": False,
    "range": (range(2),),
}


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_getitem_and_its_gradient_are_numpys(index):
    values, t = made(3, 4, 5)
    y = t[index]
    expected = values[index]
    assert y.shape == expected.shape
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    dy = np.random.default_rng(3).standard_normal(expected.shape)
    y.backward(mt.tensor(dy))
    np.testing.assert_allclose(t.grad.numpy(), repeated(values.shape, index, dy), rtol=1e-12)


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_tensors_index_as_arrays_do(index):
    values, t = made(3, 4, 5)
    parts = index if isinstance(index, tuple) else (index,)
    as_tensors = tuple(mt.tensor(p) if isinstance(p, np.ndarray) else p for p in parts)
    np.testing.assert_array_equal(t[as_tensors].detach().numpy(), values[index])


@pytest.mark.parametrize("index", INDEXES.values(), ids=INDEXES.keys())
def test_setitem_and_its_gradients(index):
    values, t = made(3, 4, 5)
    new = np.random.default_rng(4).standard_normal(values[index].shape)
    value = mt.tensor(new, requires_grad=True)
    y = t * 1.0
    y[index] = value
    expected = values.copy()
    expected[index] = new
    np.testing.assert_array_equal(y.detach().numpy(), expected)
    dy = np.random.default_rng(5).standard_normal(values.shape)
    y.backward(mt.tensor(dy))
    left = dy.copy()
    left[index] = 0
    np.testing.assert_array_equal(t.grad.numpy(), left)
    np.testing.assert_array_equal(value.grad.numpy(), dy[index])


def test_a_position_beside_an_array_does_not_move_dimensions():
    values, t = made(3, 4, 5)
    positions = [1, 0]
    np.testing.assert_array_equal(t[0, :, positions].detach().numpy(), values[0][:, positions])
    np.testing.assert_array_equal(t[mt.tensor(0), :, positions].detach().numpy(), values[0][:, positions])


@pytest.mark.parametrize("index", [0, slice(1, 3), (..., 1), (1, 2), None])
def test_slices_share_memory(index):
    t = mt.zeros(3, 4)
    part = t[index]
    part.fill_(1.0)
    assert t.sum().item() == part.numel()


@pytest.mark.parametrize("index", [[0, 1], np.array([True, False, False])])
def test_arrays_copy(index):
    t = mt.zeros(3, 4)
    t[index].fill_(1.0)
    assert t.sum().item() == 0


@pytest.mark.parametrize("index", ["rows", "elements"])
def test_many_repeated_positions_add_up(index):
    values, t = made(40, 30)
    rng = np.random.default_rng(1)
    index = (rng.integers(-40, 40, 2000), rng.integers(-30, 30, 2000))[: 1 if index == "rows" else 2]
    dy = rng.standard_normal(values[index].shape)
    t[index].backward(mt.tensor(dy))
    np.testing.assert_allclose(t.grad.numpy(), repeated(values.shape, index, dy), rtol=1e-12, atol=1e-12)


def test_an_array_that_changes_after_indexing_does_not_matter():
    _, t = made(3)
    index = np.array([0, 0])
    y = t[index]
    index[:] = 2
    y.sum().backward()
    assert t.grad.tolist() == [2, 0, 0]


def test_an_index_tensor_that_changes_is_noticed():
    _, t = made(3)
    index = mt.tensor([0, 0])
    y = t[index]
    index[0] = 2
    with pytest.raises(mt.GraphError, match="changed"):
        y.sum().backward()


def test_a_recurrence_that_fills_a_tensor():
    a = mt.tensor(2.0, dtype=mt.float64, requires_grad=True)
    h = mt.zeros(5, dtype=mt.float64)
    h[0] = a
    for i in range(1, 5):
        h[i] = h[i - 1] * a
    (first,) = mt.autograd.grad(h.sum(), a, create_graph=True)  # a + a² + a³ + a⁴ + a⁵
    assert first.item() == 1 + 2 * 2 + 3 * 4 + 4 * 8 + 5 * 16
    assert mt.autograd.grad(first, a)[0].item() == 2 + 6 * 2 + 12 * 4 + 20 * 8


def test_what_is_overwritten_gets_no_gradient():
    a, b = mt.ones(3, requires_grad=True), mt.ones(2, requires_grad=True)
    y = a * 2
    y[:2] = b
    y[0] = 5.0
    y.sum().backward()
    assert a.grad.tolist() == [0, 0, 2]
    assert b.grad.tolist() == [0, 1]


def test_gradients_that_others_hold_stay():
    x = mt.ones(3, requires_grad=True)
    y = x * 1
    seen = []
    y[0] = 5.0
    y.register_hook(seen.append)
    seed = mt.tensor([1.0, 2.0, 3.0])
    of_y, of_x = mt.autograd.grad(y, [y, x], seed)
    assert seen[0].tolist() == of_y.tolist() == seed.tolist() == [1, 2, 3]
    assert of_x.tolist() == [0, 2, 3]


def test_earlier_users_of_a_changed_tensor():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    z = y + 1
    y.mul_(5.0)
    (z + y).sum().backward()
    assert x.grad.tolist() == [12, 12]


def test_iteration_is_one_node():
    _, t = made(3, 2)
    a, _, c = t
    (a * 2 + c).sum().backward()
    assert t.grad.tolist() == [[2, 2], [0, 0], [1, 1]]
    assert a.grad_fn is c.grad_fn


WRONG = {
    "outside": (lambda t: t[5], IndexError, r"\[5\] of a tensor of shape \(3, 4\)"),
    "too many": (lambda t: t[0, 0, 0], IndexError, r"shape \(3, 4\): too many indices"),
    "positions outside": (lambda t: t[mt.tensor([0, 7])], IndexError, r"index 7 .*size 3"),
    "mask of another shape": (lambda t: t[mt.tensor([True, False])], IndexError, r"size of axis is 3"),
    "float": (lambda t: t[1.5], IndexError, "float 1.5 is no index"),
    "float tensor": (lambda t: t[mt.tensor([1.0])], IndexError, r"\.long\(\)"),
    "uint8": (lambda t: t[mt.tensor([1], dtype=mt.uint8)], IndexError, r"\.bool\(\)"),
    "value": (lambda t: t.__setitem__(0, mt.ones(3)), mt.ShapeError, r"\(3,\) does not fill \(4,\)"),
    "index_add outside": (lambda t: t.index_add(0, mt.tensor([3]), mt.ones(1, 4)), IndexError, "out of bounds"),
    "many outside": (lambda t: t.index_add(0, mt.tensor([9] * 200), mt.ones(200, 4)), IndexError, "out of bounds"),
}


@pytest.mark.parametrize("call, error, words", WRONG.values(), ids=WRONG.keys())
def test_wrong_indexes_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call(mt.zeros(3, 4))


def test_writing_where_the_graph_forbids_it():
    leaf = mt.zeros(3, requires_grad=True)
    with pytest.raises(mt.GraphError, match="leaf"):
        leaf[0] = 1.0
    with pytest.raises(mt.GraphError, match="view of a leaf"):
        leaf[1:][0] = 1.0


def test_writing_through_views_is_recorded():
    leaf = mt.ones(3, requires_grad=True)
    y = leaf * 2
    y[1:][0] = 5.0
    outside = mt.zeros(4)
    outside[1:][0] = leaf[2] * 3
    (y.sum() + outside.sum()).backward()
    np.testing.assert_array_equal(leaf.grad.numpy(), [2, 0, 5])


@pytest.mark.parametrize("operation", ["scatter", "scatter_add", "scatter_reduce"])
@pytest.mark.parametrize("shape", [(), (1,)])
@pytest.mark.parametrize("index", [0, [0], []])
def test_scattering_into_a_number(operation, shape, index):
    x, src = (mt.tensor(v, dtype=mt.float64, requires_grad=True) for v in (2.0, np.full(shape, 3.0)))
    further = ("sum",) if operation == "scatter_reduce" else ()
    y = getattr(x, operation)(0, mt.tensor(index, dtype=mt.int64), src, *further)
    value = 2.0 if index == [] else 3.0 if operation == "scatter" else 5.0
    assert y.item() == value
    dx, dsrc = mt.autograd.grad((y * y).sum(), [x, src], create_graph=True)
    assert dx.item() == (0.0 if value == 3.0 else 2 * value)
    assert (dsrc.item(), dsrc.shape) == (0.0 if index == [] else 2 * value, shape)
