"""Choices that are nearly made, so that gradients flow through them: the Gumbel-softmax distributions."""

import math

from ..ops import logsumexp
from ..random import default_generator
from . import constraints
from .categorical import Choice
from .discrete import Binary
from .distribution import broadcast_all, lies_between_0_and_1, noise
from .transformed import TransformedDistribution
from .transforms import ExpTransform, SigmoidTransform

__all__ = ["RelaxedBernoulli", "RelaxedOneHotCategorical"]


class _LogitRelaxedBernoulli(Binary):
    """The logit of a relaxed Bernoulli sample."""

    support = constraints.real
    has_rsample = True

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self.temperature = broadcast_all(temperature)[0]
        super().__init__(probs, logits, validate_args)

    def expand(self, batch_shape, _instance=None):
        new = super().expand(batch_shape, _instance)
        new.temperature = self.temperature
        return new

    def rsample(self, sample_shape=()):
        probs = lies_between_0_and_1(self.probs)
        drawn = noise(default_generator.numpy.random, self._extended_shape(sample_shape), probs.dtype)
        u = lies_between_0_and_1(drawn)
        return (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value):
        self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        apart = logits - value * self.temperature
        return self.temperature.log() + apart - 2 * apart.exp().log1p()


class _ExpRelaxedCategorical(Choice):
    """The logarithm of a relaxed one-hot sample."""

    support = constraints.real_vector
    has_rsample = True
    has_enumerate_support = False

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self.temperature = broadcast_all(temperature)[0]
        given = self._take(probs, logits)
        super().__init__(given.shape[:-1], given.shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = super().expand(batch_shape, _instance)
        new.temperature = self.temperature
        return new

    def rsample(self, sample_shape=()):
        drawn = noise(default_generator.numpy.random, self._extended_shape(sample_shape), self.temperature.dtype)
        gumbels = -(-lies_between_0_and_1(drawn).log()).log()
        scores = (self.logits + gumbels) / self.temperature
        return scores - logsumexp(scores, -1, keepdim=True)

    def log_prob(self, value):
        self._validate_sample(value)
        count = self.event_shape[0]
        logits, value = broadcast_all(self.logits, value)
        scores = logits - value * self.temperature
        scores = (scores - logsumexp(scores, -1, keepdim=True)).sum(-1)
        return scores + math.lgamma(count) + (count - 1) * self.temperature.log()


class RelaxedBernoulli(TransformedDistribution):
    """A number between 0 and 1 that is nearly one of them where the temperature is low.

    Parameters
    ----------
    temperature : Tensor or float
        Positive: the lower, the nearer to a `Bernoulli`.
    probs : Tensor or float, optional
        The probability of 1.
    logits : Tensor or float, optional
        Its logit; pass one of both.

    References
    ----------
    C. Maddison, A. Mnih, Y. W. Teh: The concrete distribution, 2017.

    Examples
    --------
    >>> from microtorch.distributions import RelaxedBernoulli
    >>> logits = microtorch.zeros(3, requires_grad=True)
    >>> RelaxedBernoulli(0.5, logits=logits).rsample().sum().backward()
    >>> logits.grad.shape
    (3,)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        base = _LogitRelaxedBernoulli(temperature, probs, logits, validate_args)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    temperature = property(lambda self: self.base_dist.temperature)
    probs = property(lambda self: self.base_dist.probs)
    logits = property(lambda self: self.base_dist.logits)


class RelaxedOneHotCategorical(TransformedDistribution):
    """Shares of K categories that are nearly one of them where the temperature is low: Gumbel-softmax.

    Parameters
    ----------
    temperature : Tensor or float
        Positive: the lower, the nearer to a `OneHotCategorical`.

    References
    ----------
    E. Jang, S. Gu, B. Poole: Categorical reparameterization with Gumbel-softmax, 2017.

    Examples
    --------
    >>> from microtorch.distributions import RelaxedOneHotCategorical
    >>> sample = RelaxedOneHotCategorical(0.5, logits=microtorch.zeros(4)).rsample()
    >>> sample.shape, round(sample.sum().item(), 5)
    ((4,), 1.0)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.simplex

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        base = _ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    temperature = property(lambda self: self.base_dist.temperature)
    probs = property(lambda self: self.base_dist.probs)
    logits = property(lambda self: self.base_dist.logits)
