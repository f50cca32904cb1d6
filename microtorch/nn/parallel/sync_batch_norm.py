"""Normalisation over the batches of all ranks: each channel gets the mean and variance of what they have together."""

import numpy as np

from ...autograd.function import ArrayFunction, once_differentiable
from ...autograd.inplace.changes import record_changes, watch
from ...distributed.collectives import ReduceOp, reduce_array
from ...distributed.joining import alone_or_group
from ...errors import ShapeError, refuse_read_only, user_line
from ...ops.nn.batch_norm import check_parameters
from ..layers.batch_norm import AnyBatchNorm
from ..module import Module

__all__ = ["SyncBatchNorm"]


class SyncedBatchNorm(ArrayFunction):
    """y = weight · x̂ + bias, x̂ = (x − μ) / σ
    dx = weight / σ times dy without its mean over all ranks and without its part along x̂,
    dweight = Σ dy · x̂,  dbias = Σ dy

    Letters: μ and σ are the mean and the spread of each channel over the samples of all ranks; Σ goes over the samples
    of this rank.
    Why: As for batch norm: what shifts or stretches all samples alike, on whatever rank, is taken out by the
    normalisation, so that part of the gradient is taken out too.
    Derivation: dx = weight / σ · (dy − mean(dy) − x̂ · mean(dy · x̂)) with means over all ranks.
    """

    @staticmethod
    def forward(ctx, x, weight, bias, running_mean, running_var, momentum, eps, counter=None):
        if x.ndim < 2:
            raise ShapeError(f"sync_batch_norm: an input of shape {x.shape} has no channels. It needs (N, C, ...).")
        statistics = {"running_mean": running_mean, "running_var": running_var}
        check_parameters("sync_batch_norm", x, (x.shape[1],), weight=weight, bias=bias, **statistics)
        axes, wide = _places(x)
        count, mean, var = _moments_of_all(x, axes)
        if count < 2:
            raise ShapeError(
                f"sync_batch_norm: all ranks together have {count:g} values for each channel, whose variance is 0. "
                "Training needs a larger batch, or model.eval()."
            )
        if running_mean is not None:
            _move_averages(running_mean, running_var, mean, var * (count / (count - 1)), momentum, counter)
        ctx.save_for_backward(x, weight)
        ctx.count, ctx.mean, ctx.rstd = count, mean.reshape(wide), (1 / np.sqrt(var + eps)).reshape(wide)
        scale = ctx.rstd if weight is None else ctx.rstd * weight.reshape(wide)
        y = (x - ctx.mean) * scale
        if bias is not None:
            y += bias.reshape(wide)
        return y.astype(x.dtype, copy=False)

    @staticmethod
    def notation(ctx, x, *parameters):
        axes, wide = _places(x)
        return {
            "letters": {"μ": ctx.mean, "σ": 1 / ctx.rstd},
            "axes": {"Σ": axes},
            "views": {name: wide for name, p in zip(("weight", "bias"), parameters, strict=False) if p is not None},
            "varies": True,
        }

    @staticmethod
    @once_differentiable  # how the values of other ranks depend on those here is not recorded
    def backward(ctx, dy):
        x, weight = ctx.saved_tensors
        axes, wide = _places(x)
        normal = (x - ctx.mean) * ctx.rstd
        dw, db = (dy * normal).sum(axes), dy.sum(axes, np.float64)
        factor = ctx.rstd if weight is None else ctx.rstd * weight.reshape(wide)
        mean_dy, mean_product = _summed(np.stack([db, dw])) / ctx.count
        dx = factor * (dy - mean_dy.reshape(wide) - normal * mean_product.reshape(wide))
        dx, dw, db = (d.astype(x.dtype, copy=False) for d in (dx, dw, db))
        return dx, None if weight is None else dw, db


def _move_averages(running_mean, running_var, mean, var, momentum, counter):
    """Move the running statistics towards those of this batch, as `BatchNorm` does."""
    for name, array in (("running_mean", running_mean), ("running_var", running_var)):
        refuse_read_only("sync_batch_norm", array, name)
    if counter is not None:
        refuse_read_only("sync_batch_norm", counter, "num_batches_tracked")
        counter.fill(counter.item() + 1)
        momentum = 1 / counter.item() if momentum is None else momentum
    for running, new in ((running_mean, mean), (running_var, var)):
        np.copyto(running, (1 - momentum) * running + momentum * new, casting="same_kind")
    record_changes((watch(running_mean), watch(running_var)), "sync_batch_norm", user_line())


