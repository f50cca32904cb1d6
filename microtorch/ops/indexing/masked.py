"""Elements chosen by a mask.

Parameters
----------
mask : Tensor of bool
    Of a shape that broadcasts with `input`.
"""

import numpy as np

from ...autograd.inplace.changes import attach_in_place
from ...dtypes import as_number
from ...errors import DTypeError, ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .._promotion import only_data, only_tensors, same_dtype
from ..shape.expand import broadcast_shapes, expand
from .index import Index, refuse_counting

__all__ = ["masked_fill", "masked_scatter", "masked_select"]


@attach("masked_fill")
def masked_fill(input, mask, value):
    """`value` where `mask` is True, else `input`.

    Parameters
    ----------
    value : number or Tensor, shape ()

    Returns
    -------
    Tensor
        Of the dtype of `input`.

    Raises
    ------
    ShapeError
        If `value` has dimensions.
    DTypeError
        If `mask` is not bool, or an integer tensor cannot hold `value`.

    Notes
    -----
    dinput = dy where `mask` is False, else 0; dvalue = Σ dy where it is True.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x.masked_fill(microtorch.tensor([True, False]), -1.0)
    >>> y.detach()
    tensor([-1.,  2.])
    >>> y.sum().backward()
    >>> x.grad
    tensor([0., 1.])
    """
    only_tensors("masked_fill", input=input, mask=mask)
    given, value = value, as_tensor(value, np.dtype(np.float64) if isinstance(value, float) else None)  # all its digits
    if value.ndim:
        raise ShapeError(f"masked_fill: value must be one number, not a tensor of shape {value.shape}. See where.")
    if mask._array.dtype.kind != "b":
        raise DTypeError(f"masked_fill: mask must be bool, not {mask.dtype}. Convert with .bool().")
    number = value._array
    if not isinstance(given, Tensor):
        as_number("masked_fill", given, input.dtype)
    elif input._array.dtype.kind != "f":  # floating tensors hold every number of a tensor
        as_number("masked_fill", number, input.dtype)
    if input._array.dtype.kind != "f" and number.dtype.kind == "f" and number.item() != int(number.item()):
        raise DTypeError(
            f"masked_fill: a tensor of {input.dtype} cannot hold {number.item()}. Convert it with .float()."
        )
    return np.where(mask, value.to(input.dtype), input)


attach_in_place(masked_fill, "masked_fill_")


@attach("masked_scatter")
def masked_scatter(input, mask, source):
    """`input` where `mask` is False, and the elements of `source`, one after the other, where it is True.

    Parameters
    ----------
    source : Tensor
        Of the dtype of `input`, with at least as many elements as `mask` has True.

    Returns
    -------
    Tensor
        Of the broadcast shape.

    Raises
    ------
    DTypeError
        If `mask` is not bool, or the dtypes differ.
    ShapeError
        If the shapes do not broadcast, or `source` has too few elements.

    Notes
    -----
    dinput = dy where `mask` is False, else 0; dsource = dy where its elements went, else 0.

    Examples
    --------
    >>> mask = microtorch.tensor([True, False, True])
    >>> microtorch.zeros(3).masked_scatter(mask, microtorch.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    only_tensors("masked_scatter", input=input, source=source)
    mask = only_data("masked_scatter", "mask", mask)
    same_dtype("masked_scatter", input=input, source=source)
    if mask._array.dtype.kind != "b":
        raise DTypeError(f"masked_scatter: mask must be bool, not {mask.dtype}. Convert with .bool().")
    shape = broadcast_shapes(input.shape, mask.shape)
    mask = expand(mask, shape)
    wanted = int(np.count_nonzero(mask._array))
    refuse_counting("masked_scatter")
    if source.numel() < wanted:
        raise ShapeError(f"masked_scatter: source has {source.numel()} elements for {wanted} places.")
    if not wanted:
        return expand(input, shape).clone()
    places = np.maximum(np.cumsum(mask._array.ravel()) - 1, 0).reshape(shape)
    return np.where(mask, Index.apply(source.reshape(-1), (places,)), input)


attach_in_place(masked_scatter, "masked_scatter_")


@attach("masked_select")
def masked_select(input, mask):
    """The elements where `mask` is True, in row-major order.

    Returns
    -------
    Tensor, shape (n,)
        A copy.

    Raises
    ------
    DTypeError
        If `mask` is not bool.
    ShapeError
        If the shapes do not broadcast.

    Notes
    -----
    dx = dy in its places, else 0.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0, 3.0])
    >>> x.masked_select(x > 1.5)
    tensor([2., 3.])
    """
    only_tensors("masked_select", input=input)
    mask = only_data("masked_select", "mask", mask)
    if mask._array.dtype.kind != "b":
        raise DTypeError(f"masked_select: mask must be bool, not {mask.dtype}. Convert with .bool().")
    try:
        shape = np.broadcast_shapes(input.shape, mask.shape)
    except ValueError:
        raise ShapeError(f"masked_select: mask {mask.shape} does not broadcast with input {input.shape}.") from None
    refuse_counting("masked_select")
    return Index.apply(expand(input, shape), (np.broadcast_to(mask._array, shape),))
