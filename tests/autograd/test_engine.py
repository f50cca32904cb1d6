"""The engine: graphs of any depth, what is released and kept, modes, changes in place, errors by their words."""

import copy
import gc
import pickle
import subprocess
import sys
import weakref

import numpy as np
import pytest

import microtorch as mt
from microtorch.autograd import ArrayFunction, grad
from microtorch.errors import DTypeError, GraphError, ShapeError


def leaf(*values, dtype=np.float64):
    return mt.tensor(np.array(values, dtype), requires_grad=True)


# -- size ------------------------------------------------------------------------------------------------------------


def test_a_million_operations_need_no_recursion():
    x = mt.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = -y
    y.backward()
    assert x.grad.item() == y.item() == 1
    del y  # frees the chain: a million nested deallocations would overflow the stack
    gc.collect()


def test_a_long_chain_is_freed_without_backward():
    y = mt.tensor(1.0, requires_grad=True)
    for _ in range(200_000):
        y = y * 1.0
    del y
    gc.collect()


def test_a_diamond_is_linear():
    """60 doublings have 2**60 paths; each node is visited once."""
    visits = []
    x = leaf(1.0)
    y = x
    for _ in range(60):
        y = y + y
        y.register_hook(lambda dy: visits.append(1))
    y.sum().backward()
    assert x.grad.item() == 2.0**60
    assert len(visits) == 60


def test_second_derivative_of_a_diamond_is_linear():
    x = leaf(1.0)
    y = x
    for _ in range(12):
        y = y * y * 0.5
    (dx,) = grad(y.sum(), x, create_graph=True)
    (ddx,) = grad(dx.sum(), x)
    n, k = 2.0**12, 0.5 ** (2**12 - 1)  # y = k · x**n
    np.testing.assert_allclose(dx.item(), k * n, rtol=1e-10)
    np.testing.assert_allclose(ddx.item(), k * n * (n - 1), rtol=1e-10)


# -- what backward needs and keeps -----------------------------------------------------------------------------------


def test_gradients_add_up_over_backwards():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [4, 8])


def test_backward_of_a_vector_needs_a_gradient():
    with pytest.raises(GraphError, match=r"shape \(2,\).*only a scalar.*mean\(\)\.backward\(\)"):
        (leaf(1.0, 2.0) * 2).backward()


def test_backward_with_a_gradient():
    x = leaf(1.0, 2.0)
    (x * x).backward(mt.tensor(np.array([1.0, 10.0])))
    np.testing.assert_array_equal(x.grad.numpy(), [2, 40])


@pytest.mark.parametrize(
    "gradient, error, words",
    [
        (mt.ones(3, dtype=mt.float64), ShapeError, r"\(3,\).*\(2,\)"),
        (mt.ones(2, dtype=mt.int64), DTypeError, "int64.*float64"),
        (np.ones(2), TypeError, "must be a Tensor, not ndarray"),
    ],
)
def test_a_gradient_that_does_not_fit(gradient, error, words):
    with pytest.raises(error, match=words):
        (leaf(1.0, 2.0) * 2).backward(gradient)


def test_backward_without_a_graph():
    with pytest.raises(GraphError, match=r"does not require a gradient.*requires_grad=True.*no_grad.*detach"):
        mt.ones(1).backward()


def test_backward_twice_names_the_operation_and_the_remedy():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(GraphError, match=r"Mul saved were released.*retain_graph=True"):
        y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2, 4])  # nothing of the failed pass


def test_retain_graph():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad.numpy(), [4, 8])


def test_a_failed_pass_leaves_no_gradient():
    class Fails(ArrayFunction):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, dy):
            raise ValueError("no")

    x, w = leaf(1.0), leaf(2.0)
    with pytest.raises(ValueError, match="no") as caught:
        (w * Fails.apply(x)).sum().backward()
    assert any("backward of Fails" in note for note in caught.value.__notes__)
    assert x.grad is None
    assert w.grad is None
    assert mt.is_grad_enabled()


def test_inputs_of_backward_limit_what_is_accumulated():
    x, w = leaf(2.0), leaf(3.0)
    (x * w).sum().backward(inputs=[x])
    assert x.grad.item() == 3
    assert w.grad is None


def test_several_roots():
    x = leaf(1.0, 2.0)
    mt.autograd.backward([(x * 2).sum(), (x * x).sum()])
    np.testing.assert_array_equal(x.grad.numpy(), [4, 6])


# -- autograd.grad ---------------------------------------------------------------------------------------------------


def test_grad_touches_no_grad_attribute():
    x = leaf(3.0)
    assert grad((x * x).sum(), x)[0].item() == 6
    assert x.grad is None


