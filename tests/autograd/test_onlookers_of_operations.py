"""Operations of one's own, and hooks: what was written is what runs, whichever way the engine goes."""

import contextlib

import numpy as np
import pytest
import samples

import microtorch
from microtorch.autograd import ArrayFunction, detect_anomaly
from microtorch.autograd import grad as grad_of
from microtorch.explain.watch import Watch
from microtorch.ops.nn.relu import Relu

WAYS = {
    "plain": lambda: contextlib.nullcontext(),
    "detect_anomaly": detect_anomaly,
    "watch": Watch,
}
OPERATIONS = samples.operations()


def of_kind(attribute):
    """The operations that have `attribute` of their own, each with a sample that has elements."""
    found = []
    for name, cls in OPERATIONS.items():
        if attribute in vars(cls):
            sample = next((s for s in samples.samples_of(cls) if s.call is None and has_elements(s)), None)
            if sample is not None:
                found.append(pytest.param(cls, sample, id=name))
    return found


def has_elements(sample):
    return all(a.size for a in sample.arrays() if isinstance(a, np.ndarray))


def gradients(apply, sample, create_graph=False):
    """The gradients of a weighted sum of the results of ``apply`` with respect to the sample's leaves."""
    args = sample.tensors()
    leaves = [a for a in args if isinstance(a, microtorch.Tensor) and a.requires_grad]
    outputs = apply(*args)
    outputs = [y for y in (outputs if isinstance(outputs, tuple) else (outputs,)) if y.requires_grad]
    weights = [microtorch.from_numpy(np.cos(np.arange(y.numel())).reshape(y.shape)) for y in outputs]
    found = grad_of(outputs, leaves, weights, create_graph=create_graph, allow_unused=True)
    return [None if g is None else g.detach().numpy() for g in found]


def doubled(dxs):
    return tuple(None if dx is None else dx * 2 for dx in dxs) if isinstance(dxs, tuple) else dxs * 2


def subclass(cls, backward=None, forward=None):
    own = {}
    if backward is not None:
        own["backward"] = staticmethod(backward)
    if forward is not None:
        own["forward"] = staticmethod(forward)
    return type(cls)(f"Own{cls.__name__}", (cls,), own)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("create_graph", [False, True], ids=["first order", "create_graph"])
@pytest.mark.parametrize("cls, sample", of_kind("backward_kernel"))
def test_a_backward_of_ones_own_is_used_although_the_base_has_a_kernel(cls, sample, create_graph, way):
    own = subclass(cls, backward=lambda ctx, *dys: doubled(cls.backward(ctx, *dys)))
    with WAYS[way]():
        ours = gradients(own.apply, sample, create_graph)
    for a, b in zip(ours, gradients(cls.apply, sample, create_graph), strict=True):
        assert (a is None) is (b is None)
        if a is not None:
            np.testing.assert_allclose(a, 2 * b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("create_graph", [False, True], ids=["first order", "create_graph"])
def test_guided_backpropagation(create_graph):
    class Guided(Relu):
        @staticmethod
        def backward(ctx, dy):
            (y,) = ctx.saved_tensors
            return np.where(y <= 0, 0, np.maximum(dy, 0))

    x = microtorch.tensor([1.0, 2.0, -1.0], requires_grad=True)
    weight = microtorch.tensor([3.0, -3.0, 3.0])
    (dx,) = grad_of((Guided.apply(x) * weight).sum(), x, create_graph=create_graph)
    assert dx.tolist() == [3.0, 0.0, 0.0]


@pytest.mark.parametrize("create_graph", [False, True], ids=["first order", "create_graph"])
@pytest.mark.parametrize("base", [ArrayFunction, Relu], ids=["Function", "Relu"])
def test_a_backward_that_is_assigned_later_is_used(base, create_graph):
    class Own(base):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 1.0

        @staticmethod
        def backward(ctx, dy):
            return dy

    x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    for k in (3.0, 5.0):
        Own.backward = staticmethod(lambda ctx, dy, k=k: dy * k)
        (dx,) = grad_of(Own.apply(x).sum(), x, create_graph=create_graph)
        assert dx.tolist() == [k, k]


def test_a_kernel_that_is_assigned_later_is_used_at_first_order_only():
    class Own(ArrayFunction):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, dy):
            return dy * 2

    x = microtorch.tensor([1.0], requires_grad=True)
    Own.backward_kernel = staticmethod(lambda ctx, dy: dy * 7)
    assert grad_of(Own.apply(x), x)[0].tolist() == [7.0]
    assert grad_of(Own.apply(x), x, create_graph=True)[0].tolist() == [2.0]


