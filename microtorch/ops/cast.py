"""Change of dtype, copies, and what overwrites a tensor in place."""

import numpy as np

from .. import legacy
from ..autograd.function import Function, outside_graph
from ..autograd.inplace import in_place
from ..devices import check_device, not_here
from ..devices import device as device_type
from ..dtypes import as_dtype, as_number, bool_, float32, float64, int32, int64, uint8
from ..errors import ShapeError
from ..from_data import as_tensor
from ..tensor import Tensor, attach, out_of_graph, wrap
from .promotion import only_tensors

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


@attach("to")
def to(self, *args, dtype=None, device=None, copy=False, non_blocking=False):
    """The tensor in another dtype; itself where nothing changes and no copy is asked for.

    Parameters
    ----------
    *args : numpy.dtype or Tensor or str
        A dtype, a tensor whose dtype is taken, or the device ``"cpu"``, as in ``x.to(float64)`` or ``x.to("cpu")``.
    dtype : numpy.dtype, optional
        The dtype, by name.
    device : str, optional
        ``"cpu"``: there is no other.
    copy : bool, default False
        A new tensor even where nothing changes.
    non_blocking : bool, default False
        Accepted for compatibility.

    Returns
    -------
    Tensor
        Of the same shape.

    Raises
    ------
    DTypeError
        For dtypes that tensors do not have.
    ValueError
        For another device than the CPU.

    Notes
    -----
    Between floating dtypes it is recorded: dx is dy in the dtype of x. Other dtypes have no gradient.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> x.to(microtorch.float64)
    tensor([1., 2.], dtype=float64, grad_fn=<Cast>)
    >>> x.to(microtorch.float64).sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    for a in args:
        if isinstance(a, Tensor):
            dtype = a._array.dtype
        elif isinstance(a, str | device_type):
            device = a
        elif a is not None and not isinstance(a, bool):
            dtype = a
    switches = [a for a in args if isinstance(a, bool)]  # PyTorch's non_blocking and copy, in this order
    copy = switches[1] if len(switches) > 1 else copy
    check_device(device)
    dtype = self._array.dtype if dtype is None else as_dtype(dtype)
    if dtype == self._array.dtype:
        return clone(self) if copy else self
    if dtype.kind != "f" or not self.requires_grad:
        return out_of_graph(outside_graph(lambda x: x.astype(dtype), self), self, f"cast to {dtype}")
    return Cast.apply(self, dtype)


@attach("type")
def as_type(self, dtype=None, non_blocking=False):
    """The tensor in another dtype, as `to`; without one, the name of its type, as ``"torch.FloatTensor"``.

    Parameters
    ----------
    dtype : numpy.dtype or type or str, optional
        A dtype, or what PyTorch calls a tensor of one: ``FloatTensor`` or ``"torch.FloatTensor"``.
    non_blocking : bool, default False
        Accepted for compatibility.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.ones(2).type()
    'torch.FloatTensor'
    >>> microtorch.ones(2).type(microtorch.LongTensor)
    tensor([1, 1])
    """
    if dtype is None:
        return legacy.type_name(self._array.dtype)
    return to(self, dtype=legacy.dtype_of_type(dtype))


@attach("type_as")
def type_as(self, other):
    """The tensor in the dtype of `other`, as `to`."""
    only_tensors("type_as", self=self, other=other)
    return to(self, dtype=other._array.dtype)


@attach("float")
def _float(self):
    """The tensor as float32, as `to`."""
    return to(self, dtype=float32)


@attach("double")
def _double(self):
    """The tensor as float64, as `to`."""
    return to(self, dtype=float64)


@attach("int")
def _int(self):
    """The tensor as int32, fractions cut off, without gradient."""
    return to(self, dtype=int32)


@attach("long")
def _long(self):
    """The tensor as int64, fractions cut off, without gradient."""
    return to(self, dtype=int64)


@attach("byte")
def _byte(self):
    """The tensor as uint8, fractions cut off, without gradient."""
    return to(self, dtype=uint8)


@attach("bool")
def _bool(self):
    """The tensor as bool: whether elements are not 0; without gradient."""
    return to(self, dtype=bool_)


@attach("cpu")
def cpu(self):
    """The tensor itself: all are on the CPU."""
    return self


@attach("cuda")
def cuda(self, device=None, non_blocking=False):
    """Raise ValueError: there is no CUDA `device` to copy it to, `non_blocking` or not."""
    raise not_here("Tensor.cuda()")


class Clone(Function):
    """y = x        dx = dy"""

    @staticmethod
    def forward(ctx, x):
        return x.copy()

    @staticmethod
    def backward(ctx, dy):
        return dy


@attach("clone", "__copy__")
def clone(input):
    """A copy, with memory of its own, in the graph.

    Parameters
    ----------
    input : Tensor

    Returns
    -------
    Tensor
        Of the same shape and dtype.

    Notes
    -----
    dx = dy. For a copy outside the graph: ``x.detach().clone()``.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> x.clone().sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    return Clone.apply(as_tensor(input))


class Overwrite(Function):
    """y = the source, broadcast to the shape of x        dx = 0,  dsource = dy"""

    @staticmethod
    def forward(ctx, x, source):
        y = np.empty_like(x)
        np.copyto(y, source)
        return y

    @staticmethod
    def backward(ctx, dy):
        return np.zeros_like(dy), dy


def overwrite(self, operation, source):
    """Give `self` the values of `source`, a tensor, in place; the old values get the gradient 0."""
    pairs = zip(source.shape[::-1], self.shape[::-1], strict=False)
    if source.ndim > self.ndim or any(n not in (1, m) for n, m in pairs):
        raise ShapeError(
            f"{operation}: a source of shape {source.shape} does not fill a tensor of shape {self.shape}. It needs "
            "that shape, or one that expands to it."
        )
    return in_place(self, operation, Overwrite.apply, source)


@attach("copy_")
def copy_(self, source, non_blocking=False):
    """In place: the tensor takes the values of `source`, broadcast to its shape, in its own dtype.

    Parameters
    ----------
    source : Tensor
    non_blocking : bool, default False
        Accepted for compatibility.

    Returns
    -------
    Tensor
        Itself.

    Raises
    ------
    ShapeError
        If `source` does not broadcast to the shape.
    GraphError
        For a leaf that requires a gradient, and for a view inside the graph.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.zeros(2).copy_(microtorch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    return overwrite(self, "copy_", as_tensor(source).to(self._array.dtype))


@attach("fill_")
def fill_(self, value):
    """In place: every element becomes `value`, a number or a 0-d tensor.

    Parameters
    ----------
    value : number or Tensor

    Returns
    -------
    Tensor
        Itself.

    Raises
    ------
    GraphError
        For a leaf that requires a gradient, and for a view inside the graph.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.zeros(2).fill_(3)
    tensor([3., 3.])
    """
    dtype = self._array.dtype
    if isinstance(value, Tensor) and value.ndim:
        raise ShapeError(f"fill_: value must be one number, not a tensor of shape {value.shape}. See copy_.")
    value = value.to(dtype) if isinstance(value, Tensor) else wrap(np.asarray(as_number("fill_", value, dtype)))
    return overwrite(self, "fill_", value)


@attach("zero_")
def zero_(self):
    """In place: every element becomes 0.

    Returns
    -------
    Tensor
        Itself.

    Raises
    ------
    GraphError
        For a leaf that requires a gradient, and for a view inside the graph.

    Examples
    --------
    >>> import microtorch
    >>> microtorch.ones(2).zero_()
    tensor([0., 0.])
    """
    return overwrite(self, "zero_", wrap(np.zeros((), self._array.dtype)))
