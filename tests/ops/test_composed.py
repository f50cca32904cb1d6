"""Functions made of other operations: values and gradients are PyTorch's."""

import numpy as np
import pytest

import microtorch

# name, arguments: arrays of floats get gradients; (name, arguments, keywords)
A = np.array([[0.3, -0.7, 1.2], [2.0, 0.1, -0.4]])
B = np.array([[1.5, 0.8, -1.1], [0.6, 2.5, 0.9]])
INSIDE = np.array([[0.3, -0.7, 0.2], [0.9, 0.1, -0.4]])
ABOVE = np.array([1.1, 2.0, 3.5])
SQUARE = np.array([[2.0, 0.3, 0.1], [0.2, 1.5, 0.4], [0.6, 0.7, 3.0]])
ROW = np.array([0.5, 1.5, -2.0, 4.0])
NANS = np.array([[1.0, np.nan, 3.0], [np.nan, 5.0, 7.5]])
COUNTS = np.array([3, 1, 3, 0, 1, 3])
CASES = [
    *[(name, (INSIDE,)) for name in ("asin", "acos", "atan", "asinh", "atanh", "arcsin", "arctan")],
    ("acosh", (ABOVE,)),
    ("addcmul", (A, B, A), {"value": 0.5}),
    ("addcdiv", (A, INSIDE, B), {"value": 2}),
    *[
        (name, (A,))
        for name in ("frac", "fix", "sgn", "deg2rad", "rad2deg", "erfc", "sinc", "signbit", "fliplr", "flipud")
    ],
    ("logit", (np.array([0.2, 0.7]),)),
    ("hardshrink", (A,)),
    ("logit", (np.array([0.0, 0.7, 1.0]), 0.1)),
    *[(name, (A, B)) for name in ("copysign", "logaddexp", "logaddexp2", "fmax", "fmin", "dist", "inner", "kron")],
    ("logaddexp", (np.array([1.0, -np.inf]), np.array([1.0, -np.inf]))),
    ("heaviside", (np.array([-1.0, 0.0, 2.0]), np.array([0.5, 0.5, 0.5]))),
    ("float_power", (B, 2)),
    ("xlogy", (np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 0.5]))),
    ("meshgrid", (ROW, ABOVE), {"indexing": "ij"}),
    ("meshgrid", (ROW, ABOVE, ROW), {"indexing": "xy"}),
    ("cartesian_prod", (ROW, ABOVE)),
    ("combinations", (ROW,), {"r": 3}),
    ("combinations", (ROW,), {"with_replacement": True}),
    ("logspace", (0, 2, 5), {}),
    ("range", (1, 4), {}),
    ("tril_indices", (3, 4, 1), {}),
    ("triu_indices", (4, 3), {}),
    ("vander", (ROW,)),
    ("nonzero", (np.array([[0.0, 1.0], [2.0, 0.0]]),)),
    ("nonzero", (np.array([[0.0, 1.0], [2.0, 0.0]]),), {"as_tuple": True}),
    ("argwhere", (np.array([0.0, 1.0]),)),
    ("unique", (COUNTS,), {"return_inverse": True, "return_counts": True}),
    ("unique", (np.array([[1, 2], [1, 2], [0, 5]]),), {"dim": 0}),
    ("unique_consecutive", (np.array([1, 1, 2, 1, 1]),), {"return_inverse": True, "return_counts": True}),
    ("bincount", (COUNTS,)),
    ("bincount", (COUNTS,), {"minlength": 7}),
    ("histc", (A,), {"bins": 4, "min": -1, "max": 2}),
    ("histc", (A,), {"bins": 4}),
    ("histogram", (A, 4)),
    ("histogram", (A, 3), {"range": (0.0, 2.0), "density": True}),
    ("searchsorted", (ABOVE, B)),
    ("searchsorted", (np.sort(A), B), {"right": True}),
    ("bucketize", (B, ABOVE)),
    ("isin", (COUNTS, np.array([0, 3]))),
    ("kthvalue", (A, 2)),
    ("kthvalue", (A, 1, 0, True)),
    ("mode", (np.array([[1, 2, 2, 1], [3, 4, 3, 4]]),)),
    ("aminmax", (A,)),
    ("aminmax", (A,), {"dim": 1, "keepdim": True}),
    ("nansum", (NANS,)),
    ("nansum", (NANS, 1)),
    ("nanmean", (NANS, 0)),
    ("nanmedian", (NANS,)),
    ("diff", (A,)),
    ("diff", (ROW,), {"n": 2}),
    ("diff", (A,), {"dim": 0, "prepend": B}),
    ("pairwise_distance", (A, B)),
    ("cosine_similarity", (A, B)),
    ("cosine_similarity", (A, B), {"dim": 0}),
    ("cdist", (A, B)),
    ("cdist", (A, B), {"p": 1.0}),
    ("pdist", (SQUARE,)),
    ("logcumsumexp", (A, 1)),
    ("cummax", (A, 1)),
    ("cummin", (A, 0)),
    ("quantile", (ROW, 0.3)),
    ("quantile", (A, np.array([0.1, 0.6])), {"dim": 1, "keepdim": True}),
    *[("quantile", (A, 0.4), {"dim": 1, "interpolation": way}) for way in ("lower", "higher", "midpoint", "nearest")],
    ("quantile", (NANS, 0.5), {"dim": 1}),
    ("nanquantile", (NANS, 0.5), {"dim": 1}),
    ("trapezoid", (A,)),
    ("trapezoid", (A, ABOVE)),
    ("trapz", (A,), {"dx": 0.5, "dim": 0}),
    ("cumulative_trapezoid", (ROW,)),
    ("cov", (SQUARE,)),
    ("cov", (ROW,)),
    ("cov", (SQUARE,), {"correction": 0}),
    ("corrcoef", (SQUARE,)),
    *[(name, ([A, B],)) for name in ("hstack", "vstack", "dstack", "column_stack", "row_stack")],
    *[(name, ([ROW, ROW],)) for name in ("hstack", "vstack", "dstack", "column_stack")],
    *[(name, (ROW,)) for name in ("atleast_1d", "atleast_2d", "atleast_3d", "diagflat")],
    ("atleast_3d", (A,)),
    ("broadcast_tensors", (A, ABOVE)),
    *[("rot90", (A, k)) for k in (-1, 0, 1, 2)],
    ("repeat_interleave", (A, 2)),
    ("repeat_interleave", (A, np.array([1, 2]), 0)),
    ("repeat_interleave", (np.array([2, 0, 1]),)),
    ("tensor_split", (ROW, 3)),
    ("tensor_split", (A, [1, 2], 1)),
    ("tensor_split", (ROW, [3, 2])),
    ("take_along_dim", (A, np.array([[2, 0, 1]]), 1)),
    ("take_along_dim", (A, np.array([5, 0]))),
    ("diag_embed", (A,)),
    ("diag_embed", (A,), {"offset": 1, "dim1": 0, "dim2": 2}),
    ("block_diag", (A, ROW, SQUARE)),
    ("addmv", (A[:, 0], A, ABOVE)),
    ("addmv", (A[:, 0], A, ABOVE), {"beta": 0.5, "alpha": 2.0}),
    ("addr", (A, A[:, 0], ABOVE)),
    ("ger", (ROW, ABOVE)),
    ("vdot", (ROW, ROW)),
    ("chain_matmul", (A, SQUARE, B.T)),
    ("matrix_power", (SQUARE, 3)),
    ("det", (SQUARE,)),
    ("logdet", (SQUARE,)),
    ("slogdet", (SQUARE,)),
    ("det", (-SQUARE,)),
    ("matrix_power", (SQUARE, 0)),
    ("cross", (ABOVE, SQUARE[0])),
    ("cross", (A, B), {"dim": 1}),
]
CASES = [(name, args, *(rest or ({},))) for name, args, *rest in CASES]


