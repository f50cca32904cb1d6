"""Which dtype an operation on mixed operands has: PyTorch's rules, over numpy's where they differ.

Three kinds, bool < integer < float. The higher kind decides; within it, tensors with dimensions decide over those
without, and tensors over Python numbers. numpy would give float64 for int64 with float32; here it is float32.
"""

import numpy as np

from ..tensor import Tensor, as_tensor, bool_, float32, int64

_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}
_PYTHON = {bool: bool_, int: int64, float: float32}


def result_type(*operands):
    """The dtype of an operation on these tensors and Python numbers.

    Parameters
    ----------
    *operands : Tensor or bool or int or float

    Returns
    -------
    numpy.dtype

    Examples
    --------
    >>> import microtorch
    >>> microtorch.result_type(microtorch.arange(3), 1.5)
    dtype('float32')
    """
    by_group = [None, None, None]  # tensors with dimensions, without, Python numbers
    for x in operands:
        if isinstance(x, Tensor):
            group, dtype = (0 if x._array.ndim else 1), x._array.dtype
        else:
            group, dtype = 2, _PYTHON[type(x)]
        held = by_group[group]
        by_group[group] = dtype if held is None else _wider(held, dtype)
    chosen = None
    for dtype in by_group:
        if dtype is not None and (chosen is None or _RANK[dtype.kind] > _RANK[chosen.kind]):
            chosen = float32 if chosen is not None and dtype.kind == "f" and by_group[2] is dtype else dtype
    return chosen


def _wider(a, b):
    if _RANK[a.kind] != _RANK[b.kind]:
        return a if _RANK[a.kind] > _RANK[b.kind] else b
    return np.promote_types(a, b)


def operand(x):
    """An argument of a binary operation as a Tensor or a Python number; numpy's scalars count as Python numbers."""
    if isinstance(x, np.generic):  # first: np.float64 is a float too
        return x.item()
    if isinstance(x, Tensor | bool | int | float):
        return x
    if isinstance(x, np.ndarray | list | tuple):
        return as_tensor(x)
    raise TypeError(f"an operand must be a Tensor, an array or a number, not {type(x).__name__}")


def pair(input, other):
    """Both operands of a binary operation, as tensors or Python numbers, in their common dtype."""
    if type(input) is Tensor and type(other) is Tensor and input._array.dtype is other._array.dtype:
        return input, other
    input, other = operand(input), operand(other)
    dtype = result_type(input, other)
    return in_dtype(input, dtype), in_dtype(other, dtype)


def in_dtype(x, dtype):
    """`x` in `dtype`; Python numbers as they are where numpy's rules keep them weak."""
    if isinstance(x, Tensor):
        return x if x._array.dtype is dtype else x.to(dtype)
    return dtype.type(x) if dtype.kind == "b" else float(x) if dtype.kind == "f" else int(x)


def floating(x):
    """`x` as a floating tensor: integers and bools become float32, as in PyTorch's exp, mean, division."""
    x = as_tensor(x)
    return x if x._array.dtype.kind == "f" else x.to(float32)
