"""t[index]; t[index] = value is in assignment.py.

Slices and single positions give views. Arrays of positions and masks give copies; where they name an element several
times, its gradients add up. As in PyTorch, single positions beside arrays are taken first, so that they never move
dimensions (numpy would count them among the arrays).
"""

import math

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.mode import state
from ...autograd.observe import tell
from ...from_data import as_tensor
from ...kernels.nn import embedding as kernels
from ...kernels.reduction import FEW
from ...tensor import Tensor, attach

__all__ = []


class Slice(ArrayFunction):
    """y = x[index] of slices and single positions        dx = 0, and dy at index

    Why: Only what was picked has influence: it gets its gradient back, the rest gets 0.
    Derivation: y picks entries of x: ∂y/∂x is 1 at the entry picked and 0 elsewhere.
    """

    is_view = True

    @staticmethod
    def forward(ctx, x, index):
        ctx.shape, ctx.index = x.shape, index
        return view_of(x, index)

    @staticmethod
    def explain(x, index):
        return _misfit(x, index)

    @staticmethod
    def backward(ctx, dy):
        return Place.apply(dy, ctx.index, ctx.shape)


class Place(ArrayFunction):
    """y = 0, and x at index        dx = dy[index]

    Why: Each number went to one place and gets the gradient from there.
    Derivation: y puts entries of x: ∂y/∂x is 1 at the place it was put to and 0 elsewhere.
    """

    @staticmethod
    def forward(ctx, x, index, shape):
        ctx.index = index
        y = np.zeros(shape, x.dtype)
        y[index] = x
        return y

    @staticmethod
    def backward(ctx, dy):
        return Slice.apply(dy, ctx.index)


class Index(ArrayFunction):
    """y = x[index] of arrays of positions or masks        dx = 0, and dy added at index, once for each naming

    Why: An entry that was picked twice acts twice, so it gets the sum of both gradients; one that was not picked
    gets 0.
    Derivation: ∂L/∂xₖ = Σ of ∂L/∂yᵢ over all i with indexᵢ = k.
    """

    @staticmethod
    def forward(ctx, x, index):
        ctx.shape, ctx.index = x.shape, index
        ctx.save_for_backward(*[i for i in index if type(i) is np.ndarray])  # so that a change to them is noticed
        if len(index) == 1 and index[0].dtype.kind == "i" and x.ndim:  # half the time of x[index]
            return x.take(index[0], 0)
        return np.asarray(x[index], order="C")

    @staticmethod
    def explain(x, index):
        return _misfit(x, index)

    @staticmethod
    def backward(ctx, dy):
        return AddAt.apply(dy, ctx.index, ctx.shape)


class AddAt(ArrayFunction):
    """y = 0, and x added at index, once for each naming        dx = dy[index]

    Why: Each number was added at one place and gets the gradient from there.
    Derivation: yₖ = Σ of xᵢ over all i with indexᵢ = k, so ∂L/∂xᵢ = ∂L/∂yₖ for k = indexᵢ.
    """

    @staticmethod
    def forward(ctx, x, index, shape):
        ctx.index = index
        y = np.zeros(shape, x.dtype)
        add_at(y, index, x)
        return y

    @staticmethod
    def explain(x, index, shape):
        return _misfit(np.empty(shape, np.bool_), index)

    @staticmethod
    def backward(ctx, dy):
        return Index.apply(dy, ctx.index)


def add_at(y, index, x):
    """Add `x` to the contiguous array `y` at `index`, a tuple with at least one array, once for each naming."""
    if len(index) == 1 and index[0].dtype.kind == "b":
        y[index] += x  # a mask names nothing twice
    elif x.size <= FEW or x.dtype.kind != "f":
        np.add.at(y, index, x)
    else:
        # Whole rows where only the first dimension is indexed, else single elements. np.add.at takes 2 ms where the
        # kernel adds 1024 rows of 64 in 60 µs.
        d = y.shape[1:] if len(index) == 1 else ()
        places = index[0] if len(index) == 1 else np.arange(y.size).reshape(y.shape)[index]
        table = y.reshape(-1, math.prod(d))
        kernels.add_rows(
            np.ascontiguousarray(x).reshape(places.size, table.shape[1]), _from_the_front(places, len(table)), table
        )


