"""Parts of one tensor, all views of its memory; where one asks for several, they are one node of the graph.

Returns
-------
tuple of Tensor
    Views.

Raises
------
ShapeError
    If the lengths do not sum to that of the dimension.
"""

import itertools

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from ...tensor import Tensor, attach
from .. import _dimensions as dimensions
from ..indexing.index import Slice

__all__ = ["chunk", "narrow", "narrow_copy", "select", "split", "split_with_sizes", "unbind"]


class Split(ArrayFunction):
    """y₀, y₁, … = consecutive parts of x        dx = the dyᵢ one after the other

    Why: Each part gets its own gradient; together they are the gradient of the whole.
    Derivation: The parts are the entries of x, each once, with the slope 1.
    """

    is_view = True

    @staticmethod
    def forward(ctx, x, lengths, dim):
        ctx.dim = dim
        before = (slice(None),) * dim
        ends = itertools.accumulate(lengths)
        return tuple([x[(*before, slice(end - n, end))] for n, end in zip(lengths, ends, strict=True)])

    @staticmethod
    def backward(ctx, *dys):
        return np.concatenate(dys, axis=ctx.dim)


@attach("split")
def split(tensor, split_size_or_sections, dim=0):
    """Consecutive parts of a tensor along a dimension.

    Parameters
    ----------
    tensor : Tensor
    split_size_or_sections : int or sequence of int
        The length of each part, the last may be shorter; or all the lengths. (``np.split`` takes the number of parts.)

    Notes
    -----
    dx is the dyᵢ one after the other. Nothing is saved.

    Examples
    --------
    >>> x = microtorch.arange(5.0).requires_grad_()
    >>> a, b = x.split([2, 3])
    >>> b.sum().backward()
    >>> x.grad
    tensor([0., 0., 1., 1., 1.])
    """
    n, dim = length_of("split", tensor, dim)
    size = split_size_or_sections
    if isinstance(size, tuple | list):
        lengths = tuple([int(s) for s in size])
        if sum(lengths) != n or min(lengths, default=0) < 0:
            raise ShapeError(f"split: lengths {lengths} do not divide dimension {dim} of shape {tensor.shape}.")
    else:
        if size < 0 or (size == 0 and n):
            raise ShapeError(f"split: parts of length {size} never fill dimension {dim} of shape {tensor.shape}.")
        lengths = tuple([min(size, n - i) for i in range(0, n, size or 1)]) or (0,)
    return Split.apply(tensor, lengths, dim)


