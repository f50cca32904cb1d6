"""Which dtype an operation on mixed operands has: PyTorch's rules, over numpy's where they differ.

Three kinds, bool < integer < float. The higher kind decides; within it, tensors with dimensions decide over those
without, and tensors over Python numbers. numpy would give float64 for int64 with float32; here it is float32.
"""

import numpy as np

from ..autograd.function import ArrayFunction
from ..dtypes import PYTHON_DTYPES, as_number, cannot_hold, float64, int64, wrapped
from ..errors import DTypeError, not_a_tensor
from ..from_data import as_tensor
from ..tensor import Tensor

__all__ = ["result_type"]


_ARRAYS = np.ndarray | np.generic
_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def result_type(*operands):
    """The dtype of an operation on these tensors and Python numbers.

    Parameters
    ----------
    *operands : Tensor or bool or int or float

    Returns
    -------
    numpy.dtype

    Notes
    -----
    The highest kind among bool, integer and float decides. Within a kind, tensors with dimensions decide over 0-d
    tensors, and those over Python numbers; a Python float among integers gives the default dtype.

    Examples
    --------
    >>> microtorch.result_type(microtorch.arange(3), 1.5)
    dtype('float32')
    >>> microtorch.result_type(microtorch.ones(3), microtorch.tensor(1.5, dtype=microtorch.float64))
    dtype('float32')
    """
    by_group = [None, None, None]  # tensors with dimensions, without, Python numbers
    for x in operands:
        if isinstance(x, Tensor):
            group, dtype = (0 if x._array.ndim else 1), x._array.dtype
        else:
            if type(x) not in PYTHON_DTYPES:
                raise TypeError(not_a_tensor("result_type", "an operand", x))
            group, dtype = 2, PYTHON_DTYPES[type(x)]
        held = by_group[group]
        by_group[group] = dtype if held is None else _wider(held, dtype)
    chosen = None
    for dtype in by_group:
        if dtype is not None and (chosen is None or _RANK[dtype.kind] > _RANK[chosen.kind]):
            chosen = dtype
    return chosen


def _wider(a, b):
    if _RANK[a.kind] != _RANK[b.kind]:
        return a if _RANK[a.kind] > _RANK[b.kind] else b
    return np.promote_types(a, b)


def operand(x):
    """An argument of a binary operation as a Tensor or a Python number; numpy's scalars count as Python numbers."""
    if isinstance(x, np.generic):  # first of all: np.float64 is a float, too
        return x.item()
    if isinstance(x, Tensor | bool | int | float):
        return x
    if isinstance(x, np.ndarray | list | tuple):
        return as_tensor(x)
    raise TypeError(f"an operand must be a Tensor, an array or a number, not {type(x).__name__}")


def pair(input, other):
    """Both operands of a binary operation in their common dtype: tensors, or one of them a Python number."""
    if isinstance(input, Tensor):
        if isinstance(other, Tensor):
            if input._array.dtype is other._array.dtype:
                return input, other
        elif type(other) is float and input._array.dtype.kind == "f":
            return input, other
    input, other = operand(input), operand(other)
    dtype = result_type(input, other)
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        return as_tensor(input, dtype), in_dtype(other, dtype)
    return in_dtype(input, dtype), in_dtype(other, dtype)


def floating_pair(input, other):
    """As `pair`, in a floating dtype: the default one for integers and bools."""
    a, b = operand(input), operand(other)
    if result_type(a, b).kind == "f":
        return pair(a, b)
    default = PYTHON_DTYPES[float]
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        a = as_tensor(a, default)
    return in_dtype(a, default), in_dtype(b, default)


def fitting_pair(operation, input, other):
    """As `pair`, for an operation that puts the operands into its result: a number that its dtype cannot hold is
    refused, where arithmetic goes on modulo 2ⁿ."""
    if type(input) is Tensor and type(other) is Tensor:
        return pair(input, other)
    a, b = operand(input), operand(other)
    dtype = result_type(a, b)
    a, b = (x if isinstance(x, Tensor) else as_number(operation, x, dtype).item() for x in (a, b))
    return pair(a, b)


