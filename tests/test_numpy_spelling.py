"""numpy's functions on tensors: the same values as on arrays, and recorded."""

import numpy as np
import pytest

import microtorch as mt

X = np.random.default_rng(0).standard_normal((3, 4, 5))
M = np.random.default_rng(1).standard_normal((4, 4))
V = np.random.default_rng(2).standard_normal(4)

CALLS = {
    "sum": lambda x, m, v: np.sum(x, axis=(0, 2), keepdims=True),
    "mean": lambda x, m, v: np.mean(x, axis=1),
    "prod": lambda x, m, v: np.prod(x, axis=0),
    "max": lambda x, m, v: np.max(x, axis=1, keepdims=True),
    "amax": lambda x, m, v: np.amax(x),
    "min": lambda x, m, v: np.min(x, axis=(0, 1)),
    "var": lambda x, m, v: np.var(x, axis=0),
    "var, ddof": lambda x, m, v: np.var(x, axis=0, ddof=1, keepdims=True),
    "std": lambda x, m, v: np.std(x),
    "cumsum": lambda x, m, v: np.cumsum(x),
    "cumsum, axis": lambda x, m, v: np.cumsum(x, axis=1),
    "cumprod": lambda x, m, v: np.cumprod(x, axis=-1),
    "sort": lambda x, m, v: np.sort(x, axis=0),
    "sort, flat": lambda x, m, v: np.sort(x, axis=None),
    "reshape": lambda x, m, v: np.reshape(x, (4, -1)),
    "ravel": lambda x, m, v: np.ravel(x),
    "transpose": lambda x, m, v: np.transpose(x),
    "transpose, axes": lambda x, m, v: np.transpose(x, (1, 2, 0)),
    "swapaxes": lambda x, m, v: np.swapaxes(x, 0, -1),
    "moveaxis": lambda x, m, v: np.moveaxis(x, (0, 1), (-1, 0)),
    "squeeze": lambda x, m, v: np.squeeze(x[:, :1], axis=1),
    "expand_dims": lambda x, m, v: np.expand_dims(x, (0, -1)),
    "broadcast_to": lambda x, m, v: np.broadcast_to(v, (3, 4)),
    "concatenate": lambda x, m, v: np.concatenate([m, v[None]], axis=0),
    "stack": lambda x, m, v: np.stack([v, v * 2], axis=1),
    "split": lambda x, m, v: np.split(m, 2, axis=1)[1],
    "split, places": lambda x, m, v: np.split(m, [1, -1])[1],
    "tile": lambda x, m, v: np.tile(m, (2, 1, 2)),
    "flip": lambda x, m, v: np.flip(x),
    "flip, axis": lambda x, m, v: np.flip(x, axis=(0, 2)),
    "roll": lambda x, m, v: np.roll(x, 2),
    "roll, axis": lambda x, m, v: np.roll(x, shift=(1, -1), axis=(0, 2)),
    "take": lambda x, m, v: np.take(x, [0, 7, -1]),
    "take, axis": lambda x, m, v: np.take(x, [[0, 1], [1, 1]], axis=1),
    "diagonal": lambda x, m, v: np.diagonal(x, 1, axis1=1, axis2=2),
    "diag": lambda x, m, v: np.diag(v, -1),
    "trace": lambda x, m, v: np.trace(m),
    "tril": lambda x, m, v: np.tril(x, -1),
    "triu": lambda x, m, v: np.triu(m),
    "matmul": lambda x, m, v: np.matmul(m, v),
    "array @ tensor": lambda x, m, v: M @ m,
    "dot": lambda x, m, v: np.dot(v, m),
    "outer": lambda x, m, v: np.outer(v, v),
    "tensordot": lambda x, m, v: np.tensordot(x, m, axes=(1, 0)),
    "einsum": lambda x, m, v: np.einsum("bij,ik->kj", x, m),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_values_are_numpys_and_recorded(call):
    y = call(*(mt.tensor(a, requires_grad=True) for a in (X, M, V)))
    expected = call(X, M, V)
    assert isinstance(y, mt.Tensor)
    assert y.shape == np.shape(expected)
    assert y.requires_grad
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("function", [np.argmax, np.argmin, np.argsort, np.all, np.any, np.count_nonzero])
def test_answers_without_a_gradient(function):
    answer = function(mt.tensor(X, requires_grad=True), axis=1)
    np.testing.assert_array_equal(answer.numpy(), function(X, axis=1))


@pytest.mark.parametrize("call", [lambda t: np.repeat(t, 2), lambda t: np.median(t), lambda t: np.add.reduce(t)])
def test_what_means_something_else_or_nothing_here_is_refused(call):
    with pytest.raises(TypeError, match="no differentiable form"):
        call(mt.zeros(3))


def test_numpys_options_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match="row-major"):
        np.reshape(mt.zeros(2, 3), (3, 2), order="F")
    with pytest.raises(TypeError):
        np.sum(mt.zeros(3), out=np.zeros(()))


