"""Where a tensor lies: its device, its memory, and how far its elements are apart there."""

from ...devices import CPU
from ...tensor import Tensor, attach
from .._promotion import only_tensors

__all__ = []


@attach("device")
@property
def device(self):
    """device: where it is, which is the CPU."""
    return CPU


@attach("is_cuda", "is_mps", "is_xpu", "is_meta", "is_sparse", "is_quantized", "is_mkldnn")
@property
def elsewhere(self):
    """bool: False, as there is no such thing here."""
    return False


@attach("volatile")
@property
def volatile(self):
    """bool: False; `no_grad` has taken its place since PyTorch 0.4."""
    return False


@attach("layout")
@property
def layout(self):
    """str: ``"strided"``, as of an ordinary array."""
    return "strided"


@attach("get_device")
def get_device(self):
    """The number of the accelerator it is on: -1, which stands for the CPU."""
    return -1


@attach("is_complex")
def is_complex(self):
    """Whether it holds complex numbers: False."""
    return False


@attach("is_pinned")
def is_pinned(self, device=None):
    """Whether its memory is pinned for copies to a `device`: False."""
    return False


@attach("pin_memory")
def pin_memory(self, device=None):
    """The tensor itself: there is no `device` to pin its memory for."""
    return self


@attach("share_memory_")
def share_memory_(self):
    """The tensor itself: its memory is not moved to where other processes see it, for none are started here."""
    return self


@attach("stride")
def stride(self, dim=None):
    """How many elements lie between neighbours in each dimension, or in `dim` alone."""
    steps = tuple([step // self._array.itemsize for step in self._array.strides])
    return steps if dim is None else steps[dim]


@attach("data_ptr")
def data_ptr(self):
    """The address of the first element."""
    return self._array.__array_interface__["data"][0]


@attach("storage", "untyped_storage")
def storage(self):
    """The whole memory it is a view of, as a row of numbers: a `Storage`."""
    from ...pytorch.storage import Storage

    return Storage(self)


@attach("storage_offset")
def storage_offset(self):
    """How many elements of its memory lie before the first one."""
    return (data_ptr(self) - storage(self).data_ptr()) // self._array.itemsize


@attach("is_set_to")
def is_set_to(self, tensor):
    """Whether it shows the same memory as `tensor`, in the same way."""
    same = isinstance(tensor, Tensor) and self.shape == tensor.shape and self._array.strides == tensor._array.strides
    return same and data_ptr(self) == data_ptr(tensor)


@attach("ndimension")
def _ndimension(self):
    """The number of dimensions: `ndim` under an older name."""
    return self.ndim


@attach("is_same_size")
def _is_same_size(self, other):
    """Whether `other` has the same shape."""
    only_tensors("is_same_size", other=other)
    return self.shape == other.shape


@attach("is_nonzero")
def _is_nonzero(self):
    """Whether the one element is not 0, as a bool of Python."""
    return bool(self)


@attach("is_signed")
def _is_signed(self):
    """Whether the dtype has negative numbers."""
    return self.dtype.kind in "if"


def _itemsize(self):
    """int: the bytes of one element."""
    return self._array.itemsize


def _is_cpu(self):
    """bool: always True."""
    return True


attach("itemsize")(property(_itemsize))
attach("is_cpu")(property(_is_cpu))
