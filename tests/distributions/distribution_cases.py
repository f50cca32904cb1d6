"""Distributions of every kind with values inside their supports, and what each library answers for them."""

import numpy as np

_rng = np.random.default_rng(3)


def real(*shape):
    return _rng.normal(size=shape)


def positive(*shape, low=0.4):
    return _rng.uniform(low, 3.0, shape)


def factor(*batch, n=3):
    return np.tril(_rng.normal(size=(*batch, n, n)), -1) * 0.5 + np.eye(n) * positive(*batch, n, 1)


def covariance(*batch, n=3):
    lower = factor(*batch, n=n)
    return lower @ lower.swapaxes(-1, -2)


# name: (parameters, values inside the support). What is a function makes the distribution from the library itself.
TABLE = {
    "Normal": ({"loc": real(3), "scale": positive(2, 1)}, real(4, 2, 3)),
    "LogNormal": ({"loc": real(3), "scale": positive(3) * 0.5}, positive(2, 3)),
    "HalfNormal": ({"scale": positive(3)}, positive(2, 3)),
    "Uniform": ({"low": -positive(3), "high": positive(3)}, real(4, 3) * 0.1),
    "Laplace": ({"loc": real(3), "scale": positive(2, 1)}, real(2, 3)),
    "Cauchy": ({"loc": real(3), "scale": positive(3)}, real(2, 3)),
    "Gumbel": ({"loc": real(3), "scale": positive(3)}, real(2, 3)),
    "StudentT": ({"df": np.array([0.7, 1.5, 7.0]), "loc": real(3), "scale": positive(3)}, real(2, 3)),
    "Gamma": ({"concentration": np.array([0.5, 1.0, 30.0]), "rate": positive(3)}, positive(2, 3)),
    "Chi2": ({"df": positive(3)}, positive(2, 3)),
    "Exponential": ({"rate": positive(3)}, positive(2, 3)),
    "Beta": (
        {"concentration1": np.array([0.5, 0.3, 4.0]), "concentration0": np.array([0.9, 2.0, 3.0])},
        _rng.uniform(0.1, 0.9, (2, 3)),
    ),
    "Dirichlet": ({"concentration": positive(2, 4)}, _rng.dirichlet(np.ones(4), 2)),
    "Dirichlet, all small": ({"concentration": positive(2, 4) * 0.1}, _rng.dirichlet(np.ones(4), 2)),
    "Bernoulli": ({"probs": np.array([0.2, 0.5, 0.9])}, np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])),
    "Bernoulli, logits": ({"logits": real(3)}, np.array([0.0, 1.0, 1.0])),
    "Geometric": ({"probs": np.array([0.2, 0.5, 0.9])}, np.array([[0.0, 1.0, 4.0], [2.0, 0.0, 1.0]])),
    "Geometric, logits": ({"logits": real(3)}, np.array([0.0, 1.0, 4.0])),
    "Binomial": (
        {"total_count": np.array([5.0, 5.0, 5.0]), "probs": np.array([0.2, 0.5, 0.9])},
        np.array([0.0, 3.0, 5.0]),
    ),
    "Binomial, logits": ({"total_count": np.array([4.0, 2.0, 5.0]), "logits": real(3)}, np.array([0.0, 1.0, 5.0])),
    "RelaxedBernoulli": (
        {"temperature": np.array(0.7), "probs": np.array([0.2, 0.6])},
        np.array([[0.1, 0.9], [0.5, 0.5]]),
    ),
    "RelaxedOneHotCategorical": ({"temperature": np.array(0.7), "logits": real(2, 4)}, _rng.dirichlet(np.ones(4), 2)),
    "Poisson": ({"rate": positive(3)}, np.array([[0.0, 1.0, 4.0], [2.0, 0.0, 1.0]])),
    "Categorical": ({"probs": positive(2, 4)}, np.array([[0, 3], [1, 1]])),
    "Categorical, logits": ({"logits": real(4)}, np.array([0, 3, 2])),
    "OneHotCategorical": ({"probs": positive(2, 4)}, np.eye(4)[[1, 3]]),
    "OneHotCategorical, logits": ({"logits": real(2, 4)}, np.eye(4)[[1, 3]]),
    "MultivariateNormal": ({"loc": real(3), "covariance_matrix": covariance()}, real(5, 3)),
    "MultivariateNormal, batch": ({"loc": real(2, 1, 3), "scale_tril": factor(4)}, real(2, 4, 3)),
    "MultivariateNormal, precision": ({"loc": real(2, 3), "precision_matrix": covariance(2)}, real(5, 2, 3)),
}
MADE = {
    "tanh of a normal": (
        lambda d, loc, scale: d.TransformedDistribution(d.Normal(loc, scale), [d.TanhTransform()]),
        {"loc": real(3), "scale": positive(3)},
        _rng.uniform(-0.9, 0.9, (2, 3)),
    ),
    "affine and sigmoid": (
        lambda d, loc, scale: d.TransformedDistribution(
            d.Uniform(0.0 * loc, 1.0 + 0.0 * loc), [d.SigmoidTransform().inv, d.AffineTransform(loc, scale)]
        ),
        {"loc": real(3), "scale": -positive(3)},
        real(2, 3),
    ),
    "affine vectors": (
        lambda d, loc, scale: d.TransformedDistribution(
            d.Normal(0.0 * loc, 1.0 + 0.0 * loc), d.AffineTransform(loc, scale, event_dim=1)
        ),
        {"loc": real(2, 3), "scale": positive(2, 3)},
        real(4, 2, 3),
    ),
    "power, softplus, composed": (
        lambda d, scale: d.TransformedDistribution(
            d.Normal(0.0 * scale, scale), [d.ComposeTransform([d.SoftplusTransform(), d.PowerTransform(2.0)])]
        ),
        {"scale": positive(3)},
        positive(2, 3),
    ),
    "independent": (
        lambda d, loc, scale: d.Independent(d.Normal(loc, scale), 1),
        {"loc": real(2, 3), "scale": positive(2, 3)},
        real(4, 2, 3),
    ),
    "mixture": (
        lambda d, probs, loc, scale: d.MixtureSameFamily(d.Categorical(probs), d.Normal(loc, scale)),
        {"probs": positive(2, 4), "loc": real(2, 4), "scale": positive(2, 4)},
        real(3, 2),
    ),
    "mixture of vectors": (
        lambda d, probs, loc, scale: d.MixtureSameFamily(d.Categorical(probs), d.Independent(d.Normal(loc, scale), 1)),
        {"probs": positive(4), "loc": real(4, 3), "scale": positive(4, 3)},
        real(5, 3),
    ),
}


