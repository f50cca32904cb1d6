"""One of several: categories as positions, and as vectors with a single 1."""

import numpy as np

from ..errors import ShapeError
from ..nn.functional import one_hot, softmax
from ..ops import logsumexp
from ..random import default_generator
from ..tensor import wrap
from . import constraints
from .distribution import Distribution, broadcast_all, kept, lies_between_0_and_1

__all__ = ["Categorical", "OneHotCategorical", "OneHotCategoricalStraightThrough"]


class Choice(Distribution):
    """Shares of K categories, given as probabilities or as logits; both are normalised over the last dimension."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def _take(self, probs, logits):
        name = type(self).__name__
        if (probs is None) == (logits is None):
            raise ValueError(f"{name}: pass either probs or logits.")
        (given,) = broadcast_all(logits if probs is None else probs)
        if given.ndim < 1:
            raise ShapeError(f"{name}: one number is no shares of categories. The last dimension is the categories.")
        if probs is None:
            self.logits = given - logsumexp(given, -1, keepdim=True)
        else:
            self.probs = given / given.sum(-1, keepdim=True)
        return given

    @property
    def param_shape(self):
        """tuple of int: the shape of probs and logits, (..., K)."""
        return self.__dict__.get("probs", self.__dict__.get("logits")).shape

    @kept
    def probs(self):
        """Tensor: the probabilities."""
        return softmax(self.logits, -1)

    @kept
    def logits(self):
        """Tensor: the logarithms of the probabilities."""
        return lies_between_0_and_1(self.probs).log()

    def _draw(self, sample_shape):
        """Positions, ndarray of int64 of shape (*sample_shape, *batch_shape)."""
        sample_shape = (sample_shape,) if isinstance(sample_shape, int) else tuple(sample_shape)
        ends = self.probs._array.cumsum(-1, dtype=np.float64)
        points = default_generator.numpy.random(sample_shape + ends.shape[:-1])
        if ends.ndim == 1:
            found = np.searchsorted(ends, points * ends[-1], side="right")
        else:
            found = (ends <= (points * ends[..., -1])[..., None]).sum(-1)
        # what rounding may carry beyond the last category that has a share
        last = ends.shape[-1] - 1 - np.argmax(self.probs._array[..., ::-1] > 0, axis=-1)
        return np.minimum(found, last).astype(np.int64)

    def entropy(self):
        """−Σ p log p"""
        low = float(np.finfo(self.probs.dtype).min)
        return -(self.probs * self.logits.clamp(min=low)).sum(-1)


class Categorical(Choice):
    """A position from 0 to K − 1, each with its probability.

    Notes
    -----
    A sample is an int64 Tensor. It has no gradient: weigh `log_prob` by what it led to, as REINFORCE does.

    Examples
    --------
    >>> from microtorch.distributions import Categorical
    >>> logits = microtorch.zeros(2, requires_grad=True)
    >>> policy = Categorical(logits=logits)
    >>> action, reward = microtorch.tensor(1), 3.0
    >>> (-policy.log_prob(action) * reward).backward()
    >>> logits.grad
    tensor([ 1.5, -1.5])
    """

    def __init__(self, probs=None, logits=None, validate_args=None):
        given = self._take(probs, logits)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        """The same distributions in a larger batch of shape `batch_shape`."""
        new = super().expand(batch_shape, _instance)
        new._num_events = self._num_events
        return new

    @property
    def support(self):
        """Constraint: the whole numbers from 0 to K − 1."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self):
        """Tensor: NaN; categories have no mean."""
        return wrap(np.full(self.batch_shape, np.nan, self.probs.dtype))

    variance = mean

    @property
    def mode(self):
        """Tensor: the most probable category."""
        return self.probs.argmax(-1)

    def sample(self, sample_shape=()):
        """Positions, int64."""
        return wrap(self._draw(sample_shape))

    def log_prob(self, value):
        """The logarithm of the probability of the category `value`."""
        self._validate_sample(value)
        shape = np.broadcast_shapes(value.shape, self.batch_shape)
        logits = self.logits.expand((*shape, self._num_events))
        return logits.gather(-1, value.long().expand(shape).unsqueeze(-1)).squeeze(-1)

    def enumerate_support(self, expand=True):
        """All categories along a new first dimension, over the batch if `expand`."""
        values = np.arange(self._num_events).reshape(-1, *(1,) * len(self.batch_shape))
        return wrap(np.broadcast_to(values, (self._num_events, *self.batch_shape)) if expand else values)


class OneHotCategorical(Choice):
    """One of K categories, as a vector with a 1 in its place.

    Examples
    --------
    >>> from microtorch.distributions import OneHotCategorical
    >>> OneHotCategorical(microtorch.tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    support = constraints.one_hot

    def __init__(self, probs=None, logits=None, validate_args=None):
        given = self._take(probs, logits)
        super().__init__(given.shape[:-1], given.shape[-1:], validate_args=validate_args)

    @property
    def mean(self):
        """Tensor: the probabilities."""
        return self.probs

    @property
    def mode(self):
        """Tensor: the most probable vector."""
        return one_hot(self.probs.argmax(-1), self.event_shape[0]).to(self.probs.dtype)

    @property
    def variance(self):
        """Tensor: p (1 − p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        """Vectors of 0s and a 1, in the dtype of the parameter."""
        return one_hot(wrap(self._draw(sample_shape)), self.event_shape[0]).to(self.probs.dtype)

    def log_prob(self, value):
        """The logarithm of the probability of the category that `value` marks."""
        self._validate_sample(value)
        value, logits = broadcast_all(value, self.logits)
        return logits.gather(-1, value.argmax(-1, keepdim=True)).squeeze(-1)

    def enumerate_support(self, expand=True):
        """All vectors along a new first dimension, over the batch if `expand`."""
        count = self.event_shape[0]
        values = np.eye(count, dtype=self.probs.dtype).reshape(count, *(1,) * len(self.batch_shape), count)
        return wrap(np.broadcast_to(values, (count, *self.batch_shape, count)) if expand else values)


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """As `OneHotCategorical`, with samples whose gradient goes straight through to the probabilities.

    References
    ----------
    Y. Bengio, N. Léonard, A. Courville: Estimating or propagating gradients through stochastic neurons, 2013.

    Examples
    --------
    >>> from microtorch.distributions import OneHotCategoricalStraightThrough
    >>> probs = microtorch.tensor([0.0, 1.0], requires_grad=True)
    >>> OneHotCategoricalStraightThrough(probs).rsample().requires_grad
    True
    """

    has_rsample = True

    def rsample(self, sample_shape=()):
        """Samples, plus the probabilities less their values."""
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