class Binary(ArrayFunction):
    """An operation on two operands, which are brought to their common dtype first."""

    @staticmethod
    def prepare(args):
        """Both operands as `pair` gives them; as they are in a backward, on arrays."""
        a, b = args
        if isinstance(a, Tensor):
            if isinstance(b, Tensor):
                if a._array.dtype is b._array.dtype:  # as `pair` has it, without a call
                    return args
            elif type(b) is float and a._array.dtype.kind == "f":
                return args
        elif not isinstance(b, Tensor) and (isinstance(a, _ARRAYS) or isinstance(b, _ARRAYS)):
            return args
        return pair(a, b)


def only_tensors(operation, **arguments):
    """Raise TypeError for the first of `arguments`, by name, that is no Tensor.

    Note [Tensors and data]: what an operation of `nn.functional` differentiates, its inputs and parameters, is a
    Tensor, as in PyTorch: an array would lose the graph, or its float64 meet a float32 weight, without a word. What is
    only data, the targets and weights of losses and the row numbers of an embedding, may be anything that makes a
    tensor; see `only_data`.
    """
    for name, value in arguments.items():
        if not isinstance(value, Tensor):
            raise TypeError(not_a_tensor(operation, name, value))


def given(**arguments):
    """Those `arguments`, by name, that are not None."""
    return {name: value for name, value in arguments.items() if value is not None}


def only_data(operation, name, value):
    """A tensor for an argument that carries no gradient as a rule: a Tensor as it is, an array, a list, a number."""
    if isinstance(value, Tensor):
        return value
    try:
        return as_tensor(value)
    except DTypeError:
        raise
    except TypeError:
        raise TypeError(not_a_tensor(operation, name, value)) from None


def in_dtype(x, dtype):
    """`x` in `dtype`; Python numbers as they are where numpy's rules keep them weak, ints modulo 2ⁿ."""
    if isinstance(x, Tensor):
        return x if x._array.dtype is dtype else x.to(dtype)
    if dtype.kind == "b":
        return dtype.type(x)
    if dtype.kind == "f":
        return as_number("an operand", x, float64).item()
    if not -(2**63) <= x < 2**64:
        raise cannot_hold("an operand", x, int64)
    return wrapped(int(x), dtype)


def floating(x):
    """`x` as a floating tensor: integers and bools become float32, as in PyTorch's exp, mean, division."""
    if type(x) is not Tensor:
        x = as_tensor(x)
    return x if x._array.dtype.kind == "f" else x.to(PYTHON_DTYPES[float])


def refuse_bool(operation, instead, *operands):
    """Raise DTypeError if all `operands` are bool: arithmetic on truth values has no agreed meaning."""
    if all(x.dtype.kind == "b" if hasattr(x, "dtype") else isinstance(x, bool) for x in operands):
        raise DTypeError(f"{operation}: not for bool tensors. Use {instead}, or convert, e.g. with .int().")


def same_dtype(operation, **tensors):
    """Raise DTypeError unless all `tensors`, by argument name, have one dtype."""
    if len({t._array.dtype for t in tensors.values()}) > 1:
        facts = ", ".join(f"{name} is {t.dtype}" for name, t in tensors.items())
        dtypes = {t.dtype.kind + str(t.dtype.itemsize) for t in tensors.values()}
        hint = "Convert them to one dtype first, e.g. with .to(dtype)."
        if dtypes == {"f4", "f8"}:
            hint = "numpy makes float64: convert data with .float(), or use a model in float64, model.double()."
        elif len(tensors) > 1 and any(t.dtype == "uint8" for t in tensors.values()):
            hint = "Convert images to numbers between 0 and 1 first: x.float() / 255."
        raise DTypeError(f"{operation}: {facts}. {hint}")
