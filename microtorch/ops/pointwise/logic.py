"""Logic and bits, by element: these functions have no derivative and are no part of the graph.

Parameters
----------
input, other : Tensor
    Of shapes that broadcast together; whatever is not 0 counts as true.
"""

import numpy as np

from ...autograd.inplace.changes import attach_in_place
from ...errors import DTypeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .._promotion import pair
from ..comparison.equal_and_less import by_element

__all__ = [
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]


@attach("logical_and", numpy=np.logical_and)
def logical_and(input, other):
    """Where both are true, by element.

    Returns
    -------
    Tensor
        Of the broadcast shape and dtype bool.

    Examples
    --------
    >>> a, b = microtorch.tensor([True, True, False]), microtorch.tensor([True, False, False])
    >>> microtorch.logical_and(a, b)
    tensor([ True, False, False])
    """
    return by_element("logical_and", np.logical_and, as_tensor(input), as_tensor(other))


@attach("logical_or", numpy=np.logical_or)
def logical_or(input, other):
    """Where at least one is true, by element.

    Returns
    -------
    Tensor
        Of the broadcast shape and dtype bool.

    Examples
    --------
    >>> a, b = microtorch.tensor([True, True, False]), microtorch.tensor([True, False, False])
    >>> microtorch.logical_or(a, b)
    tensor([ True,  True, False])
    """
    return by_element("logical_or", np.logical_or, as_tensor(input), as_tensor(other))


@attach("logical_xor", numpy=np.logical_xor)
def logical_xor(input, other):
    """Where exactly one is true, by element.

    Returns
    -------
    Tensor
        Of the broadcast shape and dtype bool.

    Examples
    --------
    >>> a, b = microtorch.tensor([True, True, False]), microtorch.tensor([True, False, False])
    >>> microtorch.logical_xor(a, b)
    tensor([False,  True, False])
    """
    return by_element("logical_xor", np.logical_xor, as_tensor(input), as_tensor(other))


@attach("logical_not", numpy=np.logical_not)
def logical_not(input):
    """Where the elements are 0 or False.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor
        Of the same shape and dtype bool.

    Examples
    --------
    >>> microtorch.logical_not(microtorch.tensor([0.0, 2.0]))
    tensor([ True, False])
    """
    return by_element("logical_not", np.logical_not, as_tensor(input))


def _whole(operation, *operands):
    """The operands, or DTypeError if they are floating: only integers and bools are used as bits."""
    for x in operands:
        if getattr(x, "dtype", np.dtype(type(x))).kind == "f":
            raise DTypeError(
                f"{operation}: takes integer and bool tensors, not floating ones. Compare first, as in x > 0."
            )
    return operands


@attach("bitwise_and", "__and__", "__rand__", numpy=np.bitwise_and)
def bitwise_and(input, other):
    """The bits that both have; of bools, logical and.

    Parameters
    ----------
    input, other : Tensor or int or bool
        Of shapes that broadcast together, integers or bools.

    Raises
    ------
    DTypeError
        For floating tensors.

    Examples
    --------
    >>> microtorch.tensor([1, 2, 3]) & 2
    tensor([0, 2, 2])
    """
    return by_element("bitwise_and", np.bitwise_and, *_whole("bitwise_and", *pair(input, other)))


@attach("bitwise_or", "__or__", "__ror__", numpy=np.bitwise_or)
def bitwise_or(input, other):
    """The bits that at least one has; of bools, logical or.

    Parameters
    ----------
    input, other : Tensor or int or bool
        Of shapes that broadcast together, integers or bools.

    Raises
    ------
    DTypeError
        For floating tensors.

    Examples
    --------
    >>> microtorch.tensor([1, 2, 3]) | 2
    tensor([3, 2, 3])
    """
    return by_element("bitwise_or", np.bitwise_or, *_whole("bitwise_or", *pair(input, other)))


@attach("bitwise_xor", "__xor__", "__rxor__", numpy=np.bitwise_xor)
def bitwise_xor(input, other):
    """The bits that exactly one has; of bools, exclusive or.

    Parameters
    ----------
    input, other : Tensor or int or bool
        Of shapes that broadcast together, integers or bools.

    Raises
    ------
    DTypeError
        For floating tensors.

    Examples
    --------
    >>> microtorch.tensor([1, 2, 3]) ^ 2
    tensor([3, 0, 1])
    """
    return by_element("bitwise_xor", np.bitwise_xor, *_whole("bitwise_xor", *pair(input, other)))


@attach("bitwise_not", "__invert__", numpy=np.invert)
def bitwise_not(input):
    """The bits turned over; of bools, logical not.

    Parameters
    ----------
    input : Tensor
        Integer or bool.

    Raises
    ------
    DTypeError
        For floating tensors.

    Examples
    --------
    >>> ~microtorch.tensor([True, False])
    tensor([False,  True])
    """
    return by_element("bitwise_not", np.invert, *_whole("bitwise_not", as_tensor(input)))


@attach("bitwise_left_shift", "__lshift__", reflected="__rlshift__", numpy=np.left_shift)
def bitwise_left_shift(input, other):
    """The bits moved `other` places to the left, towards the higher ones: ``input * 2**other``.

    Parameters
    ----------
    input, other : Tensor or int
        Integers, of shapes that broadcast together.

    Raises
    ------
    DTypeError
        For floats and bools.

    Examples
    --------
    >>> microtorch.tensor([1, 2, 3]) << microtorch.tensor([1, 1, 2])
    tensor([ 2,  4, 12])
    """
    return _shifted("bitwise_left_shift", np.left_shift, input, other)


@attach("bitwise_right_shift", "__rshift__", reflected="__rrshift__", numpy=np.right_shift)
def bitwise_right_shift(input, other):
    """The bits moved `other` places to the right, towards the lower ones: ``input / 2**other``, rounded down.

    Parameters
    ----------
    input, other : Tensor or int
        Integers, of shapes that broadcast together.

    Raises
    ------
    DTypeError
        For floats and bools.

    Examples
    --------
    >>> microtorch.tensor([1, 2, 3]) >> microtorch.tensor([1, 1, 2])
    tensor([0, 1, 0])
    """
    return _shifted("bitwise_right_shift", np.right_shift, input, other)


def _shifted(operation, compute, input, other):
    a, b = pair(input, other)
    dtype = (a if isinstance(a, Tensor) else b).dtype
    if dtype.kind not in "iu":
        raise DTypeError(f"{operation}: takes integers, not {dtype}. Convert with .long().")
    return by_element(operation, compute, a, b)


attach_in_place(bitwise_and, "bitwise_and_", "__iand__")
attach_in_place(bitwise_or, "bitwise_or_", "__ior__")
attach_in_place(bitwise_xor, "bitwise_xor_", "__ixor__")
attach_in_place(bitwise_not, "bitwise_not_")
attach_in_place(bitwise_left_shift, "bitwise_left_shift_", "__ilshift__")
attach_in_place(bitwise_right_shift, "bitwise_right_shift_", "__irshift__")
for _function in (logical_and, logical_or, logical_xor, logical_not):
    attach_in_place(_function, _function.__name__ + "_")
