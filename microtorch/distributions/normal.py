"""The normal distribution and those made of it by element."""

import math

from ..ops import erf, erfinv, randn
from . import constraints
from .distribution import LOG_2PI, Distribution, broadcast_all
from .transformed import TransformedDistribution
from .transforms import ExpTransform

__all__ = ["HalfNormal", "LogNormal", "Normal"]


class Normal(Distribution):
    """The normal, or Gaussian, distribution.

    Parameters
    ----------
    loc : Tensor or float
        The mean.
    scale : Tensor or float
        The standard deviation, positive.

    Notes
    -----
    log p(x) = −(x − loc)² / (2 scale²) − log scale − ½ log 2π. A sample is loc + scale · ε.

    Examples
    --------
    >>> from microtorch.distributions import Normal
    >>> loc = microtorch.tensor(1.0, requires_grad=True)
    >>> Normal(loc, 2.0).rsample((3,)).sum().backward()
    >>> loc.grad
    tensor(3.)
    >>> Normal(0.0, 1.0).log_prob(microtorch.tensor(0.0))
    tensor(-0.9189)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self):
        """Tensor: `loc`."""
        return self.loc

    @property
    def mode(self):
        """Tensor: `loc`."""
        return self.loc

    @property
    def stddev(self):
        """Tensor: `scale`."""
        return self.scale

    @property
    def variance(self):
        """Tensor: `scale` squared."""
        return self.scale.square()

    def rsample(self, sample_shape=()):
        """Samples loc + scale · ε with standard normal ε."""
        return self.loc + self.scale * randn(self._extended_shape(sample_shape), dtype=self.loc.dtype)

    def log_prob(self, value):
        """The logarithm of the density at `value`."""
        self._validate_sample(value)
        z = (value - self.loc) / self.scale
        return z * z * -0.5 - self.scale.log() - 0.5 * LOG_2PI

    def cdf(self, value):
        """The probability of at most `value`."""
        self._validate_sample(value)
        return 0.5 * (1 + erf((value - self.loc) / (self.scale * math.sqrt(2))))

    def icdf(self, value):
        """The value that a share of `value` lies below."""
        return self.loc + self.scale * erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self):
        """½ + ½ log 2π + log scale"""
        return 0.5 + 0.5 * LOG_2PI + self.scale.log()


class LogNormal(TransformedDistribution):
    """The distribution of e to the power of a normal sample.

    Parameters
    ----------
    loc : Tensor or float
        The mean of the logarithm.
    scale : Tensor or float
        The standard deviation of the logarithm, positive.

    Examples
    --------
    >>> from microtorch.distributions import LogNormal
    >>> LogNormal(0.0, 1.0).mean
    tensor(1.6487)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.positive

    def __init__(self, loc, scale, validate_args=None):
        base = Normal(loc, scale, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    loc = property(lambda self: self.base_dist.loc)
    scale = property(lambda self: self.base_dist.scale)

    @property
    def mean(self):
        """Tensor: e^(loc + scale²/2)."""
        return (self.loc + self.scale.square() / 2).exp()

    @property
    def mode(self):
        """Tensor: e^(loc − scale²)."""
        return (self.loc - self.scale.square()).exp()

    @property
    def variance(self):
        """Tensor: (e^(scale²) − 1) · e^(2 loc + scale²)."""
        square = self.scale.square()
        return square.expm1() * (2 * self.loc + square).exp()

    def entropy(self):
        """The entropy of the normal distribution plus loc."""
        return self.base_dist.entropy() + self.loc


class HalfNormal(Distribution):
    """The distribution of the absolute value of a normal sample with mean 0.

    Parameters
    ----------
    scale : Tensor or float
        The standard deviation of the normal distribution, positive.

    Examples
    --------
    >>> from microtorch.distributions import HalfNormal
    >>> HalfNormal(1.0).mean
    tensor(0.7979)
    """

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale, validate_args=None):
        (self.scale,) = broadcast_all(scale)
        super().__init__(self.scale.shape, validate_args=validate_args)

    @property
    def mean(self):
        """Tensor: scale · √(2/π)."""
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self):
        """Tensor: 0."""
        return self.scale.detach() * 0

    @property
    def variance(self):
        """Tensor: scale² · (1 − 2/π)."""
        return self.scale.square() * (1 - 2 / math.pi)

    def rsample(self, sample_shape=()):
        """Samples scale · |ε| with standard normal ε."""
        return self.scale * randn(self._extended_shape(sample_shape), dtype=self.scale.dtype).abs()

    def log_prob(self, value):
        """The logarithm of the density at `value`."""
        self._validate_sample(value)
        z = value / self.scale
        return z * z * -0.5 - self.scale.log() + 0.5 * math.log(2 / math.pi)

    def cdf(self, value):
        """The probability of at most `value`."""
        self._validate_sample(value)
        return erf(value / (self.scale * math.sqrt(2)))

    def icdf(self, value):
        """The value that a share of `value` lies below."""
        return self.scale * erfinv(value) * math.sqrt(2)

    def entropy(self):
        """½ + ½ log (π/2) + log scale"""
        return 0.5 + 0.5 * math.log(math.pi / 2) + self.scale.log()
