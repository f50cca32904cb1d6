"""Dimensions as callers name them, from the front or (negative) from the back, made plain and checked."""

from functools import wraps
from operator import index

from ..errors import ShapeError


def one(operation, dim, ndim):
    """`dim` counted from the front; a tensor without dimensions takes 0 and -1, as in PyTorch.

    Raises
    ------
    IndexError
        If there is no such dimension.
    """
    if type(dim) is not int:
        dim = _integer(operation, dim)
    if -ndim <= dim < ndim:
        return dim if dim >= 0 else dim + ndim
    if ndim == 0 and -1 <= dim <= 0:
        return 0
    last = max(ndim - 1, 0)
    raise IndexError(
        f"{operation}: there is no dimension {dim} in a tensor of {ndim} dimensions. "
        f"Give dim from {-last - 1} to {last}."
    )


def some(operation, dim, ndim):
    """A tuple of distinct dimensions counted from the front, or None where `dim` means all of them."""
    if dim is None:
        return None
    dims = tuple([one(operation, d, ndim) for d in (dim if isinstance(dim, tuple | list | range) else (dim,))])
    if len(dims) > 1 and len(set(dims)) < len(dims):
        raise ShapeError(f"{operation}: dim {tuple(dim)} names a dimension twice. Name each once.")
    return dims if dims and ndim else None


def kept(shape, dims):
    """`shape` after a reduction over `dims` that keeps them with length 1."""
    if dims is None:
        return (1,) * len(shape)
    return tuple([1 if i in dims else n for i, n in enumerate(shape)])


def length(shape, dims):
    """How many elements a reduction of `shape` over `dims` takes together."""
    n = 1
    for d in range(len(shape)) if dims is None else dims:
        n *= shape[d]
    return n


def also_axis(function):
    """Decorate a function: its `dim` may be given as ``axis``, its `keepdim` as ``keepdims``, as numpy spells them."""

    @wraps(function)
    def call(*args, **named):
        for theirs, ours in (("axis", "dim"), ("keepdims", "keepdim")):
            if theirs in named:
                if ours in named:
                    raise TypeError(f"{function.__name__}: {ours} and {theirs} are two names of one argument")
                named[ours] = named.pop(theirs)
        return function(*args, **named)

    return call


def _integer(operation, dim):
    try:
        return index(dim)
    except TypeError:
        raise TypeError(f"{operation}: dim must be an int, not {type(dim).__name__} {dim!r}") from None
