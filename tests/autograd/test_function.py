"""Functions of one's own: what they may save and return, several outputs, numpy's dispatch."""

import numpy as np
import pytest

import microtorch as mt
from microtorch.autograd import ArrayFunction, grad, once_differentiable
from microtorch.errors import GradientError
from microtorch.kernels.nn import relu


def leaf(*values):
    return mt.tensor(np.array(values, np.float64), requires_grad=True)


class SavesIntermediate(ArrayFunction):
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
    class Cube(ArrayFunction):
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


class Halves(ArrayFunction):
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
    class WithMask(ArrayFunction):
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
    class Wrong(ArrayFunction):
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
    class TooFew(ArrayFunction):
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


def test_a_handle_takes_its_hook_away_at_the_end_of_a_block():
    x, seen = mt.ones(2, requires_grad=True), []
    with x.register_hook(lambda grad: seen.append(grad.tolist())):
        x.sum().backward()
    x.sum().backward()
    assert seen == [[1.0, 1.0]]


def test_an_operation_on_arrays_that_is_a_function_on_tensors_is_told():
    class Halved(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return np.ones(2)

    with pytest.raises(TypeError, match=r"Halved: forward returns Tensors.* is a subclass of ArrayFunction"):
        Halved.apply(mt.ones(2))

    class Kernel(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            relu.relu(x, x)

    with pytest.raises(TypeError, match=r"Kernel: forward gave a Tensor to a kernel of numba's.* ArrayFunction"):
        Kernel.apply(mt.ones(2))


@pytest.mark.parametrize("x", [leaf(2.0), leaf(2.0).sum(), leaf(2.0, 3.0)], ids=["one", "no dimensions", "two"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_what_is_saved_comes_as_a_tuple(x, create_graph):
    class Exp(ArrayFunction):
        @staticmethod
        def forward(ctx, x):
            y = np.exp(x)  # a scalar, where there are no dimensions
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, dy):
            assert type(ctx.saved_tensors) is tuple
            assert all(isinstance(s, mt.Tensor if create_graph else np.ndarray) for s in ctx.saved_tensors)
            return dy * ctx.saved_tensors[1]

    (dx,) = grad(Exp.apply(x).sum(), x, create_graph=create_graph)
    np.testing.assert_array_equal(dx.numpy() if not create_graph else dx.detach().numpy(), np.exp(x.detach().numpy()))
