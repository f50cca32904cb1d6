"""Distributions over positive numbers made of gamma samples, and shares made of several of them."""

import functools

import numpy as np

from ..autograd.function import ArrayFunction, once_differentiable
from ..kernels import special as kernels
from ..ops import digamma, lgamma, stack, where, xlogy
from ..random import default_generator
from ..tensor import wrap
from . import constraints
from .distribution import Distribution, broadcast_all, noise

__all__ = ["Beta", "Chi2", "Dirichlet", "Exponential", "Gamma"]


class _StandardGamma(ArrayFunction):
    """y drawn from the gamma distribution of shape a        da = dy · ∂y/∂a at the quantile that was drawn"""

    @staticmethod
    def forward(ctx, a):
        drawn = np.asarray(default_generator.numpy.standard_gamma(a.astype(np.float64)))
        y = np.maximum(drawn.astype(a.dtype), np.finfo(a.dtype).tiny)  # a small shape often gives less than there is
        ctx.save_for_backward(a, y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx, dy):
        a, y = ctx.saved_tensors
        da = np.empty(y.shape, y.dtype)
        kernels.gamma_sample_gradient(y.ravel(), a.ravel(), *_laguerre(), da.ravel())
        return dy * da


@functools.cache
def _laguerre():
    """Nodes and weights of Gauss and Laguerre."""
    return np.polynomial.laguerre.laggauss(32)


def standard_gamma(concentration, shape):
    """Samples of the gamma distribution with rate 1, through which gradients flow."""
    return _StandardGamma.apply(concentration.expand(shape).contiguous())


class Gamma(Distribution):
    """The gamma distribution over positive numbers.

    Parameters
    ----------
    concentration : Tensor or float
        Its shape α, positive.
    rate : Tensor or float
        β, positive: the inverse of the scale.

    Notes
    -----
    log p(x) = α log β + (α − 1) log x − β x − log Γ(α). Gradients flow through samples by implicit differentiation:
    ∂x/∂α = −(∂F/∂α) / p, with F the cdf, computed to 6 digits and more.

    References
    ----------
    M. Figurnov, S. Mohamed, A. Mnih: Implicit reparameterization gradients, 2018.

    Examples
    --------
    >>> from microtorch.distributions import Gamma
    >>> Gamma(3.0, 2.0).mean, Gamma(3.0, 2.0).variance
    (tensor(1.5), tensor(0.75))
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration, rate, validate_args=None):
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self):
        """Tensor: α / β."""
        return self.concentration / self.rate

    @property
    def mode(self):
        """Tensor: (α − 1) / β, at least 0."""
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self):
        """Tensor: α / β²."""
        return self.concentration / self.rate.square()

    def rsample(self, sample_shape=()):
        """Samples of rate 1 divided by the rate."""
        return standard_gamma(self.concentration, self._extended_shape(sample_shape)) / self.rate

    def log_prob(self, value):
        """α log β + (α − 1) log value − β value − log Γ(α)"""
        self._validate_sample(value)
        a, rate = self.concentration, self.rate
        return xlogy(a, rate) + xlogy(a - 1, value) - rate * value - lgamma(a)

    def entropy(self):
        """α − log β + log Γ(α) + (1 − α) ψ(α)"""
        a = self.concentration
        return a - self.rate.log() + lgamma(a) + (1 - a) * digamma(a)


class Chi2(Gamma):
    """The distribution of the sum of squares of `df` standard normal samples.

    Parameters
    ----------
    df : Tensor or float
        Degrees of freedom, positive.

    Examples
    --------
    >>> from microtorch.distributions import Chi2
    >>> Chi2(3.0).mean
    tensor(3.)
    """

    def __init__(self, df, validate_args=None):
        super().__init__(0.5 * broadcast_all(df)[0], 0.5, validate_args)

    @property
    def df(self):
        """Tensor: the degrees of freedom."""
        return self.concentration * 2


class Exponential(Distribution):
    """The time until something happens that happens `rate` times in a unit of it.

    Parameters
    ----------
    rate : Tensor or float
        Positive.

    Examples
    --------
    >>> from microtorch.distributions import Exponential
    >>> Exponential(2.0).log_prob(microtorch.tensor(0.0))
    tensor(0.6931)
    """

    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate, validate_args=None):
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self):
        """Tensor: 1 / rate."""
        return self.rate.reciprocal()

    stddev = mean

    @property
    def mode(self):
        """Tensor: 0."""
        return self.rate.detach() * 0

    @property
    def variance(self):
        """Tensor: 1 / rate²."""
        return self.rate**-2

    def rsample(self, sample_shape=()):
        """Samples of rate 1 divided by the rate."""
        draw = default_generator.numpy.standard_exponential
        return noise(draw, self._extended_shape(sample_shape), self.rate.dtype) / self.rate

    def log_prob(self, value):
        """log rate − rate · value"""
        self._validate_sample(value)
        return self.rate.log() - self.rate * value

    def cdf(self, value):
        """1 − e^(−rate · value)"""
        self._validate_sample(value)
        return -(-self.rate * value).expm1()

    def icdf(self, value):
        """−log (1 − value) / rate"""
        return -(-value).log1p() / self.rate

    def entropy(self):
        """1 − log rate"""
        return 1 - self.rate.log()


class Dirichlet(Distribution):
    """Shares that are positive and sum to 1.

    Parameters
    ----------
    concentration : Tensor, shape (..., K)
        Positive.

    Notes
    -----
    A sample is gamma samples divided by their sum, and gradients flow through both. PyTorch averages over the sum, so
    its gradient of a single sample is another one with the same expectation.

    Examples
    --------
    >>> from microtorch.distributions import Dirichlet
    >>> d = Dirichlet(microtorch.tensor([1.0, 3.0]))
    >>> d.mean, d.event_shape
    (tensor([0.25, 0.75]), (2,))
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration, validate_args=None):
        (self.concentration,) = broadcast_all(concentration)
        shape = self.concentration.shape
        if not shape:
            raise ValueError("Dirichlet: one concentration makes no shares. Its last dimension is the shares.")
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def mean(self):
        """Tensor: α / Σ α."""
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def mode(self):
        """Tensor: (α − 1) / Σ (α − 1); where all α are below 1, one of the corners."""
        above = (self.concentration - 1).clamp(min=0)
        corner = np.eye(1, self.event_shape[0], dtype=above.dtype)[0]
        small = (self.concentration < 1).all(-1, keepdim=True)
        return where(small, wrap(corner), above / above.sum(-1, keepdim=True))

    @property
    def variance(self):
        """Tensor: α (Σα − α) / ((Σα)² (Σα + 1))."""
        total = self.concentration.sum(-1, keepdim=True)
        return self.concentration * (total - self.concentration) / (total.square() * (total + 1))

    def rsample(self, sample_shape=()):
        """Gamma samples divided by their sum."""
        drawn = standard_gamma(self.concentration, self._extended_shape(sample_shape))
        return drawn / drawn.sum(-1, keepdim=True)

    def log_prob(self, value):
        """Σ (α − 1) log value + log Γ(Σ α) − Σ log Γ(α)"""
        self._validate_sample(value)
        a = self.concentration
        return xlogy(a - 1, value).sum(-1) + lgamma(a.sum(-1)) - lgamma(a).sum(-1)

    def entropy(self):
        """log B(α) + (Σα − K) ψ(Σα) − Σ (α − 1) ψ(α)"""
        a, count = self.concentration, self.event_shape[0]
        total = a.sum(-1)
        around = lgamma(a).sum(-1) - lgamma(total)
        return around - (count - total) * digamma(total) - ((a - 1) * digamma(a)).sum(-1)