def test_a_subclass_of_a_subclass_takes_the_nearest_backward():
    class Formula(Relu):
        @staticmethod
        def backward(ctx, dy):
            return dy * 2

    class Kernel(Formula):
        @staticmethod
        def backward_kernel(ctx, dy):
            return dy * 3

    class Inherits(Kernel):
        pass

    x = microtorch.tensor([1.0], requires_grad=True)
    assert grad_of(Formula.apply(x), x)[0].tolist() == [2.0]
    assert grad_of(Kernel.apply(x), x)[0].tolist() == [3.0]
    assert grad_of(Inherits.apply(x), x)[0].tolist() == [3.0]
    assert grad_of(Inherits.apply(x), x, create_graph=True)[0].tolist() == [2.0]


# -- captured --------------------------------------------------------------------------------------------------------


def trains(apply, sample, captured):
    """What four calls of a step on other values each time give, and the gradients."""
    args = sample.tensors()
    places = [i for i, a in enumerate(args) if isinstance(a, microtorch.Tensor) and a.requires_grad]
    leaves = [args[i] for i in places]

    def step():
        for leaf in leaves:
            leaf.grad = None
        outputs = apply(*args)
        outputs = [y for y in (outputs if isinstance(outputs, tuple) else (outputs,)) if y.requires_grad]
        total = sum(((y * y).sum() for y in outputs[1:]), (outputs[0] * outputs[0]).sum())
        total.backward()
        return outputs

    call, seen = microtorch.capture(step) if captured else step, []
    for turn in range(4):
        with microtorch.no_grad():
            for leaf in leaves:
                leaf.mul_(1 - 0.05 * turn)
        seen += [y.detach().numpy().copy() for y in call()]
        seen += [None if leaf.grad is None else leaf.grad.numpy().copy() for leaf in leaves]
    return seen


def same(ours, eager):
    for a, b in zip(ours, eager, strict=True):
        assert (a is None) is (b is None)
        assert a is None or np.array_equal(a, b, equal_nan=True)


def altered(cls):
    """A forward that adds 1 to the floating results of another."""

    def forward(ctx, *args):
        y = cls.forward(ctx, *args)
        saved = ctx.saved
        results = y if isinstance(y, tuple) else (y,)
        more = tuple(a + 1 if a.dtype.kind == "f" else a for a in results)
        ctx.saved = tuple(next((new for old, new in zip(results, more) if s is old), s) for s in saved)
        return more if isinstance(y, tuple) else more[0]

    return forward


@pytest.mark.parametrize("change", ["forward", "backward"])
@pytest.mark.parametrize("cls, sample", [case for case in of_kind("backward") if case.id != "ScatterMultiply"])
def test_an_operation_of_ones_own_is_captured_as_it_is_written(cls, sample, change):
    if change == "forward":
        own = subclass(cls, forward=altered(cls))
    else:
        own = subclass(cls, backward=lambda ctx, *dys: doubled(cls.backward(ctx, *dys)))
    call = lambda *args: own.apply(*args)  # noqa: E731
    same(trains(call, sample, captured=True), trains(call, sample, captured=False))


def test_an_apply_that_was_given_a_name_before_is_captured():
    """``cube = Cube.apply`` is how PyTorch's pages introduce an operation of one's own."""
    sample = samples.Sample((samples.Leaf((3,)),))
    same(trains(Relu.apply, sample, captured=True), trains(Relu.apply, sample, captured=False))


