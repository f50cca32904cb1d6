"""Comparisons by element: they give bools, have no derivative and are no part of the graph.

Parameters
----------
input, other : Tensor or number
    Of shapes that broadcast together; compared in their common dtype.

Returns
-------
Tensor
    Of the broadcast shape and dtype bool, without gradient.
"""

import numpy as np

from ...autograd.function import outside_graph
from ...autograd.inplace.changes import attach_in_place
from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .._promotion import pair, same_dtype

__all__ = [
    "allclose",
    "eq",
    "equal",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "isin",
    "le",
    "less",
    "less_equal",
    "lt",
    "ne",
    "not_equal",
]


_COMPARABLE = Tensor | bool | int | float | np.generic | np.ndarray | list | tuple


def by_element(operation, numpy_function, *operands):
    """The tensor that numpy's function makes of tensors and Python numbers."""
    try:
        return outside_graph(numpy_function, *operands)
    except ValueError as error:
        shapes = " and ".join(str(tuple(getattr(x, "shape", ()))) for x in operands)
        raise ShapeError(f"{operation}: shapes {shapes} do not broadcast together ({error}).") from None


@attach("eq", numpy=np.equal)
def eq(input, other):
    """Where two tensors are equal, by element.

    Notes
    -----
    NaN is not equal to anything. `equal` compares whole tensors, `isclose` allows for rounding.

    Examples
    --------
    >>> microtorch.eq(microtorch.tensor([1, 2, 3]), 2)
    tensor([False,  True, False])
    """
    return by_element("eq", np.equal, *pair(input, other))


@attach("ne", "not_equal", numpy=np.not_equal)
def ne(input, other):
    """Where two tensors differ, by element.

    Notes
    -----
    NaN is not equal to anything, itself included.

    Examples
    --------
    >>> microtorch.ne(microtorch.tensor([1, 2, 3]), 2)
    tensor([ True, False,  True])
    """
    return by_element("ne", np.not_equal, *pair(input, other))


@attach("lt", "less", "__lt__", numpy=np.less)
def lt(input, other):
    """Where `input` is less than `other`, by element.

    Examples
    --------
    >>> microtorch.lt(microtorch.tensor([1, 2, 3]), 2)
    tensor([ True, False, False])
    """
    return by_element("lt", np.less, *pair(input, other))


@attach("le", "less_equal", "__le__", numpy=np.less_equal)
def le(input, other):
    """Where `input` is at most `other`, by element.

    Examples
    --------
    >>> microtorch.le(microtorch.tensor([1, 2, 3]), 2)
    tensor([ True,  True, False])
    """
    return by_element("le", np.less_equal, *pair(input, other))


@attach("gt", "greater", "__gt__", numpy=np.greater)
def gt(input, other):
    """Where `input` is greater than `other`, by element.

    Examples
    --------
    >>> microtorch.gt(microtorch.tensor([1, 2, 3]), 2)
    tensor([False, False,  True])
    """
    return by_element("gt", np.greater, *pair(input, other))


@attach("ge", "greater_equal", "__ge__", numpy=np.greater_equal)
def ge(input, other):
    """Where `input` is at least `other`, by element.

    Examples
    --------
    >>> microtorch.ge(microtorch.tensor([1, 2, 3]), 2)
    tensor([False,  True,  True])
    """
    return by_element("ge", np.greater_equal, *pair(input, other))


@attach("__eq__")
def _equals(self, other):
    return eq(self, other) if isinstance(other, _COMPARABLE) else NotImplemented


@attach("__ne__")
def _differs(self, other):
    return ne(self, other) if isinstance(other, _COMPARABLE) else NotImplemented


@attach("equal")
def equal(input, other):
    """Whether two tensors have the same shape and the same elements.

    Parameters
    ----------
    input, other : Tensor

    Returns
    -------
    bool
        False if an element is NaN.

    Examples
    --------
    >>> microtorch.equal(microtorch.tensor([1, 2]), microtorch.tensor([1, 2]))
    True
    """
    a, b = as_tensor(input), as_tensor(other)
    return a.shape == b.shape and bool(outside_graph(np.array_equal, a, b))


@attach("isclose")
def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Where two tensors are equal but for rounding, by element.

    Parameters
    ----------
    input, other : Tensor
        Of one dtype and shapes that broadcast together.
    rtol, atol : float, default 1e-5 and 1e-8
        The relative and the absolute tolerance, not negative.
    equal_nan : bool, default False
        Whether NaN counts as equal to NaN.

    Returns
    -------
    Tensor
        Of the broadcast shape and dtype bool.

    Raises
    ------
    DTypeError
        If the dtypes differ.
    ValueError
        If a tolerance is negative.

    Notes
    -----
    abs(a − b) ≤ atol + rtol · abs(b), or both the same infinity.

    Examples
    --------
    >>> microtorch.isclose(microtorch.tensor([1.0, 2.0]), microtorch.tensor([1.000001, 2.1]))
    tensor([ True, False])
    """
    input, other = as_tensor(input), as_tensor(other)
    same_dtype("isclose", input=input, other=other)
    if rtol < 0 or atol < 0:
        raise ValueError(f"isclose: rtol={rtol} and atol={atol} must not be negative")
    if not (input.is_floating_point() or rtol == atol == 0):  # differences of uint8 wrap around
        input, other = input.double(), other.double()
    return by_element("isclose", lambda a, b: np.isclose(a, b, rtol, atol, equal_nan), input, other)


@attach("allclose")
def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether two tensors are equal but for rounding: `isclose` for every element.

    Parameters
    ----------
    input, other, rtol, atol, equal_nan
        As in `isclose`.

    Returns
    -------
    bool

    Examples
    --------
    >>> microtorch.allclose(microtorch.tensor([0.1]) * 3, microtorch.tensor([0.3]))
    True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


@attach()
def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Where elements are among `test_elements`.

    Parameters
    ----------
    elements, test_elements : Tensor or number
        At most one of them a number.
    assume_unique : bool, default False
        Neither has an element twice, which makes it faster.
    invert : bool, default False
        Where they are not.

    Returns
    -------
    Tensor of bool
        Of the shape of `elements`; not differentiable.

    Raises
    ------
    TypeError
        If both are numbers.

    Examples
    --------
    >>> microtorch.isin(microtorch.tensor([1, 2, 3]), microtorch.tensor([2, 5]))
    tensor([False,  True, False])
    """
    if not isinstance(elements, Tensor) and not isinstance(test_elements, Tensor):
        raise TypeError("isin: elements and test_elements are both numbers. At least one must be a Tensor.")

    def isin(a, b):
        return np.isin(a, b, assume_unique=assume_unique, invert=invert)

    return outside_graph(isin, as_tensor(elements), as_tensor(test_elements))


for _function, _other in (
    (eq, None),
    (ne, "not_equal_"),
    (lt, "less_"),
    (le, "less_equal_"),
    (gt, "greater_"),
    (ge, "greater_equal_"),
):
    attach_in_place(_function, _function.__name__ + "_", *([_other] if _other else ()))