class Beta(Distribution):
    """A share between 0 and 1.

    Parameters
    ----------
    concentration1 : Tensor or float
        α, positive: large ones draw the share to 1.
    concentration0 : Tensor or float
        β, positive: large ones draw it to 0.

    Notes
    -----
    log p(x) = (α − 1) log x + (β − 1) log (1 − x) − log B(α, β). Samples as in `Dirichlet`.

    Examples
    --------
    >>> from microtorch.distributions import Beta
    >>> Beta(3.0, 1.0).mean
    tensor(0.75)
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True

    def __init__(self, concentration1, concentration0, validate_args=None):
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    @property
    def mean(self):
        """Tensor: α / (α + β)."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self):
        """Tensor: (α − 1) / (α + β − 2); where both are below 1, 1."""
        both = stack([self.concentration1, self.concentration0], -1)
        return Dirichlet(both, validate_args=False).mode[..., 0]

    @property
    def variance(self):
        """Tensor: αβ / ((α + β)² (α + β + 1))."""
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.square() * (total + 1))

    def rsample(self, sample_shape=()):
        """One gamma sample divided by the sum of two."""
        shape = self._extended_shape(sample_shape)
        ones, zeros = standard_gamma(self.concentration1, shape), standard_gamma(self.concentration0, shape)
        return ones / (ones + zeros)

    def _log_normaliser(self):
        a, b = self.concentration1, self.concentration0
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    def log_prob(self, value):
        """(α − 1) log value + (β − 1) log (1 − value) − log B(α, β)"""
        self._validate_sample(value)
        below = xlogy(self.concentration0 - 1, 1 - value)
        return xlogy(self.concentration1 - 1, value) + below - self._log_normaliser()

    def entropy(self):
        """log B(α, β) − (α − 1) ψ(α) − (β − 1) ψ(β) + (α + β − 2) ψ(α + β)"""
        a, b = self.concentration1, self.concentration0
        inner = (a - 1) * digamma(a) + (b - 1) * digamma(b) - (a + b - 2) * digamma(a + b)
        return self._log_normaliser() - inner
