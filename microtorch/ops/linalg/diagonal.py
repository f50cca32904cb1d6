"""Diagonals of matrices, and matrices from diagonals."""

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import attach
from .. import _dimensions as dimensions
from .._promotion import only_tensors
from ..shape.cat import cat, in_common_dtype
from ..shape.pad import pad

__all__ = ["block_diag", "diag", "diag_embed", "diagflat", "diagonal", "trace"]


def _diagonal_of(x, offset, dim1, dim2):
    y = x.diagonal(offset, dim1, dim2)
    y.flags.writeable = x.flags.writeable  # numpy's is read-only for the time being
    return y


class Diagonal(ArrayFunction):
    """y = the diagonal of x        dx = 0, and dy on the diagonal

    Why: Only the diagonal was looked at, so only it gets a gradient, each entry its own.
    Derivation: y picks entries of x: ∂y/∂x is 1 at the entry picked and 0 elsewhere.
    """

    is_view = True

    @staticmethod
    def forward(ctx, x, *place):
        ctx.shape, ctx.place = x.shape, place
        return _diagonal_of(x, *place)

    @staticmethod
    def backward(ctx, dy):
        return OnDiagonal.apply(dy, ctx.shape, *ctx.place)


class OnDiagonal(ArrayFunction):
    """y = 0, and x on the diagonal        dx = the diagonal of dy

    Why: Each number went to one place on the diagonal and gets the gradient from there.
    Derivation: y puts entries of x: ∂y/∂x is 1 at the place it was put to and 0 elsewhere.
    """

    @staticmethod
    def forward(ctx, x, shape, *place):
        ctx.place = place
        y = np.zeros(shape, x.dtype)
        _diagonal_of(y, *place)[...] = x
        return y

    @staticmethod
    def backward(ctx, dy):
        return Diagonal.apply(dy, *ctx.place)


@attach("diagonal")
def diagonal(input, offset=0, dim1=0, dim2=1):
    """The diagonal of the matrices that two dimensions make, as the last dimension.

    Parameters
    ----------
    dim1, dim2 : int, default 0 and 1

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    ShapeError
        If the two are the same.

    Notes
    -----
    dx is dy on the diagonal, else 0. Nothing is saved.

    Examples
    --------
    >>> x = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> x.diagonal().sum().backward()
    >>> x.grad
    tensor([[1., 0.],
            [0., 1.]])
    """
    ndim = input.ndim
    dim1, dim2 = dimensions.one("diagonal", dim1, ndim), dimensions.one("diagonal", dim2, ndim)
    if dim1 == dim2:
        raise ShapeError(f"diagonal: dim1 and dim2 are both {dim1}. Name two dimensions of shape {input.shape}.")
    return Diagonal.apply(input, int(offset), dim1, dim2)


@attach(numpy=np.diagonal)
def _numpy_diagonal(a, offset=0, axis1=0, axis2=1):
    return diagonal(a, offset, axis1, axis2)


