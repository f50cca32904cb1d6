"""Changes in place through views, with the tensor itself as operand, and by elements: the values by hand."""

import numpy as np
import pytest

import microtorch as mt
from microtorch.autograd import ArrayFunction, grad
from microtorch.errors import DTypeError, GraphError


def leaf(*values):
    return mt.tensor(np.array(values, np.float64), requires_grad=True)


def itself_added(x):
    h = x * 3
    h += h
    h += 1
    return h


def itself(method, *args):
    def change(x):
        h = x * 3
        getattr(h, method)(*args, h)
        return h

    return change


def assigned(x):
    h = x * 3
    h[:] = h
    return h


def a_row(x):
    h = x * 3
    h[0].mul_(2)
    return h


def a_diagonal(x):
    h = x.repeat(3, 1) * 3
    h.diagonal().mul_(2)
    return h


def a_view_of_a_view(x):
    h = x * 3
    h[1:][None].view(-1)[0].mul_(5)
    return h


def a_part_of_several(x):
    h = x * 3
    h.chunk(3)[1].mul_(4)
    return h


def every_row(x):
    h = (x * 3).unsqueeze(0).repeat(2, 1)
    for row in h:
        row.mul_(2)
    return h


def swapped(x):
    y = x * 1
    y[0] = y[1]
    y[1] = y[2]
    return y


def half_added(x):
    h = x * 3
    h.add_(h * 0.5)
    return h


def an_older_view(x):
    base = mt.zeros(4, dtype=mt.float64)
    head = base[:3]
    base[:3] = x
    return head * 2


def a_view_transposed(x):
    h = x.repeat(2, 1) * 1
    turned = h.T
    h.view(-1)[0] = 2.0
    return turned


CHANGES = {
    "itself added": (itself_added, [6, 6, 6]),
    "itself subtracted": (itself("sub_"), [0, 0, 0]),
    "itself multiplied": (itself("mul_"), [18, 36, 72]),
    "itself copied": (itself("copy_"), [3, 3, 3]),
    "itself assigned": (assigned, [3, 3, 3]),
    "a row": (a_row, [6, 3, 3]),
    "a diagonal": (a_diagonal, [12, 12, 12]),
    "a view of a view": (a_view_of_a_view, [3, 15, 3]),
    "a part of several": (a_part_of_several, [3, 12, 3]),
    "every row": (every_row, [12, 12, 12]),
    "elements swapped": (swapped, [0, 1, 2]),
    "half of itself": (half_added, [4.5, 4.5, 4.5]),
    "a view older than the graph": (an_older_view, [2, 2, 2]),
    "a transposed view": (a_view_transposed, [1, 2, 2]),
}


@pytest.mark.parametrize("change, right", CHANGES.values(), ids=CHANGES)
def test_gradients_by_hand(change, right):
    x = leaf(1, 2, 4)
    change(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), right)


def test_rows_of_a_flat_view_that_is_older():
    H, w = mt.zeros(2, 2, dtype=mt.float64), leaf(1, 1)
    flat = H.view(-1)
    for t in (0, 1):
        H[t] = mt.tanh(w * (t + 1))
    ((flat**2).mean() + 0.1 * (w**2).sum()).backward()
    np.testing.assert_allclose(w.grad.numpy(), [0.42803435, 0.42803435], rtol=1e-7)


def test_forms_in_place_that_save_their_output_can_be_differentiated_twice():
    for name, second in (("exp_", np.exp), ("sigmoid_", lambda v: (s := 1 / (1 + np.exp(-v))) * (1 - s) * (1 - 2 * s))):
        x = leaf(0.3, -0.7)
        y = x * 1
        getattr(y, name)()
        (dx,) = grad(y.sum(), x, create_graph=True)
        np.testing.assert_allclose(grad(dx.sum(), x)[0].numpy(), second(x.detach().numpy()))


def test_retained_gradients_belong_to_the_new_value_and_see_every_hook():
    x = leaf(1, 2)
    a = x * 1
    a.retain_grad()
    a.mul_(2)
    a.sum().backward()
    np.testing.assert_array_equal(a.grad.numpy(), [1, 1])
    b = x * 2
    b.retain_grad()
    b.register_hook(lambda g: 10 * g)
    loss = (b * 3).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    np.testing.assert_array_equal(b.grad.numpy(), [60, 60])


def test_a_leaf_frozen_before_backward_gets_no_gradient():
    w = leaf(2)
    loss = (w * 3).sum()
    w.requires_grad_(False)
    loss.backward()
    assert w.grad is None


