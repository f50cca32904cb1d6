"""Lookup of rows in a table of weights, and the rows of zeros with a single one that do the same in a product."""

import numpy as np

from ...autograd.function import ArrayFunction, outside_graph
from ...autograd.inplace.changes import record_change
from ...autograd.mode import state
from ...autograd.observe import one_call, tell
from ...errors import DTypeError, ShapeError, refuse_read_only, user_line
from ...kernels.nn import embedding as kernels
from ...tensor import wrap
from .._promotion import only_data, only_tensors

__all__ = ["embedding", "one_hot"]


class Embedding(ArrayFunction):
    """y = w[index]        dw = 0, and dy added at index, once for each naming

    Why: A row that was looked up twice acts twice, so it gets the sum of both gradients; one that was not gets 0.
    Derivation: ∂L/∂wₖ = Σ of ∂L/∂yᵢ over all i with indexᵢ = k.
    """

    @staticmethod
    def forward(ctx, w, index, factor):
        ctx.index, ctx.rows, ctx.factor = index, len(w), factor
        return np.take(w, index, axis=0)

    @staticmethod
    def backward(ctx, dy):
        if ctx.factor is not None:
            dy = np.where(ctx.factor == 0, 0, dy * ctx.factor)
        return EmbeddingBackward.apply(dy, ctx.index, ctx.rows)


class EmbeddingBackward(ArrayFunction):
    """y = 0, and dy added at index, once for each naming        ddy = the rows of the gradient at index

    Why: Each row was added at one place and gets the gradient from there.
    Derivation: It is linear; its derivative is looking up.
    """

    @staticmethod
    def forward(ctx, dy, index, rows):
        ctx.index = index
        dw = np.zeros((rows, dy.shape[-1]), dy.dtype)
        kernels.add_rows(np.ascontiguousarray(dy).reshape(index.size, dw.shape[1]), index.ravel(), dw)
        return dw

    @staticmethod
    def backward(ctx, ddw):
        return Embedding.apply(ddw, ctx.index, None)


@one_call
def row_numbers(input, rows):
    """The numbers in `input`, each of one of `rows` rows, as int64."""
    index = input._array
    if index.size and (index.min() < 0 or index.max() >= rows):
        place = tuple(np.argwhere((index < 0) | (index >= rows))[0].tolist())
        raise IndexError(
            f"embedding: the number {index[place]} at position {place} is none of {rows} rows, 0 to {rows - 1}."
        )
    return wrap(np.array(index, np.int64))  # a copy: what the caller does to its numbers must not change the backward


@one_call
def factors(index, weight, padding_idx, scale_grad_by_freq):
    """The factor for the gradient of each place in `index`."""
    factor = np.ones(index.shape, weight.dtype)
    if scale_grad_by_freq:
        factor /= np.bincount(index.ravel(), minlength=len(weight))[index]
    if padding_idx is not None:
        factor[index == padding_idx] = 0
    return wrap(factor[..., None])


@one_call
def shorten(weight, index, max_norm, norm_type):
    """Scale the rows of `weight` that are looked up down to `max_norm`, in place."""
    used = np.unique(index)
    norms = np.linalg.norm(weight._array[used], ord=norm_type, axis=1)
    long = used[norms > max_norm]
    if len(long):
        refuse_read_only("embedding (max_norm)", weight._array, weight.name)
        weight._array[long] *= (max_norm / (norms[norms > max_norm] + 1e-7)).astype(weight.dtype)[:, None]
        record_change(weight._array, "embedding (max_norm)", user_line())


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The rows of `weight` that `input` numbers.

    Parameters
    ----------
    input : Tensor of int64 or int32, of any shape (...)
        Row numbers, 0 … V − 1.
    weight : Tensor of shape (V, D)
    padding_idx : int, optional
        A row that gets no gradient; counted from the end if negative.
    max_norm : float, optional
        Rows that are looked up and longer are first scaled down to this norm, in place.
    norm_type : float, default 2.0
        Which norm.
    scale_grad_by_freq : bool, default False
        Divide each gradient by how often its row is looked up.
    sparse : bool, default False
        Accepted for compatibility; gradients are dense.

    Returns
    -------
    Tensor of shape (..., D)

    Raises
    ------
    IndexError
        If a number is outside of the table; the message names it and its place.
    DTypeError
        If `input` does not hold integers.

    Notes
    -----
    y = w[i]; dw = Σ dy over the places where each row was looked up.

    Examples
    --------
    >>> w = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> F.embedding(microtorch.tensor([1, 1]), w).sum().backward()
    >>> w.grad
    tensor([[0., 0.],
            [2., 2.]])
    """
    only_tensors("embedding", weight=weight)
    input = only_data("embedding", "input", input)
    if weight.ndim != 2:
        raise ShapeError(f"embedding: weight has shape {weight.shape}. It needs shape (V, D), a row for each number.")
    if input.dtype.kind not in "iu":
        raise DTypeError(f"embedding: the input is {input.dtype}. Row numbers are integers: input.long().")
    V = len(weight)
    index = row_numbers(input, V)._array
    if padding_idx is not None:
        if not -V <= padding_idx < V:
            raise ValueError(f"embedding: padding_idx {padding_idx} is none of {V} rows.")
        padding_idx %= V
    if max_norm is not None:
        shorten(weight, index, max_norm, norm_type)
    factor = None
    if scale_grad_by_freq or padding_idx is not None:
        factor = factors(index, weight, padding_idx, scale_grad_by_freq)._array
    return Embedding.apply(weight, index, factor)


def one_hot(tensor, num_classes=-1):
    """Each class index as a vector of zeros with a one at its place.

    Parameters
    ----------
    tensor : Tensor of int64 or int32
        Class indices, from 0 on.
    num_classes : int, default -1
        The length of the vectors; -1 means one more than the largest index.

    Returns
    -------
    Tensor of int64, shape (..., num_classes)
        Not differentiable.

    Raises
    ------
    DTypeError
        If `tensor` is not of integers.
    IndexError
        If an index is negative or not below `num_classes`.

    Examples
    --------
    >>> F.one_hot(microtorch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    only_tensors("one_hot", tensor=tensor)
    labels = tensor._array
    if labels.dtype.kind not in "iu":
        raise DTypeError(f"one_hot: takes class indices of int64 or int32, not {labels.dtype}. Convert with .long().")
    if num_classes == -1:
        if not labels.size:
            raise ShapeError("one_hot: no index tells the number of classes. Give num_classes.")
        if state.observers:
            tell("left", "one_hot finds the number of classes in the values", "Give num_classes.")
        num_classes = int(labels.max()) + 1
    elif num_classes < 1:
        raise ShapeError(f"one_hot: num_classes = {num_classes} is not positive.")
    return outside_graph(lambda labels: _one_hot(labels, num_classes), tensor)


def _one_hot(labels, num_classes):
    if labels.size and not (labels.min() >= 0 and labels.max() < num_classes):
        if labels.min() < 0:
            raise IndexError(f"one_hot: index {labels.min()} is negative. Classes are numbered from 0.")
        worst = int(labels.max())
        raise IndexError(f"one_hot: index {worst} is not one of {num_classes} classes, 0 to {num_classes - 1}.")
    return (labels[..., None] == np.arange(num_classes)).astype(np.int64)