@attach(numpy=np.split)
def _numpy_split(ary, indices_or_sections, axis=0):
    n, axis = length_of("np.split", ary, axis)
    if isinstance(indices_or_sections, int | np.integer):
        if n % indices_or_sections:
            raise ShapeError(f"np.split: {n} elements do not divide into {indices_or_sections} equal parts.")
        ends = [(i + 1) * (n // indices_or_sections) for i in range(indices_or_sections)]
    else:
        ends = [*[min(max(i + n if i < 0 else i, 0), n) for i in indices_or_sections], n]
    return list(Split.apply(ary, tuple([b - a for a, b in itertools.pairwise([0, *ends])]), axis))


@attach("chunk")
@dimensions.also_axis
def chunk(input, chunks, dim=0):
    """A number of consecutive parts of a tensor, of equal length but for the last.

    Parameters
    ----------
    chunks : int
        How many; there are fewer where the length does not allow that many.

    Raises
    ------
    ShapeError
        If `chunks` is not positive.

    Notes
    -----
    dx is the dyᵢ one after the other. Nothing is saved.

    Examples
    --------
    >>> [part.tolist() for part in microtorch.arange(5).chunk(2)]
    [[0, 1, 2], [3, 4]]
    """
    n, dim = length_of("chunk", input, dim)
    if chunks <= 0:
        raise ShapeError(f"chunk: chunks = {chunks}: a tensor has at least 1 part.")
    size = -(-n // chunks)
    return split(input, size, dim) if n else Split.apply(input, (0,) * chunks, dim)


class Unbind(ArrayFunction):
    """y₀, y₁, … = x at each position along a dimension        dx = the dyᵢ along that dimension

    Why: Each part gets its own gradient; together they are the gradient of the whole.
    Derivation: The parts are the entries of x, each once, with the slope 1.
    """

    is_view = True

    @staticmethod
    def forward(ctx, x, dim):
        ctx.dim = dim
        before = (slice(None),) * dim
        return tuple([x[(*before, i, ...)] for i in range(x.shape[dim])])

    @staticmethod
    def backward(ctx, *dys):
        return np.stack(dys, axis=ctx.dim)


@attach("unbind")
@dimensions.also_axis
def unbind(input, dim=0):
    """The tensors at each position along a dimension.

    Returns
    -------
    tuple of Tensor
        Views, with one dimension less.

    Notes
    -----
    dx is the dyᵢ stacked along the dimension. Nothing is saved. Iterating over a tensor does the same.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> a, b = x.unbind()
    >>> (a * b).backward()
    >>> x.grad
    tensor([2., 1.])
    """
    _, dim = length_of("unbind", input, dim)
    return Unbind.apply(input, dim)


@attach("__iter__")
def _iter(self):
    if self._array.ndim == 0:
        raise TypeError("iteration over a tensor without dimensions. Use .item() for its value.")
    return iter(Unbind.apply(self, 0))


@attach("narrow")
@dimensions.also_axis
def narrow(input, dim, start, length):
    """`length` elements from `start` on along a dimension.

    Parameters
    ----------
    start : int or Tensor of one integer
        Negative counts from the end.
    length : int

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    IndexError
        If there is no such dimension, or `start` is outside.
    ShapeError
        If `length` is negative or goes beyond the end.

    Notes
    -----
    dx is dy in its place, else 0. Nothing is saved.

    Examples
    --------
    >>> microtorch.arange(5).narrow(0, 1, 3)
    tensor([1, 2, 3])
    """
    n, dim = length_of("narrow", input, dim)
    if isinstance(start, Tensor) and (start.ndim or start.dtype.kind not in "iu"):
        raise ShapeError(f"narrow: start must be one integer, not {start.dtype} of shape {start.shape}.")
    start = int(start)
    if not -n <= start <= n:
        raise IndexError(f"narrow: start = {start} is outside dimension {dim} of shape {input.shape}.")
    start += n if start < 0 else 0
    if length < 0 or start + length > n:
        raise ShapeError(f"narrow: {length} elements from {start} on do not lie in {n} (dimension {dim}).")
    return Slice.apply(input, (*(slice(None),) * dim, slice(start, start + length)))


@attach("split_with_sizes")
def split_with_sizes(input, split_sizes, dim=0):
    """Consecutive parts of these lengths: `split` with a sequence.

    Parameters
    ----------
    split_sizes : sequence of int
    """
    return split(input, tuple(split_sizes), dim)


@attach("narrow_copy")
def narrow_copy(input, dim, start, length):
    """As `narrow`, but a copy: ``input.narrow(dim, start, length).clone()``.

    Parameters
    ----------
    start : int
    length : int

    Returns
    -------
    Tensor
    """
    length_of("narrow_copy", input, dim)
    return narrow(input, dim, start, length).clone()


@attach("select")
@dimensions.also_axis
def select(input, dim, index):
    """The tensor at one position along a dimension: ``t.select(0, i)`` is ``t[i]``.

    Parameters
    ----------
    index : int
        Negative counts from the end.

    Returns
    -------
    Tensor
        A view, with one dimension less.

    Notes
    -----
    dx is dy in its place, else 0. Nothing is saved.

    Examples
    --------
    >>> microtorch.tensor([[1, 2], [3, 4]]).select(1, 0)
    tensor([1, 3])
    """
    n, dim = length_of("select", input, dim)
    if not -n <= index < n:
        raise IndexError(f"select: index {index} is outside dimension {dim} of shape {input.shape}.")
    return Slice.apply(input, (*(slice(None),) * dim, int(index)))


def length_of(operation, input, dim):
    """The length of a dimension that must be there, and its number."""
    if input.ndim == 0:
        raise IndexError(f"{operation}: a tensor of shape () has no dimension to take parts of. Reshape it first.")
    dim = dimensions.one(operation, dim, input.ndim)
    return input.shape[dim], dim