def test_what_would_be_silently_wrong_is_refused():
    w = leaf(2)
    with pytest.raises(DTypeError, match=r"data: .* requires a gradient, and int64 values"):
        w.data = mt.tensor([1])
    a = mt.zeros(3)
    b = a[:]
    a.requires_grad = True
    with pytest.raises(GraphError, match="view of a leaf"):
        b.add_(5)
    h = leaf(1, 2) * 1
    with mt.no_grad():
        part = h[:1]
    with pytest.raises(GraphError, match="mul_: this tensor is a view made under no_grad, so the change of its base"):
        part.mul_(2)
    h.mul_(3)
    with pytest.raises(GraphError, match="view that was made under no_grad"):
        part * 2


def test_edges_have_pytorch_names():
    x, w = leaf(1, 2), leaf(3, 4)
    (node, nr), (other, _) = (x.exp() * w).grad_fn.next_functions
    assert (node.name(), nr, other.name(), other.variable is w) == ("Exp", 0, "AccumulateGrad", True)
    assert (x.exp() * 2.0).grad_fn.next_functions[1] == (None, 0)


def test_a_view_that_only_the_layout_of_its_base_allows():
    """The base lies column by column: a copy of it in row-major order cannot be seen the same way."""
    a = mt.tensor(np.arange(12.0).reshape(3, 4), requires_grad=True)
    w = mt.tensor([1.0, 2.0, 3.0], requires_grad=True)
    factor = np.arange(1.0, 13.0).reshape(4, 3)
    h = a.t() * 2
    flat = h.t().view(12)
    flat[2:5] = w
    (h * mt.tensor(factor)).sum().backward()
    expected = 2 * factor.T.ravel()
    np.testing.assert_array_equal(w.grad.numpy(), factor.T.ravel()[2:5])
    expected[2:5] = 0
    np.testing.assert_array_equal(a.grad.numpy().ravel(), expected)


# Functions that compute something and reshape it: nobody sees what was reshaped, so the result is no view.
RESHAPED = {
    "cumsum": lambda x: mt.cumsum(x[0, 0] * 1, 0),
    "quantile": lambda x: mt.quantile(x, 0.3),
    "kron": lambda x: mt.kron(x, x),
    "cholesky": lambda x: mt.linalg.cholesky(x @ x.T + mt.eye(2, dtype=mt.float64), upper=True) * 1,
    "sum_to_size": lambda x: x.sum_to_size(2),
    "index_select": lambda x: mt.index_select(x[0, 0] * 1, 0, mt.tensor([0])),
    "scatter_reduce": lambda x: mt.scatter_reduce(x[0, 0] * 1, 0, mt.tensor(0), x[0, 1] * 1, "sum"),
    "index_copy": lambda x: mt.index_copy(x, 0, mt.tensor([1]), x[:1] * 2),
    "put": lambda x: x.put(mt.tensor([0, 3]), mt.tensor([1.0, 2.0], dtype=mt.float64)),
    "einsum": lambda x: mt.einsum("ij,jk->ki", x, x),
    "group_norm": lambda x: mt.nn.functional.group_norm(x, 1),
}


@pytest.mark.parametrize("name", RESHAPED)
def test_hooks_on_what_a_function_has_reshaped_stay_with_its_values(name):
    def gradient(own):
        x = mt.tensor([[2.0, 0.5], [1.0, -3.0]], dtype=mt.float64, requires_grad=True)
        y = own(RESHAPED[name](x))
        y.register_hook(lambda g: 3 * g)
        y += 1
        (y * y).sum().backward()
        return x.grad.numpy()

    np.testing.assert_array_equal(gradient(lambda y: y), gradient(mt.clone))


def test_what_einsum_only_turns_is_a_view():
    x = leaf([1.0, 2.0], [3.0, 4.0]) * 1
    mt.einsum("ij->ji", x)[0].mul_(2)
    np.testing.assert_array_equal(x.detach().numpy(), [[2, 2], [6, 4]])


class Laid(ArrayFunction):
    """A sum weighted by position, whose gradient is a new array of its own, in the layout asked for."""

    @staticmethod
    def forward(ctx, x, order):
        ctx.shape, ctx.order = x.shape, order
        return np.asarray((x * np.arange(1.0, x.size + 1).reshape(x.shape)).sum())

    @staticmethod
    def backward(ctx, dy):
        return np.array(dy * np.arange(1.0, 13.0).reshape(ctx.shape), order=ctx.order)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("part", ["rows", "flat", "folded", "turned", "positions"])
