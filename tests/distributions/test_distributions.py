"""Distributions: densities, moments and gradients against PyTorch; samples against their own moments."""

import math

import numpy as np
import pytest
from distribution_cases import CASES, TABLE, WORKS, answer, build

import microtorch
from microtorch import distributions as D
from microtorch.distributions import constraints
from microtorch.errors import ShapeError

# There is no incomplete gamma function here.
WORK = [(name, work) for name in CASES for work in WORKS if work != "cdf" or name not in ("Gamma", "Chi2")]


@pytest.mark.parametrize("name, work", WORK)
def test_values_and_gradients_are_pytorchs(name, work, torch):
    ours, theirs = answer(microtorch, name, work), answer(torch, name, work)
    if theirs is None:
        return
    assert ours is not None, f"{name} has no {work} here"
    assert ours[0].shape == theirs[0].shape
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9)  # PyTorch's trigamma has 8 digits


@pytest.mark.parametrize("name", CASES)
def test_shapes_are_pytorchs(name, torch):
    ours, theirs = build(microtorch, name)[0], build(torch, name)[0]
    for shape in ("batch_shape", "event_shape"):
        assert tuple(getattr(ours, shape)) == tuple(getattr(theirs, shape))
    assert (ours.has_rsample, ours.has_enumerate_support) == (theirs.has_rsample, theirs.has_enumerate_support)
    sample, other = ours.sample((3, 2)), theirs.sample((3, 2))
    assert sample.shape == tuple(other.shape)
    assert str(other.dtype) == f"torch.{sample.dtype}"
    assert ours.expand((7, *ours.batch_shape)).sample().shape == (7, *ours.batch_shape, *ours.event_shape)


NO_MOMENTS = (
    *("Cauchy", "StudentT", "Categorical", "Categorical, logits", "RelaxedBernoulli", "RelaxedOneHotCategorical"),
)


@pytest.mark.parametrize("name", [n for n in TABLE if n not in NO_MOMENTS])
def test_samples_have_the_moments(name):
    microtorch.manual_seed(1)
    d = build(microtorch, name)[0]
    samples = d.sample((20_000,)).numpy()
    mean, sd = d.mean.detach().numpy(), d.stddev.detach().numpy()
    # five standard errors; of the variance by the fourth moment that the samples have
    assert (np.abs(samples.mean(0) - mean) < 5 * sd / math.sqrt(20_000) + 1e-12).all()
    squares = (samples - mean) ** 2
    assert (np.abs(squares.mean(0) - sd**2) < 5 * squares.std(0) / math.sqrt(20_000) + 1e-12).all()
    assert d.support.check(d.sample((100,))).all()


@pytest.mark.parametrize("name", [n for n in CASES if n not in NO_MOMENTS and n != "OneHotCategorical"])
def test_gradients_of_samples_are_those_of_the_expectation(name):
    """∂/∂θ of the mean of x over many samples is that of the formula, within five standard errors."""
    d, tensors, _ = build(microtorch, name)
    try:
        mean = d.mean
    except NotImplementedError:
        mean = None
    if not d.has_rsample or mean is None or name == "Uniform":
        return
    microtorch.manual_seed(2)
    for key, parameter in tensors.items():
        if key in ("covariance_matrix", "precision_matrix", "scale_tril") or not mean.requires_grad:
            continue
        right = microtorch.autograd.grad(d.mean.sum(), parameter, retain_graph=True, allow_unused=True)[0]
        parts = []
        for _ in range(40):
            part = d.rsample((250,)).sum() / 250
            parts.append(microtorch.autograd.grad(part, parameter, retain_graph=True)[0].numpy())
        error = 5 * np.std(parts, axis=0) / math.sqrt(40) + 1e-9
        assert (np.abs(np.mean(parts, axis=0) - (0 if right is None else right.numpy())) < error).all(), key


@pytest.mark.parametrize("shape", [0.01, 0.1, 0.5, 1.0, 3.0, 40.0, 1000.0])
def test_gamma_samples_move_with_their_quantile(shape):
    special = pytest.importorskip("scipy.special")
    from microtorch.kernels import special as kernels

    shares = np.linspace(0.05, 0.999, 40)
    x, step = special.gammaincinv(shape, shares), 1e-4 * shape
    at = [special.gammaincinv(shape + k * step, shares) for k in (-2, -1, 1, 2)]
    right = (8 * (at[2] - at[1]) - (at[3] - at[0])) / (12 * step)
    found = np.empty_like(x)
    kernels.gamma_sample_gradient(x, np.full_like(x, shape), *np.polynomial.laguerre.laggauss(32), found)
    keep = x > 1e-250
    np.testing.assert_allclose(found[keep], right[keep], rtol=2e-5)


