"""Distributions made of others: mapped by transforms, with dimensions of the batch taken as the event, or mixed."""

import numpy as np

from ..ops import logsumexp
from . import constraints
from .distribution import Distribution
from .transforms import ComposeTransform, Transform, sum_rightmost

__all__ = ["Independent", "MixtureSameFamily", "TransformedDistribution"]


class TransformedDistribution(Distribution):
    """The distribution of what transforms make of a sample.

    Parameters
    ----------
    base_distribution : Distribution
    transforms : Transform or list of Transform
        Applied one after the other.

    Attributes
    ----------
    base_dist : Distribution
    transforms : list of Transform

    Notes
    -----
    log p(y) = log p(x) − log |dy/dx| with x mapped to y. Gradients flow through samples where they do in the base.

    Examples
    --------
    >>> from microtorch.distributions import Normal, TransformedDistribution
    >>> from microtorch.distributions.transforms import TanhTransform
    >>> policy = TransformedDistribution(Normal(0.0, 1.0), [TanhTransform(cache_size=1)])
    >>> action = policy.rsample()
    >>> bool(action.abs() < 1), policy.log_prob(action).shape
    (True, ())
    """

    def __init__(self, base_distribution, transforms, validate_args=None):
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        for i, t in enumerate(self.transforms):
            if not isinstance(t, Transform):
                raise ValueError(
                    f"TransformedDistribution: transforms[{i}] is a {type(t).__name__}, not a Transform of "
                    "microtorch.distributions.transforms."
                )
        both = ComposeTransform(self.transforms)
        # What is mapped together becomes the event; what was the event before stays so.
        base_event, needed = len(base_distribution.event_shape), both.domain.event_dim
        shape = base_distribution.batch_shape + base_distribution.event_shape
        if len(shape) < needed:
            raise ValueError(
                f"TransformedDistribution: the transforms map {needed} dimensions together, and the base has shape "
                f"{shape}. Expand it first."
            )
        forward = both.forward_shape(shape)
        expanded = both.inverse_shape(forward)
        if expanded != shape:
            base_distribution = base_distribution.expand(expanded[: len(expanded) - base_event])
        if needed > base_event:
            base_distribution = Independent(base_distribution, needed - base_event)
        self.base_dist = base_distribution
        event = both.codomain.event_dim + max(base_event - needed, 0)
        cut = len(forward) - event
        super().__init__(forward[:cut], forward[cut:], validate_args=validate_args)

    @property
    def has_rsample(self):
        """bool: whether gradients flow through samples of the base."""
        return self.base_dist.has_rsample

    @property
    def support(self):
        """Constraint: where the last transform leads."""
        if not self.transforms:
            return self.base_dist.support
        last = self.transforms[-1].codomain
        missing = len(self.event_shape) - last.event_dim
        return constraints.independent(last, missing) if missing else last

    def expand(self, batch_shape, _instance=None):
        """The same distributions in a larger batch of shape `batch_shape`."""
        new = type(self).__new__(type(self)) if _instance is None else _instance
        batch_shape, both = tuple(batch_shape), ComposeTransform(self.transforms)
        inner = both.inverse_shape(batch_shape + self.event_shape)
        new.base_dist = self.base_dist.expand(inner[: len(inner) - len(self.base_dist.event_shape)])
        new.transforms = self.transforms
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _forward(self, x):
        for transform in self.transforms:
            x = transform(x)
        return x

    def sample(self, sample_shape=()):
        """Samples, outside any graph."""
        return self._forward(self.base_dist.sample(sample_shape)).detach()

    def rsample(self, sample_shape=()):
        """Samples through which gradients flow to base and transforms."""
        return self._forward(self.base_dist.rsample(sample_shape))

    def log_prob(self, value):
        """The logarithm of the density at `value`: through the inverse of each transform."""
        self._validate_sample(value)
        event, total, y = len(self.event_shape), 0, value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            event += transform.domain.event_dim - transform.codomain.event_dim
            stretch = transform.log_abs_det_jacobian(x, y)
            total, y = total - sum_rightmost(stretch, event - transform.domain.event_dim), x
        return total + sum_rightmost(self.base_dist.log_prob(y), event - len(self.base_dist.event_shape))

    def _monotone(self, value):
        """The share below `value`, mapped where a transform falls: 1 less it."""
        sign = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return value if isinstance(sign, int) and sign == 1 else sign * (value - 0.5) + 0.5

    def cdf(self, value):
        """The probability of at most `value`."""
        self._validate_sample(value)
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self._monotone(self.base_dist.cdf(value))

    def icdf(self, value):
        """The value that a share of `value` lies below."""
        return self._forward(self.base_dist.icdf(self._monotone(value)))

    def __repr__(self):
        return f"{type(self).__name__}({self.base_dist!r}, {self.transforms!r})"