def test_grad_of_an_intermediate():
    x = leaf(3.0)
    y = x * 2
    z = (y * y).sum()
    dy, dx = grad(z, [y, x])
    assert (dy.item(), dx.item()) == (12, 24)


@pytest.mark.parametrize("options", [{}, {"allow_unused": True}, {"materialize_grads": True}, {"create_graph": True}])
def test_grad_of_what_requires_none(options):
    """It cannot be meant, so it is said also where an unused input is allowed."""
    x, constant = leaf(3.0), mt.tensor([2.0], dtype=mt.float64)
    for inputs, i in (([x, constant], 1), (constant, 0), ([x.detach(), x], 0)):
        with pytest.raises(GraphError, match=rf"grad: input {i} does not require a gradient. Call requires_grad_\(\)"):
            grad((x * constant).sum(), inputs, **options)
    with pytest.raises(GraphError, match="one of the `inputs` does not require a gradient"):
        (x * constant).sum().backward(inputs=[x, constant])
    assert x.grad is None


def test_grad_of_an_unused_input():
    x, unused = leaf(1.0), leaf(1.0, 2.0)
    with pytest.raises(GraphError, match=r"do not depend on input 1 \(shape \(2,\)\).*allow_unused=True"):
        grad((x * x).sum(), [x, unused])
    assert grad((x * x).sum(), [x, unused], allow_unused=True)[1] is None
    np.testing.assert_array_equal(grad((x * x).sum(), [x, unused], materialize_grads=True)[1].numpy(), [0, 0])


def test_grad_outputs_can_be_differentiated():
    x, v = leaf(1.0, 2.0), leaf(1.0, 1.0)
    (dx,) = grad(x * x, x, v, create_graph=True)
    np.testing.assert_array_equal(grad(dx.sum(), v)[0].numpy(), [2, 4])


def test_higher_derivatives():
    x = leaf(0.7)
    y = mt.sin(x)
    for right in (np.cos, lambda v: -np.sin(v), lambda v: -np.cos(v), np.sin):
        (y,) = grad(y.sum(), x, create_graph=True)
        np.testing.assert_allclose(y.item(), right(0.7), rtol=1e-12)


@pytest.mark.parametrize(
    "operation",
    [
        lambda w, x: w * x,
        lambda w, x: w / x,
        lambda w, x: x @ w,
        lambda w, x: w**x,
        lambda w, x: mt.where(w > 2, w * x, 0),
    ],
)
def test_a_constant_that_is_made_a_leaf_before_backward(operation):
    """A recorded gradient is of the tensor that it is now, as in PyTorch."""
    found = []
    for late in (False, True):
        w, x = leaf(2.0, 3.0), mt.tensor([5.0, 7.0], dtype=mt.float64, requires_grad=not late)
        y = operation(w, x).sum()
        x.requires_grad_()
        (dw,) = grad(y, w, create_graph=True)
        found.append(grad((dw * dw).sum(), x)[0].tolist())
    assert found[0] == found[1]


def test_create_graph_fills_grads_that_can_be_differentiated():
    x = leaf(2.0)
    (x * x * x).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    np.testing.assert_allclose(grad(x.grad.sum(), x)[0].item(), 12)


# -- whose memory ----------------------------------------------------------------------------------------------------


def test_leaves_never_share_a_gradient_array():
    a, b, c = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(5.0, 6.0)
    ((a + b) * c).sum().backward()
    grads = [t.grad._array for t in (a, b, c)]
    assert not any(np.shares_memory(p, q) for i, p in enumerate(grads) for q in grads[:i])
    (a + b).sum().backward()
    a.grad.add_(100)
    np.testing.assert_array_equal(b.grad.numpy(), [6, 7])


def test_gradients_are_writable_and_not_the_users_seed():
    x = leaf(1.0, 2.0)
    seed = mt.ones(2, dtype=mt.float64)
    (x + 0).backward(seed)
    x.grad.add_(1)
    np.testing.assert_array_equal(seed.numpy(), [1, 1])
    x.grad = None
    x.sum().backward()  # its gradient is a broadcast view before the engine owns it
    x.grad.add_(1)
    np.testing.assert_array_equal(x.grad.numpy(), [2, 2])


def test_a_gradient_that_was_kept_stays():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    kept = x.grad
    (x * x).sum().backward()
    np.testing.assert_array_equal(kept.numpy(), [2, 4])


def test_detach_shares_memory_but_not_identity():
    t = leaf(2.0, 3.0)
    y = (t * t.detach()).sum()
    (dt,) = grad(y, t, create_graph=True)
    np.testing.assert_array_equal(dt.detach().numpy(), [2, 3])
    assert not dt.requires_grad  # the factor is a constant
    assert np.shares_memory(t._array, t.detach()._array)


