"""Distributions over whole numbers: Bernoulli, geometric, Poisson."""

import numpy as np

from ..nn.functional import binary_cross_entropy_with_logits, logsigmoid
from ..ops import lgamma, sigmoid, where, xlogy
from ..random import default_generator
from ..tensor import wrap
from . import constraints
from .distribution import Distribution, broadcast_all, kept, lies_between_0_and_1, noise

__all__ = ["Bernoulli", "Binomial", "Geometric", "Poisson"]


class Binary(Distribution):
    """A distribution of one probability, given as such or by its logit; the other is computed when asked for."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}

    def __init__(self, probs=None, logits=None, validate_args=None):
        if (probs is None) == (logits is None):
            raise ValueError(f"{type(self).__name__}: pass either probs or logits.")
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
        else:
            (self.logits,) = broadcast_all(logits)
        super().__init__(self._given.shape, validate_args=validate_args)

    @property
    def _given(self):
        return self.__dict__.get("probs", self.__dict__.get("logits"))

    @property
    def param_shape(self):
        """tuple of int: the shape of probs and logits."""
        return self._given.shape

    @kept
    def probs(self):
        """Tensor: the probabilities."""
        return sigmoid(self.logits)

    @kept
    def logits(self):
        """Tensor: log p − log (1 − p)."""
        probs = lies_between_0_and_1(self.probs)
        return probs.log() - (-probs).log1p()


class Bernoulli(Binary):
    """1 with a probability, else 0.

    Parameters
    ----------
    probs : Tensor or float, optional
        The probability of 1.
    logits : Tensor or float, optional
        Its logit, log p − log (1 − p); pass one of both.
    validate_args : bool, optional
        See `Distribution`.

    Examples
    --------
    >>> from microtorch.distributions import Bernoulli
    >>> logits = microtorch.tensor([0.0], requires_grad=True)
    >>> Bernoulli(logits=logits).log_prob(microtorch.tensor([1.0])).sum().backward()
    >>> logits.grad
    tensor([0.5])
    """

    support = constraints.boolean
    has_enumerate_support = True

    @property
    def mean(self):
        """Tensor: p."""
        return self.probs

    @property
    def mode(self):
        """Tensor: 0 or 1, NaN where they are equally probable."""
        probs = self.probs.detach()
        return where(probs == 0.5, float("nan"), (probs > 0.5).to(probs.dtype))

    @property
    def variance(self):
        """Tensor: p (1 − p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        """0s and 1s in the dtype of the parameter."""
        probs, draw = self.probs._array, default_generator.numpy
        return noise(lambda shape: draw.random(shape) < probs, self._extended_shape(sample_shape), probs.dtype)

    def log_prob(self, value):
        """log p where `value` is 1, log (1 − p) where it is 0"""
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value.to(logits.dtype), reduction="none")

    def entropy(self):
        """−p log p − (1 − p) log (1 − p)"""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand=True):
        """0 and 1 along a new first dimension, over the batch if `expand`."""
        values = np.array([0, 1], self._given.dtype).reshape(-1, *(1,) * len(self.batch_shape))
        return wrap(np.broadcast_to(values, (2, *self.batch_shape)) if expand else values)


