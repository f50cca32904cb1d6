"""The engine: graphs of any depth, what is released and kept, hooks, modes, changes in place, errors by their words."""

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import microtorch as mt
from microtorch.autograd import Function, grad, once_differentiable
from microtorch.errors import DTypeError, GradientError, GraphError, ShapeError


def leaf(*values, dtype=np.float64):
    return mt.tensor(np.array(values, dtype), requires_grad=True)


# -- size ----------------------------------------------------------------------------------------------------------


def test_a_million_operations_need_no_recursion():
    x = mt.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    assert y.item() == 1_000_001
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


# -- what backward needs and keeps ------------------------------------------------------------------------------------


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
        (mt.ones(2, dtype=mt.float32), DTypeError, "float32.*float64"),
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
    class Fails(Function):
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


# -- autograd.grad -----------------------------------------------------------------------------------------------------


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


def test_create_graph_fills_grads_that_can_be_differentiated():
    x = leaf(2.0)
    (x * x * x).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    np.testing.assert_allclose(grad(x.grad.sum(), x)[0].item(), 12)


# -- hooks ---------------------------------------------------------------------------------------------------------------


def test_hooks_replace_gradients_in_order_and_can_be_removed():
    x = leaf(1.0)
    first = x.register_hook(lambda dx: dx * 10)
    x.register_hook(lambda dx: dx + 1)
    (x * 2).sum().backward()
    assert x.grad.item() == 21
    first.remove()
    x.grad = None
    (x * 2).sum().backward()
    assert x.grad.item() == 3


def test_a_hook_on_a_result_sees_its_whole_gradient():
    seen = []
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda dy: seen.append(dy.item()))
    (y * 3 + y * 4).sum().backward()
    assert seen == [7]
    assert x.grad.item() == 14


def test_what_a_hook_keeps_is_never_overwritten():
    kept = []
    x = leaf(1.0, 2.0)
    y = x + 0
    y.register_hook(kept.append)
    x.register_hook(kept.append)
    (y * 2 + y * 3).sum().backward()
    before = [t.numpy().copy() for t in kept]
    with mt.no_grad():
        x.grad.mul_(100)
    (x * 7).sum().backward()
    for t, b in zip(kept, before, strict=False):
        np.testing.assert_array_equal(t.numpy(), b)


def test_a_hook_that_returns_something_else():
    x = leaf(1.0, 2.0)
    x.register_hook(lambda dx: dx.sum())
    with pytest.raises(GradientError, match=r"hook must return None or a Tensor of shape \(2,\), not shape \(\)"):
        (x * 2).sum().backward()


def test_retain_grad():
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    (y * 3).sum().backward()
    assert y.grad.item() == 3
    assert x.grad.item() == 6


def test_retained_gradients_follow_the_hooks():
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda dy: dy * 10)
    y.retain_grad()
    (y * 3).sum().backward()
    assert y.grad.item() == 30


# -- whose memory --------------------------------------------------------------------------------------------------------


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


# -- modes -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switch", [mt.no_grad, mt.inference_mode])
def test_nothing_is_recorded(switch):
    x = leaf(1.0)
    with switch():
        assert not (x * 2).requires_grad
        with mt.enable_grad():
            assert (x * 2).requires_grad
        assert not mt.is_grad_enabled()

    @switch()
    def decorated():
        return x * 2

    assert not decorated().requires_grad
    assert (x * 2).requires_grad


def test_a_mode_is_put_back_after_an_error():
    with pytest.raises(KeyError), mt.no_grad():
        raise KeyError
    assert mt.is_grad_enabled()


def test_set_grad_enabled():
    x = leaf(1.0)
    with mt.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    mt.set_grad_enabled(False)
    try:
        assert not (x * 2).requires_grad
    finally:
        mt.set_grad_enabled(True)
    assert (x * 2).requires_grad


