"""Distributions drawn by the inverse of their cdf: uniform, Laplace, Cauchy, Gumbel; and Student's."""

import math

import numpy as np

from ..ops import atan2, digamma, lgamma, where
from ..random import default_generator
from ..tensor import wrap
from . import constraints
from .distribution import EULER, Distribution, broadcast_all, noise
from .gamma import Chi2

__all__ = ["Cauchy", "Gumbel", "Laplace", "StudentT", "Uniform"]


def inner_share(shape, dtype):
    """Numbers drawn evenly from between 0 and 1, neither of which comes."""
    drawn = noise(default_generator.numpy.random, shape, dtype)
    info = np.finfo(dtype)
    return wrap(np.clip(drawn._array, info.tiny, 1 - info.epsneg))


class Uniform(Distribution):
    """Numbers from `low`, included, to `high`, excluded, all equally probable.

    Parameters
    ----------
    low : Tensor or float
    high : Tensor or float
        Above `low`.

    Examples
    --------
    >>> from microtorch.distributions import Uniform
    >>> Uniform(0.0, 4.0).log_prob(microtorch.tensor(1.0))
    tensor(-1.3863)
    """

    arg_constraints = {"low": constraints.dependent, "high": constraints.dependent}
    has_rsample = True

    def __init__(self, low, high, validate_args=None):
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._validate_args:
            self._check("high", self.high, constraints.greater_than(self.low))

    @property
    def support(self):
        """Constraint: from low to high."""
        return constraints.interval(self.low, self.high)

    @property
    def mean(self):
        """Tensor: the middle."""
        return (self.high + self.low) / 2

    @property
    def mode(self):
        """Tensor: NaN; no number is the most probable."""
        return self.high * float("nan")

    @property
    def stddev(self):
        """Tensor: (high − low) / √12."""
        return (self.high - self.low) / math.sqrt(12)

    @property
    def variance(self):
        """Tensor: (high − low)² / 12."""
        return (self.high - self.low).square() / 12

    def rsample(self, sample_shape=()):
        """low + u · (high − low)"""
        draw = noise(default_generator.numpy.random, self._extended_shape(sample_shape), self.low.dtype)
        return self.low + draw * (self.high - self.low)

    def log_prob(self, value):
        """−log (high − low) within, −inf outside"""
        self._validate_sample(value)
        inside = ((self.low <= value) & (value < self.high)).to(self.low.dtype)
        return inside.log() - (self.high - self.low).log()

    def cdf(self, value):
        """The share of the interval below `value`."""
        self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value):
        """low + value · (high − low)"""
        return value * (self.high - self.low) + self.low

    def entropy(self):
        """log (high − low)"""
        return (self.high - self.low).log()


