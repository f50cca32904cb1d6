"""Copies, and values written over a tensor's own."""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import in_place, record_change
from ...autograd.mode import state
from ...dtypes import as_number
from ...errors import DTypeError, GraphError, ShapeError, refuse_read_only, user_line, warn_at_user_line
from ...from_data import as_tensor
from ...tensor import Tensor, attach, wrap

__all__ = ["clone", "fill"]


class Clone(ArrayFunction):
    """y = x        dx = dy

    Why: A copy changes as the original does, so the gradient passes unchanged.
    Derivation: ∂x/∂x = 1.
    """

    @staticmethod
    def forward(ctx, x):
        return x.copy()

    @staticmethod
    def backward(ctx, dy):
        return dy


@attach("clone", "__copy__")
def clone(input, *, memory_format=None):
    """A copy, with memory of its own, in the graph.

    Parameters
    ----------
    memory_format : str, optional
        Accepted for compatibility: a copy lies in memory row by row.

    Returns
    -------
    Tensor
        Of the same shape and dtype.

    Notes
    -----
    dx = dy. For a copy outside the graph: ``x.detach().clone()``.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> x.clone().sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    return Clone.apply(as_tensor(input))


class Overwrite(ArrayFunction):
    """y = source        dx = 0,  dsource = dy

    Why: The old values are gone, so they have no influence any more; what took their place gets all of the
    gradient.
    Derivation: y = source, so ∂y/∂source = 1 and ∂y/∂x = 0.
    """

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
    >>> microtorch.zeros(2).fill_(3)
    tensor([3., 3.])
    """
    dtype = self._array.dtype
    if isinstance(value, Tensor) and value.ndim:
        raise ShapeError(f"fill_: value must be one number, not a tensor of shape {value.shape}. See copy_.")
    value = value.to(dtype) if isinstance(value, Tensor) else wrap(np.asarray(as_number("fill_", value, dtype)))
    return overwrite(self, "fill_", value)


@attach("fill")
def fill(input, value):
    """A tensor of the shape and dtype of `input` in which every element is `value`.

    Parameters
    ----------
    value : number or Tensor, shape ()

    Notes
    -----
    dvalue = Σ dy; dinput = 0.

    Examples
    --------
    >>> microtorch.fill(microtorch.zeros(2), 3)
    tensor([3., 3.])
    """
    return input.clone().fill_(value)


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
    >>> microtorch.ones(2).zero_()
    tensor([0., 0.])
    """
    return overwrite(self, "zero_", wrap(np.zeros((), self._array.dtype)))


def fill_out(operation, out, made):
    """Put `made` into the tensor, or tensors, `out=` of a function; it takes the shape if it had another. Return it."""
    if not isinstance(made, Tensor):
        return type(made)(*[fill_out(operation, o, m) for o, m in zip(out, made, strict=True)])
    if (out.requires_grad or made.requires_grad) and state.grad:
        raise GraphError(
            f"{operation}: out= is not recorded, and an operand or out requires a gradient. Leave out= away, or "
            "compute under no_grad."
        )
    if "buif".index(made.dtype.kind) > "buif".index(out.dtype.kind):
        raise DTypeError(f"{operation}: a result of {made.dtype} cannot be put into out= of {out.dtype}.")
    if out.shape != made.shape:
        if out.numel():
            warn_at_user_line(
                f"{operation}: out= had shape {out.shape} and takes that of the result, {made.shape}, with new memory. "
                "Give an empty tensor, or one of the right shape."
            )
        out._array = np.empty(made.shape, out.dtype)
    refuse_read_only(operation, out._array, out.name)
    np.copyto(out._array, made._array, casting="unsafe")
    record_change(out._array, f"{operation}(out=...)", user_line())
    return out