KINKS = {
    "norm": lambda t: t.norm(),
    "norm, rows": lambda t: t.norm(dim=1).sum(),
    "norm 3": lambda t: t.norm(3),
    "norm 0.5": lambda t: t.norm(0.5),
    "norm nuc": lambda t: t.norm("nuc"),
    "std": lambda t: t.std(),
    "std, rows": lambda t: t.std(dim=1).sum(),
}


@pytest.mark.parametrize("call", KINKS.values(), ids=KINKS.keys())
def test_at_its_kink_a_norm_has_the_gradient_zero(call):
    t = mt.zeros(2, 3, requires_grad=True)
    (first,) = mt.autograd.grad(call(t), t, create_graph=True)
    assert first.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert mt.autograd.grad(first.sum(), t, allow_unused=True, materialize_grads=True)[0].isfinite().all()


def test_the_product_of_others_needs_no_division():
    for x in ([2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [1e-200, 1e-200, 4.0]):
        t = mt.tensor(np.array(x), requires_grad=True)
        (first,) = mt.autograd.grad(t.prod(), t, create_graph=True)
        assert first.tolist() == [x[1] * x[2], x[0] * x[2], x[0] * x[1]]
        (second,) = mt.autograd.grad(first[0], t)
        assert second.tolist() == [0, x[2], x[1]]
        t.grad = None
        t.prod().backward()
        assert t.grad.tolist() == first.tolist()


def test_linear_explains_itself():
    with pytest.raises(mt.ShapeError) as error:
        mt.nn.functional.linear(mt.zeros(32, 10), mt.zeros(11, 5))
    assert str(error.value) == (
        "linear: input (32, 10) and weight (11, 5): 10 features do not fit 5. Did you mean Linear(10, 11)?"
    )
    with pytest.raises(mt.ShapeError, match=r"bias \(3,\) does not fit 4 outputs"):
        mt.nn.functional.linear(mt.zeros(2, 5), mt.zeros(4, 5), mt.zeros(3))
    with pytest.raises(mt.DTypeError, match=r"linear: input is float64, weight is float32"):
        mt.nn.functional.linear(mt.zeros(2, 5, dtype=mt.float64), mt.zeros(4, 5))


def test_the_first_layer_computes_no_input_gradient():
    x, w = mt.ones(2, 3), mt.ones(4, 3, requires_grad=True)
    y = mt.nn.functional.linear(x, w)
    dx, dw, db = y.grad_fn.backward(y.grad_fn, np.ones((2, 4), np.float32))
    assert dx is None
    assert db is None
    assert dw.tolist() == [[2.0] * 3] * 4


@pytest.mark.parametrize("descending", [False, True])
def test_equal_elements_keep_their_order(descending):
    x = np.random.default_rng(0).integers(0, 4, (50, 3))
    order = np.argsort(-x if descending else x, axis=0, kind="stable")
    values, indices = mt.tensor(x).sort(0, descending=descending)
    np.testing.assert_array_equal(indices.numpy(), order)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, order, 0))
    values, indices = mt.tensor(x).topk(7, 0, largest=descending)
    np.testing.assert_array_equal(indices.numpy(), order[:7])
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, order[:7], 0))
