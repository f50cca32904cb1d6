"""Linear algebra under the names of torch.linalg: norms, products, determinants, systems of equations.

Parameters
----------
keepdim : bool, default False
    Keep the reduced dimensions, with length 1.
dtype : numpy.dtype, optional
    Convert to it first.
dim : int or tuple of int, optional
    The dimensions to reduce over; default all.

Returns
-------
Tensor
"""

from .errors import ShapeError
from .ops.linalg.diagonal import diagonal
from .ops.linalg.matmul import matmul
from .ops.linalg.products import chain_matmul, cross, matrix_power
from .ops.linalg.solve import cholesky, det, slogdet, solve, solve_triangular
from .ops.linalg.solve import inverse as inv
from .ops.reduction.norm import norm as _norm
from .ops.reduction.sum_and_mean import sum as _sum

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "multi_dot",
    "norm",
    "slogdet",
    "solve",
    "solve_triangular",
    "vecdot",
    "vector_norm",
]


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None):
    """The norm of the elements as a vector, of all or over some dimensions.

    Parameters
    ----------
    x : Tensor of float32 or float64
    ord : number, default 2
        The exponent; inf and -inf are the largest and smallest magnitude, 0 counts nonzero elements.

    Notes
    -----
    y = (Σ |xᵢ|^ord)^(1/ord), differentiated as `microtorch.norm`.

    Examples
    --------
    >>> microtorch.linalg.vector_norm(microtorch.tensor([[3.0, 4.0], [6.0, 8.0]]), dim=1)
    tensor([ 5., 10.])
    """
    return _norm(x, ord, dim, keepdim, dtype)


def matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """The norm of matrices: "fro", the root of the sum of squares, or "nuc", the sum of the singular values.

    Parameters
    ----------
    A : Tensor of float32 or float64, at least two dimensions
    ord : "fro" or "nuc" or inf or -inf or 1 or -1, default "fro"
        inf is the largest sum of magnitudes of a row, 1 that of a column; -inf and -1 the smallest.
    dim : tuple of two int, default (-2, -1)
        The dimensions of the rows and the columns.

    Raises
    ------
    ValueError
        For another `ord`.
    ShapeError
        If `dim` does not name two dimensions.

    Examples
    --------
    >>> A = microtorch.tensor([[1.0, -2.0], [3.0, 4.0]])
    >>> microtorch.linalg.matrix_norm(A, float("inf")), microtorch.linalg.matrix_norm(A, 1)
    (tensor(7.), tensor(6.))
    """
    if not isinstance(dim, tuple | list) or len(dim) != 2:
        raise ShapeError(f"matrix_norm: dim={dim} must name two dimensions, of the rows and the columns.")
    if ord in ("fro", "nuc"):
        return _norm(A, ord, tuple(dim), keepdim, dtype)
    if ord not in (1, -1, float("inf"), float("-inf")):
        raise ValueError(f"matrix_norm: ord={ord!r} is none of 'fro', 'nuc', 1, -1, inf, -inf.")
    rows, columns = (d % A.ndim for d in dim)
    summed, left = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = _sum((A if dtype is None else A.to(dtype)).abs(), summed, keepdim=True)
    result = sums.amax(left, True) if ord > 0 else sums.amin(left, True)
    return result if keepdim else result.squeeze((rows, columns))


def norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    """The norm of a vector or a matrix.

    Parameters
    ----------
    A : Tensor of float32 or float64
    ord : number or str, optional
        As in `matrix_norm` where `dim` names two dimensions, or `A` has two and `dim` is left out, else as in
        `vector_norm`. Default: the root of the sum of squares, of whatever shape.

    Examples
    --------
    >>> microtorch.linalg.norm(microtorch.tensor([[3.0, 4.0]]))
    tensor(5.)
    """
    if ord is None:
        return _norm(A, 2, dim, keepdim, dtype)
    several = A.ndim if dim is None else len(dim) if isinstance(dim, tuple | list) else 1
    if several == 2:
        return matrix_norm(A, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


def multi_dot(tensors):
    """The product of several matrices.

    Parameters
    ----------
    tensors : sequence of Tensor, each of two dimensions

    Examples
    --------
    >>> microtorch.linalg.multi_dot([microtorch.ones(1, 2), microtorch.ones(2, 3), microtorch.ones(3, 1)])
    tensor([[6.]])
    """
    return chain_matmul(*tensors)


def vecdot(x, y, *, dim=-1):
    """The products of vectors along a dimension.

    Parameters
    ----------
    x, y : Tensor
        Of shapes that broadcast together.
    dim : int, default -1
        The dimension of the vectors.

    Returns
    -------
    Tensor
        Without that dimension.

    Examples
    --------
    >>> microtorch.linalg.vecdot(microtorch.ones(2, 3), microtorch.ones(3))
    tensor([3., 3.])
    """
    return _sum(x * y, dim)


def __getattr__(name):
    from .pytorch.absent import refuse

    raise refuse("linalg", name, globals())
