"""Cross-entropy, of class labels or of probabilities, and the negative log-likelihood.

Inputs are (C,), (N, C) or (N, C, d1, ...); kernels see rows of C numbers, Note [Rows] in normalization.py.

Parameters
----------
ignore_index : int, default -100
    Samples with this label do not count.
reduction : {"mean", "sum", "none"}, default "mean"
    The mean is weighted: the sum divided by the sum of the weights of the labels that count.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...dtypes import float32, float64, int64
from ...errors import DTypeError, ShapeError
from ...kernels.loss import cross_entropy as kernels
from ...tensor import Tensor
from .._promotion import only_data, only_tensors, pair
from ..nn.batch_norm import as_rows, flat, from_rows
from ..nn.sigmoid import Sigmoid
from ..nn.softmax import LogSoftmax, Softmax
from .regression import as_reduction, warn_of_activation

__all__ = ["cross_entropy", "nll_loss"]


PROBABILITIES = {Softmax, Sigmoid}  # what makes them; logarithms of them change nothing under another softmax


def check_weight(name, x, weight, C):
    """Complain if `weight` is not one number for each class."""
    if weight is not None:
        if weight.shape != (C,):
            raise ShapeError(
                f"{name}: weight of shape {weight.shape} for {C} classes. It needs shape ({C},), a number for each."
            )
        if weight.dtype != x.dtype:
            raise DTypeError(f"{name}: the input is {x.dtype}, the weight {weight.dtype}. Convert one of them.")


def check_labels(name, x, target):
    """Complain if `target` is not one label for each sample of `x`."""
    if x.ndim == 2 and target.shape == x.shape[:1] and target.dtype.kind in "iu":
        return
    if x.ndim == 0:
        raise ShapeError(f"{name}: a 0-d input has no classes. It needs shape (C,), (N, C) or (N, C, d1, ...).")
    if target.dtype.kind not in "iu":
        hint = "Labels are integers: target.long()."
        if name == "cross_entropy" and target.dtype.kind == "f":
            hint += f" Probabilities of the classes would have the input's shape, {x.shape}."
        raise DTypeError(f"{name}: target of shape {target.shape} is {target.dtype}. {hint}")
    wanted = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    if target.shape != wanted:
        hint = ""
        if target.shape == (*wanted, 1):
            hint = " Remove its last dimension: target.squeeze(-1)."
        elif target.shape == x.shape:
            hint = " For one-hot labels: target.argmax(1), or target.float() to take them as probabilities."
        raise ShapeError(
            f"{name}: input {x.shape} and target {target.shape}: an input of this shape needs labels of shape "
            f"{wanted}.{hint}"
        )


def bad_label(name, x, target, ignore_index):
    """The words for the first label that is no class, or None."""
    if not isinstance(target, np.ndarray) or target.dtype.kind not in "iu" or x.ndim == 0:
        return None
    C = x.shape[1] if x.ndim > 1 else x.shape[0]
    bad = np.argwhere((target != ignore_index) & ((target < 0) | (target >= C)))
    if not len(bad):
        return None
    place = tuple(bad[0].tolist())
    row = f"row {place[0]}" if len(place) == 1 else f"position {place}" if place else "the target"
    label = target[place].item()
    if C == 0:
        return f"{name}: an input of shape {x.shape} has no classes for label {label} in {row} to be one of."
    hint = f"Classes are numbered 0 to {C - 1}"
    hint += "; do yours start at 1?" if label == C else f"; to leave out samples, label them {ignore_index}."
    return f"{name}: label {label} in {row} is none of {C} classes. {hint}"


def for_each_row(losses, x):
    """The losses of the rows of `x` in the shape of its labels."""
    return losses.reshape(x.shape[:1] + x.shape[2:] if x.ndim > 1 else ())


def reduced(ctx, reduction, total, weights, losses, x):
    """The loss under `reduction`, from the sums that a kernel has made or the loss of each row."""
    if reduction == "none":
        return for_each_row(losses, x)
    y = ctx.empty((), x.dtype)
    y.fill(total if reduction == "sum" else total / weights if weights else np.nan)
    return y


def as_labels(target):
    """Labels for a kernel: flat, contiguous int64."""
    return (target if target.dtype is int64 else target.astype(np.int64)).ravel()


_PLAIN = {dtype: np.empty((2, 0), dtype) for dtype in (float32, float64)}  # `terms` of just 0 and 1


def target_terms(weight, smoothing, C, dtype):
    """The share of every class, and what the target's has in addition, (2, C)."""
    terms = np.empty((2, C), dtype)
    terms[0], terms[1] = smoothing / max(C, 1), 1 - smoothing
    return terms if weight is None else terms * weight