@attach("diag")
def diag(input, diagonal=0):
    """Of a vector the matrix with it on a diagonal; of a matrix its diagonal.

    Parameters
    ----------
    input : Tensor, shape (n,) or (n, m)
    diagonal : int, default 0
        Which diagonal: above the main one if positive, below if negative.

    Returns
    -------
    Tensor
        A copy.

    Raises
    ------
    ShapeError
        If it has neither 1 nor 2 dimensions.

    Notes
    -----
    dx is the diagonal of dy, or dy on the diagonal, else 0. Nothing is saved.

    Examples
    --------
    >>> microtorch.diag(microtorch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    only_tensors("diag", input=input)
    if input.ndim == 1:
        n = input.shape[0] + abs(diagonal)
        return OnDiagonal.apply(input, (n, n), diagonal, 0, 1)
    if input.ndim == 2:
        return Diagonal.apply(input, diagonal, 0, 1).clone()
    raise ShapeError(f"diag: takes 1 or 2 dimensions, not shape {input.shape}. See diagonal for batches of matrices.")


@attach("diag_embed")
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """Matrices with the vectors of the last dimension on a diagonal, and zeros elsewhere.

    Parameters
    ----------
    input : Tensor, shape (..., n)
    dim1, dim2 : int, default -2 and -1
        Where the rows and the columns are in the result.

    Returns
    -------
    Tensor
        With one dimension more.

    Raises
    ------
    ShapeError
        If the two are the same, or `input` has no dimension.

    Notes
    -----
    dx is the diagonal of dy. Nothing is saved.

    Examples
    --------
    >>> microtorch.diag_embed(microtorch.tensor([[1, 2], [3, 4]])).tolist()
    [[[1, 0], [0, 2]], [[3, 0], [0, 4]]]
    """
    if not input.ndim:
        raise ShapeError("diag_embed: a tensor of shape () has no vectors. Reshape it first.")
    ndim = input.ndim + 1
    dim1, dim2 = dimensions.one("diag_embed", dim1, ndim), dimensions.one("diag_embed", dim2, ndim)
    if dim1 == dim2:
        raise ShapeError(f"diag_embed: dim1 and dim2 are both {dim1}. Name two of {ndim} dimensions.")
    n = input.shape[-1] + abs(offset)
    rest = iter(input.shape[:-1])
    shape = tuple([n if d in (dim1, dim2) else next(rest) for d in range(ndim)])
    return OnDiagonal.apply(input, shape, int(offset), dim1, dim2)


@attach("diagflat", numpy=np.diagflat)
def diagflat(input, offset=0):
    """The matrix with all elements of a tensor on a diagonal, and zeros elsewhere.

    Returns
    -------
    Tensor, shape (n, n)

    Examples
    --------
    >>> microtorch.diagflat(microtorch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    return diag(input.reshape(-1), offset)


def block_diag(*tensors):
    """The matrix with matrices along its diagonal, and zeros elsewhere.

    Parameters
    ----------
    *tensors : Tensor
        Of at most 2 dimensions; vectors count as rows.

    Returns
    -------
    Tensor
        In the common dtype.

    Raises
    ------
    ShapeError
        If one has more dimensions.

    Notes
    -----
    Each dxᵢ is its block of dy.

    Examples
    --------
    >>> microtorch.block_diag(microtorch.tensor([[1, 2]]), microtorch.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    blocks = []
    for t in in_common_dtype("block_diag", tensors):
        if t.ndim > 2:
            raise ShapeError(f"block_diag: takes matrices, not shape {t.shape}.")
        blocks.append(t if t.ndim == 2 else t.reshape(1, -1))
    width, left, rows = sum(t.shape[1] for t in blocks), 0, []
    for t in blocks:
        rows.append(pad(t, (left, width - left - t.shape[1])))
        left += t.shape[1]
    return cat(rows, 0)


@attach("fill_diagonal_")
def fill_diagonal_(self, fill_value, wrap=False):
    """In place: the elements with all positions equal become `fill_value`.

    Parameters
    ----------
    fill_value : number
    wrap : bool, default False
        Of a tall matrix: begin again below, after one row left out.

    Returns
    -------
    Tensor
        Itself.

    Raises
    ------
    ShapeError
        If it has fewer than 2 dimensions, or more of different lengths.

    Examples
    --------
    >>> microtorch.zeros(2, 2).fill_diagonal_(1)
    tensor([[1., 0.],
            [0., 1.]])
    """
    if self.ndim < 2 or (self.ndim > 2 and len(set(self.shape)) > 1):
        raise ShapeError(f"fill_diagonal_: takes a matrix, or dimensions of one length, not shape {self.shape}.")
    chosen = np.zeros(self.shape, np.bool_)
    np.fill_diagonal(chosen, True, wrap)
    return self.masked_fill_(as_tensor(chosen), fill_value)


@attach("trace")
def trace(input):
    """The sum of the main diagonal of a matrix.

    Parameters
    ----------
    input : Tensor, shape (n, m)

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    ShapeError
        If it is not a matrix.

    Notes
    -----
    y = Σ xᵢᵢ; dx is dy on the diagonal, else 0. Nothing is saved.

    Examples
    --------
    >>> microtorch.trace(microtorch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    if input.ndim != 2:
        raise ShapeError(
            f"trace: takes a matrix, not shape {input.shape}. Use .diagonal(0, -2, -1).sum(-1) for batches."
        )
    return Diagonal.apply(input, 0, 0, 1).sum()
