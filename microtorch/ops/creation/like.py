"""New tensors in the shape or the dtype of others."""

import numpy as np

from ...from_data import as_tensor, tensor
from ...tensor import attach
from .constant import empty, factory_dtype, full, leaf, ones, zeros

__all__ = ["empty_like", "full_like", "ones_like", "zeros_like"]


def zeros_like(input, *, dtype=None, device=None, requires_grad=False):
    """Zeros in the shape and dtype of another tensor.

    Parameters
    ----------
    input : Tensor
    dtype : numpy.dtype, default that of `input`
        Of the elements.
    device : str, optional
        ``"cpu"``: there is no other.
    requires_grad : bool, default False
        Whether operations on it are recorded.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import microtorch
    >>> microtorch.zeros_like(microtorch.tensor([[1, 2], [3, 4]]))
    tensor([[0, 0],
            [0, 0]])
    """
    input = as_tensor(input)
    return leaf(np.zeros(input.shape, factory_dtype(device, dtype or input.dtype)), requires_grad)


def ones_like(input, *, dtype=None, device=None, requires_grad=False):
    """Ones in the shape and dtype of another tensor.

    Parameters
    ----------
    input : Tensor
    dtype : numpy.dtype, default that of `input`
        Of the elements.
    device : str, optional
        ``"cpu"``: there is no other.
    requires_grad : bool, default False
        Whether operations on it are recorded.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import microtorch
    >>> microtorch.ones_like(microtorch.tensor([[1, 2], [3, 4]]))
    tensor([[1, 1],
            [1, 1]])
    """
    input = as_tensor(input)
    return leaf(np.ones(input.shape, factory_dtype(device, dtype or input.dtype)), requires_grad)


def empty_like(input, *, dtype=None, device=None, requires_grad=False):
    """A tensor of the shape and dtype of another that holds whatever the memory held before.

    Parameters
    ----------
    input : Tensor
    dtype : numpy.dtype, default that of `input`
        Of the elements.
    device : str, optional
        ``"cpu"``: there is no other.
    requires_grad : bool, default False
        Whether operations on it are recorded.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import microtorch
    >>> microtorch.empty_like(microtorch.tensor([[1, 2], [3, 4]])).shape
    (2, 2)
    """
    input = as_tensor(input)
    return leaf(np.empty(input.shape, factory_dtype(device, dtype or input.dtype)), requires_grad)


def full_like(input, fill_value, *, dtype=None, device=None, requires_grad=False):
    """A tensor of the shape and dtype of another, filled with one value.

    Parameters
    ----------
    input : Tensor
    fill_value : number
    dtype : numpy.dtype, default that of `input`
        Of the elements.
    device : str, optional
        ``"cpu"``: there is no other.
    requires_grad : bool, default False
        Whether operations on it are recorded.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import microtorch
    >>> microtorch.full_like(microtorch.tensor([1, 2]), 7)
    tensor([7, 7])
    """
    input = as_tensor(input)
    return full(input.shape, fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


@attach("new_zeros")
def new_zeros(self, *size, dtype=None, device=None, requires_grad=False):
    """As `zeros`, in this tensor's dtype."""
    return zeros(*size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@attach("new_ones")
def new_ones(self, *size, dtype=None, device=None, requires_grad=False):
    """As `ones`, in this tensor's dtype."""
    return ones(*size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@attach("new_empty")
def new_empty(self, *size, dtype=None, device=None, requires_grad=False):
    """As `empty`, in this tensor's dtype."""
    return empty(*size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@attach("new_full")
def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """As `full`, in this tensor's dtype."""
    return full(size, fill_value, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@attach("new_tensor")
def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    """As `tensor`, in this tensor's dtype."""
    return tensor(data, dtype=factory_dtype(device, dtype or self.dtype), requires_grad=requires_grad)
