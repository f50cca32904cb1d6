"""numpy's functions on tensors where numpy names or orders the arguments in another way."""

import inspect
from functools import cache

import numpy as np

from ..errors import ShapeError
from ..tensor import Tensor, attach
from . import _dimensions as dimensions
from .comparison import equal_and_less
from .comparison import sort as sorting
from .creation import like as creation_like
from .creation.copy import clone
from .linalg import matmul as linalg
from .linalg.diagonal import diag, diagonal
from .linalg.triangle import tril, triu
from .pointwise import clamp_and_maximum, rounding
from .reduction import any_and_all, cumulative, max_and_min, prod, sum_and_mean, variance
from .reduction.norm import norm
from .shape import expand as expansion
from .shape import transpose as permutation
from .shape.cat import stack
from .shape.pad import pad

__all__ = []


_signature = cache(inspect.signature)


def _spelled(theirs, ours, **names):
    """Let `ours` stand for numpy's `theirs`, whose arguments have these `names` in ours; one named "" is ignored."""

    def call(*args, **kwargs):
        found = {}
        for name, value in _signature(theirs).bind(*args, **kwargs).arguments.items():
            default = _signature(theirs).parameters[name].default
            if name in names:
                if value is not np._NoValue and names[name]:
                    found[names[name]] = value
            elif value is not default:
                raise TypeError(f"np.{theirs.__name__}: {name}={value!r} has no meaning for tensors. Leave it out.")
        return ours(**found)

    attach(numpy=theirs)(call)


_REDUCED = {"a": "input", "axis": "dim", "keepdims": "keepdim"}
for _theirs, _ours in {np.sum: sum_and_mean.sum, np.mean: sum_and_mean.mean, np.prod: prod.prod}.items():
    _spelled(_theirs, _ours, **_REDUCED, dtype="dtype")
for _theirs, _ours in {
    np.max: max_and_min.amax,
    np.amax: max_and_min.amax,
    np.min: max_and_min.amin,
    np.amin: max_and_min.amin,
    np.argmax: max_and_min.argmax,
    np.argmin: max_and_min.argmin,
    np.all: any_and_all.all,
    np.any: any_and_all.any,
}.items():
    _spelled(_theirs, _ours, **_REDUCED)
_spelled(np.count_nonzero, any_and_all.count_nonzero, a="input", axis="dim")
_spelled(np.cumsum, cumulative.cumsum, a="input", axis="dim", dtype="dtype")
_spelled(np.cumprod, cumulative.cumprod, a="input", axis="dim", dtype="dtype")
_spelled(np.round, rounding.round, a="input", decimals="decimals")
_spelled(np.nan_to_num, clamp_and_maximum.nan_to_num, x="input", copy="", nan="nan", posinf="posinf", neginf="neginf")
_spelled(np.diag, diag, v="input", k="diagonal")
_spelled(np.tril, tril, m="input", k="diagonal")
_spelled(np.triu, triu, m="input", k="diagonal")
for _theirs, _ours in {
    np.zeros_like: creation_like.zeros_like,
    np.ones_like: creation_like.ones_like,
}.items():
    _spelled(_theirs, _ours, a="input", dtype="dtype", device="device")
_spelled(np.empty_like, creation_like.empty_like, prototype="input", dtype="dtype", device="device")
_spelled(np.full_like, creation_like.full_like, a="input", fill_value="fill_value", dtype="dtype", device="device")


_spelled(np.copy, clone, a="input")
_spelled(np.swapaxes, permutation.transpose, a="input", axis1="dim0", axis2="dim1")
_spelled(np.moveaxis, permutation.movedim, a="input", source="source", destination="destination")
_spelled(np.broadcast_to, expansion.broadcast_to, array="input", shape="shape")
_spelled(np.stack, stack, arrays="tensors", axis="dim")
_spelled(np.outer, linalg.outer, a="input", b="vec2")
_CLOSE = {"a": "input", "b": "other", "rtol": "rtol", "atol": "atol", "equal_nan": "equal_nan"}
_spelled(np.isclose, equal_and_less.isclose, **_CLOSE)
_spelled(np.allclose, equal_and_less.allclose, **_CLOSE)
_spelled(np.array_equal, equal_and_less.equal, a1="input", a2="other")