PAIRS = """Normal; HalfNormal; Bernoulli; Categorical; OneHotCategorical; Geometric; Poisson; Gamma; Exponential;
    Dirichlet; Beta; Laplace; Gumbel; MultivariateNormal; MultivariateNormal, batch; independent; LogNormal"""


@pytest.mark.parametrize("name", [name.strip() for name in PAIRS.split(";")])
def test_divergences_are_pytorchs(name, torch):
    results = []
    for library in (microtorch, torch):
        p, tensors, _ = build(library, name)
        make, parameters, _ = CASES[name]
        other = {key: library.tensor(a * 1.1 + 0.05 * (a > 0) * (a < 0.5)) for key, a in parameters.items()}
        if "covariance_matrix" in other or "scale_tril" in other:
            other = {key: library.tensor(a * 1.3) for key, a in parameters.items()}
        if "probs" in other and name in ("Bernoulli", "Geometric"):
            other = {"probs": library.tensor(parameters["probs"] * 0.8)}
        q = make(library.distributions, **other)
        result = library.distributions.kl_divergence(p, q)
        grads = library.autograd.grad(result.sum(), list(tensors.values()))
        results.append([result.detach().numpy(), *(g.numpy() for g in grads)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


def test_divergences_of_two_kinds(torch):
    for make in (
        lambda d: (d.Uniform(0.0, 1.0), d.Normal(0.3, 2.0)),
        lambda d: (d.Uniform(0.0, 1.0), d.Uniform(-1.0, 1.0)),
        lambda d: (d.Uniform(-2.0, 1.0), d.Uniform(-1.0, 1.0)),
        lambda d: (d.Normal(0.3, 2.0), d.Laplace(0.0, 1.0)),
    ):
        ours, theirs = (
            library.distributions.kl_divergence(*make(library.distributions)) for library in (microtorch, torch)
        )
        assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)


REFUSED = {
    "scale": (lambda: D.Normal(0.0, -1.0), ValueError, r"Normal: scale of shape \(\) must be positive, and is -1"),
    "where": (
        lambda: D.Normal(microtorch.zeros(3), microtorch.tensor([1.0, 0.0, 1.0])),
        ValueError,
        r"scale of shape \(3,\) must be positive, and is 0. at \(1,\)",
    ),
    "a value outside": (lambda: D.Beta(1.0, 1.0).log_prob(microtorch.tensor(2.0)), ValueError, "value .* from 0 to 1"),
    "a category": (
        lambda: D.Categorical(microtorch.ones(3)).log_prob(microtorch.tensor(3)),
        ValueError,
        "a whole number from 0 to 2, and is 3",
    ),
    "half a category": (
        lambda: D.Categorical(microtorch.ones(3)).log_prob(microtorch.tensor(0.5)),
        ValueError,
        "a whole number from 0 to 2",
    ),
    "negative shares": (lambda: D.Categorical(microtorch.tensor([2.0, -1.0])), ValueError, "probs .* with the sum 1"),
    "both": (lambda: D.Bernoulli(0.5, 0.5), ValueError, "pass either probs or logits"),
    "neither": (lambda: D.Categorical(), ValueError, "pass either probs or logits"),
    "a number as value": (lambda: D.Normal(0.0, 1.0).log_prob(1.0), ValueError, r"Write microtorch.tensor\(value\)"),
    "a list": (lambda: D.Normal([0.0], 1.0), ValueError, "a Tensor or a number"),
    "shapes": (lambda: D.Normal(microtorch.zeros(2), microtorch.ones(3)), ShapeError, "do not broadcast"),
    "a value's shape": (
        lambda: D.Normal(microtorch.zeros(2), 1.0).log_prob(microtorch.zeros(3)),
        ShapeError,
        r"value of shape \(3,\) does not fit batch \(2,\)",
    ),
    "not positive definite": (
        lambda: D.MultivariateNormal(microtorch.zeros(2), -microtorch.eye(2)),
        ValueError,
        "covariance_matrix .* positive definite",
    ),
    "two matrices": (
        lambda: D.MultivariateNormal(microtorch.zeros(2), microtorch.eye(2), microtorch.eye(2)),
        ValueError,
        "exactly one",
    ),
    "a vector as matrix": (
        lambda: D.MultivariateNormal(microtorch.zeros(2), microtorch.ones(2)),
        ShapeError,
        r"\(\.\.\., 2, 2\)",
    ),
    "no interval": (lambda: D.Uniform(1.0, 1.0), ValueError, "high .* must be above 1"),
    "no rsample": (lambda: D.Bernoulli(0.5).rsample(), NotImplementedError, r"has no rsample.*log_prob\(\)"),
    "no formula": (
        lambda: D.kl_divergence(D.Normal(0.0, 1.0), D.Beta(1.0, 1.0)),
        NotImplementedError,
        "no formula for Normal and Beta. Estimate it",
    ),
    "too many dimensions": (lambda: D.Independent(D.Normal(0.0, 1.0), 1), ValueError, r"1 dimensions of a batch"),
    "no transform": (lambda: D.TransformedDistribution(D.Normal(0.0, 1.0), [abs]), ValueError, r"transforms\[0\]"),
    "no inverse": (lambda: D.Transform().inv, NotImplementedError, "not bijective"),
    "one concentration": (lambda: D.Dirichlet(1.0), ValueError, "makes no shares"),
    "second derivatives of gamma samples": (
        lambda: microtorch.autograd.functional.hessian(
            lambda a: D.Gamma(a, 1.0).rsample().square().sum(), microtorch.tensor([2.0])
        ),
        microtorch.GradientError,
        "once_differentiable",
    ),
}


@pytest.mark.parametrize("call, kind, words", REFUSED.values(), ids=REFUSED)
def test_refused(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_checks_can_be_left_out():
    assert D.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    assert D.Beta(1.0, 2.0, validate_args=False).log_prob(microtorch.tensor(2.0)).isnan()
    D.Distribution.set_default_validate_args(False)
    try:
        D.Normal(0.0, -1.0)
    finally:
        D.Distribution.set_default_validate_args(True)


def test_probabilities_asked_for_without_a_graph_still_have_one():
    logits = microtorch.zeros(3, requires_grad=True)
    d = D.Categorical(logits=logits)
    d.sample()  # computes probs under no_grad
    d.probs[0].backward()
    assert logits.grad.tolist() == pytest.approx([2 / 9, -1 / 9, -1 / 9])


def test_a_remembered_sample_needs_no_inverse():
    d = D.TransformedDistribution(D.Normal(0.0, 1.0), [D.TanhTransform(cache_size=1)])
    big = d.transforms[0](microtorch.tensor(20.0))
    assert big.item() == 1.0
    assert math.isfinite(d.log_prob(big).item())
    assert not math.isfinite(D.TanhTransform().inv(big).item())


def test_seeds_repeat_samples():
    for make in (lambda: D.Normal(0.0, 1.0), lambda: D.Gamma(2.0, 1.0), lambda: D.Categorical(microtorch.ones(9))):
        microtorch.manual_seed(5)
        first = make().sample((4,)).tolist()
        microtorch.manual_seed(5)
        assert make().sample((4,)).tolist() == first


def test_float32_stays_float32():
    for name in TABLE:
        d, tensors, value = build(microtorch, name, np.float32)
        assert d.log_prob(value).dtype == np.float32, name
        sample = d.rsample() if d.has_rsample else d.sample()
        assert sample.dtype in (np.float32, np.int64), name
        d.log_prob(value).sum().backward()
        assert {t.grad.dtype for t in tensors.values() if t.grad is not None} == {np.dtype(np.float32)}


def test_a_share_of_zero_is_never_drawn():
    d = D.Categorical(microtorch.tensor([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]))
    drawn = d.sample((2000,)).numpy()
    assert set(drawn[:, 0]) == {1}
    assert set(drawn[:, 1]) == {0, 2}


def test_small_concentrations_give_shares():
    shares = D.Dirichlet(microtorch.full((3,), 0.001)).sample((200,)).numpy()
    np.testing.assert_allclose(shares.sum(-1), 1, rtol=1e-5)


def test_a_distribution_of_the_users_own():
    class Fixed(D.Distribution):
        arg_constraints = {"at": constraints.real}
        support = constraints.real
        has_rsample = True

        def __init__(self, at):
            self.at = at
            super().__init__(at.shape)

        def rsample(self, sample_shape=()):
            return self.at.expand(self._extended_shape(sample_shape))

    at = microtorch.tensor([1.0, 2.0], requires_grad=True)
    assert Fixed(at).sample((2,)).tolist() == [[1.0, 2.0]] * 2
    assert not Fixed(at).sample().requires_grad
    assert Fixed(at).rsample().requires_grad
    with pytest.raises(NotImplementedError, match="Fixed has no entropy"):
        Fixed(at).entropy()


def test_a_loop_of_reinforce_learns():
    microtorch.manual_seed(0)
    logits = microtorch.zeros(3, requires_grad=True)
    optimizer = microtorch.optim.SGD([logits], lr=0.5)
    for _ in range(200):
        policy = D.Categorical(logits=logits)
        action = policy.sample()
        loss = -policy.log_prob(action) * float(action.item() == 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert D.Categorical(logits=logits).probs[2] > 0.9
