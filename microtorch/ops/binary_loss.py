"""Losses of yes-or-no predictions, and of margins between classes."""

import numpy as np

from ..autograd.function import Function
from ..errors import ShapeError
from ..kernels import loss as kernels
from ..tensor import Tensor
from .activation import one_pass
from .arithmetic import absorb
from .cross_entropy import PROBABILITIES, bad_label, check_labels, check_weight
from .elementwise import Sigmoid
from .loss import aligned, as_reduction, reduce_by, warn_of_activation
from .promotion import only_data, only_tensors, pair
from .selection import where
from .smooth import logsigmoid

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "hinge_embedding_loss",
    "multi_margin_loss",
    "soft_margin_loss",
]


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


class BinaryCrossEntropy(Function):
    """y = −t · log x − (1 − t) · log(1 − x)        dx = dy · (x − t) / (x (1 − x)),  dt = dy · (log(1 − x) − log x)"""

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
    size_average, reduce : bool, optional
        PyTorch's old words for `reduction`.
    reduction : {"mean", "sum", "none"}, default "mean"

    Returns
    -------
    Tensor
        0-d, or of the shape of `input` under "none".

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
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([0.5], requires_grad=True)
    >>> F.binary_cross_entropy(x, microtorch.tensor([1.0])).backward()
    >>> x.grad
    tensor([-2.])
    """
    reduction = as_reduction("binary_cross_entropy", reduction, size_average, reduce)
    losses = BinaryCrossEntropy.apply(*same_shape("binary_cross_entropy", input, target))
    return weighted("binary_cross_entropy", losses, weight, reduction)


class BinaryCrossEntropyWithLogits(Function):
    """y = |x| · (t, or 1 − t where x > 0) + log(1 + e^−|x|)        dx = dy · (σ(x) − t),  dt = −dy · x"""

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
    size_average, reduce : bool, optional
        PyTorch's old words for `reduction`.
    reduction : {"mean", "sum", "none"}, default "mean"
    pos_weight : Tensor, optional
        A factor for the positive answers, of a shape that broadcasts to that of `input`.

    Returns
    -------
    Tensor
        0-d, or of the shape of `input` under "none".

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
    >>> import microtorch
    >>> from microtorch.nn import functional as F
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


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """`input`, a distance, where the pair is alike (target 1); how far it is below `margin` where not (target −1).

    Parameters
    ----------
    input : Tensor
    target : Tensor
        1 or −1.
    margin : float, default 1.0
    size_average, reduce : bool, optional
        PyTorch's old words for `reduction`.
    reduction : {"mean", "sum", "none"}, default "mean"

    Returns
    -------
    Tensor
        0-d, or of the broadcast shape under "none".

    Notes
    -----
    loss = x where t = 1, max(0, margin − x) where t = −1, and their sum where t is neither, as in PyTorch.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([0.25, 0.25], requires_grad=True)
    >>> F.hinge_embedding_loss(x, microtorch.tensor([1.0, -1.0]), reduction="sum").backward()
    >>> x.grad
    tensor([ 1., -1.])
    """
    only_tensors("hinge_embedding_loss", input=input)
    target = only_data("hinge_embedding_loss", "target", target)
    reduction = as_reduction("hinge_embedding_loss", reduction, size_average, reduce)
    input, target = aligned("hinge_embedding_loss", input, target)
    losses = where(target != -1, input, 0) + where(target != 1, (margin - input).clamp(min=0), 0)
    return reduce_by(reduction, losses)


class MultiMarginLoss(Function):
    """y = Σ h(x[j] − x[t] + margin) · w[t] / C over j ≠ t, h(z) = max(0, z)^p        dx[j] = dy · h' · w[t] / C"""

    @staticmethod
    def forward(ctx, x, target, p, margin, weight):
        C = x.shape[-1]
        check_weight("multi_margin_loss", x, weight, C)
        check_labels("multi_margin_loss", x, target)
        if ((target < 0) | (target >= C)).any():
            raise IndexError  # worded below
        ctx.save_for_backward(x)
        ctx.options = p, margin
        ctx.others = np.arange(C) != np.expand_dims(target, -1)
        ctx.factor = (np.ones(x.shape[:-1], x.dtype) if weight is None else weight[target]) / C
        short = MultiMarginLoss.shortfall(ctx, x)
        return (short if p == 1 else short * short).sum(axis=-1) * ctx.factor

    @staticmethod
    def shortfall(ctx, x):
        """By how much each other class comes within the margin of the label's."""
        labelled = np.where(ctx.others, 0.0, x).sum(axis=-1, keepdims=True)
        return np.where(ctx.others, np.maximum(x + (ctx.options[1] - labelled), 0), 0.0)

    @staticmethod
    def explain(x, target, p, margin, weight):
        return bad_label("multi_margin_loss", x, target, None)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        short = MultiMarginLoss.shortfall(ctx, x)
        slope = short > 0 if ctx.options[0] == 1 else 2 * short
        g = np.expand_dims(dy * ctx.factor, -1) * slope
        return g - g.sum(axis=-1, keepdims=True) * ~ctx.others


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """By how much the scores of other classes come within `margin` of the right one's: the hinge loss of many classes.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores of C classes.
    target : Tensor of int64, shape (N,) or ()
        Class labels 0 … C − 1.
    p : {1, 2}, default 1
        The power of each shortfall.
    margin : float, default 1.0
    weight : Tensor of shape (C,), optional
        A weight for each class.
    size_average, reduce : bool, optional
        PyTorch's old words for `reduction`.
    reduction : {"mean", "sum", "none"}, default "mean"

    Returns
    -------
    Tensor
        0-d, or of the shape of `target` under "none".

    Raises
    ------
    IndexError
        If a label is no class; the message names the row, the label and the number of classes.
    ValueError
        If `p` is neither 1 nor 2.

    Notes
    -----
    loss = w[t]·Σ max(0, margin − x[t] + x[j])^p / C over the classes j ≠ t.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([[0.5, 1.0]], requires_grad=True)
    >>> loss = F.multi_margin_loss(x, microtorch.tensor([1]))
    >>> loss.backward()
    >>> loss.detach(), x.grad
    (tensor(0.25), tensor([[ 0.5, -0.5]]))
    """
    only_tensors("multi_margin_loss", input=input)
    reduction = as_reduction("multi_margin_loss", reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p is {p}. Only 1 and 2 are supported.")
    if input.ndim > 2:
        raise ShapeError(f"multi_margin_loss: an input of shape {input.shape}. It needs shape (N, C) or (C,).")
    target = only_data("multi_margin_loss", "target", target)
    if weight is not None:
        weight = only_data("multi_margin_loss", "weight", weight)
    if input.ndim < 2:
        input = input.reshape(1, -1) if target.shape == (1,) else input.reshape(-1)
    return reduce_by(reduction, MultiMarginLoss.apply(input, target, p, float(margin), weight))


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """The logistic loss of scores `input` against answers `target` of 1 and −1.

    Parameters
    ----------
    input : Tensor
    target : Tensor
        1 or −1.
    size_average, reduce : bool, optional
        PyTorch's old words for `reduction`.
    reduction : {"mean", "sum", "none"}, default "mean"

    Returns
    -------
    Tensor
        0-d, or of the broadcast shape under "none".

    Notes
    -----
    loss = log(1 + e^(−t·x)), computed so that it cannot overflow; dx = −dy·t·σ(−t·x).

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.nn import functional as F
    >>> x = microtorch.tensor([0.0, 0.0], requires_grad=True)
    >>> F.soft_margin_loss(x, microtorch.tensor([1.0, -1.0]), reduction="sum").backward()
    >>> x.grad
    tensor([-0.5,  0.5])
    """
    only_tensors("soft_margin_loss", input=input)
    reduction = as_reduction("soft_margin_loss", reduction, size_average, reduce)
    input, target = aligned("soft_margin_loss", input, target)
    return reduce_by(reduction, -logsigmoid(times("soft_margin_loss", input, target, "target")))
