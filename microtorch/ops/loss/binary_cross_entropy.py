"""Losses of yes-or-no predictions, and of margins between classes.

Returns
-------
Tensor
    0-d, or of the shape of `input` under "none".
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...errors import ShapeError
from ...kernels.loss import binary_cross_entropy as kernels
from ...tensor import Tensor
from .._promotion import only_data, only_tensors, pair
from ..nn.relu import one_pass
from ..nn.sigmoid import Sigmoid
from ..nn.softplus import logsigmoid
from ..pointwise.arithmetic import absorb
from .cross_entropy import PROBABILITIES
from .regression import as_reduction, reduce_by, warn_of_activation

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits"]


def weighted(name, losses, weight, reduction):
    """The losses times a weight for each or for many, reduced."""
    return reduce_by(reduction, losses if weight is None else times(name, losses, only_data(name, "weight", weight)))


def times(name, losses, weight, role="weight"):
    """`losses` times `weight`, which may be broadcast to them but not they to it."""
    product = losses * weight
    if product.shape != losses.shape:
        raise ShapeError(
            f"{name}: a {role} of shape {weight.shape} for {losses.shape} values. Give it that shape, or one "
            "that expands to it."
        )
    return product


def same_shape(name, input, target):
    """Both in their common dtype; an error where they differ in shape."""
    if type(input) is not Tensor:
        only_tensors(name, input=input)
    if type(target) is not Tensor:
        target = only_data(name, "target", target)
    if input.shape != target.shape:
        raise ShapeError(
            f"{name}: input {input.shape} and target {target.shape} must have one shape. "
            f"Perhaps target.reshape({input.shape})?"
        )
    return pair(input, target)


class BinaryCrossEntropy(ArrayFunction):
    """y = −t · log x − (1 − t) · log(1 − x)        dx = dy · (x − t) / (x · (1 − x)),  dt = dy · (log(1 − x) − log x)

    Why: The gradient points from the probability to the target, and is strong where the network is sure and wrong.
    Derivation: −t / x + (1 − t) / (1 − x) = (x − t) / (x (1 − x)).
    """

    @staticmethod
    def forward(ctx, x, t):
        if x.size and not (x.min() >= 0 and x.max() <= 1):
            raise ValueError
        ctx.save_for_backward(x, t)
        return (t - 1) * np.maximum(np.log1p(-x), -100) - t * np.maximum(np.log(x), -100)

    @staticmethod
    def explain(x, t):
        if x.size and not (x.min() >= 0 and x.max() <= 1):
            low, high = f"{x.min():.6g}", f"{x.max():.6g}"
            found = low if low == high else f"between {low} and {high}"
            return (
                f"binary_cross_entropy: the input is {found}, not between 0 and 1. It "
                "takes probabilities: apply sigmoid first, or give the scores to binary_cross_entropy_with_logits."
            )
        return None

    @staticmethod
    def backward(ctx, dy):
        x, t = ctx.saved_tensors
        dx = absorb(dy, (x - t) / np.maximum((1 - x) * x, 1e-12))
        if not ctx.needs_input_grad[1]:
            return dx
        return dx, dy * (np.maximum(np.log1p(-x), -100) - np.maximum(np.log(x), -100))


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """How surprised the probabilities `input` are by the answers `target`, each 0, 1 or between.

    Parameters
    ----------
    input : Tensor
        Probabilities, between 0 and 1.
    target : Tensor of the same shape
    weight : Tensor, optional
        Factors for the elements, of a shape that broadcasts to theirs.

    Raises
    ------
    ShapeError
        If `input` is not between 0 and 1, or the shapes differ.

    Notes
    -----
    loss = −t·log x − (1 − t)·log(1 − x), each logarithm at least −100; dx = dy·(x − t)/max(x(1 − x), 1e-12). From
    scores, `binary_cross_entropy_with_logits` is more precise.

    Examples
    --------
    >>> x = microtorch.tensor([0.5], requires_grad=True)
    >>> F.binary_cross_entropy(x, microtorch.tensor([1.0])).backward()
    >>> x.grad
    tensor([-2.])
    """
    reduction = as_reduction("binary_cross_entropy", reduction, size_average, reduce)
    losses = BinaryCrossEntropy.apply(*same_shape("binary_cross_entropy", input, target))
    return weighted("binary_cross_entropy", losses, weight, reduction)


class BinaryCrossEntropyWithLogits(ArrayFunction):
    """y = max(x, 0) − t · x + log(1 + e^−|x|)        dx = dy · (σ(x) − t),  dt = −dy · x

    Why: The gradient is simply probability less target: sigmoid and logarithm undo each other's slopes.
    Derivation: y = log(1 + eˣ) − t · x, with the derivative σ(x) − t; written so that eˣ cannot overflow.
    """

    @staticmethod
    def forward(ctx, x, t):
        ctx.save_for_backward(x, t)
        return one_pass(ctx, kernels.binary_cross_entropy_with_logits, (x, t))

    @staticmethod
    def backward(ctx, dy):
        x, t = ctx.saved_tensors
        return dy * (Sigmoid.apply(x) - t), -dy * x if ctx.needs_input_grad[1] else None

    @staticmethod
    def backward_kernel(ctx, dy):
        if ctx.needs_input_grad[1]:
            return BinaryCrossEntropyWithLogits.backward(ctx, dy)
        return one_pass(ctx, kernels.binary_cross_entropy_with_logits_backward, (dy, *ctx.saved_tensors))


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """How surprised the sigmoids of the scores `input` are by the answers `target`, each 0, 1 or between.

    Parameters
    ----------
    input : Tensor
        Scores (logits) of any size and sign.
    target : Tensor of the same shape
    weight : Tensor, optional
        Factors for the elements, of a shape that broadcasts to theirs.
    pos_weight : Tensor, optional
        A factor for the positive answers, of a shape that broadcasts to that of `input`.

    Raises
    ------
    ShapeError
        If the shapes differ.

    Notes
    -----
    loss = max(x, 0) − x·t + log(1 + e^−|x|), which cannot overflow; dx = dy·(σ(x) − t). With `pos_weight` w:
    loss = −(1 − t)·log σ(−x) − w·t·log σ(x). At infinite scores it is the limit: 0 for the right answer, else ∞.

    Examples
    --------
    >>> x = microtorch.tensor([0.0], requires_grad=True)
    >>> F.binary_cross_entropy_with_logits(x, microtorch.tensor([1.0])).backward()
    >>> x.grad
    tensor([-0.5])
    """
    name = "binary_cross_entropy_with_logits"
    reduction = as_reduction(name, reduction, size_average, reduce)
    if type(getattr(input, "grad_fn", None)) in PROBABILITIES:
        warn_of_activation(name, "sigmoid", input.grad_fn)
    input, target = same_shape(name, input, target)
    if pos_weight is None:
        losses = BinaryCrossEntropyWithLogits.apply(input, target)
    else:
        shares = times(f"{name} (pos_weight)", target, only_data(name, "pos_weight", pos_weight))
        losses = absorb(target - 1, logsigmoid(-input)) - absorb(shares, logsigmoid(input))
    return weighted(name, losses, weight, reduction)