def maker(name):
    kind = name.partition(",")[0]
    return lambda d, **parameters: getattr(d, kind)(**parameters)


CASES = {name: (maker(name), *row) for name, row in TABLE.items()} | MADE


COUNTS = ("total_count",)  # parameters without a gradient


def build(library, name, dtype=np.float64):
    make, parameters, value = CASES[name]
    tensors = {
        key: library.tensor(np.array(a, dtype), requires_grad=key not in COUNTS) for key, a in parameters.items()
    }
    value = library.tensor(value if value.dtype.kind == "i" else np.array(value, dtype))
    return make(library.distributions, **tensors), tensors, value


WORKS = {  # what each library may have for a distribution, and how it is asked
    "log_prob": lambda d, v: d.log_prob(v),
    "entropy": lambda d, v: d.entropy(),
    "mean": lambda d, v: d.mean,
    "mode": lambda d, v: d.mode,
    "variance": lambda d, v: d.variance,
    "stddev": lambda d, v: d.stddev,
    "cdf": lambda d, v: d.cdf(v),
    "icdf": lambda d, v: d.icdf(v * 0 + 0.3),
    "support": lambda d, v: d.enumerate_support(),
    "support, short": lambda d, v: d.enumerate_support(expand=False),
    "perplexity": lambda d, v: d.perplexity(),
    "expanded": lambda d, v: d.expand((5, *d.batch_shape)).log_prob(_single(d, v)),
    "probs": lambda d, v: d.probs,
    "logits": lambda d, v: d.logits,
}


def _single(d, value):
    """One value of the shape of the batch and the event."""
    extra = value.ndim - len(d.batch_shape) - len(d.event_shape)
    return value[(0,) * extra] if extra > 0 else value


def answer(library, name, work):
    """The value of a work and its gradients by all parameters, or None where there is no such work."""
    distribution, tensors, value = build(library, name)
    try:
        result = WORKS[work](distribution, value)
    except (NotImplementedError, AttributeError):
        return None
    gradients = [None] * len(tensors)
    if result.requires_grad:
        weights = np.random.default_rng(1).uniform(0.5, 1.5, tuple(result.shape))
        asked = [t for t in tensors.values() if t.requires_grad]
        found = library.autograd.grad((result * library.tensor(weights)).sum(), asked, allow_unused=True)
        by_tensor = dict(zip(map(id, asked), found, strict=True))
        gradients = [by_tensor.get(id(t)) for t in tensors.values()]
    gradients = [
        np.zeros(t.shape) if g is None else g.numpy() for g, t in zip(gradients, tensors.values(), strict=True)
    ]
    return [result.detach().numpy(), *gradients]
