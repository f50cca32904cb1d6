"""Layers that normalise each channel, over the batch or in each sample, with running statistics."""

import numpy as np

from ...dtypes import int64
from ...errors import ShapeError
from ...ops.nn.batch_norm import counted_batch_norm
from ...tensor import wrap
from .. import init
from ..module import Module
from ..parameter import empty, factory_dtype, sizes

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"]


class Affine(Module):
    """The base of layers that end in y = x̂ · weight + bias."""

    def _make_affine(self, shape, weight, bias, device, dtype):
        self.register_parameter("weight", empty(shape, device, dtype) if weight else None)
        self.register_parameter("bias", empty(shape, device, dtype) if weight and bias else None)

    def reset_parameters(self):
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class RunningStats(Affine):
    """The base of batch and instance normalisation: a mean and a variance for each channel, with running averages."""

    _dims = ()  # which numbers of dimensions the input may have
    _forms = ""

    def __init__(self, num_features, eps, momentum, affine, track_running_stats, device, dtype, bias):
        super().__init__()
        (num_features,) = sizes(type(self).__name__, num_features=num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self._make_affine((num_features,), affine, bias, device, dtype)
        dtype = factory_dtype(device, dtype)
        tracked = track_running_stats
        self.register_buffer("running_mean", wrap(np.zeros(num_features, dtype)) if tracked else None)
        self.register_buffer("running_var", wrap(np.ones(num_features, dtype)) if tracked else None)
        self.register_buffer("num_batches_tracked", wrap(np.zeros((), int64)) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self):
        """Forget what was seen: mean 0, variance 1."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self):
        """Set the weight to 1, the bias to 0, and forget what was seen."""
        super().reset_parameters()
        self.reset_running_stats()

    def _check(self, input, channels):
        if input.dim() not in self._dims:
            raise ShapeError(f"{type(self).__name__}: the input must be {self._forms}, not {input.shape}")
        if input.shape[channels] != self.num_features:
            raise ShapeError(
                f"{type(self).__name__}: the input {input.shape} has {input.shape[channels]} channels, the layer "
                f"{self.num_features}. Did you mean {type(self).__name__}({input.shape[channels]})?"
            )

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class AnyBatchNorm(RunningStats):
    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input):
        """The same shape as the input."""
        shape = input._array.shape
        if len(shape) not in self._dims or shape[1] != self.num_features:
            self._check(input, 1)
        training, counter = self.training, None
        mean, var = self.running_mean, self.running_var
        if training and self.track_running_stats:
            counter = self.num_batches_tracked
        elif training:  # what was kept before `track_running_stats` was switched off stays as it is
            mean = var = None
        momentum = self.momentum
        return counted_batch_norm(
            input,
            mean,
            var,
            self.weight,
            self.bias,
            training or (mean is None and var is None),
            0.0 if momentum is None and counter is None else momentum,
            self.eps,
            counter,
        )


class BatchNorm1d(AnyBatchNorm):
    """Batch normalisation: each channel with mean 0 and variance 1 over the batch, then scaled and shifted.

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
        Whether running averages are kept, which evaluation uses; otherwise the batch's own are used there too.
    device : str, optional
        Only ``"cpu"``.
    dtype : numpy.dtype, default float32
        Of parameters and averages.
    bias : bool, default True
        Whether there is a bias, if `affine`.

    Attributes
    ----------
    weight, bias : Parameter of shape (C,), or None
        Initially 1 and 0.
    running_mean, running_var : Tensor of shape (C,), or None
        Buffers; initially 0 and 1. The variance kept is the unbiased one.
    num_batches_tracked : Tensor of shape (), int64, or None
        How many batches were seen.

    Notes
    -----
    Input (N, C) or (N, C, L). Training normalises by the batch (biased variance), evaluation by the running averages.

    References
    ----------
    S. Ioffe, C. Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate
    shift", 2015, algorithms 1 and 2.

    Examples
    --------
    >>> norm = nn.BatchNorm1d(3)
    >>> y = norm(microtorch.randn(20, 3))
    >>> bool((abs(y.mean(0)) < 1e-6).all()), norm.num_batches_tracked.item()
    (True, 1)
    """

    _dims, _forms = (2, 3), "(N, C) or (N, C, L)"


class BatchNorm2d(AnyBatchNorm):
    """Batch normalisation of images (N, C, H, W), over N, H and W; otherwise as `BatchNorm1d`.

    Examples
    --------
    >>> nn.BatchNorm2d(3)(microtorch.randn(2, 3, 4, 4)).shape
    (2, 3, 4, 4)
    """

    _dims, _forms = (4,), "(N, C, H, W)"


class BatchNorm3d(AnyBatchNorm):
    """Batch normalisation of volumes (N, C, D, H, W), over all but C; otherwise as `BatchNorm1d`.

    Examples
    --------
    >>> nn.BatchNorm3d(3)(microtorch.randn(2, 3, 2, 2, 2)).shape
    (2, 3, 2, 2, 2)
    """

    _dims, _forms = (5,), "(N, C, D, H, W)"


_BatchNorm = AnyBatchNorm  # its name in PyTorch, for scripts that ask isinstance
