"""Consecutive parts of one tensor, by their number or by positions; views, as those of `split`.

Parameters
----------
indices_or_sections : int or sequence of int
    How many equal parts, or where they begin.

Returns
-------
tuple of Tensor
    Views.

Raises
------
ShapeError
    If it has fewer dimensions, or its length does not divide into so many parts.
"""

import itertools

import numpy as np

from ...errors import ShapeError
from ...tensor import Tensor, attach
from ..indexing.index import Slice
from .split import length_of

__all__ = ["dsplit", "hsplit", "tensor_split", "vsplit"]


MOST = 1 << 24  # parts, before memory ends


@attach("tensor_split")
def tensor_split(input, indices_or_sections, dim=0):
    """Consecutive parts of a tensor along a dimension: so many of nearly one length, or cut at some positions.

    Parameters
    ----------
    indices_or_sections : int, sequence of int or Tensor of integers
        How many parts, the first ones being longer by 1 where the length does not divide; or where they begin.

    Raises
    ------
    ShapeError
        If the number of parts is not positive.

    Notes
    -----
    dx is each dyᵢ in its place. Nothing is saved.

    Examples
    --------
    >>> [part.tolist() for part in microtorch.arange(5).tensor_split(2)]
    [[0, 1, 2], [3, 4]]
    >>> [part.tolist() for part in microtorch.arange(5).tensor_split([1, 3])]
    [[0], [1, 2], [3, 4]]
    """
    return _cut("tensor_split", input, indices_or_sections, dim)


def _cut(operation, input, cuts, dim):
    n, dim = length_of(operation, input, dim)
    if isinstance(cuts, Tensor):
        if cuts.dtype.kind not in "iu" or cuts.ndim > 1:
            raise ShapeError(
                f"{operation}: positions are a vector of integers, not {cuts.dtype} of shape {cuts.shape}."
            )
        cuts = cuts.tolist()
    if isinstance(cuts, str) or not isinstance(cuts, int | tuple | list | np.ndarray):
        raise TypeError(f"{operation}: parts are an int or positions in a sequence, not {cuts!r}.")
    if isinstance(cuts, int):
        if cuts <= 0:
            raise ShapeError(f"{operation}: {cuts} parts: a tensor has at least 1 part.")
        if cuts > MOST:
            raise ShapeError(f"{operation}: more than {MOST:,} parts of a length of {n}.")
        cuts = [i * (n // cuts) + min(i, n % cuts) for i in range(1, cuts)]
    before = (slice(None),) * dim
    return tuple([Slice.apply(input, (*before, slice(a, b))) for a, b in itertools.pairwise([None, *cuts, None])])


@attach(numpy=np.array_split)
def _numpy_array_split(ary, indices_or_sections, axis=0):
    return list(tensor_split(ary, indices_or_sections, axis))


@attach("hsplit", numpy=np.hsplit)
def hsplit(input, indices_or_sections):
    """Consecutive parts of a tensor along the second dimension, of a vector along its only one.

    Parameters
    ----------
    input : Tensor
        Of at least 1 dimension.

    Examples
    --------
    >>> [part.tolist() for part in microtorch.arange(4).hsplit(2)]
    [[0, 1], [2, 3]]
    """
    return _equal_parts("hsplit", input, indices_or_sections, 1 if input.ndim > 1 else 0, 1)


@attach("vsplit", numpy=np.vsplit)
def vsplit(input, indices_or_sections):
    """Consecutive parts of a tensor along the first dimension.

    Parameters
    ----------
    input : Tensor
        Of at least 2 dimensions.

    Examples
    --------
    >>> [part.tolist() for part in microtorch.arange(4).reshape(2, 2).vsplit(2)]
    [[[0, 1]], [[2, 3]]]
    """
    return _equal_parts("vsplit", input, indices_or_sections, 0, 2)


@attach("dsplit", numpy=np.dsplit)
def dsplit(input, indices_or_sections):
    """Consecutive parts of a tensor along the third dimension.

    Parameters
    ----------
    input : Tensor
        Of at least 3 dimensions.

    Examples
    --------
    >>> [part.tolist() for part in microtorch.arange(4).reshape(1, 2, 2).dsplit(2)]
    [[[[0], [2]]], [[[1], [3]]]]
    """
    return _equal_parts("dsplit", input, indices_or_sections, 2, 3)


def _equal_parts(operation, input, cuts, dim, least):
    if input.ndim < least:
        raise ShapeError(f"{operation}: takes at least {least} dimensions, not shape {input.shape}.")
    if isinstance(cuts, int) and cuts > 0 and input.shape[dim] % cuts:
        raise ShapeError(
            f"{operation}: {input.shape[dim]} elements along dim {dim} do not divide into {cuts} equal parts."
        )
    return _cut(operation, input, cuts, dim)