class Independent(Distribution):
    """A batch of distributions as one of vectors: dimensions of the batch become dimensions of the event.

    Parameters
    ----------
    base_distribution : Distribution
    reinterpreted_batch_ndims : int
        How many dimensions of its batch, from the right.

    Notes
    -----
    Its log_prob is the sum over these dimensions.

    Examples
    --------
    >>> from microtorch.distributions import Independent, Normal
    >>> d = Independent(Normal(microtorch.zeros(2, 3), 1.0), 1)
    >>> d.batch_shape, d.event_shape, d.log_prob(microtorch.zeros(2, 3))
    ((2,), (3,), tensor([-2.7568, -2.7568]))
    """

    def __init__(self, base_distribution, reinterpreted_batch_ndims, validate_args=None):
        batch = base_distribution.batch_shape
        if not 0 <= reinterpreted_batch_ndims <= len(batch):
            raise ValueError(
                f"Independent: {reinterpreted_batch_ndims} dimensions of a batch of shape {batch}. Pass 0 to "
                f"{len(batch)}."
            )
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        cut = len(batch) - reinterpreted_batch_ndims
        super().__init__(batch[:cut], batch[cut:] + base_distribution.event_shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        """The same distributions in a larger batch of shape `batch_shape`."""
        event = self.event_shape[: self.reinterpreted_batch_ndims]
        return type(self)(self.base_dist.expand(tuple(batch_shape) + event), self.reinterpreted_batch_ndims)

    has_rsample = property(lambda self: self.base_dist.has_rsample)
    has_enumerate_support = property(
        lambda self: self.reinterpreted_batch_ndims == 0 and self.base_dist.has_enumerate_support
    )
    mean = property(lambda self: self.base_dist.mean)
    mode = property(lambda self: self.base_dist.mode)
    variance = property(lambda self: self.base_dist.variance)

    @property
    def support(self):
        """Constraint: that of the base for all values of an event."""
        base = self.base_dist.support
        if base is constraints.dependent or not self.reinterpreted_batch_ndims:
            return base
        return constraints.independent(base, self.reinterpreted_batch_ndims)

    def sample(self, sample_shape=()):
        """Samples of the base."""
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape=()):
        """Samples of the base, through which gradients flow."""
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value):
        """The sum of the base's log_prob over the dimensions taken from the batch."""
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self):
        """The sum of the base's entropies."""
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand=True):
        """All values of the base, over the batch if `expand`."""
        if self.reinterpreted_batch_ndims:
            raise NotImplementedError("Independent: the values of several dimensions together are too many to list.")
        return self.base_dist.enumerate_support(expand)

    def __repr__(self):
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamily(Distribution):
    """A mixture of distributions of one family: one of them is drawn, and a sample from it.

    Parameters
    ----------
    mixture_distribution : Categorical
        Of batch shape (...), with K categories.
    component_distribution : Distribution
        Of batch shape (..., K).

    Notes
    -----
    log p(x) = log Σₖ πₖ pₖ(x). Samples have no gradient: which component was drawn has none.

    Examples
    --------
    >>> from microtorch.distributions import Categorical, MixtureSameFamily, Normal
    >>> mixture = MixtureSameFamily(Categorical(microtorch.ones(2)), Normal(microtorch.tensor([-1.0, 1.0]), 0.5))
    >>> mixture.mean, mixture.variance
    (tensor(0.), tensor(1.25))
    """

    def __init__(self, mixture_distribution, component_distribution, validate_args=None):
        weights, components = mixture_distribution, component_distribution
        if weights.event_shape or not hasattr(weights, "logits"):
            raise ValueError(f"MixtureSameFamily: the mixture is a Categorical, not a {type(weights).__name__}.")
        count = weights.param_shape[-1]
        if components.batch_shape[-1:] != (count,):
            raise ValueError(
                f"MixtureSameFamily: {count} shares, and components of batch {components.batch_shape}, whose last "
                f"dimension must be {count}."
            )
        self._mixture_distribution, self._component_distribution = weights, components
        try:
            batch = np.broadcast_shapes(weights.batch_shape, components.batch_shape[:-1])
        except ValueError:
            raise ValueError(
                f"MixtureSameFamily: shares of batch {weights.batch_shape} do not fit components of batch "
                f"{components.batch_shape[:-1]}."
            ) from None
        super().__init__(batch, components.event_shape, validate_args=validate_args)

    mixture_distribution = property(lambda self: self._mixture_distribution)
    component_distribution = property(lambda self: self._component_distribution)

    @property
    def support(self):
        """Constraint: that of the components."""
        return self._component_distribution.support

    def _shares(self):
        """The shares πₖ, with a dimension for each of the event."""
        shares = self._mixture_distribution.probs
        return shares.reshape(shares.shape + (1,) * len(self.event_shape))

    @property
    def mean(self):
        """Tensor: Σ πₖ μₖ."""
        return (self._shares() * self._component_distribution.mean).sum(self._axis())

    @property
    def variance(self):
        """Tensor: Σ πₖ σₖ² + Σ πₖ (μₖ − μ)²."""
        shares, components, axis = self._shares(), self._component_distribution, self._axis()
        apart = components.mean - self.mean.unsqueeze(axis)
        return (shares * (components.variance + apart * apart)).sum(axis)

    def _axis(self):
        return -1 - len(self.event_shape)

    def expand(self, batch_shape, _instance=None):
        """The same mixtures in a larger batch of shape `batch_shape`."""
        batch_shape, count = tuple(batch_shape), self._mixture_distribution.param_shape[-1]
        return type(self)(
            self._mixture_distribution.expand(batch_shape),
            self._component_distribution.expand((*batch_shape, count)),
            validate_args=self._validate_args,
        )

    def _padded(self, value):
        return value.unsqueeze(self._axis() if self.event_shape else -1)

    def cdf(self, value):
        """The probability of at most `value`."""
        return (self._component_distribution.cdf(self._padded(value)) * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value):
        """log Σₖ πₖ pₖ(value)"""
        inner = self._component_distribution.log_prob(self._padded(value))
        return logsumexp(inner + self._mixture_distribution.logits, -1)

    def sample(self, sample_shape=()):
        """Samples, outside any graph: of the component that was drawn for each."""
        weights, components = self._mixture_distribution, self._component_distribution
        which = weights.expand(self.batch_shape).sample(sample_shape)
        samples = components.expand((*self.batch_shape, weights.param_shape[-1])).sample(sample_shape)
        axis = self._axis()
        places = which.reshape(which.shape + (1,) * (1 + len(self.event_shape)))
        shape = list(samples.shape)
        shape[axis] = 1
        return samples.gather(samples.ndim + axis, places.expand(tuple(shape))).squeeze(axis)

    def __repr__(self):
        return f"MixtureSameFamily({self._mixture_distribution!r}, {self._component_distribution!r})"
