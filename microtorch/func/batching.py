"""vmap: a function of one sample as a function of a batch."""

import functools

from ..errors import ShapeError
from ..ops import stack
from ..random import default_generator
from ..tensor import Tensor
from .trees import leaves_of, mapped, rebuilt

__all__ = ["vmap"]


def vmap(func, in_dims=0, out_dims=0, randomness="error", *, chunk_size=None):
    """A function that calls `func` for each sample of a batch and stacks the results.

    Parameters
    ----------
    func : callable
        From Tensors of one sample, or trees of them, to a Tensor or a tree of them.
    in_dims : int or None, or a tree of them, default 0
        Which dimension of each argument counts the samples; None for an argument that all samples share. One for all
        arguments, or a tuple with one for each, which may be a tree of the argument's form. Arguments by name are
        shared by all samples.
    out_dims : int or tuple of int, default 0
        Where that dimension is in each result.
    randomness : {"error", "different", "same"}, default "error"
        What happens where `func` draws random numbers: an error, other numbers for each sample, or the same for all.
    chunk_size : int, optional
        Accepted: samples are computed one by one.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        If no argument has samples, or their numbers differ.
    RuntimeError
        If random numbers are drawn and `randomness` is "error".

    Notes
    -----
    The samples are computed one after the other, by any operation there is, and gradients flow through all of them.
    Nothing is saved by it: where a function takes a batch by itself, that is faster. For gradients of each sample see
    also `autograd.per_sample_gradients`, which takes one backward.

    Examples
    --------
    >>> from microtorch.func import grad, vmap
    >>> def loss(w, x, y):
    ...     return (w @ x - y) ** 2
    >>> w, x, y = microtorch.tensor([1.0, 2.0]), microtorch.tensor([[1.0, 0.0], [0.0, 1.0]]), microtorch.zeros(2)
    >>> vmap(grad(loss), in_dims=(None, 0, 0))(w, x, y)
    tensor([[2., 0.],
            [0., 4.]])
    """
    if randomness not in ("error", "different", "same"):
        raise ValueError(f"vmap: randomness is {randomness!r}. It is 'error', 'different' or 'same'.")
    if chunk_size is not None and chunk_size < 1:
        raise ValueError(f"vmap: chunk_size is {chunk_size}. Pass a positive number, or leave it out.")

    @functools.wraps(func)
    def batched(*args, **kwargs):
        dims = _dims_of(in_dims, args)
        count = _count(args, dims)
        results = []
        start = default_generator.get_state()
        for i in range(count):
            if randomness == "same":
                default_generator.set_state(start)
            sample = mapped(lambda x, dim, i=i: x if dim is None else x.select(dim, i), args, dims)
            results.append(func(*sample, **kwargs))
            if i == 0 and randomness == "error" and default_generator.get_state() != start:
                raise RuntimeError(
                    "vmap: the function draws random numbers. Say what is meant: randomness='different' for other "
                    "numbers for each sample, 'same' for the same."
                )
        return _stacked(results, out_dims)

    return batched


def _dims_of(in_dims, args):
    """A dimension or None for each leaf of the arguments, as a tree of their form."""
    if not args:
        raise ValueError("vmap: the function is called without arguments, so there are no samples")
    if not isinstance(in_dims, tuple | list):
        in_dims = (in_dims,) * len(args)
    elif len(in_dims) != len(args):
        raise ValueError(f"vmap: in_dims has {len(in_dims)} entries for {len(args)} arguments")

    def spread(dims, tree):
        if dims is None or isinstance(dims, int):
            return mapped(lambda x: _checked(dims, x), tree)
        if isinstance(dims, dict) and isinstance(tree, dict) and dims.keys() == tree.keys():
            return {key: spread(dims[key], value) for key, value in tree.items()}
        if isinstance(dims, tuple | list) and isinstance(tree, tuple | list) and len(dims) == len(tree):
            return type(tree)([spread(d, value) for d, value in zip(dims, tree, strict=True)])
        raise ValueError(f"vmap: in_dims {dims!r} is not of the form of its argument")

    return tuple(spread(dims, tree) for dims, tree in zip(in_dims, args, strict=True))


def _checked(dim, x):
    if dim is None:
        return None
    if not isinstance(x, Tensor):
        raise ValueError(f"vmap: in_dims is {dim} for a {type(x).__name__}, not a Tensor. Use None for it.")
    if not -x.ndim <= dim < x.ndim:
        raise ValueError(f"vmap: in_dims={dim} is out of range for an argument of shape {x.shape}")
    return dim % x.ndim


def _count(args, dims):
    pairs = [(x, d) for x, d in zip(leaves_of(args), leaves_of(dims), strict=True) if d is not None]
    counts = sorted({x.shape[d] for x, d in pairs})
    if len(counts) != 1:
        none = "no argument has samples: in_dims is None for all"
        raise ValueError(f"vmap: {f'the samples are {counts} in number' if counts else none}")
    if counts[0] == 0:
        raise ValueError("vmap: there are no samples, so the function cannot tell what it would return")
    return counts[0]


def _stacked(results, out_dims):
    """The results of all samples as one tree of tensors."""
    first = results[0]
    leaves = [leaves_of(result) for result in results]
    for row in leaves:
        for y in row:
            if not isinstance(y, Tensor):
                raise ValueError(f"vmap: the function must return Tensors, not a {type(y).__name__}")
    columns = [list(column) for column in zip(*leaves, strict=True)]
    if isinstance(out_dims, tuple | list):
        out_dims = leaves_of(out_dims)
        if len(out_dims) != len(columns):
            raise ValueError(f"vmap: out_dims has {len(out_dims)} entries for {len(columns)} results")
    else:
        out_dims = [out_dims] * len(columns)
    for column in columns:
        if len({y.shape for y in column}) > 1:
            raise ShapeError(f"vmap: samples give results of shapes {sorted({y.shape for y in column})}")
    return rebuilt(first, [stack(column, dim) for column, dim in zip(columns, out_dims, strict=True)])