def one_hot(target, kept, C, channel):
    """1 at the label of each sample that is kept, else 0, with the classes in dimension `channel`."""
    wide = tuple(-1 if i == channel else 1 for i in range(target.ndim + 1))
    return ((np.expand_dims(target, channel) == np.arange(C).reshape(wide)) & np.expand_dims(kept, channel)) * 1.0


def notation_of_loss(q, n, reduction, channel):
    """The letters of a formula in numbers, where `q` is what is charged to each class and the mean divides by `n`."""
    s = q.sum(channel, keepdims=True)
    letters = {"q": q, "n": n if reduction == "mean" else None, "s": None if (s == 1).all() else s}
    kept = tuple(1 if i == channel else length for i, length in enumerate(q.shape))
    every = reduction != "none"
    axes = {"Σ": tuple(range(q.ndim)) if every else (channel,), "softmax": (channel,)}
    return {"letters": letters, "axes": axes, "views": {"y": (1,) * q.ndim if every else kept}}


class CrossEntropy(ArrayFunction):
    """y = −Σ q · log(softmax(x)) / n        dx = dy · (s · softmax(x) − q) / n

    Letters: q is what the target gives each class (1 for the right one), times the weights; s is its sum for a
    sample; n is what the mean divides by, the number of samples or the sum of their weights.
    Why: Each score moves the loss by its probability, less 1 for the right class; under the mean the samples share
    it.
    Derivation: −log softmax(x)ₖ = log Σ eˣ − xₖ, with the derivative softmax(x)ⱼ − (1 if j = k, else 0); weighted
    with q and summed over k.
    """

    @staticmethod
    def forward(ctx, x, target, weight, ignore_index, reduction, smoothing):
        if x.dtype.kind != "f":
            raise DTypeError(f"cross_entropy: the scores are {x.dtype}, not floating. Convert: input.float().")
        C = x.shape[1] if x.ndim > 1 else x.shape[0]
        if weight is not None:
            check_weight("cross_entropy", x, weight, C)
        ctx.save_for_backward(x, target, weight)
        ctx.options = ignore_index, reduction, smoothing
        plain = weight is None and smoothing == 0
        terms = _PLAIN[x.dtype] if plain else target_terms(weight, smoothing, C, x.dtype)
        rows = as_rows(x)
        if target.shape == x.shape and target.dtype.kind == "f":
            if plain:
                terms = target_terms(weight, smoothing, C, x.dtype)
            losses = ctx.empty((len(rows),), x.dtype)
            total = kernels.cross_entropy_of_shares(rows, as_rows(target), terms, losses)
            ctx.labels, ctx.sums, ctx.count = None, None, len(rows)
            return reduced(ctx, reduction, total, len(rows), losses, x)
        check_labels("cross_entropy", x, target)
        ctx.labels, labels = target, as_labels(target)
        ctx.sums = sums = ctx.empty((3, len(rows) + 1), x.dtype)
        y = ctx.empty((), x.dtype)
        ctx.call(kernels.cross_entropy, rows, labels, ignore_index, terms, reduction == "mean", sums, y)
        ctx.cache = rows, labels, terms, sums
        return for_each_row(sums[0, :-1], x) if reduction == "none" else y

    @staticmethod
    def explain(x, target, weight, ignore_index, reduction, smoothing):
        return bad_label("cross_entropy", x, target, ignore_index)

    @staticmethod
    def notation(ctx, x, target, weight, ignore_index, reduction, smoothing):
        channel = 1 if x.ndim > 1 else 0
        wide = tuple(-1 if i == channel else 1 for i in range(x.ndim))
        w = np.ones(x.shape[channel]) if weight is None else weight.astype(np.float64)
        shares = target.shape == x.shape and target.dtype.kind == "f"
        kept = np.ones(x.shape[:channel] + x.shape[channel + 1 :], bool) if shares else target != ignore_index
        chosen = target if shares else one_hot(target, kept, x.shape[channel], channel)
        q = ((1 - smoothing) * chosen + smoothing / x.shape[channel]) * w.reshape(wide)
        q = q * np.expand_dims(kept, channel)
        n = kept.sum() if shares else (chosen * w.reshape(wide)).sum()
        return notation_of_loss(q, float(n), reduction, channel)

    @staticmethod
    def backward(ctx, dy):
        x, target, weight = ctx.saved_tensors
        ignore_index, reduction, smoothing = ctx.options
        dim = 1 if x.ndim > 1 else 0
        C = x.shape[dim]
        across = (1, C) + (1,) * (x.ndim - 2) if x.ndim > 1 else (C,)
        charge = 1 if weight is None else weight.reshape(across)
        if ctx.labels is None:
            q = (target * (1 - smoothing) + smoothing / C) * charge
        else:
            labels = np.expand_dims(ctx.labels, dim)
            q = np.where(labels == np.arange(C).reshape(across), 1 - smoothing + smoothing / C, smoothing / C)
            q = q.astype(x.dtype) * charge * (labels != ignore_index)
        count = ctx.count if ctx.labels is None else ctx.sums[1, -1].item()
        g = dy / count if reduction == "mean" else dy if reduction == "sum" else np.expand_dims(dy, dim)
        p = Softmax.apply(x, dim)
        dx = g * (p * q.sum(axis=dim, keepdims=True) - q)
        if ctx.labels is not None:
            return np.where(labels == ignore_index, 0, dx)  # an ignored row never leaks NaN
        if not ctx.needs_input_grad[1]:
            return dx
        return dx, g * -LogSoftmax.apply(x, dim) * charge * (1 - smoothing)

    @staticmethod
    def backward_kernel(ctx, dy):
        if ctx.labels is None:
            return CrossEntropy.backward(ctx, dy)
        x = ctx.saved_tensors[0]
        rows, labels, terms, sums = ctx.cache
        dx = ctx.empty(rows.shape, rows.dtype)
        ctx.call(kernels.cross_entropy_backward, rows, labels, ctx.options[0], terms, sums, dy.ravel(), dx)
        return dx if x.ndim == 2 else from_rows(dx, x.shape)