@pytest.mark.parametrize("reduced", [True, False], ids=["sum", "itself"])
@pytest.mark.parametrize("memory", ["fresh", "ctx.empty"])
@pytest.mark.parametrize("where", ["input", "variable"])
def test_a_shifted_relu_is_captured_with_its_own_forward(where, memory, reduced):
    class Shifted(Relu):
        @staticmethod
        def forward(ctx, x):
            y = ctx.empty(x.shape, x.dtype) if memory == "ctx.empty" else np.empty_like(x)
            np.maximum(x - 1, 0, out=y)
            ctx.save_for_backward(y)
            return y

    x = microtorch.tensor([3.0], requires_grad=where == "variable")

    def compute(x):
        y = Shifted.apply(x)
        return y.sum() if reduced else y

    step = microtorch.capture(compute) if where == "input" else microtorch.capture(lambda: compute(x))
    assert [step(*([x] if where == "input" else [])).item() for _ in range(3)] == [2.0, 2.0, 2.0]


# -- hooks and retained gradients ------------------------------------------------------------------------------------


def hidden():
    x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    return x, x * 3


@pytest.mark.parametrize("retained", ["before", "between", "after"])
def test_a_retained_gradient_is_what_the_hooks_left(retained):
    x, h = hidden()
    if retained == "before":
        h.retain_grad()
    h.register_hook(lambda g: 10 * g)
    if retained == "between":
        h.retain_grad()
    h.register_hook(lambda g: g + 1)
    if retained == "after":
        h.retain_grad()
    h.sum().backward()
    assert h.grad.tolist() == [11.0, 11.0]
    assert x.grad.tolist() == [33.0, 33.0]


def test_a_retained_gradient_adds_up():
    x = microtorch.tensor([2.0], requires_grad=True)
    h = x * 3
    h.retain_grad()
    y = (h * h).sum()
    y.backward(retain_graph=True)
    assert h.grad.tolist() == [12.0]
    kept = h.grad
    y.backward(retain_graph=True)
    assert h.grad.tolist() == [24.0]
    assert kept.tolist() == [12.0]
    h.grad = None
    y.backward()
    assert h.grad.tolist() == [12.0]
    assert x.grad.tolist() == [108.0]


def test_retaining_twice_counts_once():
    _, h = hidden()
    h.retain_grad()
    h.retain_grad()
    h.sum().backward()
    assert h.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("change", ["mul_", "add_", "through a view", "with an index"])
def test_a_retained_gradient_belongs_to_the_new_value(change):
    x, a = hidden()
    a.retain_grad()
    if change == "mul_":
        a.mul_(2)
    elif change == "add_":
        a += x
    elif change == "through a view":
        a[0].mul_(2)
    else:
        a[0] = x[1]
    (a * microtorch.tensor([5.0, 7.0])).sum().backward()
    assert a.grad.tolist() == [5.0, 7.0]


def test_a_hook_belongs_to_the_value_it_was_hung_on():
    x, h = hidden()
    seen = []
    h.register_hook(lambda g: seen.append(("old", g.tolist())))
    h.mul_(2)
    h.register_hook(lambda g: seen.append(("new", g.tolist())))
    h.sum().backward()
    assert seen == [("new", [1.0, 1.0]), ("old", [2.0, 2.0])]
    assert x.grad.tolist() == [6.0, 6.0]


@pytest.mark.parametrize("nr", [0, 1])
def test_one_of_several_outputs_is_hooked_and_retained(nr):
    x = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    parts = x.unbind()
    parts[nr].retain_grad()
    parts[nr].register_hook(lambda g: g * 10)
    (parts[0] * 2 + parts[1] * 3).sum().backward()
    assert parts[nr].grad.tolist() == [[20.0, 20.0], [30.0, 30.0]][nr]
    expected = [[2.0, 2.0], [3.0, 3.0]]
    expected[nr] = [10 * v for v in expected[nr]]
    assert x.grad.tolist() == expected


def test_what_a_hook_keeps_stays():
    x, h = hidden()
    kept = []
    h.register_hook(kept.append)
    x.register_hook(kept.append)
    (h * h).sum().backward(retain_graph=True)
    values = [g.tolist() for g in kept]
    x.grad.mul_(0)
    (h * h).sum().backward()
    assert [g.tolist() for g in kept[:2]] == values