def test_a_generator_holds_the_mode_only_while_it_runs():
    @mt.no_grad()
    def batches():
        for _ in range(2):
            yield mt.is_grad_enabled()

    for inside in batches():
        assert not inside
        assert mt.is_grad_enabled()


def test_modes_belong_to_threads():
    inside, outside = [], []
    entered, done = threading.Event(), threading.Event()

    def work():
        with mt.no_grad():
            entered.set()
            done.wait(10)
            inside.append(mt.is_grad_enabled())

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait(10)
    outside.append(mt.is_grad_enabled())
    done.set()
    thread.join()
    assert (inside, outside) == ([False], [True])


def test_threads_train_beside_one_another():
    results = {}

    def train(seed):
        x = mt.tensor(np.full(50, float(seed)), requires_grad=True)
        for _ in range(50):
            (x * x).sum().backward()
        results[seed] = x.grad.numpy().copy()

    threads = [threading.Thread(target=train, args=(seed,)) for seed in range(1, 5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for seed in range(1, 5):
        np.testing.assert_array_equal(results[seed], np.full(50, 100.0 * seed))


# -- changes in place --------------------------------------------------------------------------------------------------------


def this_line():
    return sys._getframe(1).f_lineno


def test_a_saved_value_that_was_changed_names_both_operations_and_the_line():
    x = leaf(1.0, 2.0)
    y = mt.exp(x)
    z = y * y
    line = this_line() + 1
    y += 1
    with pytest.raises(GraphError, match=rf"Mul saved.*\(2,\).*add_ at .*test_engine\.py:{line}.*y = y \+ 1"):
        z.sum().backward()


def test_a_change_through_a_detached_alias_is_noticed():
    x = leaf(1.0, 2.0)
    y = mt.exp(x)
    alias = y.detach()
    alias.mul_(3)
    with pytest.raises(GraphError, match="Exp saved.*mul_"):
        y.sum().backward()


def test_a_change_of_an_input_under_no_grad_is_noticed():
    w = leaf(1.0, 2.0)
    y = (w * w).sum()
    with mt.no_grad():
        w.sub_(0.1)
    with pytest.raises(GraphError, match="Mul saved.*sub_"):
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


def test_in_place_on_a_view_inside_the_graph():
    y = leaf(1.0, 2.0, 3.0) * 1
    with pytest.raises(GraphError, match=r"view made by Slice.*base\[index\] = value"):
        y[:2].add_(1)


def test_in_place_with_a_result_that_does_not_fit():
    with pytest.raises(ShapeError, match=r"\(3, 2\).*\(2,\) in place"):
        mt.ones(2).add_(mt.ones(3, 2))
    with pytest.raises(DTypeError, match="float32.*int64"):
        mt.arange(3).add_(0.5)


def test_versions_count_changes():
    t = mt.zeros(3)
    assert t._version == 0
    t.add_(1)
    t[0] = 2
    assert t._version == 2
    assert t.detach()._version == 2


# -- functions of one's own ---------------------------------------------------------------------------------------------------


class SavesIntermediate(Function):
    @staticmethod
    def forward(ctx, x):
        e = np.exp(x)
        ctx.save_for_backward(e)
        return e * 2

    @staticmethod
    def backward(ctx, dy):
        (e,) = ctx.saved_tensors
        return dy * e * 2


@pytest.mark.parametrize("values", [(1.0, 2.0), 1.0])
def test_a_saved_intermediate_is_an_error_under_create_graph(values):
    x = mt.tensor(np.array(values), requires_grad=True)
    SavesIntermediate.apply(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(values))
    y = SavesIntermediate.apply(x)
    with pytest.raises(
        GradientError, match=r"SavesIntermediate saved an intermediate \(position 0.*inputs or the output"
    ):
        grad(y.sum(), x, create_graph=True)


def test_saved_scalars_keep_their_place_in_the_graph():
    """numpy's functions give scalars for arrays of no dimensions; their second derivative is not zero."""
    x = leaf(0.5).sum()
    (dx,) = grad(mt.exp(x), x, create_graph=True)
    np.testing.assert_allclose(grad(dx, x)[0].item(), np.exp(0.5))


def test_once_differentiable():
    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        @once_differentiable
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            assert type(x) is type(dy) is np.ndarray
            return dy * 3 * x**2

    x = leaf(2.0)
    (dx,) = grad(Cube.apply(x).sum(), x, create_graph=True)
    assert dx.item() == 12
    with pytest.raises(GradientError, match="Cube is marked once_differentiable"):
        grad(dx.sum(), x)


class Halves(Function):
    """y, z, i = x / 2, x / 3, where x is largest"""

    @staticmethod
    def forward(ctx, x):
        return x / 2, x / 3, np.asarray(x.argmax())

    @staticmethod
    def backward(ctx, dy, dz, _):
        return dy / 2 + dz / 3


def test_several_outputs():
    x = leaf(6.0, 12.0)
    y, z, i = Halves.apply(x)
    assert (i.item(), i.requires_grad) == (1, False)
    (y * 4).sum().backward()  # z receives nothing: its gradient is zero
    np.testing.assert_allclose(x.grad.numpy(), [2, 2])
    x.grad = None
    y, z, _ = Halves.apply(x)
    z.register_hook(lambda dz: dz * 3)
    assert (y.output_nr, z.output_nr) == (0, 1)
    dz, dx = grad((y * 2 + z * z).sum(), [z, x])
    np.testing.assert_allclose(dz.numpy(), [12, 24])
    np.testing.assert_allclose(dx.numpy(), [5, 9])


def test_mark_non_differentiable():
    class WithMask(Function):
        @staticmethod
        def forward(ctx, x):
            mask = (x > 0).astype(x.dtype)
            ctx.mark_non_differentiable(mask)
            return x * 2, mask

        @staticmethod
        def backward(ctx, dy, _):
            return dy * 2

    y, mask = WithMask.apply(leaf(1.0, -1.0))
    assert (y.requires_grad, mask.requires_grad) == (True, False)


def test_a_gradient_of_the_wrong_shape_names_both():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, dy):
            return dy.T

    with pytest.raises(
        GradientError, match=r"Wrong\.backward returned a gradient of shape \(3, 2\) for an input of shape \(2, 3\)"
    ):
        Wrong.apply(mt.ones(2, 3, requires_grad=True)).sum().backward()


def test_too_few_gradients():
    class TooFew(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, dy):
            return dy

    with pytest.raises(GradientError, match=r"TooFew\.backward returned 1 gradients for 2 arguments"):
        TooFew.apply(leaf(1.0), leaf(2.0)).sum().backward()


def test_broadcast_gradients_are_summed_by_the_engine():
    a = mt.ones(3, 1, dtype=mt.float64, requires_grad=True)
    b = mt.ones(4, dtype=mt.float64, requires_grad=True)
    s = mt.ones((), dtype=mt.float64, requires_grad=True)
    (a * b * s).sum().backward()
    assert (a.grad.shape, b.grad.shape, s.grad.shape) == ((3, 1), (4,), ())
    np.testing.assert_array_equal(a.grad.numpy(), np.full((3, 1), 4))
    np.testing.assert_array_equal(b.grad.numpy(), np.full(4, 3))
    assert s.grad.item() == 12


def test_numpy_functions_stay_differentiable():
    x = leaf(1.0, 2.0)
    y = np.exp(x) + np.array([1.0, 1.0]) * x + np.concatenate([x[:1], x[1:]])
    assert isinstance(y, mt.Tensor)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1, 2]) + 2)
    with pytest.raises(TypeError, match=r"np\.fft.* no differentiable form|no differentiable form"):
        np.spacing(x)


def test_arrays_in_array_out():
    y = SavesIntermediate.apply(np.zeros(2))
    assert type(y) is np.ndarray


# -- memory and import ------------------------------------------------------------------------------------------------------


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
