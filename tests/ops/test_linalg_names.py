"""The names of torch.linalg, against numpy's."""

import numpy as np
import pytest

import microtorch
from microtorch import linalg
from microtorch.autograd import gradcheck

A = np.random.default_rng(0).standard_normal((2, 3, 4))
T = microtorch.tensor(A)


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, np.inf, -np.inf])
def test_norms_of_matrices(ord, keepdim):
    expected = np.linalg.norm(A, ord, (1, 2), keepdim)
    np.testing.assert_allclose(linalg.matrix_norm(T, ord, keepdim=keepdim).numpy(), expected)
    np.testing.assert_allclose(linalg.norm(T, ord, (1, 2), keepdim).numpy(), expected)
    np.testing.assert_allclose(linalg.matrix_norm(T, ord, (-1, 0)).numpy(), np.linalg.norm(A, ord, (-1, 0)))


@pytest.mark.parametrize("dim", [None, 1, (0, 2)])
@pytest.mark.parametrize("ord", [0, 1, 2, 3.5, np.inf, -np.inf])
def test_norms_of_vectors(ord, dim):
    moved = A.reshape(-1) if dim is None else A if dim == 1 else A.transpose(1, 0, 2).reshape(3, -1)
    expected = np.linalg.norm(moved, ord, None if dim is None else 1)
    np.testing.assert_allclose(linalg.vector_norm(T, ord, dim).numpy(), expected)
    if dim != (0, 2):
        np.testing.assert_allclose(linalg.norm(T, ord, dim).numpy(), expected)


def test_the_norm_of_anything_without_an_order():
    for dim in (None, 1, (0, 2)):
        expected = np.sqrt((A**2).sum(dim))
        np.testing.assert_allclose(linalg.norm(T, dim=dim).numpy(), expected)
    x = microtorch.tensor(A[0], requires_grad=True)
    assert gradcheck(lambda x: linalg.matrix_norm(x, 1) + linalg.norm(x), (x,))


def test_products():
    ms = [microtorch.tensor(A[0]), microtorch.tensor(A[1].T), microtorch.tensor(A[0])]
    np.testing.assert_allclose(linalg.multi_dot(ms).numpy(), np.linalg.multi_dot([m.numpy() for m in ms]))
    np.testing.assert_allclose(linalg.vecdot(T, T, dim=1).numpy(), (A * A).sum(1))


def test_what_is_refused():
    with pytest.raises(ValueError, match="ord=2 is none of 'fro'"):
        linalg.matrix_norm(T, 2)
    with pytest.raises(microtorch.ShapeError, match="must name two dimensions"):
        linalg.matrix_norm(T, dim=1)
    with pytest.raises(AttributeError, match="svd"):
        _ = linalg.svd
