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


# numpy's names and order of the arguments, where PyTorch has others.
SPELLINGS = """
np.sum(x, 0, None, None, True)
np.sum(a=x, axis=1)
np.mean(x, 1, np.float64)
np.mean(a=x, keepdims=True)
np.prod(x, 0, np.float64)
np.prod(a=x, axis=-1, keepdims=True)
np.max(a=x, axis=0)
np.amin(x, 0, None, True)
np.amax(a=x, axis=(0,1))
np.min(a=x, keepdims=True)
np.cumsum(x, 1, np.float64)
np.cumsum(a=x, axis=0)
np.cumprod(a=x, axis=2, dtype=np.float64)
np.var(x, 1, np.float64)
np.var(a=x, axis=0, ddof=1)
np.std(a=x, axis=1)
np.round(x, 1)
np.round(a=x, decimals=2)
np.nan_to_num(x, False)
np.nan_to_num(x=x, copy=True, nan=2.0, posinf=3.0)
np.clip(x, -1, 1)
np.clip(x, a_min=0, a_max=None)
np.clip(x, min=0, max=1)
np.trace(m, 1)
np.trace(x, offset=-1, axis1=1, axis2=2)
np.trace(a=x)
np.tril(m, k=1)
np.triu(m=x, k=-1)
np.diag(m, k=1)
np.diag(v=v, k=-2)
np.diagonal(a=x, offset=1, axis1=0, axis2=2)
np.vstack([v,v])
np.vstack((m,v))
np.hstack([v,v])
np.hstack((m,m))
np.hstack([x,x])
np.repeat(x, 2)
np.repeat(x, 3, axis=1)
np.repeat(a=x, repeats=2, axis=-1)
np.repeat(m, [1,0,2,1], axis=0)
np.pad(m, 1)
np.pad(x, ((0,1),(2,0),(1,1)))
np.pad(m, (1,2), constant_values=3)
np.pad(m, [(1,2)], mode="edge")
np.pad(x, 1, "reflect")
np.pad(array=m, pad_width=2, mode="wrap")
np.linalg.norm(v)
np.linalg.norm(x)
np.linalg.norm(m, "fro")
np.linalg.norm(m, ord="nuc")
np.linalg.norm(v, 1)
np.linalg.norm(x, axis=1)
np.linalg.norm(x, 3, -1, True)
np.linalg.norm(x=x, ord=None, axis=(0,1), keepdims=True)
np.linalg.norm(v, np.inf)
np.squeeze(a=x[:1], axis=0)
np.expand_dims(a=x, axis=1)
np.reshape(x, shape=(-1,))
np.ravel(a=x)
np.transpose(a=x, axes=(2,0,1))
np.swapaxes(a=x, axis1=0, axis2=1)
np.moveaxis(a=x, source=0, destination=2)
np.broadcast_to(array=v, shape=(2,4))
np.stack(arrays=[v,v], axis=1)
np.concatenate([m,m], axis=1)
np.split(ary=m, indices_or_sections=2, axis=1)[0]
np.tile(A=v, reps=2)
np.flip(m=x, axis=1)
np.roll(a=x, shift=1, axis=0)
np.take(a=x, indices=[0,1], axis=1)
np.outer(a=v, b=v)
np.tensordot(a=x, b=m, axes=(1,0))
np.sort(a=x, axis=0, kind="stable")
np.dot(a=m, b=m)
np.copy(a=x)
np.matmul(m, m)
np.where(m>0, m, v)
"""


@pytest.mark.parametrize("call", SPELLINGS.split("\n")[1:-1])
def test_numpys_spelling_of_the_arguments(call):
    x, m, v = (mt.tensor(a, requires_grad=True) for a in (X, M, V))
    y = eval(call, {"np": np, "x": x, "m": m, "v": v})
    expected = eval(call, {"np": np, "x": X, "m": M, "v": V})
    assert y.requires_grad
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-12)


ANSWERS = """
np.shape(x)
np.ndim(x)
np.size(x)
np.size(x, 1)
np.size(a=x, axis=-1)
np.argsort(x, 1, "stable")
np.argsort(a=x, axis=0)
np.argsort(x, axis=None)
np.argmax(x, 1)
np.argmin(a=x, axis=0, keepdims=True)
np.all(x > 0, 1)
np.any(a=x > 2, axis=(0,1))
np.count_nonzero(x, 1)
np.may_share_memory(x, x)
np.may_share_memory(x, m)
np.shares_memory(x[0], x)
np.shares_memory(x[0], x[1])
np.zeros_like(x, np.int64)
np.ones_like(a=x, dtype=np.float32)
np.full_like(x, 3, np.int64)
np.isclose(a=x, b=x)
np.allclose(x, x, 1e-3)
np.array_equal(a1=x, a2=x)
"""


@pytest.mark.parametrize("call", ANSWERS.split("\n")[1:-1])
def test_numpys_questions(call):
    x, m = mt.tensor(X), mt.tensor(M)
    y = eval(call, {"np": np, "x": x, "m": m})
    expected = eval(call, {"np": np, "x": X, "m": M})
    assert np.array_equal(getattr(y, "_array", y), expected)
    assert getattr(y, "dtype", None) == getattr(expected, "dtype", None)


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


@pytest.mark.parametrize("call", [lambda t: np.partition(t, 2), lambda t: np.median(t), lambda t: np.add.reduce(t)])
def test_what_means_something_else_or_nothing_here_is_refused(call):
    with pytest.raises(TypeError, match="no differentiable form"):
        call(mt.zeros(3))


def test_numpys_options_that_do_not_fit_are_refused():
    with pytest.raises(TypeError, match="row-major"):
        np.reshape(mt.zeros(2, 3), (3, 2), order="F")
    with pytest.raises(TypeError):
        np.sum(mt.zeros(3), out=np.zeros(()))
    with pytest.raises(TypeError, match="initial=1 has no meaning"):
        np.max(mt.zeros(3), initial=1)
    with pytest.raises(mt.ShapeError, match="ord=1 of matrices"):
        np.linalg.norm(mt.zeros(3, 3), 1)
    with pytest.raises(ValueError, match="mode 'mean' is none of constant"):
        np.pad(mt.zeros(3), 1, "mean")


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
