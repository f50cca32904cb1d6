"""New tensors in the shape or the dtype of others.

Parameters
----------
dtype : numpy.dtype, default that of `input`
    Of the elements.
memory_format : str, optional
    Accepted for compatibility.
"""

import numpy as np

from ...devices import check_device
from ...from_data import as_tensor, tensor
from ...pytorch.legacy import as_new_tensor
from ...tensor import attach
from .constant import empty, factory_dtype, full, leaf, ones, zeros

__all__ = ["empty_like", "full_like", "ones_like", "zeros_like"]


def zeros_like(input, *, dtype=None, device=None, requires_grad=False, memory_format=None):
    """Zeros in the shape and dtype of another tensor.

    Examples
    --------
    >>> microtorch.zeros_like(microtorch.tensor([[1, 2], [3, 4]]))
    tensor([[0, 0],
            [0, 0]])
    """
    input = as_tensor(input)
    return leaf(np.zeros(input.shape, factory_dtype(device, dtype or input.dtype)), requires_grad)


def ones_like(input, *, dtype=None, device=None, requires_grad=False, memory_format=None):
    """Ones in the shape and dtype of another tensor.

    Examples
    --------
    >>> microtorch.ones_like(microtorch.tensor([[1, 2], [3, 4]]))
    tensor([[1, 1],
            [1, 1]])
    """
    input = as_tensor(input)
    return leaf(np.ones(input.shape, factory_dtype(device, dtype or input.dtype)), requires_grad)


def empty_like(input, *, dtype=None, device=None, requires_grad=False, memory_format=None):
    """A tensor of the shape and dtype of another that holds whatever the memory held before.

    Examples
    --------
    >>> microtorch.empty_like(microtorch.tensor([[1, 2], [3, 4]])).shape
    (2, 2)
    """
    input = as_tensor(input)
    return leaf(np.empty(input.shape, factory_dtype(device, dtype or input.dtype)), requires_grad)


def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False, memory_format=None):
    """A tensor of the shape and dtype of another, filled with one value.

    Parameters
    ----------
    fill_value : number

    Examples
    --------
    >>> microtorch.full_like(microtorch.tensor([1, 2]), 7)
    tensor([7, 7])
    """
    input = as_tensor(input)
    return full(input.shape, fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


@attach("new_zeros")
def new_zeros(self, *shape, size=None, dtype=None, device=None, requires_grad=False):
    """As `zeros`, in this tensor's dtype."""
    return zeros(*shape, size=size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@attach("new_ones")
def new_ones(self, *shape, size=None, dtype=None, device=None, requires_grad=False):
    """As `ones`, in this tensor's dtype."""
    return ones(*shape, size=size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@attach("new_empty")
def new_empty(self, *shape, size=None, dtype=None, device=None, requires_grad=False):
    """As `empty`, in this tensor's dtype."""
    return empty(*shape, size=size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@attach("new_full")
def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """As `full`, in this tensor's dtype."""
    return full(size, fill_value, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@attach("new_tensor")
def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    """As `tensor`, in this tensor's dtype."""
    return tensor(data, dtype=factory_dtype(device, dtype or self.dtype), requires_grad=requires_grad)


@attach("new")
def new(self, *data, device=None):
    """As `Tensor`, in this tensor's dtype: ``x.new(2, 3)`` has this shape, ``x.new([1, 2])`` these values.

    Parameters
    ----------
    *data : int or sequence or Tensor
        As of `Tensor`.
    device : str or device, optional
        ``"cpu"``: there is no other.
    """
    check_device(device)
    return as_new_tensor("new", self.dtype, data)
