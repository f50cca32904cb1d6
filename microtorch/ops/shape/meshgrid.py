"""All pairs, and further tuples, of the elements of vectors."""

import itertools

import numpy as np

from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import attach, wrap
from .._promotion import only_tensors
from .cat import stack
from .expand import expand

__all__ = ["cartesian_prod", "combinations", "meshgrid", "vander"]


def meshgrid(*tensors, indexing="ij"):
    """The coordinates of the points of a grid, a tensor for each axis.

    Parameters
    ----------
    *tensors : Tensor, shape (n,) or (), or one sequence of them
        The coordinates along each axis.
    indexing : {"ij", "xy"}, default "ij"
        "xy" swaps the first two axes of the results: the first coordinate counts columns, as in pictures.

    Returns
    -------
    tuple of Tensor
        Views, of shape (n₁, n₂, …).

    Raises
    ------
    ShapeError
        If one has more than 1 dimension, or there is none.
    ValueError
        If `indexing` is another word.

    Examples
    --------
    >>> x, y = microtorch.meshgrid(microtorch.tensor([1, 2]), microtorch.tensor([3, 4, 5]))
    >>> x
    tensor([[1, 1, 1],
            [2, 2, 2]])
    >>> y
    tensor([[3, 4, 5],
            [3, 4, 5]])
    """
    tensors = _vectors("meshgrid", tensors)
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing={indexing!r} is neither 'ij' nor 'xy'.")
    if len({t.dtype for t in tensors}) > 1:
        raise TypeError(f"meshgrid: dtypes {', '.join(str(t.dtype) for t in tensors)} differ. Convert to one of them.")
    swapped = indexing == "xy" and len(tensors) > 1
    if swapped:
        tensors[:2] = tensors[1::-1]
    shape = tuple([t.numel() for t in tensors])
    grids = [
        expand(t.reshape([-1 if i == d else 1 for i in range(len(tensors))]), shape) for d, t in enumerate(tensors)
    ]
    if swapped:
        grids = [grids[1], grids[0], *grids[2:]]
    return tuple(grids)


@attach(numpy=np.meshgrid)
def _numpy_meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    if sparse:
        raise TypeError("np.meshgrid: sparse=True has no meaning for tensors. Leave it out.")
    grids = meshgrid(*xi, indexing=indexing)
    return tuple([g.clone() for g in grids]) if copy else grids


def cartesian_prod(*tensors):
    """All tuples of one element from each vector, as rows, the last changing fastest.

    Parameters
    ----------
    *tensors : Tensor, shape (n,)

    Returns
    -------
    Tensor, shape (n₁ · n₂ · …, number of vectors)
        One vector alone comes back as it is.

    Raises
    ------
    ShapeError
        If one has more than 1 dimension, or there is none.

    Examples
    --------
    >>> microtorch.cartesian_prod(microtorch.tensor([1, 2]), microtorch.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    vectors = _vectors("cartesian_prod", tensors)
    if len(vectors) == 1:
        return vectors[0].reshape(-1)
    return stack([g.reshape(-1) for g in meshgrid(*vectors)], 1)


def combinations(input, r=2, with_replacement=False):
    """All sets of `r` elements of a vector, as rows, in their order.

    Parameters
    ----------
    input : Tensor, shape (n,)
    r : int, default 2
    with_replacement : bool, default False
        Elements may occur several times.

    Returns
    -------
    Tensor, shape (number of sets, r)

    Raises
    ------
    ShapeError
        If it is not a vector.
    ValueError
        If `r` is negative.

    Examples
    --------
    >>> microtorch.combinations(microtorch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    only_tensors("combinations", input=input)
    if input.ndim != 1:
        raise ShapeError(f"combinations: takes a vector, not shape {input.shape}. Flatten it first.")
    if r < 0:
        raise ValueError(f"combinations: r = {r} elements. Give 0 or more.")
    if r == 0:
        return input[:0]
    sets = (itertools.combinations_with_replacement if with_replacement else itertools.combinations)(
        range(len(input)), r
    )
    return input[wrap(np.array(list(sets), np.int64).reshape(-1, r))]


def vander(x, N=None, increasing=False):
    """The powers of a vector as columns.

    Parameters
    ----------
    x : Tensor, shape (n,)
    N : int, optional
        How many; default n.
    increasing : bool, default False
        From the 0th on, rather than down to it.

    Returns
    -------
    Tensor, shape (n, N)

    Raises
    ------
    ShapeError
        If it is not a vector.

    Examples
    --------
    >>> microtorch.vander(microtorch.tensor([1, 2]), 3)
    tensor([[1, 1, 1],
            [4, 2, 1]])
    """
    only_tensors("vander", x=x)
    if x.ndim != 1:
        raise ShapeError(f"vander: takes a vector, not shape {x.shape}. Flatten it first.")
    powers = np.arange(len(x) if N is None else N)
    return x.reshape(-1, 1) ** wrap(powers if increasing else powers[::-1].copy())


def _vectors(operation, tensors):
    if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
        (tensors,) = tensors
    tensors = [as_tensor(t) for t in tensors]
    if not tensors:
        raise ShapeError(f"{operation}: there is no vector. Give at least one.")
    for t in tensors:
        if t.ndim > 1:
            raise ShapeError(f"{operation}: takes vectors, not shape {t.shape}. Flatten it first.")
    return tensors
