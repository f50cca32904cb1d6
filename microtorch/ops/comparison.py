"""Comparisons, logic and tests by element: they give bools, have no derivative and are not part of the graph."""

import numpy as np

from ..tensor import Tensor, as_tensor, attach, bool_, wrap
from .promotion import pair

__all__ = ["eq", "ge", "gt", "isfinite", "isinf", "isnan", "le", "logical_and", "logical_not", "logical_or",
           "logical_xor", "lt", "ne"]  # fmt: skip


def _bools(compare, *operands):
    """The bools that numpy's function `compare` gives for these operands."""
    return wrap(np.asarray(compare(*[getattr(x, "_array", x) for x in operands])))


@attach("eq", numpy=np.equal)
def eq(input, other):
    """Where two tensors are equal, by element."""
    return _bools(np.equal, *pair(input, other))


@attach("ne", "not_equal", numpy=np.not_equal)
def ne(input, other):
    """Where two tensors differ, by element."""
    return _bools(np.not_equal, *pair(input, other))


@attach("lt", "less", "__lt__", numpy=np.less)
def lt(input, other):
    """Where `input` is less than `other`, by element."""
    return _bools(np.less, *pair(input, other))


@attach("le", "less_equal", "__le__", numpy=np.less_equal)
def le(input, other):
    """Where `input` is at most `other`, by element."""
    return _bools(np.less_equal, *pair(input, other))


@attach("gt", "greater", "__gt__", numpy=np.greater)
def gt(input, other):
    """Where `input` is greater than `other`, by element."""
    return _bools(np.greater, *pair(input, other))


@attach("ge", "greater_equal", "__ge__", numpy=np.greater_equal)
def ge(input, other):
    """Where `input` is at least `other`, by element."""
    return _bools(np.greater_equal, *pair(input, other))


@attach("__eq__")
def _equal(self, other):
    return eq(self, other) if isinstance(other, _COMPARABLE) else NotImplemented


@attach("__ne__")
def _differ(self, other):
    return ne(self, other) if isinstance(other, _COMPARABLE) else NotImplemented


_COMPARABLE = Tensor | bool | int | float | np.generic | np.ndarray | list | tuple


@attach("logical_and", numpy=np.logical_and)
def logical_and(input, other):
    """Where both are not 0, by element."""
    return _bools(np.logical_and, as_tensor(input), as_tensor(other))


@attach("logical_or", numpy=np.logical_or)
def logical_or(input, other):
    """Where at least one is not 0, by element."""
    return _bools(np.logical_or, as_tensor(input), as_tensor(other))


@attach("logical_xor", numpy=np.logical_xor)
def logical_xor(input, other):
    """Where exactly one is not 0, by element."""
    return _bools(np.logical_xor, as_tensor(input), as_tensor(other))


@attach("logical_not", numpy=np.logical_not)
def logical_not(input):
    """Where the tensor is 0, by element."""
    return _bools(np.logical_not, as_tensor(input))


def _bitwise(operation, *operands):
    return wrap(np.asarray(operation(*[getattr(x, "_array", x) for x in operands])))


@attach("bitwise_and", "__and__", "__rand__", numpy=np.bitwise_and)
def bitwise_and(input, other):
    """The bits that both have; for bools, logical and."""
    return _bitwise(np.bitwise_and, *pair(input, other))


@attach("bitwise_or", "__or__", "__ror__", numpy=np.bitwise_or)
def bitwise_or(input, other):
    """The bits that either has; for bools, logical or."""
    return _bitwise(np.bitwise_or, *pair(input, other))


@attach("bitwise_xor", "__xor__", "__rxor__", numpy=np.bitwise_xor)
def bitwise_xor(input, other):
    """The bits that one of both has; for bools, exclusive or."""
    return _bitwise(np.bitwise_xor, *pair(input, other))


@attach("bitwise_not", "__invert__", numpy=np.invert)
def bitwise_not(input):
    """The bits turned over; for bools, logical not."""
    return _bitwise(np.invert, as_tensor(input))


@attach("isnan", numpy=np.isnan)
def isnan(input):
    """Where elements are NaN."""
    return _bools(np.isnan, as_tensor(input))


@attach("isinf", numpy=np.isinf)
def isinf(input):
    """Where elements are infinite."""
    return _bools(np.isinf, as_tensor(input))


@attach("isfinite", numpy=np.isfinite)
def isfinite(input):
    """Where elements are neither infinite nor NaN."""
    return _bools(np.isfinite, as_tensor(input))
