"""Probability distributions: samples, densities and their gradients, under the names of torch.distributions.

Parameters
----------
validate_args : bool, optional
    See `Distribution`.
probs : Tensor, shape (..., K), optional
    Shares, 0 or more; they need not sum to 1.
logits : Tensor, shape (..., K), optional
    Logarithms of shares; pass one of both.
"""

from . import constraints, transforms
from .categorical import Categorical, OneHotCategorical, OneHotCategoricalStraightThrough
from .continuous import Cauchy, Gumbel, Laplace, StudentT, Uniform
from .discrete import Bernoulli, Binomial, Geometric, Poisson
from .distribution import Distribution
from .gamma import Beta, Chi2, Dirichlet, Exponential, Gamma
from .kl import kl_divergence, register_kl
from .multivariate_normal import MultivariateNormal
from .normal import HalfNormal, LogNormal, Normal
from .relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from .transformed import Independent, MixtureSameFamily, TransformedDistribution
from .transforms import *

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Chi2",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "Gamma",
    "Geometric",
    "Gumbel",
    "HalfNormal",
    "Independent",
    "Laplace",
    "LogNormal",
    "MixtureSameFamily",
    "MultivariateNormal",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Poisson",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "StudentT",
    "TransformedDistribution",
    "Uniform",
    "kl_divergence",
    "register_kl",
    *transforms.__all__,
]


def __getattr__(name):
    from ..pytorch.absent import refuse

    raise refuse("distributions", name, globals())
