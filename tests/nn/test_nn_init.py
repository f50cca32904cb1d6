"""Initial values: distributions, bounds, and the numbers of the course notebooks."""

import math
import statistics

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import ShapeError

init = nn.init
RANDOM = {
    "uniform_": {},
    "normal_": {},
    "trunc_normal_": {},
    "xavier_uniform_": {},
    "xavier_normal_": {},
    "kaiming_uniform_": {},
    "kaiming_normal_": {},
    "orthogonal_": {},
    "sparse_": {"sparsity": 0.3},
}


def filled(name, shape=(300, 200), dtype=np.float64, **options):
    generator = microtorch.Generator().manual_seed(0)
    if name in RANDOM:
        options = {"generator": generator, **RANDOM[name], **options}
    tensor = microtorch.full(shape, np.nan, dtype=dtype, requires_grad=True)
    assert getattr(init, name)(tensor, **options) is tensor
    assert tensor.is_leaf
    return tensor.numpy(force=True)


@pytest.mark.parametrize("name", RANDOM)
def test_a_generator_repeats_and_the_default_is_seeded(name):
    assert np.array_equal(filled(name), filled(name))
    draw = getattr(init, name)
    results = []
    for _ in range(2):
        microtorch.manual_seed(5)
        results.append(draw(microtorch.empty(4, 3), **RANDOM[name]).tolist())
    assert results[0] == results[1]
    assert results[0] != draw(microtorch.empty(4, 3), **RANDOM[name]).tolist()
    assert filled(name, dtype=np.float32).dtype == np.float32
    assert np.isfinite(filled(name, dtype=np.float32)).all()


@pytest.mark.parametrize(
    "name, options, std",
    [
        ("uniform_", {"a": -3, "b": 1}, 4 / math.sqrt(12)),
        ("normal_", {"mean": 2.0, "std": 0.3}, 0.3),
        ("xavier_uniform_", {}, math.sqrt(2 / 500)),
        ("xavier_normal_", {"gain": 5 / 3}, 5 / 3 * math.sqrt(2 / 500)),
        ("kaiming_uniform_", {"nonlinearity": "relu"}, math.sqrt(2 / 200)),
        ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "linear"}, math.sqrt(1 / 300)),
        ("kaiming_normal_", {"mode": "fan_in"}, math.sqrt(2 / 200)),
        ("kaiming_normal_", {"mode": "fan_out", "a": 1.0}, math.sqrt(1 / 300)),
        ("kaiming_normal_", {"mode": "average"}, math.sqrt(2 / 250)),
        ("kaiming_uniform_", {"mode": "average", "nonlinearity": "tanh"}, 5 / 3 / math.sqrt(250)),
        ("trunc_normal_", {"std": 0.1, "a": -0.2, "b": 0.2}, 0.1 * 0.8796256610342398),
        ("sparse_", {"sparsity": 0.75, "std": 2.0}, 1.0),
    ],
)
def test_standard_deviations(name, options, std):
    assert filled(name, **options).std() == pytest.approx(std, rel=0.02)


def test_bounds_of_uniform_values():
    values = filled("kaiming_uniform_", (200, 300), nonlinearity="relu")
    assert abs(values).max() == pytest.approx(math.sqrt(6 / 300), rel=1e-3)
    assert abs(values).max() <= math.sqrt(6 / 300)


@pytest.mark.parametrize(
    "low, high", [(-2, 2), (-0.1, 3), (-9, 0.4), (0.3, 0.5), (1, 9), (5, 6), (-7, -4), (4, math.inf)]
)
def test_truncated_normal_values_follow_their_distribution(low, high):
    values = np.sort(filled("trunc_normal_", (40_000,), mean=1.0, std=2.0, a=1 + 2 * low, b=1 + 2 * high))
    assert values[0] >= 1 + 2 * low
    assert values[-1] <= 1 + 2 * high
    # Kolmogorov's distance to the distribution function; cdf by the tail on the side where it is small
    cdf = statistics.NormalDist().cdf
    sign = -1 if low > 0 else 1
    left, right = sorted((cdf(sign * low), cdf(sign * high)))
    at = np.array([(cdf(sign * (v - 1) / 2) - left) / (right - left) for v in values[::40]])
    expected = np.arange(0, len(values), 40) / len(values)
    assert abs((at if sign == 1 else 1 - at) - expected).max() < 1.95 / math.sqrt(len(values))


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (4, 4), (3, 2, 4), (1, 1)])
def test_orthogonal_rows_or_columns(shape):
    w = filled("orthogonal_", shape, gain=2.0).reshape(shape[0], math.prod(shape[1:]))
    gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    assert np.allclose(gram, 4 * np.eye(len(gram)), atol=1e-12)


