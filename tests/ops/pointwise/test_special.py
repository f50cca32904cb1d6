"""Special functions against scipy over the whole line, where PyTorch's samples are few or PyTorch itself is coarse."""

import numpy as np
import pytest

import microtorch

special = pytest.importorskip("scipy.special")

LINE = np.concatenate(
    [np.linspace(-30.3, 40, 997), np.geomspace(1e-12, 1e12, 200), -np.geomspace(1e-9, 1e6, 201) - 1e-4, [0.0, 1.0, 2.0]]
)
FUNCTIONS = {
    "lgamma": (microtorch.lgamma, special.gammaln, LINE),
    "digamma": (microtorch.digamma, special.digamma, LINE),
    "erfinv": (
        microtorch.erfinv,
        special.erfinv,
        np.concatenate(
            [np.linspace(-1.1, 1.1, 301), 1 - np.geomspace(1e-16, 0.01, 50), np.geomspace(1e-300, 0.01, 50)]
        ),
    ),
    # beside its poles, where scipy loses digits
    **{
        f"polygamma {n}": (
            lambda x, n=n: microtorch.polygamma(n, x),
            lambda x, n=n: special.polygamma(n, x),
            np.concatenate([np.linspace(0.01, 40, 400), np.geomspace(1e-9, 1e9, 100)]),
        )
        for n in (1, 2, 3, 7)
    },
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_are_scipys(name):
    ours, theirs, x = FUNCTIONS[name]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(ours(microtorch.tensor(x)).numpy(), theirs(x), rtol=1e-9, atol=1e-11)
        single = x.astype(np.float32)
        right = theirs(single.astype(np.float64)).astype(np.float32)
    np.testing.assert_allclose(ours(microtorch.tensor(single)).numpy(), right, rtol=2e-6, atol=1e-6)


def test_polygamma_below_zero_is_pytorchs(torch):
    x = np.array([-0.5, -1.25, -7.7, -30.1, 0.3, 5.0])
    for n in (0, 1, 2, 3):
        right = torch.polygamma(n, torch.tensor(x)).numpy()
        np.testing.assert_allclose(microtorch.polygamma(n, microtorch.tensor(x)).numpy(), right, rtol=1e-7)


def test_limits_and_poles():
    inf, nan = np.inf, np.nan
    at = microtorch.tensor([inf, -inf, nan, 0.0, -0.0, -1.0], dtype=microtorch.float64)
    for found, right in (
        (microtorch.lgamma(at), [inf, inf, nan, inf, inf, inf]),
        (microtorch.digamma(at), [inf, nan, nan, -inf, inf, nan]),
        (microtorch.polygamma(1, at), [0, inf, nan, inf, inf, inf]),
        (microtorch.erfinv(at), [nan, nan, nan, 0, 0, -inf]),
        (microtorch.xlogy(at * 0, at * 0), [nan, nan, nan, 0, 0, 0]),
    ):
        np.testing.assert_array_equal(found.numpy(), right)
    for n in (-1, 1.5, True):
        with pytest.raises(ValueError, match="order of a derivative"):
            microtorch.polygamma(n, at)


MATRIX = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]])


@pytest.mark.parametrize(
    "name, b, options",
    [
        ("solve", (3,), {}),
        ("solve", (3, 2), {}),
        ("solve", (2, 3), {"left": False}),
        ("solve", (5, 3, 2), {}),
        ("solve_triangular", (3, 2), {"upper": True}),
        ("solve_triangular", (3, 2), {"upper": False, "unitriangular": True}),
        ("solve_triangular", (2, 3), {"upper": True, "left": False}),
        ("cholesky", None, {}),
        ("cholesky", None, {"upper": True}),
        ("inv", None, {}),
    ],
)
def test_linear_algebra_is_pytorchs(torch, name, b, options):
    found = []
    for library in (microtorch, torch):
        tensors = [library.tensor(a, requires_grad=True) for a in ([MATRIX] if b is None else [MATRIX, _sides(b)])]
        y = getattr(library.linalg, name)(*tensors, **options)
        grads = library.autograd.grad((y * y * y).sum(), tensors)
        found.append([y.detach().numpy(), *(g.numpy() for g in grads)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


def _sides(shape):
    return np.random.default_rng(0).normal(size=shape)


def test_what_has_no_solution_says_so():
    zeros = microtorch.zeros(2, 2)
    for call, kind, words in (
        (lambda: microtorch.linalg.inv(zeros), RuntimeError, "singular: it has no inverse"),
        (lambda: microtorch.linalg.cholesky(zeros), RuntimeError, "not positive definite. Is it symmetric"),
        (lambda: microtorch.linalg.solve(microtorch.ones(2, 3), zeros), microtorch.ShapeError, "not square"),
        (lambda: microtorch.linalg.solve(zeros, microtorch.ones(3)), microtorch.ShapeError, "do not meet 3 rows"),
        (lambda: microtorch.linalg.solve(zeros, zeros.double()), microtorch.DTypeError, "B is float64"),
    ):
        with pytest.raises(kind, match=words):
            call()
