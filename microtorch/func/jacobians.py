"""Jacobians and Hessians, as functions of functions.

Parameters
----------
func : callable
    From Tensors to a Tensor or a tree of them; with `has_aux` a pair of it and anything.
argnums : int or tuple of int, default 0
    Which positional arguments to differentiate by; each a Tensor or a tree of them.
has_aux : bool, default False
"""

import functools

import numpy as np

from ..tensor import wrap
from .levels import chosen_of, let_go, level_of, products, tensors_in, with_chosen
from .trees import mapped, rebuilt

__all__ = ["hessian", "jacfwd", "jacrev"]


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None, _preallocate_and_copy=False):
    """A function that gives the Jacobian of `func`, a row for each element of its result.

    Parameters
    ----------
    chunk_size : int, optional
        Accepted: rows are computed one by one.

    Returns
    -------
    callable
        Takes the arguments of `func`; gives for each output and each argument a Tensor of shape
        ``(*output.shape, *argument.shape)``, with `has_aux` a pair of that and aux.

    Notes
    -----
    One backward for each element of the result: for few outputs and many inputs.

    Examples
    --------
    >>> from microtorch.func import jacrev
    >>> jacrev(lambda x: x * x.sum())(microtorch.tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """

    @functools.wraps(func)
    def computed(*args, **kwargs):
        chosen, places = chosen_of("jacrev", argnums, args)
        with level_of("jacrev", chosen) as level:
            result = func(*with_chosen(args, places, isinstance(argnums, tuple), level.tree), **kwargs)
            value, aux = result if has_aux else (result, None)
            outputs, starts = tensors_in("jacrev", "func", value), level.starts
            outside = level.tracked_from_outside(outputs)

            def rows(y):
                found = []
                for index in np.ndindex(y.shape):
                    seed = np.zeros_like(y._array)
                    seed[index] = 1
                    found.append(products([y], [wrap(seed)], starts, outside))
                stacked = [_stacked([row[k] for row in found], y, x) for k, x in enumerate(starts)]
                return rebuilt(level.tree, stacked)

            jacobian = mapped(rows, value)
        jacobian = let_go(jacobian, outside)
        return (jacobian, let_go(aux, outside)) if has_aux else jacobian

    return computed


def _stacked(rows, y, x):
    """The gradients of all elements of `y` by `x` as one tensor."""
    shape = y.shape + x.shape
    return np.stack(rows).reshape(shape) if rows else wrap(np.zeros(shape, x.dtype))


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """A function that gives the Jacobian of `func`, a column for each element of its argument.

    Parameters
    ----------
    randomness : str, default "error"
        Accepted: `func` runs once, so all columns are of the same random numbers.

    Returns
    -------
    callable
        As that of `jacrev`.

    Notes
    -----
    One backward for each element of the argument, through the recorded product of a vector with the Jacobian: for many
    outputs and few inputs.

    Examples
    --------
    >>> from microtorch.func import jacfwd
    >>> jacfwd(lambda x: microtorch.stack([x, x * x, x**3]))(microtorch.tensor(2.0))
    tensor([ 1.,  4., 12.])
    """

    @functools.wraps(func)
    def computed(*args, **kwargs):
        chosen, places = chosen_of("jacfwd", argnums, args)
        with level_of("jacfwd", chosen) as level:
            result = func(*with_chosen(args, places, isinstance(argnums, tuple), level.tree), **kwargs)
            value, aux = result if has_aux else (result, None)
            outputs, starts = tensors_in("jacfwd", "func", value), level.starts
            outside = level.tracked_from_outside(outputs)
            seeds = [wrap(np.zeros_like(y._array)).requires_grad_() for y in outputs]
            through = products(outputs, seeds, starts, True)
            columns = [_columns_of(dx, x, seeds, outputs, outside) for dx, x in zip(through, starts, strict=True)]
            jacobian = rebuilt(
                value, [rebuilt(level.tree, [column[k] for column in columns]) for k in range(len(outputs))]
            )
        jacobian = let_go(jacobian, outside)
        return (jacobian, let_go(aux, outside)) if has_aux else jacobian

    return computed


def _columns_of(dx, x, seeds, outputs, create_graph):
    """∂y/∂x of shape (*y.shape, *x.shape) for each of `outputs`: the derivative of ``dx``, uᵀ · J, by u."""
    columns = []
    for index in np.ndindex(x.shape):
        pick = np.zeros_like(x._array)
        pick[index] = 1
        columns.append(products([dx], [wrap(pick)], seeds, create_graph))
    found = []
    for k, y in enumerate(outputs):
        if not columns:
            found.append(wrap(np.zeros(y.shape + x.shape, y.dtype)))
            continue
        stacked = np.stack([column[k] for column in columns])  # (elements of x, *y.shape)
        found.append(np.moveaxis(stacked, 0, -1).reshape(y.shape + x.shape))
    return found


def hessian(func, argnums=0):
    """A function that gives the second derivatives of `func`.

    Parameters
    ----------
    func : callable
        From Tensors to a Tensor, mostly of one element.
    argnums : int or tuple of int, default 0
        Which positional arguments to differentiate by, twice.

    Returns
    -------
    callable
        Takes the arguments of `func`; gives a Tensor of shape ``(*output.shape, *argument.shape, *argument.shape)``,
        for several arguments tuples of tuples of them.

    Examples
    --------
    >>> from microtorch.func import hessian
    >>> hessian(lambda x: (x**3).sum())(microtorch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)