def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
):
    """How surprised a classifier with scores `input` is by the classes `target`: ``nll_loss(log_softmax(input))``.

    Parameters
    ----------
    input : Tensor of shape (N, C), (C,) or (N, C, d1, ...)
        The scores (logits) of C classes, of any size and sign.
    target : Tensor
        Class labels 0 … C − 1 of any integer dtype and shape (N,), () or (N, d1, ...); or a probability for each
        class, floating, of the shape of `input`.
    label_smoothing : float, default 0.0
        Between 0 and 1: how much of the target is spread evenly over all classes.

    Returns
    -------
    Tensor
        0-d, or of the shape of the labels under "none".

    Raises
    ------
    IndexError
        If a label is no class; the message names the row, the label and the number of classes.
    ShapeError, DTypeError
        If `target` is neither labels nor probabilities for `input`.

    Notes
    -----
    With p = softmax(x), ε the smoothing and q = w·((1 − ε)·target + ε/C): loss = −Σ q·log p and
    dx = dy·(p·Σ q − q), divided by the number (or weight) of samples under "mean". The scores and the target are
    saved. If every sample is ignored, the mean is NaN, as in PyTorch.

    References
    ----------
    C. Szegedy et al.: Rethinking the Inception Architecture for Computer Vision, CVPR 2016 (label smoothing).

    Examples
    --------
    >>> x = microtorch.tensor([[0.0, 0.0]], requires_grad=True)
    >>> loss = F.cross_entropy(x, microtorch.tensor([1]))
    >>> loss.backward()
    >>> loss.detach(), x.grad
    (tensor(0.6931), tensor([[ 0.5, -0.5]]))
    """
    reduction = as_reduction("cross_entropy", reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing is {label_smoothing}. It is a share, between 0 and 1.")
    if type(input) is not Tensor:
        only_tensors("cross_entropy", input=input)
    if type(input.grad_fn) in PROBABILITIES:
        warn_of_activation("cross_entropy", "softmax", input.grad_fn)
    if type(target) is not Tensor:
        target = only_data("cross_entropy", "target", target)
    if weight is not None:
        weight = only_data("cross_entropy", "weight", weight)
    if target._array.dtype.kind == "f":
        if ignore_index >= 0:
            raise ValueError(f"cross_entropy: ignore_index {ignore_index} has no meaning for probabilities.")
        input, target = pair(input, target)
    return CrossEntropy.apply(input, target, weight, int(ignore_index), reduction, float(label_smoothing))


class NllLoss(ArrayFunction):
    """y = −Σ q · x / n        dx = −dy · q / n

    Letters: q is the weight of the right class, 0 elsewhere; n is what the mean divides by, the sum of these
    weights.
    Why: Only the log-probability of the right class counts, and the loss falls as it rises.
    Derivation: y = −x at the label, so the slope is −1 there and 0 elsewhere.
    """

    @staticmethod
    def forward(ctx, x, target, weight, ignore_index, reduction):
        check_labels("nll_loss", x, target)
        check_weight("nll_loss", x, weight, x.shape[1] if x.ndim > 1 else x.shape[0])
        ctx.save_for_backward(x, target, weight)  # x, of which dx is independent: its derivative is 0 everywhere
        ctx.options = ignore_index, reduction
        ctx.shape, ctx.dtype = x.shape, x.dtype
        rows = as_rows(x)
        losses = ctx.empty((len(rows),), x.dtype)
        total, ctx.weights, bad = kernels.nll(rows, as_labels(target), ignore_index, flat(weight, x), losses)
        if bad >= 0:
            raise IndexError  # `explain` gives it its words
        return reduced(ctx, reduction, total, ctx.weights, losses, x)

    @staticmethod
    def explain(x, target, weight, ignore_index, reduction):
        return bad_label("nll_loss", x, target, ignore_index)

    @staticmethod
    def notation(ctx, x, target, weight, ignore_index, reduction):
        channel = 1 if x.ndim > 1 else 0
        wide = tuple(-1 if i == channel else 1 for i in range(x.ndim))
        q = one_hot(target, target != ignore_index, x.shape[channel], channel)
        if weight is not None:
            q = q * weight.reshape(wide)
        return notation_of_loss(q, float(q.sum()), reduction, channel)

    @staticmethod
    def backward(ctx, dy):
        _, target, weight = ctx.saved_tensors
        (ignore_index, reduction), shape = ctx.options, ctx.shape
        dim = 1 if len(shape) > 1 else 0
        across = tuple(n if i == dim else 1 for i, n in enumerate(shape))
        labels = np.expand_dims(target, dim)
        g = dy / ctx.weights if reduction == "mean" else dy if reduction == "sum" else np.expand_dims(dy, dim)
        if weight is not None:
            g = g * weight.reshape(across)
        chosen = (labels == np.arange(shape[dim]).reshape(across)) & (labels != ignore_index)
        return np.where(chosen, -g, 0)

    @staticmethod
    def backward_kernel(ctx, dy):
        _, target, weight = ctx.saved_tensors
        (ignore_index, reduction), shape = ctx.options, ctx.shape
        g, count = dy.ravel(), ctx.weights if reduction == "mean" else 1.0
        dx = ctx.empty((target.size, shape[1 if len(shape) > 1 else 0]), ctx.dtype)
        kernels.nll_backward(as_labels(target), ignore_index, flat(weight, g), g, count, dx)
        return from_rows(dx, shape)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """The negative of the entry of `input` that each label chooses: a loss for logarithms of probabilities.

    Parameters
    ----------
    input : Tensor of shape (N, C), (C,) or (N, C, d1, ...)
        Logarithms of the probabilities of C classes, as from `log_softmax`.
    target : Tensor of shape (N,), () or (N, d1, ...)
        Class labels 0 … C − 1 of any integer dtype.

    Returns
    -------
    Tensor
        0-d, or of the shape of `target` under "none".

    Raises
    ------
    IndexError
        If a label is no class; the message names the row, the label and the number of classes.
    ShapeError, DTypeError
        If `target` is not one integer label for each sample.

    Notes
    -----
    loss = −w[t]·x[t]; dx = −dy·w[t] at the label, else 0, divided by Σ w[t] under "mean". The target is saved. If
    every sample is ignored, the mean is NaN, as in PyTorch.

    Examples
    --------
    >>> x = microtorch.tensor([[-1.0, -2.0]], requires_grad=True)
    >>> F.nll_loss(x, microtorch.tensor([1])).backward()
    >>> x.grad
    tensor([[ 0., -1.]])
    """
    reduction = as_reduction("nll_loss", reduction, size_average, reduce)
    if type(input) is not Tensor:
        only_tensors("nll_loss", input=input)
    if type(input.grad_fn) in PROBABILITIES:
        warn_of_activation("nll_loss", None, input.grad_fn)
    if type(target) is not Tensor:
        target = only_data("nll_loss", "target", target)
    if weight is not None:
        weight = only_data("nll_loss", "weight", weight)
    return NllLoss.apply(input, target, weight, int(ignore_index), reduction)