# -- memory and import -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("create_graph", [False, True])
def test_nothing_leaks(create_graph):
    """With the garbage collector off, everything goes when its last reference goes: there are no cycles."""
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = mt.exp(x) * x
        z = (y * y).sum()
        dead = [weakref.ref(t) for t in (y, z, y.grad_fn, z.grad_fn)]
        if create_graph:
            (dx,) = grad(z, x, create_graph=True)
            penalty = (dx * dx).sum()
            penalty.backward()
            dead += [weakref.ref(t) for t in (dx, penalty, dx.grad_fn)]
            del dx, penalty
        else:
            y.retain_grad()
            y.register_hook(lambda dy: None)
            z.backward()
        del y, z
        assert [r() for r in dead] == [None] * len(dead)
    finally:
        gc.enable()


def test_large_values_go_with_the_backward():
    x = mt.tensor(np.ones(100_000), requires_grad=True)
    y = mt.exp(x)
    z = y * y
    loss = z.sum()
    values = [weakref.ref(t._array) for t in (y, z)]
    del y, z
    loss.backward()
    assert all(r() is None for r in values)


def test_import_is_light():
    code = (
        "import sys, microtorch;"
        "print(*[m for m in ('numba', 'graphviz', 'pygraphviz', 'matplotlib', 'scipy', 'IPython') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_share_no_memory(create_graph):
    """Each is the caller's to change: several of one pass, and what the pass began with."""
    x, y = (mt.ones(3, requires_grad=True) for _ in range(2))
    seed = mt.ones(3)
    h = x.view(3)
    dx, dy, dh = mt.autograd.grad(h + y, [x, y, h], seed, create_graph=create_graph)
    for k, gradient in enumerate((dx, dy, dh, seed)):
        with mt.no_grad():
            gradient.mul_(k + 2)
    assert [g.tolist() for g in (dx, dy, dh, seed)] == [[2.0] * 3, [3.0] * 3, [4.0] * 3, [5.0] * 3]


def test_a_retained_gradient_is_the_results_own():
    x, seed = leaf(1.0, 2.0), mt.tensor([1.0, 1.0], dtype=mt.float64)
    h = x * 1
    h.retain_grad()
    h.backward(seed)
    h.grad.mul_(5)
    assert (seed.tolist(), x.grad.tolist(), h.grad.tolist()) == ([1.0, 1.0], [1.0, 1.0], [5.0, 5.0])


def test_recorded_gradients_add_up_over_backwards():
    x = leaf(2.0)
    for _ in range(2):
        (x**3).sum().backward(create_graph=True)
    assert x.grad.tolist() == [24.0]
    assert grad(x.grad.sum(), x)[0].tolist() == [24.0]


def test_gradients_that_are_never_zeroed_are_told_once_steps_mix():
    w = leaf(1.0)
    optimizer = mt.optim.SGD([w], lr=0.1)

    def step():
        (w * w).sum().backward()
        optimizer.step()

    step()
    step()  # one sum over a step may be meant
    with pytest.warns(UserWarning, match="gradients are never zeroed"):
        step()


def test_a_view_of_a_leaf_stays_what_it_is_when_others_move():
    w = leaf(1.0, 2.0, 3.0)
    v, h = w[:2], w * 2
    h.mul_(2)
    ((v * v).sum() + h.sum()).backward()
    assert w.grad.tolist() == [6.0, 8.0, 4.0]


# -- copies ----------------------------------------------------------------------------------------------------------

COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda t: pickle.loads(pickle.dumps(t))}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_is_a_leaf_of_its_own(way):
    w = leaf(1.0, 2.0)
    w.name, w.note = "w", "mine"
    (w * w).sum().backward()
    for t in (w, w.detach(), mt.tensor([1, 2])):
        other = COPIES[way](t)
        assert (type(other), other.dtype, other.requires_grad) == (type(t), t.dtype, t.requires_grad)
        assert other.is_leaf
        assert other.tolist() == t.tolist()
        assert not np.shares_memory(other.detach().numpy(), t.detach().numpy())
    other = COPIES[way](w)
    assert (other.name, other.note) == ("w", "mine")
    (other * 3).sum().backward()
    assert w.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize("way", COPIES)
def test_the_graph_of_a_result_cannot_be_copied(way):
    y = leaf(1.0, 2.0) * 2
    for t in (y, y[:1], {"y": [y]}):
        with pytest.raises(GraphError, match=rf"{way}: this tensor is the result of \w+, and its graph cannot"):
            COPIES[way](t)
    assert COPIES[way](y.detach()).tolist() == [2.0, 4.0]