def _from_the_front(places, n):
    """`places` as a vector of positions in n, without negative ones; the kernel does not look where it writes."""
    places = places.ravel()
    lowest, highest = places.min(), places.max()
    if lowest < -n or highest >= n:
        raise IndexError(f"index {lowest if lowest < -n else highest} is out of bounds for size {n}")
    return places if lowest >= 0 else np.where(places < 0, places + n, places)


def _misfit(x, index):
    """The objection of numpy to ``x[index]``, with the index and the shape."""
    shown = ", ".join(f"{tuple(i.shape)} {i.dtype}" if type(i) is np.ndarray else repr(i) for i in index)
    try:
        x[index]
    except IndexError as error:
        return f"index [{shown}] of a tensor of shape {x.shape}: {error}."


def view_of(x, index):
    y = x[index]
    return y if type(y) is np.ndarray else x[(*index, ...)]  # a single element too shares memory


_PLAIN = {int, slice, type(None), type(Ellipsis)}


def steps_of(x, index):
    """`index` as what is taken first (slices and positions) and then (arrays), each a tuple or None."""
    parts = index if type(index) is tuple else (index,)
    if _PLAIN.issuperset(map(type, parts)):
        return parts, None
    parts = [p if type(p) in _PLAIN or type(p) is slice else position_of(p) for p in parts]
    arrays = [p for p in parts if type(p) is np.ndarray]
    if not arrays:
        return tuple(parts), None
    if not any(type(p) is int for p in parts):
        return None, tuple(parts)
    first, then = [], []
    for p in parts:
        if type(p) is np.ndarray:
            first += [slice(None)] * (p.ndim if p.dtype.kind == "b" else 1)
            then.append(p)
        else:
            first.append(p)
            if type(p) is not int:
                then.append(p if p is Ellipsis else slice(None))
    return tuple(first), tuple(then)


def position_of(p):
    """A part of an index that is neither int, slice, None nor Ellipsis: as an int or an array."""
    if isinstance(p, Tensor):
        array = p._array
    elif isinstance(p, np.ndarray) and type(p) is not np.ndarray:
        array = np.asarray(p)  # an input of a captured step, which has a type of its own: it is read anew
    elif isinstance(p, np.ndarray | np.generic | bool):
        array = np.array(p)  # a copy, as nobody could tell if the caller changed it before backward
        if state.observers:
            tell("made", array, p)
    elif isinstance(p, list | tuple | range):
        array = as_tensor(list(p))._array if len(p) else np.empty(0, np.int64)
    elif hasattr(p, "__index__"):
        return p.__index__()
    else:
        raise IndexError(
            f"index: {type(p).__name__} {p!r} is no index. "
            "Use ints, slices, None, Ellipsis, or tensors of int64, int32 or bool."
        )
    if array.dtype.kind == "f" or array.dtype == np.uint8:
        raise IndexError(
            f"index: a tensor of {array.dtype} is no index. Convert positions with .long() and masks with .bool()."
        )
    return int(p) if array.ndim == 0 and array.dtype.kind != "b" else array


@attach("__getitem__")
def _getitem(self, index):
    """The elements that `index` names: a view for slices and positions, a copy for arrays and masks."""
    if type(index) is int or type(index) is slice:
        return Slice.apply(self, (index,))
    first, then = steps_of(self, index)
    if first is not None:
        self = Slice.apply(self, first)
    if then is None:
        return self
    if any(type(p) is np.ndarray and p.dtype.kind == "b" for p in then):
        refuse_counting("t[mask]")
    return Index.apply(self, then)


def refuse_counting(operation):
    """Refuse to record a result whose length depends on values."""
    if state.observers:
        tell(
            "left",
            f"{operation} has a result whose length depends on values, and a replay needs memory of a fixed size",
            "Keep the shape and use where(mask, x, 0), or capture(step, strict=False).",
        )