class Binomial(Binary):
    """How many of a number of trials succeed.

    Parameters
    ----------
    total_count : Tensor or int, default 1
        The number of trials, one for all or one for each.
    probs : Tensor or float, optional
        The probability of success.
    logits : Tensor or float, optional
        Its logit; pass one of both.

    Examples
    --------
    >>> from microtorch.distributions import Binomial
    >>> Binomial(2, 0.5).log_prob(microtorch.tensor(1.0)).exp()
    tensor(0.5)
    """

    arg_constraints = {"total_count": constraints.nonnegative_integer, **Binary.arg_constraints}
    has_enumerate_support = True

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        if (probs is None) == (logits is None):
            raise ValueError("Binomial: pass either probs or logits.")
        given = logits if probs is None else probs
        self.total_count, given = broadcast_all(total_count, given)
        self.total_count = self.total_count.to(given.dtype)
        super().__init__(None if probs is None else given, given if probs is None else None, validate_args)

    @property
    def support(self):
        """Constraint: the whole numbers from 0 to the number of trials."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self):
        """Tensor: n p."""
        return self.total_count * self.probs

    @property
    def mode(self):
        """Tensor: (n + 1) p, rounded down, at most n."""
        highest = ((self.total_count + 1) * self.probs).floor()
        return where(highest > self.total_count, self.total_count, highest)

    @property
    def variance(self):
        """Tensor: n p (1 − p)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        """Whole numbers in the dtype of the parameter."""
        probs, count, draw = self.probs._array, self.total_count._array.astype(np.int64), default_generator.numpy
        return noise(lambda shape: draw.binomial(count, probs, shape), self._extended_shape(sample_shape), probs.dtype)

    def log_prob(self, value):
        """log (n over value) + value · log p + (n − value) · log (1 − p)"""
        self._validate_sample(value)
        n, logits = self.total_count, self.logits
        ways = lgamma(n + 1) - lgamma(value + 1) - lgamma(n - value + 1)
        return ways + value * logits + n * logsigmoid(-logits)

    def entropy(self):
        """−Σ p log p over all values; for one number of trials."""
        values = self.enumerate_support()
        chances = self.log_prob(values)
        return -(chances.exp() * chances).sum(0)

    def enumerate_support(self, expand=True):
        """The numbers from 0 to n along a new first dimension, over the batch if `expand`; for one n."""
        counts = self.total_count._array
        if counts.size and counts.min() != counts.max():
            raise NotImplementedError("Binomial: the values of different numbers of trials make no table.")
        count = int(counts.max(initial=0)) + 1
        values = np.arange(count, dtype=self._given.dtype).reshape(-1, *(1,) * len(self.batch_shape))
        return wrap(np.broadcast_to(values, (count, *self.batch_shape)) if expand else values)


class Geometric(Binary):
    """How many trials fail before the first success.

    Parameters
    ----------
    probs : Tensor or float, optional
        The probability of success, above 0.
    logits : Tensor or float, optional
        Its logit; pass one of both.

    Examples
    --------
    >>> from microtorch.distributions import Geometric
    >>> Geometric(0.25).mean
    tensor(3.)
    """

    support = constraints.nonnegative_integer

    def __init__(self, probs=None, logits=None, validate_args=None):
        super().__init__(probs, logits, validate_args)
        if probs is not None and self._validate_args:
            self._check("probs", self.probs, constraints.greater_than(0))

    @property
    def mean(self):
        """Tensor: 1/p − 1."""
        return 1 / self.probs - 1

    @property
    def mode(self):
        """Tensor: 0."""
        return self.probs.detach() * 0

    @property
    def variance(self):
        """Tensor: (1/p − 1) / p."""
        return (1 / self.probs - 1) / self.probs

    def sample(self, sample_shape=()):
        """Whole numbers in the dtype of the parameter."""
        probs, draw = self.probs._array, default_generator.numpy
        return noise(lambda shape: draw.geometric(probs, shape) - 1.0, self._extended_shape(sample_shape), probs.dtype)

    def log_prob(self, value):
        """value · log (1 − p) + log p"""
        self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        failure = where((probs == 1) & (value == 0), 0.0, -probs)
        return value * failure.log1p() + self.probs.log()

    def entropy(self):
        """That of a trial, divided by p"""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs


class Poisson(Distribution):
    """How often something happens that happens `rate` times on average.

    Parameters
    ----------
    rate : Tensor or float
        0 or more.

    Examples
    --------
    >>> from microtorch.distributions import Poisson
    >>> Poisson(2.0).log_prob(microtorch.tensor(0.0))
    tensor(-2.)
    """

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate, validate_args=None):
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self):
        """Tensor: `rate`."""
        return self.rate

    @property
    def mode(self):
        """Tensor: `rate`, rounded down."""
        return self.rate.floor()

    @property
    def variance(self):
        """Tensor: `rate`."""
        return self.rate

    def sample(self, sample_shape=()):
        """Whole numbers in the dtype of the parameter."""
        rate, draw = self.rate._array, default_generator.numpy
        return noise(lambda shape: draw.poisson(rate, shape), self._extended_shape(sample_shape), rate.dtype)

    def log_prob(self, value):
        """value · log rate − rate − log value!"""
        self._validate_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return xlogy(value, rate) - rate - lgamma(value + 1)
