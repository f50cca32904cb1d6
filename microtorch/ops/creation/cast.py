"""Other dtypes and devices."""

from ...autograd.function import ArrayFunction, outside_graph
from ...devices import check_device, not_here
from ...devices import device as device_type
from ...dtypes import as_dtype, bool_, float32, float64, int32, int64, uint8
from ...errors import DTypeError
from ...pytorch import legacy
from ...tensor import Tensor, attach, out_of_graph
from .._promotion import only_tensors
from .copy import clone

__all__ = []


class Cast(ArrayFunction):
    """y = x        dx = dy

    Why: The same numbers in another precision: the gradient passes unchanged, in the precision of the input.
    Derivation: Up to rounding y = x, with the slope 1.
    """

    @staticmethod
    def forward(ctx, x, dtype):
        ctx.source = x.dtype
        return x.astype(dtype)

    @staticmethod
    def backward(ctx, dy):
        return Cast.apply(dy, ctx.source)


@attach("to")
def to(self, *args, dtype=None, device=None, copy=False, non_blocking=False, memory_format=None):
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
    memory_format : str, optional
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
def cpu(self, memory_format=None):
    """The tensor itself: all are on the CPU; `memory_format` is accepted for compatibility."""
    return self


@attach("cuda")
def cuda(self, device=None, non_blocking=False):
    """Raise ValueError: there is no CUDA `device` to copy it to, `non_blocking` or not."""
    raise not_here("Tensor.cuda()")


@attach("half", "bfloat16", "cfloat", "cdouble")
def unsupported(self):
    """Raise DTypeError: there are no dtypes of 16 bits, and no complex ones."""
    raise DTypeError("dtypes of 16 bits and complex ones are not here. Use .float() or .double().")
