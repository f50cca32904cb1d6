"""Sums of products over named dimensions, as chains of matrix products."""

import math

import numpy as np

from ...autograd.inplace.views import as_own
from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .. import _dimensions as dimensions
from .._promotion import same_dtype

__all__ = ["einsum", "tensordot"]


@attach(numpy=np.einsum)
def einsum(equation, *operands):
    """A sum of products over dimensions named by letters.

    Parameters
    ----------
    equation : str
        The letters of each operand's dimensions, separated by commas, and after ``->`` those of the result. Letters
        that the result lacks are summed over. ``...`` stands for any further dimensions, which broadcast. Without
        ``->`` the result has the letters that occur once, in alphabetical order.
    *operands : Tensor
        Or one sequence of them. A dimension of length 1 broadcasts against others of its letter.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the equation does not fit the operands.
    DTypeError
        If the dtypes differ.

    Notes
    -----
    Operands are contracted from left to right, each time by one (batched) matrix product, so gradients are matrix
    products too.

    Examples
    --------
    >>> a = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> microtorch.einsum("ij,j->i", a, microtorch.tensor([1.0, 10.0])).detach()
    tensor([21., 43.])
    >>> microtorch.einsum("ii->", a).backward()
    >>> a.grad
    tensor([[1., 0.],
            [0., 1.]])
    """
    if not isinstance(equation, str):
        raise TypeError(f"einsum: the equation comes first and is a string, not {type(equation).__name__}.")
    if len(operands) == 1 and isinstance(operands[0], tuple | list):
        operands = operands[0]
    operands = [as_tensor(t) for t in operands]
    if not operands:
        raise ShapeError(f"einsum: {equation!r} has no operand.")
    same_dtype("einsum", **{f"operand {i}": t for i, t in enumerate(operands)})
    labels, result = _parse(equation, operands)
    lengths = _lengths(equation, labels, operands)
    terms = [_simplified(t, names, lengths) for t, names in zip(operands, labels, strict=True)]
    y, names = terms[0]
    for i, (other, others) in enumerate(terms[1:], 2):
        later = set(result).union(*(n for _, n in terms[i:]))
        y, names = _contracted(
            _summed(y, names, later | set(others)), _summed(other, others, later | set(names)), later
        )
    y, names = _summed(y, names, set(result))
    missing = [n for n in result if n not in names]  # only those that broadcast: all their lengths are 1
    y = y.reshape(*y.shape, *(1 for _ in missing))
    names = [*names, *missing]
    return as_own(y.permute(tuple([names.index(n) for n in result])), *operands)


def _parse(equation, operands):
    """The names of the dimensions of each operand and of the result; those under ``...`` are numbers from the right."""
    given, arrow, wanted = equation.replace(" ", "").partition("->")
    terms = given.split(",")
    if len(terms) != len(operands):
        raise ShapeError(f"einsum: {equation!r} is for {len(terms)} operands, not {len(operands)}.")
    labels, most = [], 0
    for term, t in zip(terms, operands, strict=True):
        before, dots, after = term.partition("...")
        further = t.ndim - len(before) - len(after)
        if further < 0 or (further and not dots):
            raise ShapeError(f"einsum: {term!r} in {equation!r} does not name the {t.ndim} dimensions of {t.shape}.")
        most = max(most, further)
        labels.append([*before, *range(further, 0, -1), *after])
    names = [n for term in labels for n in term if isinstance(n, str)]
    if arrow:
        before, dots, after = wanted.partition("...")
        result = [*before, *(range(most, 0, -1) if dots else ()), *after]
    else:
        result = [*range(most, 0, -1), *sorted(n for n in names if names.count(n) == 1)]
    if len(set(result)) < len(result) or not {n for n in result if isinstance(n, str)} <= set(names):
        raise ShapeError(f"einsum: the result of {equation!r} must name dimensions of the operands, each once.")
    if not all(n.isascii() and n.isalpha() for n in names):
        raise ShapeError(f"einsum: {equation!r} may have letters, commas, one -> and ... only.")
    return labels, result


def _lengths(equation, labels, operands):
    lengths = {}
    for names, t in zip(labels, operands, strict=True):
        for name, n in zip(names, t.shape, strict=True):
            held = lengths.setdefault(name, n)
            if held == 1:
                lengths[name] = n
            elif n not in (1, held):
                what = f"dimension {name!r}" if isinstance(name, str) else "a dimension under ..."
                raise ShapeError(f"einsum: in {equation!r} {what} has the lengths {held} and {n}.")
    return lengths


