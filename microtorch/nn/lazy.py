"""Lazy layers: what they take is seen from their first input."""

import numpy as np

from ..autograd.mode import no_grad
from ..dtypes import int64
from ..tensor import wrap
from .layers.batch_norm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from .layers.group_norm import AnyInstanceNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from .layers.linear import Linear
from .parameter import UninitializedBuffer, UninitializedParameter, is_lazy, sizes

__all__ = [
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LazyLinear",
    "LazyModuleMixin",
]


class LazyModuleMixin:
    """The mixin that makes a layer lazy, before the layer's own class among the bases.

    The subclass registers an `UninitializedParameter` for each parameter whose shape depends on the input, and defines
    ``initialize_parameters(*args)``, which is called with the first input and materializes them.

    Attributes
    ----------
    cls_to_become : type or None
        Of what class the layer is after its first input.
    """

    cls_to_become = None

    def has_uninitialized_params(self):
        """Whether a parameter or buffer of its own has no shape yet."""
        return any(is_lazy(t) for own in (self._parameters, self._buffers) for t in own.values())

    def initialize_parameters(self, *args, **kwargs):
        """Materialize the parameters for this input; to be defined by the subclass."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say what its input makes of it: define initialize_parameters(self, input)."
        )

    def forward(self, *args, **kwargs):
        """Initialise by the input, become the layer, and compute what it computes."""
        with no_grad():
            self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"{type(self).__name__}.initialize_parameters leaves a parameter without a shape.")
        if self.cls_to_become is None:
            return super().forward(*args, **kwargs)
        self.__class__ = self.cls_to_become
        return self.forward(*args, **kwargs)


class LazyLinear(LazyModuleMixin, Linear):
    """A `Linear` whose ``in_features`` is that of its first input.

    Parameters
    ----------
    out_features : int
        M, the size of each output.
    bias : bool, default True
        Whether there is a b.

    Notes
    -----
    After its first call it is a Linear. Until then its parameters are `UninitializedParameter`; they may be given to an
    optimizer, and be loaded.

    Examples
    --------
    >>> net = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(2))
    >>> net(microtorch.ones(3, 5)).shape
    (3, 2)
    >>> net[0]
    Linear(in_features=5, out_features=8, bias=True)
    """

    cls_to_become = Linear

    def __init__(self, out_features, bias=True, device=None, dtype=None):
        super().__init__(0, 0, False)
        (self.out_features,) = sizes("LazyLinear", out_features=out_features)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self, generator=None):
        """Draw initial values anew, if there are any."""
        if not self.has_uninitialized_params() and self.in_features:
            super().reset_parameters(generator)

    def initialize_parameters(self, input):
        """Take the size of the last dimension of `input`."""
        self.in_features = input.shape[-1]
        if self.has_uninitialized_params():
            self.weight.materialize((self.out_features, self.in_features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()


class _LazyNorm(LazyModuleMixin):
    """The base of lazy batch and instance normalisation: the number of channels is that of the first input."""

    def __init__(
        self, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, bias=True
    ):
        super().__init__(0, eps, momentum, False, False)
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = wrap(np.zeros((), int64))

    def reset_parameters(self):
        """Set weights to 1, biases to 0 and forget what was seen, if there is anything."""
        if not self.has_uninitialized_params() and self.num_features:
            super().reset_parameters()

    def initialize_parameters(self, input):
        """Take the number of channels of `input`."""
        if input.dim() not in self._dims:
            self._check(input, 1)
        single = issubclass(self.cls_to_become, AnyInstanceNorm) and input.dim() == min(self._dims)  # without N
        self.num_features = input.shape[0 if single else 1]
        if self.has_uninitialized_params():
            for t in (self.weight, self.bias, self.running_mean, self.running_var):
                if is_lazy(t):
                    t.materialize((self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A `BatchNorm1d` whose ``num_features`` is that of its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, device, dtype, bias
        As in `BatchNorm1d`.

    Examples
    --------
    >>> norm = nn.LazyBatchNorm1d()
    >>> _ = norm(microtorch.randn(4, 3))
    >>> norm.num_features, type(norm).__name__
    (3, 'BatchNorm1d')
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A `BatchNorm2d` whose ``num_features`` is that of its first input; otherwise as `LazyBatchNorm1d`."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A `BatchNorm3d` whose ``num_features`` is that of its first input; otherwise as `LazyBatchNorm1d`."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """An `InstanceNorm1d` whose ``num_features`` is that of its first input.

    Parameters
    ----------
    eps, momentum, affine, track_running_stats, device, dtype, bias
        As in `InstanceNorm1d`, but `affine` and `track_running_stats` are True by default, as in PyTorch.
    """

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """An `InstanceNorm2d` whose ``num_features`` is that of its first input; otherwise as `LazyInstanceNorm1d`."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """An `InstanceNorm3d` whose ``num_features`` is that of its first input; otherwise as `LazyInstanceNorm1d`."""

    cls_to_become = InstanceNorm3d
