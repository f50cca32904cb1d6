"""Layers that normalise groups of channels of each sample."""

from .. import functional as F
from ..parameter import sizes
from .batch_norm import Affine, RunningStats

__all__ = ["GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class AnyInstanceNorm(RunningStats):
    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=False,
        track_running_stats=False,
        device=None,
        dtype=None,
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input):
        """The same shape as the input."""
        single = input.dim() == min(self._dims)  # one sample, without N
        if self.affine or self.track_running_stats or input.dim() not in self._dims:
            self._check(input, 0 if single else 1)
        result = F.instance_norm(
            input.unsqueeze(0) if single else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return result.squeeze(0) if single else result


class InstanceNorm1d(AnyInstanceNorm):
    """Instance normalisation: each channel of each sample with mean 0 and variance 1.

    Parameters
    ----------
    num_features : int
        C, the number of channels.
    eps : float, default 1e-5
        Added to the variance.
    momentum : float, default 0.1
        The weight of a new batch in the running averages.
    affine : bool, default False
        Whether weight and bias are trained.
    track_running_stats : bool, default False
        Whether running averages are kept, which evaluation then uses.
    device : str, optional
        Only ``"cpu"``.
    dtype : numpy.dtype, default float32
        Of parameters and averages.
    bias : bool, default True
        Whether there is a bias, if `affine`.

    Notes
    -----
    Input (N, C, L) or (C, L).

    References
    ----------
    D. Ulyanov, A. Vedaldi, V. Lempitsky, "Instance normalization: the missing ingredient for fast stylization", 2016.

    Examples
    --------
    >>> nn.InstanceNorm1d(3)(microtorch.randn(2, 3, 8)).shape
    (2, 3, 8)
    """

    _dims, _forms = (2, 3), "(C, L) or (N, C, L)"


class InstanceNorm2d(AnyInstanceNorm):
    """Instance normalisation of images (N, C, H, W) or (C, H, W); otherwise as `InstanceNorm1d`."""

    _dims, _forms = (3, 4), "(C, H, W) or (N, C, H, W)"


class InstanceNorm3d(AnyInstanceNorm):
    """Instance normalisation of volumes (N, C, D, H, W) or (C, D, H, W); otherwise as `InstanceNorm1d`."""

    _dims, _forms = (4, 5), "(C, D, H, W) or (N, C, D, H, W)"


class GroupNorm(Affine):
    """Group normalisation: the channels of each sample in groups, each group with mean 0 and variance 1.

    Parameters
    ----------
    num_groups : int
        The number of groups.
    num_channels : int
        C, a multiple of it.
    eps : float, default 1e-5
        Added to the variance.
    affine : bool, default True
        Whether weight and bias, one for each channel, are trained.
    bias : bool, default True
        Whether there is a bias, if `affine`.

    References
    ----------
    Y. Wu, K. He, "Group normalization", 2018, eq. 7.

    Examples
    --------
    >>> nn.GroupNorm(2, 6)(microtorch.randn(20, 6, 10)).shape
    (20, 6, 10)
    """

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        (num_groups,) = sizes("GroupNorm", 1, num_groups=num_groups)
        (num_channels,) = sizes("GroupNorm", num_channels=num_channels)
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: {num_channels} channels do not fall into {num_groups} equal groups")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._make_affine((num_channels,), affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input):
        """(N, C, ...) -> (N, C, ...)"""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