@attach(numpy=np.argsort)
def _argsort(a, axis=-1, kind=None, order=None, *, stable=None):
    if order is not None:
        raise TypeError("np.argsort: a tensor has no fields to order by.")
    return sorting.argsort(a.reshape(-1) if axis is None else a, -1 if axis is None else axis)


@attach(numpy=np.clip)
def _clip(a, a_min=None, a_max=None, *, min=None, max=None):
    return clamp_and_maximum.clamp(a, a_min if min is None else min, a_max if max is None else max)


@attach(numpy=np.trace)
def _trace(a, offset=0, axis1=0, axis2=1):
    return diagonal(a, offset, axis1, axis2).sum(-1)


@attach(numpy=np.shape)
def _shape(a):
    return a.shape


@attach(numpy=np.ndim)
def _ndim(a):
    return a.ndim


@attach(numpy=np.size)
def _size(a, axis=None):
    return a.numel() if axis is None else a.shape[dimensions.one("np.size", axis, a.ndim)]


def _arrays(*operands):
    return [x._array if isinstance(x, Tensor) else x for x in operands]


@attach(numpy=np.may_share_memory)
def _may_share_memory(a, b, max_work=None):
    return np.may_share_memory(*_arrays(a, b), max_work)


@attach(numpy=np.shares_memory)
def _shares_memory(a, b, max_work=None):
    return np.shares_memory(*_arrays(a, b), max_work)


@attach(numpy=np.repeat)
def _repeat(a, repeats, axis=None):
    if axis is None:
        a, axis = a.reshape(-1), 0
    axis = dimensions.one("np.repeat", axis, a.ndim)
    (repeats,) = _arrays(repeats)
    return a[(slice(None),) * axis + (np.repeat(np.arange(a.shape[axis]), repeats),)]


_PAD_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@attach(numpy=np.pad)
def _pad(array, pad_width, mode="constant", *, constant_values=0):
    if mode not in _PAD_MODES:
        raise ValueError(f"np.pad: mode {mode!r} is none of {', '.join(_PAD_MODES)}.")
    if isinstance(pad_width, dict) or np.ndim(constant_values):
        raise TypeError("np.pad: of a tensor takes pad_width as numbers, and one number as constant_values.")
    amounts = np.broadcast_to(pad_width, (array.ndim, 2))
    return pad(array, amounts[::-1].ravel().tolist(), _PAD_MODES[mode], constant_values or None)


@attach(numpy=np.linalg.norm)
def _norm(x, ord=None, axis=None, keepdims=False):
    of_matrices = x.ndim == 2 if axis is None else isinstance(axis, tuple) and len(axis) == 2
    if of_matrices and ord not in (None, "fro", "nuc"):
        raise ShapeError(f"np.linalg.norm: ord={ord} of matrices has no form here. Give axis= for norms of vectors.")
    if axis is None and ord is not None and x.ndim not in (1, 2):
        raise ShapeError(f"np.linalg.norm: ord={ord} of shape {x.shape} is of a vector or a matrix. Give axis=.")
    return norm(x, 2 if ord is None else ord, axis, keepdims)


@attach(numpy=np.var)
def _var(a, axis=None, dtype=None, *, ddof=0, keepdims=False, correction=None):
    a = a if dtype is None else a.to(dtype)
    return variance.var(a, axis, keepdim=keepdims, correction=ddof if correction is None else correction)


@attach(numpy=np.std)
def _std(a, axis=None, dtype=None, *, ddof=0, keepdims=False, correction=None):
    a = a if dtype is None else a.to(dtype)
    return variance.std(a, axis, keepdim=keepdims, correction=ddof if correction is None else correction)
