"""The Kullback-Leibler divergence between two distributions, where there is a formula."""

import math

from ..ops import digamma, erf, lgamma, where
from ..ops.linalg.solve import solve_triangular
from .categorical import Categorical, OneHotCategorical
from .continuous import Gumbel, Laplace, Uniform
from .discrete import Bernoulli, Geometric, Poisson
from .distribution import EULER, LOG_2PI
from .gamma import Beta, Dirichlet, Exponential, Gamma
from .multivariate_normal import MultivariateNormal, whitened
from .normal import HalfNormal, Normal
from .transformed import Independent, TransformedDistribution
from .transforms import sum_rightmost

__all__ = ["kl_divergence", "register_kl"]

_FORMULAS = {}


def register_kl(type_p, type_q):
    """Decorate a function of two distributions: it becomes the formula for these types and their subclasses.

    Parameters
    ----------
    type_p, type_q : type
        Subclasses of Distribution.

    Examples
    --------
    >>> from microtorch.distributions import Normal, kl_divergence, register_kl
    >>> class Tight(Normal):
    ...     pass
    >>> @register_kl(Tight, Tight)
    ... def _(p, q):
    ...     return p.loc - q.loc
    >>> kl_divergence(Tight(3.0, 1.0), Tight(1.0, 1.0))
    tensor(2.)
    """

    def decorate(formula):
        _FORMULAS[type_p, type_q] = formula
        return formula

    return decorate


def kl_divergence(p, q):
    """The expected log p(x) − log q(x) for x drawn from `p`: how much is lost where `q` stands for `p`.

    Parameters
    ----------
    p, q : Distribution

    Returns
    -------
    Tensor
        Of the shape of the batches, broadcast.

    Raises
    ------
    NotImplementedError
        If there is no formula for the two types; `register_kl` adds one.

    Examples
    --------
    >>> from microtorch.distributions import Normal, kl_divergence
    >>> mean = microtorch.tensor(2.0, requires_grad=True)
    >>> kl_divergence(Normal(mean, 1.0), Normal(0.0, 1.0)).backward()
    >>> mean.grad
    tensor(2.)
    """
    for kind_p in type(p).__mro__:  # the nearest types first
        for kind_q in type(q).__mro__:
            formula = _FORMULAS.get((kind_p, kind_q))
            if formula is not None:
                return formula(p, q)
    raise NotImplementedError(
        f"kl_divergence: there is no formula for {type(p).__name__} and {type(q).__name__}. Estimate it: "
        "x = p.rsample((n,)); (p.log_prob(x) - q.log_prob(x)).mean(0)."
    )


@register_kl(Normal, Normal)
def _normal_normal(p, q):
    ratio, apart = (p.scale / q.scale).square(), ((p.loc - q.loc) / q.scale).square()
    return 0.5 * (ratio + apart - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _half_half(p, q):
    ratio = (p.scale / q.scale).square()
    return 0.5 * (ratio - 1 - ratio.log())


@register_kl(MultivariateNormal, MultivariateNormal)
def _vectors(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(f"kl_divergence: vectors of {p.event_shape[0]} and of {q.event_shape[0]}")
    between = solve_triangular(q._factor, p._factor, upper=False)
    squares = whitened(q._factor, q.loc - p.loc).square().sum(-1)
    return q._log_det() - p._log_det() + 0.5 * (between.square().sum((-2, -1)) + squares - p.event_shape[0])


def _weighted(p, p_logits, q_logits, q_probs):
    """p · (log p − log q), 0 where p is 0 and inf where only q is."""
    t = p * (p_logits - q_logits)
    return where(p == 0, 0.0, where(q_probs == 0, float("inf"), t))


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p, q):
    def side(a, b):
        return where(a == 0, 0.0, where(b == 0, float("inf"), a * (a / b).log()))

    return side(p.probs, q.probs) + side(1 - p.probs, 1 - q.probs)


@register_kl(Categorical, Categorical)
def _categories(p, q):
    return _weighted(p.probs, p.logits, q.logits, q.probs).sum(-1)


register_kl(OneHotCategorical, OneHotCategorical)(_categories)


@register_kl(Geometric, Geometric)
def _geometric(p, q):
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Gamma, Gamma)
def _gamma(p, q):
    a, b = p.concentration, q.concentration
    return b * (p.rate / q.rate).log() + lgamma(b) - lgamma(a) + (a - b) * digamma(a) + (q.rate - p.rate) * (a / p.rate)


@register_kl(Exponential, Exponential)
def _exponential(p, q):
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p, q):
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    around = lgamma(total) - lgamma(b.sum(-1)) - (lgamma(a) - lgamma(b)).sum(-1)
    return around + ((a - b) * (digamma(a) - digamma(total).unsqueeze(-1))).sum(-1)


@register_kl(Beta, Beta)
def _beta(p, q):
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    total, other = a + b, c + d
    around = lgamma(c) + lgamma(d) + lgamma(total) - lgamma(other) - lgamma(a) - lgamma(b)
    return around + (a - c) * digamma(a) + (b - d) * digamma(b) + (other - total) * digamma(total)


@register_kl(Laplace, Laplace)
def _laplace(p, q):
    ratio, apart = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + apart / q.scale + ratio * (-apart / p.scale).exp() - 1


@register_kl(Gumbel, Gumbel)
def _gumbel(p, q):
    ratio, place = p.scale / q.scale, (q.loc - p.loc) / q.scale
    return -ratio.log() - place + EULER * ratio + (place + lgamma(1 + ratio)).exp() - (1 + EULER)


@register_kl(Uniform, Uniform)
def _uniform(p, q):
    inside = (q.low <= p.low) & (q.high >= p.high)
    return where(inside, ((q.high - q.low) / (p.high - p.low)).log(), float("inf"))


@register_kl(Uniform, Normal)
def _uniform_normal(p, q):
    width, middle = p.high - p.low, (p.high + p.low) / 2
    spread = width.square() / 12 + (middle - q.loc).square()
    return 0.5 * LOG_2PI + (q.scale / width).log() + 0.5 * spread / q.scale.square()


@register_kl(Normal, Laplace)
def _normal_laplace(p, q):
    z = (p.loc - q.loc) / (math.sqrt(2) * p.scale)
    apart = p.scale * math.sqrt(2 / math.pi) * (-z * z).exp() + (p.loc - q.loc) * erf(z)
    return apart / q.scale + (2 * q.scale).log() - p.scale.log() - 0.5 * LOG_2PI - 0.5


@register_kl(Independent, Independent)
def _independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError(
            f"kl_divergence: Independent over {p.reinterpreted_batch_ndims} and {q.reinterpreted_batch_ndims} "
            "dimensions have no common formula."
        )
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p, q):
    same = [type(t) for t in p.transforms] == [type(t) for t in q.transforms] and all(
        vars(a).get(name) is vars(b).get(name) or vars(a).get(name) == vars(b).get(name)
        for a, b in zip(p.transforms, q.transforms)
        for name in ("loc", "scale", "exponent", "parts", "_inv")
    )
    if not same or p.event_shape != q.event_shape:
        raise NotImplementedError("kl_divergence: distributions that are mapped differently have no common formula.")
    extra = len(p.event_shape) - len(p.base_dist.event_shape)
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), extra)