def _places(x):
    """The axes that a channel's values lie along, and the shape that puts a value for each channel beside `x`."""
    return (0, *range(2, x.ndim)), (1, x.shape[1]) + (1,) * (x.ndim - 2)


def _moments_of_all(x, axes):
    """How many values each channel has on all ranks, their mean and their variance, in float64.

    Each rank's own mean and squares around it are put together, as in Chan, Golub and LeVeque (1983): sums of squares
    over all ranks at once would lose digits where the mean is large.
    """
    mine = x.astype(np.float64, copy=False)
    n = x.size // x.shape[1]
    mean = mine.mean(axes) if n else np.zeros(x.shape[1])
    squares = ((mine - mean.reshape(_places(x)[1])) ** 2).sum(axes)
    total = _summed(np.concatenate([[n], n * mean]))
    count, together = total[0], total[1:] / max(total[0], 1)
    squares = _summed(squares + n * (mean - together) ** 2)
    return count, together, squares / max(count, 1)


def _summed(array):
    """The sum over all ranks of a float64 array, which may be changed."""
    reduce_array(alone_or_group(), array, ReduceOp.SUM, "all_reduce for sync_batch_norm")
    return array


class SyncBatchNorm(AnyBatchNorm):
    """Batch normalisation over the batches of all ranks, so that how many there are makes no difference.

    Parameters
    ----------
    num_features : int
        C, the number of channels.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float or None, default 0.1
        The weight of a new batch in the running averages; None for the plain average of all batches.
    affine : bool, default True
        Whether weight and bias are trained.
    track_running_stats : bool, default True
        Whether running averages are kept, which evaluation uses.
    process_group : None
        All ranks take part.
    dtype : numpy.dtype, default float32
        Of parameters and averages.

    Notes
    -----
    Input (N, C) or (N, C, ...); N may differ between ranks. Each forward in training exchanges two small sums, each
    backward one, so that it costs three times the latency of the network; in evaluation, and alone, it is
    `BatchNorm1d`. It has no second derivative where there are several ranks.

    Examples
    --------
    >>> model = nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    >>> model[1]
    SyncBatchNorm(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
    """

    _forms = "(N, C) or (N, C, ...)"

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        process_group=None,
        device=None,
        dtype=None,
    ):
        if process_group is not None:
            raise ValueError(f"SyncBatchNorm: process_group is {process_group!r}; there is one group. Pass None.")
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype)

    def _check(self, input, channels):
        if input.dim() < 2:
            raise ShapeError(f"SyncBatchNorm: the input must be {self._forms}, not {input.shape}")
        super()._check(input, channels)

    @property
    def _dims(self):
        return range(2, 65)

    def forward(self, input):
        """The same shape as the input."""
        use_batch = self.training or self.running_mean is None
        if not use_batch or alone_or_group().size == 1:
            return super().forward(input)
        self._check(input, 1)
        tracked = self.training and self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if tracked else (None, None)
        counter = self.num_batches_tracked if tracked else None
        return SyncedBatchNorm.apply(input, self.weight, self.bias, mean, var, self.momentum, self.eps, counter)

    @classmethod
    def convert_sync_batchnorm(cls, module, process_group=None):
        """`module` with every BatchNorm in it replaced by a SyncBatchNorm of the same parameters and averages.

        Parameters
        ----------
        module : Module
            Changed in place, unless it is a BatchNorm itself.
        process_group : None

        Returns
        -------
        Module
            `module`, or what takes its place.
        """
        if process_group is not None:
            raise ValueError(
                f"convert_sync_batchnorm: process_group is {process_group!r}; there is one group. Pass None."
            )
        if not isinstance(module, Module):
            raise TypeError(f"convert_sync_batchnorm: {type(module).__name__} is no Module.")
        if isinstance(module, AnyBatchNorm) and not isinstance(module, cls):
            made = cls(module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats)
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(made, name, getattr(module, name))
            made.training = module.training
            return made
        for name, child in list(module.named_children()):
            setattr(module, name, cls.convert_sync_batchnorm(child))
        return module