def test_a_gradient_in_any_layout_is_cleared_where_something_was_put_in(part, order):
    see = {
        "rows": lambda y: y[1:],
        "flat": lambda y: y.reshape(-1)[2:7],
        "folded": lambda y: y.reshape(2, 6)[:, 1],
        "turned": lambda y: y.T[1:3, 1],
        "positions": lambda y: y[0],
    }[part]
    x, inside, value = mt.ones(3, 4, dtype=mt.float64), mt.zeros(3, 4, dtype=mt.float64), mt.zeros((), dtype=mt.float64)
    places = see(inside)
    places[[0, 1] if part == "positions" else ...] = 1
    x.requires_grad_()
    value.requires_grad_()
    y = x * 1
    see(y)[[0, 1] if part == "positions" else ...] = value
    Laid.apply(y, order).backward()
    weights, put = np.arange(1.0, 13.0).reshape(3, 4), inside.numpy().astype(bool)
    assert x.grad.tolist() == np.where(put, 0, weights).tolist()
    assert value.grad.item() == weights[put].sum()


# -- results that are worth a shell ------------------------------------------------------------------------------------

VIEWS = {
    "view": lambda h: h.view(2, -1),
    "slice": lambda h: h[1:],
    "narrow": lambda h: h.narrow(0, 1, 2),
    "transpose": lambda h: h.view(2, -1).T,
    "diagonal": lambda h: h.view(2, -1).diagonal(),
    "unsqueeze": lambda h: h[None],
    "expand": lambda h: h.expand(3, -1),
    "chunk": lambda h: h.chunk(2)[1],
    "unbind": lambda h: h.view(2, -1).unbind()[1],
    "view of a view": lambda h: h[2:].view(-1, 1)[1:],
    "every other": lambda h: h.view(-1)[::2],
}
CHANGES = {
    "the base": lambda h, v: h.mul_(3),
    "a part of the base": lambda h, v: h[1:3].mul_(3),
    "the base, by a tensor that is recorded": lambda h, v: h.mul_(h.mean()),
    "the base, twice": lambda h, v: h.mul_(3).add_(1),
    "elements of the base": lambda h, v: h.__setitem__(1, h[2] * 2),
}


@pytest.mark.parametrize("size", [8, 40_000])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("seen", VIEWS)
def test_a_view_read_after_its_base_changed_whatever_its_size(seen, change, size):
    """Large results of operations let go of their inputs; the gradient is that of the same with all of it made anew."""
    values = np.random.default_rng(0).normal(size=size)

    def gradient(early):
        x = mt.tensor(values, requires_grad=True)
        h = x * 2
        v = VIEWS[seen](h) if early else None
        CHANGES[change](h, v)
        v = v if early else VIEWS[seen](h)
        (dx,) = grad((v * v).sum() + h.sum(), x)
        return dx.numpy(), v.detach().numpy()

    for early, late in zip(gradient(True), gradient(False)):
        np.testing.assert_allclose(early, late, rtol=1e-12)


def first_two(base, zeros):
    """An operation that gives a view and does not say so."""

    class FirstTwo(base):
        @staticmethod
        def forward(ctx, x):
            ctx.size = len(x)
            return x[:2]

        @staticmethod
        def backward(ctx, dy):
            dx = zeros(ctx.size, dtype=dy.dtype)
            dx[:2] = dy
            return dx

    return FirstTwo


@pytest.mark.parametrize("size", [3, 40_000])
@pytest.mark.parametrize("changed", ["base", "view", "view of the view"])
@pytest.mark.parametrize("base, zeros", [(ArrayFunction, np.zeros), (mt.autograd.Function, mt.zeros)])
def test_a_view_by_an_operation_that_does_not_say_so_is_refused_once_it_counts(base, zeros, changed, size):
    x = mt.ones(size, dtype=mt.float64, requires_grad=True)
    h = x * 2
    v = first_two(base, zeros).apply(h)
    (v * v).sum().backward()
    assert x.grad.tolist()[:3] == [8.0, 8.0, 0.0]
    if changed == "base":
        h.mul_(3)
        with pytest.raises(GraphError, match="by an operation that does not tell how it sees its input"):
            v * v
    else:
        with pytest.raises(GraphError, match="mul_: this tensor is a view made by"):
            (v if changed == "view" else v[:1]).mul_(3)


def test_a_view_by_an_operation_of_ones_own_that_says_so_takes_part():
    class FirstTwo(first_two(ArrayFunction, np.zeros)):
        is_view = True

    for early in (True, False):
        x = mt.tensor(np.array([1.0, 2.0, 4.0]), requires_grad=True)
        h = x * 2
        v = FirstTwo.apply(h)
        (h if early else v).mul_(3)
        ((v if early else h[:2]) ** 2).sum().backward()
        assert x.grad.tolist() == [72.0, 144.0, 0.0]
