"""A tensor that takes another shape itself: the spellings that end in ``_``, as PyTorch has them."""

import numpy as np

from ...autograd.mode import state
from ...errors import GraphError, refuse_read_only
from ...tensor import LEAF, attach, edge_of, out_of_graph, over, tensor_at
from .._promotion import only_tensors
from ..creation.constant import shape_of
from .reshape import reshape, view
from .squeeze import squeeze, unsqueeze
from .transpose import t, transpose

__all__ = []


def _becomes(self, operation, see, *args):
    """`self` is from now on what ``see(self, *args)``, a view, shows of it."""
    if self._edge is LEAF and state.grad:
        raise GraphError(
            f"{operation}: {self.name or 'this tensor'} is a leaf that requires a gradient, and would not be one "
            f"after it. Use the version that makes a new tensor, without the _ at its end."
        )
    before = tensor_at(edge_of(self), self._array.view())  # keeps the shape that the gradient has to have
    if hasattr(self, "_view"):
        before._view = self._view
    seen = see(before, *args)
    self._array, self._edge = seen._array, seen._edge
    if hasattr(seen, "_view"):
        self._view = seen._view
    return self


@attach("squeeze_")
def squeeze_(self, dim=None):
    """In place: the tensor loses its dimensions of length 1, or `dim` alone; see `squeeze`."""
    return _becomes(self, "squeeze_", squeeze, dim)


@attach("unsqueeze_")
def unsqueeze_(self, dim):
    """In place: the tensor gets a dimension of length 1 at `dim`; see `unsqueeze`."""
    return _becomes(self, "unsqueeze_", unsqueeze, dim)


@attach("transpose_", "swapaxes_", "swapdims_")
def transpose_(self, dim0, dim1):
    """In place: the tensor exchanges its dimensions `dim0` and `dim1`; see `transpose`."""
    return _becomes(self, "transpose_", transpose, dim0, dim1)


@attach("t_")
def t_(self):
    """In place: the matrix is transposed; see `t`."""
    return _becomes(self, "t_", t)


@attach("detach_")
def detach_(self):
    """In place: the tensor leaves the graph; see `detach`."""
    if hasattr(self, "_view"):
        raise GraphError("detach_: a view cannot leave the graph alone. Use .detach(), which makes a new tensor.")
    if self.requires_grad:
        out_of_graph(self, self, "detached in place")
        self._edge = None
    return self


@attach("resize_")
def resize_(self, *sizes):
    """In place: the tensor takes another shape of any number of elements; new ones are 0 (undefined in PyTorch).

    Parameters
    ----------
    *sizes : int or one tuple of int
        The new shape.

    Raises
    ------
    GraphError
        If it requires a gradient.

    Examples
    --------
    >>> microtorch.tensor([1, 2, 3]).resize_(2, 2)
    tensor([[1, 2],
            [3, 0]])
    """
    if self.requires_grad:
        raise GraphError("resize_: a tensor that requires a gradient keeps its shape. Use .reshape(), or .detach().")
    shape = shape_of("resize_", sizes)
    count = int(np.prod(shape, dtype=np.int64))
    if count == self._array.size and self._array.flags.c_contiguous:
        self._array = self._array.reshape(shape)
        return self
    refuse_read_only("resize_", self._array, self.name)
    grown = np.zeros(count, self._array.dtype)
    kept = min(count, self._array.size)
    grown[:kept] = self._array.reshape(-1)[:kept]
    self._array = grown.reshape(shape)
    return self


@attach("resize_as_")
def resize_as_(self, tensor):
    """In place: the tensor takes the shape of `tensor`; see `resize_`."""
    only_tensors("resize_as_", tensor=tensor)
    return resize_(self, tensor.shape)


@attach("view_as")
def view_as(self, other):
    """The tensor in the shape of `other`, as `view`."""
    only_tensors("view_as", other=other)
    return view(self, other.shape)


@attach("reshape_as")
def reshape_as(self, other):
    """The tensor in the shape of `other`, as `reshape`."""
    only_tensors("reshape_as", other=other)
    return reshape(self, other.shape)


@attach("set_")
def set_(self, source):
    """In place: the tensor looks at the memory of `source` from now on."""
    only_tensors("set_", source=source)
    if self.requires_grad:
        raise GraphError("set_: a tensor that requires a gradient keeps its memory. Use .data = source.data instead.")
    self._array = over(source._array)._array
    return self