class _LocationScale(Distribution):
    """A distribution moved by `loc` and stretched by `scale`."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc, scale, validate_args=None):
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mode(self):
        """Tensor: `loc`."""
        return self.loc

    def _standard(self, value):
        self._validate_sample(value)
        return (value - self.loc) / self.scale

    def rsample(self, sample_shape=()):
        """The inverse of the cdf at evenly drawn numbers."""
        return self.icdf(inner_share(self._extended_shape(sample_shape), self.loc.dtype))


class Laplace(_LocationScale):
    """Two exponential distributions, one to each side of `loc`.

    Parameters
    ----------
    loc : Tensor or float
        The mean.
    scale : Tensor or float
        The expected distance from it, positive.
    validate_args : bool, optional
        See `Distribution`.

    Examples
    --------
    >>> from microtorch.distributions import Laplace
    >>> Laplace(0.0, 1.0).log_prob(microtorch.tensor(1.0))
    tensor(-1.6931)
    """

    mean = property(lambda self: self.loc)

    @property
    def variance(self):
        """Tensor: 2 scale²."""
        return 2 * self.scale.square()

    @property
    def stddev(self):
        """Tensor: √2 scale."""
        return math.sqrt(2) * self.scale

    def log_prob(self, value):
        """−|value − loc| / scale − log (2 scale)"""
        return -self._standard(value).abs() - (2 * self.scale).log()

    def cdf(self, value):
        """½ e^z below loc, 1 − ½ e^(−z) above"""
        z = self._standard(value)
        return 0.5 - 0.5 * z.sign() * (-z.abs()).expm1()

    def icdf(self, value):
        """loc − scale · sign(v) · log (1 − 2 |v|) with v = value − ½"""
        v = value - 0.5
        return self.loc - self.scale * v.sign() * (-2 * v.abs()).log1p()

    def entropy(self):
        """1 + log (2 scale)"""
        return 1 + (2 * self.scale).log()


class Cauchy(_LocationScale):
    """The Cauchy distribution, whose tails are so heavy that it has no mean.

    Parameters
    ----------
    loc : Tensor or float
        The mode and median.
    scale : Tensor or float
        Half the distance between the quartiles, positive.
    validate_args : bool, optional
        See `Distribution`.

    Examples
    --------
    >>> from microtorch.distributions import Cauchy
    >>> Cauchy(0.0, 1.0).variance
    tensor(inf)
    """

    @property
    def mean(self):
        """Tensor: NaN."""
        return self.loc.detach() * float("nan")

    @property
    def variance(self):
        """Tensor: inf."""
        return wrap(np.full(self.batch_shape, np.inf, self.loc.dtype))

    def log_prob(self, value):
        """−log (π scale (1 + z²))"""
        z = self._standard(value)
        return -math.log(math.pi) - self.scale.log() - (z * z).log1p()

    def cdf(self, value):
        """½ + arctan(z) / π"""
        z = self._standard(value)
        return atan2(z, z.detach() * 0 + 1) / math.pi + 0.5

    def icdf(self, value):
        """loc + scale · tan (π (value − ½))"""
        return self.loc + self.scale * (math.pi * (value - 0.5)).tan()

    def entropy(self):
        """log (4π scale)"""
        return math.log(4 * math.pi) + self.scale.log()


class Gumbel(_LocationScale):
    """The distribution of the largest of many.

    Parameters
    ----------
    loc : Tensor or float
        The mode.
    scale : Tensor or float
        Positive.
    validate_args : bool, optional
        See `Distribution`.

    Examples
    --------
    >>> from microtorch.distributions import Gumbel
    >>> Gumbel(0.0, 1.0).mean
    tensor(0.5772)
    """

    @property
    def mean(self):
        """Tensor: loc + γ · scale, with Euler's γ."""
        return self.loc + self.scale * EULER

    @property
    def stddev(self):
        """Tensor: π / √6 · scale."""
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self):
        """Tensor: π² / 6 · scale²."""
        return self.stddev.square()

    def log_prob(self, value):
        """−z − e^(−z) − log scale"""
        z = self._standard(value)
        return -z - (-z).exp() - self.scale.log()

    def cdf(self, value):
        """e^(−e^(−z))"""
        return (-(-self._standard(value)).exp()).exp()

    def icdf(self, value):
        """loc − scale · log (−log value)"""
        return self.loc - self.scale * (-value.log()).log()

    def entropy(self):
        """log scale + 1 + γ"""
        return self.scale.log() + (1 + EULER)


class StudentT(_LocationScale):
    """Student's t: a normal sample divided by an estimate of its standard deviation.

    Parameters
    ----------
    df : Tensor or float
        Degrees of freedom, positive.
    loc : Tensor or float, default 0
    scale : Tensor or float, default 1
        Positive.

    Examples
    --------
    >>> from microtorch.distributions import StudentT
    >>> StudentT(4.0).variance
    tensor(2.)
    """

    arg_constraints = {"df": constraints.positive, **_LocationScale.arg_constraints}

    def __init__(self, df, loc=0.0, scale=1.0, validate_args=None):
        self.df, loc, scale = broadcast_all(df, loc, scale)
        super().__init__(loc, scale, validate_args)

    @property
    def mean(self):
        """Tensor: `loc`, NaN where df is 1 or less."""
        return where(self.df <= 1, float("nan"), self.loc)

    @property
    def variance(self):
        """Tensor: scale² · df / (df − 2), inf where df is 2 or less, NaN where it is 1 or less."""
        many = self.scale.square() * self.df / (self.df - 2)
        return where(self.df <= 1, float("nan"), where(self.df <= 2, float("inf"), many))

    def rsample(self, sample_shape=()):
        """loc + scale · ε · √(df / χ²)"""
        shape = self._extended_shape(sample_shape)
        normal = noise(default_generator.numpy.standard_normal, shape, self.loc.dtype)
        squares = Chi2(self.df, validate_args=False).rsample(shape[: len(shape) - len(self.batch_shape)])
        return self.loc + self.scale * normal * (self.df / squares).sqrt()

    def log_prob(self, value):
        """The logarithm of the density at `value`."""
        z, half = self._standard(value), 0.5 * self.df
        normaliser = self.scale.log() + 0.5 * (self.df.log() + math.log(math.pi)) + lgamma(half) - lgamma(half + 0.5)
        return -(half + 0.5) * (z * z / self.df).log1p() - normaliser

    def entropy(self):
        """½ (df + 1) (ψ(½ (df + 1)) − ψ(½ df)) + log √df B(½ df, ½) + log scale"""
        half = 0.5 * self.df
        log_beta = lgamma(half) + 0.5 * math.log(math.pi) - lgamma(half + 0.5)
        inner = (half + 0.5) * (digamma(half + 0.5) - digamma(half))
        return self.scale.log() + inner + 0.5 * self.df.log() + log_beta