def test_nothing_to_fill():
    for name in RANDOM:
        assert filled(name, (0, 3)).shape == (0, 3)


def test_orthogonal_matrices_are_equally_likely():
    draws = [
        init.orthogonal_(microtorch.empty(2, 2), generator=g).numpy()
        for g in [microtorch.Generator()]
        for _ in range(400)
    ]
    assert abs(np.mean(draws, axis=0)).max() < 0.15  # no favourite signs
    assert 0.35 < np.mean([np.linalg.det(d) > 0 for d in draws]) < 0.65


def test_sparse_columns():
    values = filled("sparse_", (10, 50), sparsity=0.41)
    assert ((values == 0).sum(axis=0) == 5).all()
    assert len({tuple(column) for column in (values == 0).T}) > 10


def test_constants():
    assert (filled("zeros_") == 0).all()
    assert (filled("ones_") == 1).all()
    assert (filled("constant_", val=0.3) == 0.3).all()
    assert np.array_equal(filled("eye_", (2, 3)), np.eye(2, 3))


def test_gains():
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("linear") == init.calculate_gain("sigmoid") == 1
    assert init.calculate_gain("tanh") == 5 / 3
    assert init.calculate_gain("selu") == 3 / 4
    assert init.calculate_gain("leaky_relu", 2) == math.sqrt(2 / 5)
    assert init.calculate_gain("leaky_relu") == math.sqrt(2 / (1 + 0.01**2))


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: init.xavier_normal_(microtorch.empty(3)), ShapeError, r"two dimensions or more.*\(3,\)"),
        (lambda: init.orthogonal_(microtorch.empty(3)), ShapeError, "two dimensions"),
        (lambda: init.eye_(microtorch.empty(3)), ShapeError, "a matrix"),
        (lambda: init.sparse_(microtorch.empty(3), 0.5), ShapeError, "a matrix"),
        (
            lambda: init.kaiming_normal_(microtorch.empty(3, 3), mode="fan"),
            ValueError,
            "none of fan_in, fan_out, average",
        ),
        (lambda: init.calculate_gain("gelu"), ValueError, "none of linear"),
        (lambda: init.calculate_gain("leaky_relu", "x"), ValueError, "a number"),
        (lambda: init.normal_(microtorch.empty(3), std=-1), ValueError, "negative"),
        (lambda: init.trunc_normal_(microtorch.empty(3), a=2, b=1), ValueError, "in order"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_initialising_is_noticed_by_a_pending_backward():
    w = microtorch.ones(2, requires_grad=True)
    y = (w * w).sum()
    init.zeros_(w)
    with pytest.raises(microtorch.errors.GraphError, match=r"an initialiser at .*test_nn_init"):
        y.backward()


def test_he_initialisation_of_the_course_notebooks():
    # std of two layers, 3072 and 50 inputs, within 3 %
    for fan_in, std in ((3072, 0.02551551815399), (50, 0.2)):
        w = filled("kaiming_normal_", (200, fan_in), nonlinearity="relu")
        assert w.std() == pytest.approx(std, rel=0.03)


def test_initial_values_of_layers():
    g = microtorch.Generator().manual_seed(0)
    layer = nn.Linear(400, 300, generator=g)
    for values in (layer.weight, layer.bias):
        assert abs(values.numpy(force=True)).max() <= 1 / 20
        assert values.numpy(force=True).std() == pytest.approx(1 / 20 / math.sqrt(3), rel=0.1)
    form = nn.Bilinear(25, 4, 30, generator=g)
    assert 0.19 < abs(form.weight.numpy(force=True)).max() <= 0.2
    table = nn.Embedding(300, 20, padding_idx=-1, generator=g)
    assert table.weight.numpy(force=True)[:-1].std() == pytest.approx(1, rel=0.05)
    assert (table.weight.numpy(force=True)[-1] == 0).all()
    assert nn.Linear(0, 3).bias.tolist() == [0, 0, 0]
    first = layer.weight.tolist()
    layer.reset_parameters()
    assert layer.weight.tolist() != first


def test_seeds_repeat_layers():
    def make():
        return nn.Linear(3, 3, generator=microtorch.Generator().manual_seed(7)).weight.tolist()

    assert make() == make()
    microtorch.manual_seed(1)
    first = nn.Linear(3, 3).weight.tolist()
    microtorch.manual_seed(1)
    assert nn.Linear(3, 3).weight.tolist() == first
