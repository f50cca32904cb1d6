"""Gradients of a whole model at once: their norm, and bounds for it.

Parameters
----------
error_if_nonfinite : bool, default False
    Whether NaN and infinity are errors.
parameters : Tensor or iterable of Tensor

Raises
------
RuntimeError
    If the norm is not finite and `error_if_nonfinite` is set.
"""

import math
import warnings
from collections.abc import Iterator

import numpy as np

from ...autograd.inplace.changes import record_change
from ...autograd.observe import one_call
from ...errors import refuse_read_only, user_line
from ...tensor import Tensor, wrap

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]


def listed(tensors, operation, argument="parameters"):
    """`tensors`, one or several, as a list of Tensors."""
    if isinstance(tensors, Tensor):
        return [tensors]
    if not hasattr(tensors, "__iter__"):
        hint = " Give model.parameters()." if hasattr(tensors, "parameters") else ""
        raise TypeError(f"{operation}: {argument} are tensors, not one {type(tensors).__name__}.{hint}")
    found = list(tensors)
    for i, t in enumerate(found):
        if not isinstance(t, Tensor):
            hint = " Give parameters(), not named_parameters()." if isinstance(t, tuple) else ""
            raise TypeError(f"{operation}: {argument}[{i}] is a {type(t).__name__}, not a Tensor.{hint}")
    return found


def _gradients(parameters):
    return [p.grad for p in parameters if p.grad is not None]


def _limit(operation, name, value):
    """A number that bounds gradients: not negative, which would turn them around, and not NaN."""
    try:
        limit = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{operation}: {name} is {value!r}. It is a number.") from None
    if not limit >= 0:
        raise ValueError(f"{operation}: {name} is {limit}. It bounds a size: 0 or more.")
    return limit


def _order(norm_type):
    """The p of a norm as a float."""
    try:
        p = float(norm_type)
    except (TypeError, ValueError):
        p = math.nan
    if math.isnan(p):
        raise ValueError(f'norm_type is {norm_type!r}. It is a number, as 2.0; "inf" for the largest absolute value.')
    return p


def all_writable(operation, tensors):
    """Before anything is changed, so that it is all of them or none."""
    for t in tensors:
        refuse_read_only(operation, t._array, t.name)


def _norm(array, p):
    """The p-norm of all elements of an array."""
    if array.size == 0:
        return 0.0
    if p == 2:
        flat = array.ravel(order="K")
        return math.sqrt(flat @ flat)  # one pass of BLAS, nothing allocated
    if p == 0:
        return float(np.count_nonzero(array))
    if math.isinf(p):
        return float(np.abs(array).max() if p > 0 else np.abs(array).min())
    return float((np.abs(array) ** p).sum() ** (1 / p))


@one_call
def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False):
    """The norm of tensors, taken as one long vector.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor
    norm_type : float, default 2
        The p of the norm; ``float("inf")`` or ``"inf"`` for the largest absolute value, ``-inf`` for the smallest. With
        0 it is, as in PyTorch, the number of tensors that are not all 0.

    Returns
    -------
    Tensor of shape ()

    Examples
    --------
    >>> nn.utils.get_total_norm([microtorch.tensor([3.0]), microtorch.tensor([4.0])])
    tensor(5.)
    """
    arrays, p = [t._array for t in listed(tensors, "get_total_norm", "tensors")], _order(norm_type)
    dtype = np.result_type(*arrays) if arrays else np.float32
    arrays = [a for a in arrays if a.size]  # which no largest or smallest of no elements disturbs
    norms = np.array([_norm(a, p) for a in arrays], dtype)
    total = np.asarray(_norm(norms, p), dtype)
    if error_if_nonfinite and not np.isfinite(total):
        bad = sum(not np.isfinite(a).all() for a in arrays)
        raise RuntimeError(
            f"the norm of order {norm_type} of {len(arrays)} gradients is {total}: {bad} of them hold NaN or infinity. "
            "Lower the learning rate, or look for the first one with detect_anomaly()."
        )
    return wrap(total)


@one_call
def clip_grads_with_norm_(parameters, max_norm, total_norm):
    """Multiply the gradients of `parameters`, in place, by max_norm / total_norm where that is less than 1.

    Parameters
    ----------
    max_norm : float
        The norm that the gradients may have.
    total_norm : Tensor of shape () or float
        The norm that they have, as `get_total_norm` gives it.
    """
    parameters = listed(parameters, "clip_grads_with_norm_")
    factor = _limit("clip_grads_with_norm_", "max_norm", max_norm) / (
        float(total_norm) + 1e-6
    )  # PyTorch's guard against a norm of zero
    if factor >= 1:
        return
    line, gradients = user_line(), _gradients(parameters)
    all_writable("clip_grad_norm_", gradients)
    for grad in gradients:
        grad._array *= grad.dtype.type(factor)
        record_change(grad._array, "clip_grad_norm_", line)


@one_call
def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """Scale the gradients of `parameters` down, in place, so that together they have at most the norm `max_norm`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are passed over.
    max_norm : float
        The greatest norm.
    norm_type : float, default 2
        The p of the norm, as in `get_total_norm`.

    Returns
    -------
    Tensor of shape ()
        The norm before.

    Notes
    -----
    The norm is that of all gradients as one vector. The factor is min(1, max_norm / (norm + 1e-6)).

    References
    ----------
    R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", 2013, algorithm 1.

    Examples
    --------
    >>> w = microtorch.zeros(2, requires_grad=True)
    >>> (w * microtorch.tensor([3.0, 4.0])).sum().backward()
    >>> nn.utils.clip_grad_norm_([w], max_norm=1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6, 0.8])
    """
    exhausted = isinstance(parameters, Iterator)
    parameters = listed(parameters, "clip_grad_norm_")
    _limit("clip_grad_norm_", "max_norm", max_norm)
    if exhausted and not parameters:
        warnings.warn(
            "clip_grad_norm_: the parameters are an iterator that is used up, so nothing is clipped. Give a list, or "
            "model.parameters() anew at each step.",
            UserWarning,
            stacklevel=3,
        )
    total = get_total_norm(_gradients(parameters), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, total)
    return total


def clip_grad_norm(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """An old name of `clip_grad_norm_`, with PyTorch's warning.

    Parameters
    ----------
    parameters, max_norm, norm_type, error_if_nonfinite
        As there.
    """
    warnings.warn("nn.utils.clip_grad_norm is an old name. Use clip_grad_norm_.", FutureWarning, stacklevel=2)
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite)


@one_call
def clip_grad_value_(parameters, clip_value):
    """Limit each element of the gradients of `parameters`, in place, to [-clip_value, clip_value].

    Parameters
    ----------
    clip_value : float

    Examples
    --------
    >>> w = microtorch.zeros(2, requires_grad=True)
    >>> (w * microtorch.tensor([-3.0, 0.5])).sum().backward()
    >>> nn.utils.clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([-1. ,  0.5])
    """
    gradients = _gradients(listed(parameters, "clip_grad_value_"))
    limit, line = _limit("clip_grad_value_", "clip_value", clip_value), user_line()
    all_writable("clip_grad_value_", gradients)
    for grad in gradients:
        np.clip(grad._array, -limit, limit, out=grad._array)
        record_change(grad._array, "clip_grad_value_", line)
