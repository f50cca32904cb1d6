"""`saved_tensors_hooks`: what is saved is packed and unpacked by functions of the user's own."""

import pickle

import numpy as np
import pytest

import microtorch as mt
from microtorch.autograd import grad
from microtorch.autograd.graph import save_on_cpu, saved_tensors_hooks
from microtorch.errors import GradientError, GraphError


def leaf(*values):
    return mt.tensor(np.array(values, np.float64), requires_grad=True)


def chain(x):
    return (x.exp() * x).sin() + (x @ x) + mt.nn.functional.log_softmax(x, 0)


PACKINGS = {
    "as they are": (lambda t: t, lambda t: t),
    "copies": (lambda t: t.clone(), lambda t: t),
    "bytes": (lambda t: pickle.dumps(t.detach().numpy()), lambda b: mt.from_numpy(pickle.loads(b))),
    "negative": (lambda t: -t, lambda t: -t),
}


def test_the_namespace_has_what_pytorch_has_there_and_says_what_it_has_not():
    assert mt.autograd.graph.saved_tensors_hooks is saved_tensors_hooks
    assert mt.autograd.graph.save_on_cpu is save_on_cpu
    with pytest.raises(AttributeError, match=r"autograd.graph has no 'saved_tensor_hooks'.*saved_tensors_hooks"):
        mt.autograd.graph.saved_tensor_hooks  # noqa: B018
    assert not hasattr(mt.autograd.graph, "__wrapped__")


@pytest.mark.parametrize("name", PACKINGS)
def test_gradients_are_those_without(name):
    x = leaf(0.5, 1.5)
    (expected,) = grad(chain(x).sum(), x)
    with saved_tensors_hooks(*PACKINGS[name]):
        y = chain(x)
    np.testing.assert_array_equal(grad(y.sum(), x)[0].numpy(), expected.numpy())


def test_only_what_is_recorded_inside_is_packed():
    seen, x = [], leaf(0.5, 1.5)
    hooks = saved_tensors_hooks(lambda t: seen.append(t.tolist()) or t, lambda t: t)
    x.exp()
    with hooks:
        with mt.no_grad():
            x.exp()
        (x + 1).detach().exp()
        x.sin()  # saves its argument
        assert seen == [[0.5, 1.5]]
    x.exp()
    assert len(seen) == 1


def test_the_innermost_packs():
    seen, x = [], leaf(0.5, 1.5)

    def hooks(name):
        return saved_tensors_hooks(lambda t: seen.append(f"{name} packs") or t, lambda t: seen.append(name) or t)

    outer = hooks("outer")
    with outer:
        with hooks("inner"), save_on_cpu(), hooks("innermost"):
            y = x.sin()
        with outer:
            z = y.sin()
        z = z.sin()
    assert seen == ["innermost packs", "outer packs", "outer packs"]
    z.sum().backward()
    assert seen[3:] == ["outer", "outer", "innermost"]
    twin = leaf(0.5, 1.5)
    twin.sin().sin().sin().sum().backward()
    assert x.grad.tolist() == twin.grad.tolist()


@pytest.mark.parametrize(
    "unpack, what", [(lambda t: t[:1], r"\(1,\)"), (lambda t: t.float(), "float32"), (lambda t: 3, "3")]
)
def test_what_is_not_what_was_packed_is_refused(unpack, what):
    x = leaf(0.5, 1.5)
    with saved_tensors_hooks(lambda t: t, unpack):
        y = x.sin().sum()
    with pytest.raises(GraphError, match=rf"of what Sin had saved, \(2,\) float64, the unpack hook made .*{what}"):
        y.backward()
    assert x.grad is None


def test_it_has_no_second_derivative_and_one_backward():
    x = leaf(0.5, 1.5)
    with save_on_cpu():
        y, z = x.sin().sum(), x.sin().sum()
    with pytest.raises(GradientError, match="Sin: what saved_tensors_hooks unpacks has no place in the graph"):
        grad(y, x, create_graph=True)
    z.backward()
    with pytest.raises(GraphError, match="backward"):
        z.backward()


@pytest.mark.parametrize("pack", [lambda t: t, lambda t: t[...], lambda t: t.view(2, 1)])
def test_what_packing_leaves_in_its_place_may_not_be_changed(pack):
    x = leaf(0.5, 1.5)
    with saved_tensors_hooks(pack, lambda t: t.view(2)):
        h = x * 1
        y = h.sin()
    h.zero_()
    with pytest.raises(GraphError, match=r"Sin.* saved a value of shape .*, which was changed in place .*zero_"):
        y.sum().backward()


def test_what_packing_has_copied_may_change():
    def pack(t):
        copies.append(mt.zeros(2, dtype=mt.float64))
        return copies[-1].copy_(t)

    x, copies = leaf(0.5, 1.5), []
    with saved_tensors_hooks(pack, lambda t: t):
        h = x * 1
        y = h.sin()
    h.zero_()
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, np.cos([0.5, 1.5]))


def test_nodes_keep_their_class_and_no_class_is_made():
    def classes():
        return [*mt.autograd.function.ArrayFunction.__subclasses__(), *type(leaf(1.0).exp().grad_fn).__subclasses__()]

    before, x = classes(), leaf(0.5, 1.5)
    with save_on_cpu():
        y = x.exp()
    assert type(y.grad_fn) is type(x.exp().grad_fn)
    assert classes() == before


def test_a_function_on_tensors_is_packed_too():
    class Cube(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * dy

    x, shapes = leaf(0.5, 1.5), []
    with saved_tensors_hooks(lambda t: shapes.append(t.shape) or t.clone(), lambda t: t):
        y = Cube.apply(x)
    y.sum().backward()
    assert shapes == [(2,)]
    assert x.grad.tolist() == [0.75, 6.75]
