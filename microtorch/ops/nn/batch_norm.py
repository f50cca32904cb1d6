"""Normalisation over the batch: each channel gets mean 0 and variance 1, then a learned scale and shift."""

import operator

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import record_changes, watch
from ...errors import DTypeError, ShapeError, refuse_read_only, user_line
from ...kernels.nn import batch_norm as kernels
from .._promotion import given, only_tensors
from ..reduction.sum_and_mean import Mean, Sum

__all__ = ["batch_norm"]


# Note [Rows]: arrays are (N, C) or (N, C, d1, ...), also (C,) for losses; kernels see one row of C numbers for each
# sample and place. A channel dimension that is last costs nothing; otherwise the rows are a copy.
def as_rows(x):
    """`x` with its channels last, as a contiguous (M, C); Note [Rows]."""
    if x.ndim == 2:
        return x if x.flags.c_contiguous else np.ascontiguousarray(x)
    if x.ndim > 2:
        x = np.moveaxis(x, 1, -1)
    return np.ascontiguousarray(x).reshape(-1, x.shape[-1])


def from_rows(rows, shape):
    """The inverse of `as_rows`: `rows` as an array of `shape`."""
    if len(shape) == 2:
        return rows
    if len(shape) == 1:
        return rows.reshape(shape)
    return np.ascontiguousarray(np.moveaxis(rows.reshape(shape[0], *shape[2:], shape[1]), -1, 1))


def check_parameters(name, x, shape, **parameters):
    """Complain about parameters that do not have `shape` and the dtype of `x`."""
    for label, p in parameters.items():
        if p is not None:
            if p.shape != shape:
                raise ShapeError(
                    f"{name}: {label} has shape {p.shape}; for an input of shape {x.shape} it must be {shape}."
                )
            if p.dtype != x.dtype:
                raise DTypeError(f"{name}: the input is {x.dtype}, {label} {p.dtype}. Convert one of them.")


def flat(parameter, x):
    """A parameter for a kernel: (C,) and contiguous, or of size 0 if there is none."""
    return np.empty(0, x.dtype) if parameter is None else parameter.ravel()