def _simplified(t, names, lengths):
    """`t` without repeated names (their diagonal) and without dimensions of length 1 that broadcast."""
    keep = [i for i, name in enumerate(names) if t.shape[i] == lengths[name]]
    t, names = t.reshape(tuple([t.shape[i] for i in keep])), [names[i] for i in keep]
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            i = names.index(name)
            j = names.index(name, i + 1)
            t = t.diagonal(0, i, j)
            names = [*names[:i], *names[i + 1 : j], *names[j + 1 :], name]
    return t, names


def _summed(t, names, needed):
    over = tuple([i for i, name in enumerate(names) if name not in needed])
    return (t.sum(over), [n for n in names if n in needed]) if over else (t, names)


def _contracted(left, right, needed):
    """The sum of products over the names that both have and nobody needs further."""
    (a, of_a), (b, of_b) = left, right
    shared = [n for n in of_a if n in of_b]
    batch, gone = [n for n in shared if n in needed], [n for n in shared if n not in needed]
    rest_a, rest_b = [n for n in of_a if n not in shared], [n for n in of_b if n not in shared]
    a = a.permute(tuple([of_a.index(n) for n in (*batch, *rest_a, *gone)]))
    b = b.permute(tuple([of_b.index(n) for n in (*batch, *gone, *rest_b)]))
    lead, m, n = a.shape[: len(batch)], a.shape[len(batch) : a.ndim - len(gone)], b.shape[len(batch) + len(gone) :]
    k = math.prod(b.shape[len(batch) : len(batch) + len(gone)])
    left, right = a.reshape(*lead, math.prod(m), k), b.reshape(*lead, k, math.prod(n))
    y = left @ right if gone else left * right  # without a sum it is an outer product
    return y.reshape(*lead, *m, *n), [*batch, *rest_a, *rest_b]


@attach("tensordot")
def tensordot(a, b, dims=2):
    """The sum of products over some dimensions of two tensors.

    Parameters
    ----------
    a, b : Tensor
    dims : int or pair of sequences of int, default 2
        How many dimensions: the last of `a` with the first of `b`; or which of `a` with which of `b`.

    Returns
    -------
    Tensor
        With the other dimensions of `a`, then those of `b`.

    Raises
    ------
    ShapeError
        If lengths do not agree; a length of 1 agrees with any.
    DTypeError
        If the dtypes differ.

    Notes
    -----
    One matrix product; so are its gradients.

    Examples
    --------
    >>> a, b = microtorch.ones(2, 3, 4), microtorch.ones(4, 3, 5)
    >>> microtorch.tensordot(a, b, dims=([1, 2], [1, 0])).shape
    (2, 5)
    """
    a, b = as_tensor(a), as_tensor(b)
    same_dtype("tensordot", a=a, b=b)
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise ShapeError(f"tensordot: shapes {a.shape} and {b.shape} do not have {dims} dimensions to share.")
        dims = range(a.ndim - dims, a.ndim), range(dims)
    of_a, of_b = (d if isinstance(d, tuple | list | range) else (d,) for d in dims)
    of_a, of_b = dimensions.some("tensordot", of_a, a.ndim) or (), dimensions.some("tensordot", of_b, b.ndim) or ()
    if len(of_a) != len(of_b):
        raise ShapeError(f"tensordot: {len(of_a)} dimensions of a do not pair with {len(of_b)} of b.")
    names_a, names_b = list(range(a.ndim)), list(range(-1, -b.ndim - 1, -1))
    for i, j in zip(of_a, of_b, strict=True):
        n, m = a.shape[i], b.shape[j]
        if n != m and 1 not in (n, m):
            raise ShapeError(f"tensordot: dimension {i} of {a.shape} and dimension {j} of {b.shape} differ in length.")
        if n != m:  # the longer is summed on its own
            a, b = (a.sum(i, True, dtype=a.dtype), b) if m == 1 else (a, b.sum(j, True, dtype=b.dtype))
        names_b[j] = names_a[i]
    needed = {n for n in (*names_a, *names_b) if (n in names_a) != (n in names_b)}
    return _contracted((a, names_a), (b, names_b), needed)[0]


@attach(numpy=np.tensordot)
def _numpy_tensordot(a, b, axes=2):
    return tensordot(a, b, axes)
