"""Where elements are: positions of what is not 0, and positions in flattened tensors."""

import numpy as np

from ...autograd.function import outside_graph
from ...errors import DTypeError
from ...from_data import as_tensor
from ...tensor import attach
from .._promotion import only_tensors
from .index import refuse_counting

__all__ = ["argwhere", "nonzero", "unravel_index"]


@attach("nonzero")
def nonzero(input, *, as_tuple=False):
    """The positions of the elements that are not 0.

    Parameters
    ----------
    as_tuple : bool, default False
        A vector for each dimension, as an index takes them, rather than a row for each element.

    Returns
    -------
    Tensor of int64, shape (n, number of dimensions), or tuple of Tensor
        In row-major order; not differentiable.

    Examples
    --------
    >>> x = microtorch.tensor([[0, 5], [7, 0]])
    >>> x.nonzero()
    tensor([[0, 1],
            [1, 0]])
    >>> x[x.nonzero(as_tuple=True)]
    tensor([5, 7])
    """
    only_tensors("nonzero", input=input)
    refuse_counting("nonzero")
    if not as_tuple:
        return outside_graph(np.argwhere, input)
    input = input if input.ndim else input.reshape(1)
    return tuple([outside_graph(lambda x, d=d: np.nonzero(x)[d], input) for d in range(input.ndim)])


@attach(numpy=np.nonzero)
def _numpy_nonzero(a):
    return nonzero(a, as_tuple=True)


@attach("argwhere", numpy=np.argwhere)
def argwhere(input):
    """The positions of the elements that are not 0, a row for each: `nonzero`.

    Returns
    -------
    Tensor of int64, shape (n, number of dimensions)

    Examples
    --------
    >>> microtorch.argwhere(microtorch.tensor([0, 5, 7]))
    tensor([[1],
            [2]])
    """
    return nonzero(input)


@attach(numpy=np.flatnonzero)
def _numpy_flatnonzero(a):
    return nonzero(a.reshape(-1)).reshape(-1)


def unravel_index(indices, shape):
    """Positions in a flattened tensor as positions along each of its dimensions.

    Parameters
    ----------
    indices : Tensor of integers
    shape : tuple of int

    Returns
    -------
    tuple of Tensor of int64
        One for each dimension, of the shape of `indices`.

    Raises
    ------
    DTypeError
        If `indices` are not integers.
    IndexError
        If one is outside.

    Examples
    --------
    >>> microtorch.unravel_index(microtorch.tensor([0, 5]), (2, 3))
    (tensor([0, 1]), tensor([0, 2]))
    """
    indices = as_tensor(indices)
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"unravel_index: indices are integers, not {indices.dtype}. Convert with .long().")
    shape = tuple(shape) if isinstance(shape, tuple | list) else (int(shape),)
    try:
        np.unravel_index(indices._array, shape)
    except ValueError as error:
        raise IndexError(f"unravel_index: of shape {shape}: {error}.") from None
    return tuple([outside_graph(lambda x, d=d: np.unravel_index(x, shape)[d], indices) for d in range(len(shape))])
