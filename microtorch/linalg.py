"""Linear algebra under the names of torch.linalg: systems of equations, determinants, norms."""

from .ops import norm as _norm
from .ops.linalg.matmul import matmul
from .ops.linalg.products import chain_matmul as _chain
from .ops.linalg.products import cross, matrix_power
from .ops.linalg.solve import cholesky, det, slogdet, solve, solve_triangular
from .ops.linalg.solve import inverse as inv

__all__ = [
    "cholesky",
    "cross",
    "det",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "multi_dot",
    "norm",
    "slogdet",
    "solve",
    "solve_triangular",
    "vector_norm",
]


def vector_norm(x, ord=2, dim=None, keepdim=False):
    """The norm of order `ord` of `x` over `dim`, or of all its elements; `keepdim` keeps length 1."""
    return _norm(x, ord, dim, keepdim)


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False):
    """The root of the sum of squares of matrices `A` in `dim`, which is `ord` ``"fro"``; `keepdim` keeps length 1.

    Raises
    ------
    ValueError
        For another order: it needs singular values.
    """
    if ord != "fro":
        raise ValueError(f"matrix_norm: ord={ord!r} is not here, only 'fro'. Use numpy.linalg.norm for values.")
    return _norm(A, 2, dim, keepdim)


def norm(A, ord=None, dim=None, keepdim=False):
    """The norm of `A`: of vectors for one `dim`, of matrices for two; without `ord` and `dim` of all elements.

    `ord` is that of `vector_norm` or `matrix_norm`, 2 or ``"fro"`` by default; `keepdim` keeps length 1.
    """
    if ord is None:
        return _norm(A, 2, dim, keepdim)
    if isinstance(dim, tuple) and len(dim) == 2 or (dim is None and A.ndim == 2):
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim)
    return vector_norm(A, ord, dim, keepdim)


def multi_dot(tensors):
    """The product of the matrices `tensors`, from left to right."""
    return _chain(*tensors)


def __getattr__(name):
    from .pytorch.absent import refuse

    raise refuse("linalg", name, __all__)