class BatchNorm(ArrayFunction):
    """y = weight · x̂ + bias, x̂ = (x − mean(x)) / σ, σ = √(var(x) + eps)
    dx = weight / σ · (dy − mean(dy) − x̂ · mean(dy · x̂)),
    dweight = Σ dy · x̂,  dbias = Σ dy

    With training=False: y = weight · x̂ + bias, x̂ = (x − running_mean) / σ, σ = √(running_var + eps)
            dx = weight / σ · dy,  dweight = Σ dy · x̂,  dbias = Σ dy
    Letters: Means and sums go over the samples, for each channel by itself; σ is the spread and x̂ the input with
    mean 0 and spread 1.
    Why: What shifts or stretches the whole batch alike is taken out by the normalisation, so that part of the
    gradient is taken out too.
    Derivation: Through x̂, the mean and the variance: dx̂ = weight · dy; the path through the mean gives −mean(dx̂)
    / σ, the one through the variance −x̂ · mean(dx̂ · x̂) / σ. In evaluation both are constants.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, running_mean, running_var, training, momentum, eps, counter=None):
        if x.ndim < 2:
            raise ShapeError(f"batch_norm: an input of shape {x.shape} has no channels. It needs shape (N, C, ...).")
        C, dtype = x.shape[1], x.dtype
        for p in (weight, bias, running_mean, running_var):  # a kernel would read whatever lies behind an array's end
            if p is not None and (p.shape != (C,) or p.dtype is not dtype):
                statistics = {"running_mean": running_mean, "running_var": running_var}
                check_parameters("batch_norm", x, (C,), weight=weight, bias=bias, **statistics)
        ctx.options = training, eps
        if not training:
            if running_mean is None or running_var is None:
                raise ValueError("batch_norm: in evaluation it needs running_mean and running_var, or training=True.")
            ctx.save_for_backward(x, weight)
            ctx.running = running_mean.copy(), running_var.copy()  # training may go on before the backward
            return fixed_norm(ctx, x, weight, bias, running_mean, running_var, eps)
        ctx.save_for_backward(x, weight)
        rows = as_rows(x)
        if len(rows) == 1:
            raise ShapeError(
                f"batch_norm: an input of shape {x.shape} has one value for each channel, whose variance is 0. "
                "Training needs a larger batch: drop_last=True in the DataLoader, or model.eval()."
            )
        if running_mean is not None and not (running_mean.flags.writeable and running_var.flags.writeable):
            refuse_read_only("batch_norm", running_mean, "running_mean")
            refuse_read_only("batch_norm", running_var, "running_var")
        call = ctx.call
        if counter is not None:  # integers are in no graph: no change to record
            refuse_read_only("batch_norm", counter, "num_batches_tracked")
            if momentum is None:  # the plain average of all batches: a number that is another one each time
                momentum, call = 1 / (counter.item() + 1), operator.call
            call(kernels.count, counter)
        y, stats, sums = ctx.empty(rows.shape, dtype), ctx.empty((2, C), dtype), ctx.empty((2, C), np.float64)
        w = np.ones(C, dtype) if weight is None else weight
        b = np.zeros(C, dtype) if bias is None else bias
        if running_mean is None:
            call(kernels.batch_norm, rows, w, b, stats[0, :0], stats[0, :0], 0.0, eps, sums, stats, y)
        else:
            call(kernels.batch_norm, rows, w, b, running_mean, running_var, momentum, eps, sums, stats, y)
            record_changes((watch(running_mean), watch(running_var)), "batch_norm", user_line())
        ctx.cache = rows, w, sums, stats
        return y if x.ndim == 2 else from_rows(y, x.shape)

    @staticmethod
    def notation(ctx, x, *parameters):
        axes, wide = (0, *range(2, x.ndim)), (1, x.shape[1]) + (1,) * (x.ndim - 2)
        names = ("weight", "bias", "running_mean", "running_var")
        running = {} if ctx.options[0] else dict(zip(names[2:], ctx.running, strict=True))
        return {
            "letters": running,
            "axes": dict.fromkeys(("Σ", "mean", "var"), axes),
            "views": {name: wide for name, p in zip(names, parameters, strict=False) if p is not None},
        }

    @staticmethod
    def backward(ctx, dy):
        x, weight = ctx.saved_tensors
        training, eps = ctx.options
        axes = (0, *range(2, x.ndim))
        wide = (1, x.shape[1]) + (1,) * (x.ndim - 2)
        if training:
            centred = x - Mean.apply(x, axes, True)
            var = Mean.apply(centred * centred, axes, True)
        else:
            mean, var = ctx.running
            centred, var = x - mean.reshape(wide), var.reshape(wide)
        rstd = 1 / np.sqrt(var + eps)
        normal = centred * rstd
        g = dy if weight is None else dy * weight.reshape(wide)
        dx = g * rstd
        if training:
            dx = dx - (Mean.apply(g, axes, True) + normal * Mean.apply(g * normal, axes, True)) * rstd
        dw = Sum.apply(dy * normal, axes, False) if weight is not None else None
        return dx, dw, Sum.apply(dy, axes, False)

    @staticmethod
    def backward_kernel(ctx, dy):
        if ctx.cache is None:
            return BatchNorm.backward(ctx, dy)
        rows, weight, sums, stats = ctx.cache
        C, dtype = weight.size, rows.dtype
        db, dw, dx = ctx.empty((C,), dtype), ctx.empty((C,), dtype), ctx.empty(rows.shape, dtype)
        ctx.call(kernels.batch_norm_backward, as_rows(dy), rows, weight, sums, stats, db, dw, dx)
        return dx if dy.ndim == 2 else from_rows(dx, dy.shape), dw, db


def fixed_norm(ctx, x, weight, bias, mean, var, eps):
    """`x` normalised by a mean and a variance that are given."""
    if x.ndim > 2:
        wide = (1, len(mean)) + (1,) * (x.ndim - 2)
        weight, bias, mean, var = [p if p is None else p.reshape(wide) for p in (weight, bias, mean, var)]
    scale = 1 / np.sqrt(var + eps)
    if weight is not None:
        scale *= weight
    y = np.subtract(x, mean, out=ctx.empty(x.shape, x.dtype))
    y *= scale
    if bias is not None:
        y += bias
    return y


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """`input` with mean 0 and variance 1 in each channel, over the batch, then scaled and shifted.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)
    running_mean, running_var : Tensor of shape (C,) or None
        Used in evaluation; in training they move towards those of the batch, in place.
    training : bool, default False
        Whether to use the mean and variance of this batch.
    momentum : float, default 0.1
        How far the running statistics move: ``running = (1 - momentum) * running + momentum * new``.

    Raises
    ------
    ShapeError
        If a parameter does not have shape (C,), or training has one value for each channel.

    Notes
    -----
    y = w·x̂ + b with x̂ = (x − mean)/sqrt(var + ε). In training
    dx = w/sqrt(var + ε)·(dy − mean(dy) − x̂·mean(dy·x̂)), in evaluation dx = w/sqrt(var + ε)·dy; dw = Σ dy·x̂,
    db = Σ dy. The batch is normalised by the biased variance, but the running one moves towards the unbiased. The
    input is saved.

    References
    ----------
    S. Ioffe, C. Szegedy: Batch Normalization, ICML 2015.

    Examples
    --------
    >>> x = microtorch.tensor([[1.0], [3.0]])
    >>> w = microtorch.ones(1, requires_grad=True)
    >>> y = F.batch_norm(x, None, None, w, training=True)
    >>> (y * x).sum().backward()
    >>> y.detach(), w.grad
    (tensor([[-1.],
            [ 1.]]), tensor([2.]))
    """
    statistics = given(running_mean=running_mean, running_var=running_var)
    only_tensors("batch_norm", input=input, **statistics, **given(weight=weight, bias=bias))
    if len(statistics) == 1:
        raise ValueError(
            f"batch_norm: {next(iter(statistics))} was given alone. Give both running statistics, or none."
        )
    return counted_batch_norm(input, running_mean, running_var, weight, bias, bool(training), momentum, eps, None)


def counted_batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps, counter):
    """`batch_norm` that adds 1 to `counter`; without a momentum, the running statistics are the average of so many."""
    if eps <= 0 and training:
        raise ValueError(f"batch_norm: eps is {eps}. It must be positive, or a constant channel divides by 0.")
    if not input._array.size:  # PyTorch's rule: there is nothing to normalise, and no statistic to update
        if counter is not None:
            counter.add_(1)
        y = input.clone() if weight is None else input * weight[0]
        return y if bias is None else y + bias[0]
    return BatchNorm.apply(input, weight, bias, running_mean, running_var, training, momentum, float(eps), counter)
