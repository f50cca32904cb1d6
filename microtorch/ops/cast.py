"""Change of dtype, copies, and what fills a tensor in place."""

import numpy as np

from ..autograd.function import Function
from ..autograd.inplace import in_place
from ..tensor import Tensor, as_dtype, as_tensor, attach, bool_, float32, float64, int32, int64, uint8, wrap

__all__ = ["clone"]


class Cast(Function):
    """y = x in another floating dtype        dx = dy in the dtype of x"""

    @staticmethod
    def forward(ctx, x, dtype):
        ctx.source = x.dtype
        return x.astype(dtype)

    @staticmethod
    def backward(ctx, dy):
        return Cast.apply(dy, ctx.source)


class Clone(Function):
    """y = x        dx = dy"""

    @staticmethod
    def forward(ctx, x):
        return x.copy()

    @staticmethod
    def backward(ctx, dy):
        return dy


class Fill(Function):
    """y = v everywhere        dx = 0,  dv = Σ dy"""

    @staticmethod
    def forward(ctx, x, value):
        return np.full_like(x, value)

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy), dy


class Copy(Function):
    """y = source, broadcast to the shape of x        dx = 0,  dsource = dy"""

    @staticmethod
    def forward(ctx, x, source):
        y = np.empty_like(x)
        np.copyto(y, source)
        return y

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy), dy


@attach("to", "type")
def to(self, *args, dtype=None, device=None, copy=False, non_blocking=False):
    """The tensor in another dtype; itself where nothing changes and no copy is asked for."""
    for a in (device, *args):
        if isinstance(a, Tensor):
            dtype = a._array.dtype
        elif isinstance(a, str) and a.partition(":")[0] in ("cpu", "cuda", "mps"):
            if a != "cpu":
                raise ValueError(f"to: device {a!r}: microtorch runs on the CPU only")
        elif a is not None and not isinstance(a, bool):
            dtype = a
    dtype = self._array.dtype if dtype is None else as_dtype(dtype)
    if dtype == self._array.dtype:
        return clone(self) if copy else self
    if dtype.kind != "f" or not self._requires_grad:
        return wrap(self._array.astype(dtype))
    return Cast.apply(self, dtype)


for _name, _dtype in {"float": float32, "double": float64, "int": int32, "long": int64, "bool": bool_, "byte": uint8}.items():
    attach(_name)(lambda self, dtype=_dtype: to(self, dtype))


@attach("type_as")
def type_as(self, other):
    """The tensor in the dtype of `other`."""
    return to(self, other._array.dtype)


@attach("cpu")
def cpu(self):
    """The tensor itself: all are on the CPU."""
    return self


@attach("clone", "__copy__", numpy=np.copy)
def clone(input):
    """A copy, with memory of its own, in the graph."""
    return Clone.apply(input)


@attach("fill_")
def fill_(self, value):
    """In place: every element becomes `value`."""
    return in_place(self, "fill_", lambda t: Fill.apply(t, value))


@attach("zero_")
def zero_(self):
    """In place: every element becomes 0."""
    return in_place(self, "zero_", lambda t: Fill.apply(t, 0))


@attach("copy_")
def copy_(self, source):
    """In place: the tensor takes the values of `source`, broadcast to its shape, in its own dtype."""
    source = as_tensor(source).to(self._array.dtype)
    return in_place(self, "copy_", lambda t: Copy.apply(t, source))