def made(lib, value):
    """`value` with lib's tensors for its arrays; floats with gradients."""
    if isinstance(value, np.ndarray):
        t = lib.tensor(value)
        return t.requires_grad_() if value.dtype.kind == "f" else t
    return [made(lib, v) for v in value] if isinstance(value, list) and isinstance(value[0], np.ndarray) else value


def leaves(args):
    for a in args:
        yield from leaves(a) if isinstance(a, list) else [a] if getattr(a, "requires_grad", False) else []


def outcome(lib, name, args, keywords):
    """The results as arrays, and the gradients of the arguments."""
    args = [made(lib, a) for a in args]
    keywords = {k: made(lib, v) for k, v in keywords.items()}
    results = getattr(lib, name)(*args, **keywords)
    results = [results] if isinstance(results, lib.Tensor) else list(results)
    total = 0
    for k, y in enumerate(results):
        if y.requires_grad:
            total = total + (y * lib.arange(1 + k, y.numel() + 1 + k).reshape(y.shape)).nan_to_num(neginf=0.0).sum()
    inputs = list(leaves([*args, *keywords.values()]))
    try:
        if hasattr(total, "backward"):
            total.backward()
    except RuntimeError:  # PyTorch has no derivative of a histogram, and none of its own vander
        assert lib is not microtorch
        inputs = []
    grads = [np.zeros(t.shape) if t.grad is None else t.grad.numpy(force=True) for t in inputs]
    return [(y.detach().numpy(), str(y.dtype).removeprefix("torch.")) for y in results], grads


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "args", "keywords"), CASES, ids=[f"{n}-{i}" for i, (n, *_) in enumerate(CASES)])
@pytest.mark.filterwarnings("ignore")
def test_composed_functions_are_pytorchs(name, args, keywords):
    torch = pytest.importorskip("torch")
    theirs, their_grads = outcome(torch, name, args, keywords)
    ours, our_grads = outcome(microtorch, name, args, keywords)
    assert [dtype for _, dtype in ours] == [dtype for _, dtype in theirs]
    for (a, _), (b, _) in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)
    for a, b in zip(our_grads, their_grads, strict=False):
        b = np.where(np.isnan(b), a, b)  # where a gradient of 0 meets infinity: ours stays 0, see the policy
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)
