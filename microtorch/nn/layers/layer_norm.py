"""Layers that normalise each sample by itself: over its last dimensions, or over groups of its channels."""

from .. import functional as F
from .. import init
from ..module import Module
from ..parameter import empty, sizes
from .batch_norm import Affine

__all__ = ["LayerNorm", "RMSNorm"]


class LayerNorm(Affine):
    """Layer normalisation: each sample with mean 0 and variance 1 over its last dimensions, then scaled and shifted.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The lengths of those dimensions.
    eps : float, default 1e-5
        Added to the variance.
    elementwise_affine : bool, default True
        Whether weight and bias are trained.
    bias : bool, default True
        Whether there is a bias, if `elementwise_affine`.

    Attributes
    ----------
    weight, bias : Parameter of shape `normalized_shape`, or None
        Initially 1 and 0.

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", 2016, eq. 3 and 4.

    Examples
    --------
    >>> y = nn.LayerNorm(10)(microtorch.randn(20, 10))
    >>> bool((abs(y.mean(1)) < 1e-6).all())
    True
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = _shape("LayerNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._make_affine(self.normalized_shape, elementwise_affine, bias, device, dtype)
        self.reset_parameters()

    def forward(self, input):
        """(N, ..., *normalized_shape) -> the same shape"""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Root-mean-square normalisation: each sample divided by √(mean x² + eps) over its last dimensions, then scaled.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The lengths of those dimensions.
    eps : float, default the smallest step of the dtype at 1
        Added to the mean square.
    elementwise_affine : bool, default True
        Whether the weight is trained.
    dtype : numpy.dtype, default float32
        Of the weight.

    Attributes
    ----------
    weight : Parameter of shape `normalized_shape`, or None
        Initially 1.

    References
    ----------
    B. Zhang, R. Sennrich, "Root mean square layer normalization", 2019, eq. 4.

    Examples
    --------
    >>> nn.RMSNorm(2)(microtorch.tensor([[3.0, 3.0]])).detach()
    tensor([[1., 1.]])
    """

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = _shape("RMSNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        weight = empty(self.normalized_shape, device, dtype) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self):
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input):
        """(N, ..., *normalized_shape) -> the same shape"""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


def _shape(layer, normalized_shape):
    """`normalized_shape`, an int or several, as a tuple."""
    several = isinstance(normalized_shape, list | tuple)
    names = [f"normalized_shape[{i}]" for i in range(len(normalized_shape))] if several else ["normalized_shape"]
    return tuple(sizes(layer, **dict(zip(names, normalized_shape if several else [normalized_shape], strict=True))))
