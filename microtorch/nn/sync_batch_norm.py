"""SyncBatchNorm: batch normalisation by the mean and variance of what all ranks have together."""

from ..errors import ShapeError
from .module import Module
from .normalization import _BatchNorm

__all__ = ["SyncBatchNorm"]


class SyncBatchNorm(_BatchNorm):
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
    device : str, optional
        Only ``"cpu"``.
    dtype : numpy.dtype, default float32
        Of parameters and averages.

    Notes
    -----
    Input (N, C) or (N, C, ...); N may differ between ranks. Each forward in training exchanges two small sums, each
    backward one, so that it costs three times the latency of the network; in evaluation, and alone, it is
    `BatchNorm1d`. It has no second derivative where there are several ranks.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
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
        from ..distributed.collectives import alone_or_group

        use_batch = self.training or self.running_mean is None
        if not use_batch or alone_or_group().size == 1:
            return super().forward(input)
        from ..ops.sync_batch_norm import SyncBatchNorm as Operation

        self._check(input, 1)
        tracked = self.training and self.track_running_stats
        mean, var = (self.running_mean, self.running_var) if tracked else (None, None)
        counter = self.num_batches_tracked if tracked else None
        return Operation.apply(input, self.weight, self.bias, mean, var, self.momentum, self.eps, counter)

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
        if isinstance(module, _BatchNorm) and not isinstance(module, cls):
            made = cls(module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats)
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(made, name, getattr(module, name))
            made.training = module.training
            return made
        for name, child in list(module.named_children()):
            setattr(module, name, cls.convert_sync_batchnorm(child))
        return module
