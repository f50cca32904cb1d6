"""Averages of parameters: the mean, the exponential moving average, and batch statistics computed anew."""

import copy

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import ShapeError
from microtorch.optim import swa_utils
from microtorch.optim.swa_utils import AveragedModel


class Affine(nn.Module):
    def __init__(self, rng):
        super().__init__()
        self.weight = nn.Parameter(rng.standard_normal((3, 2)))
        self.bias = nn.Parameter(rng.standard_normal(2).astype(np.float32))
        self.register_buffer("count", microtorch.tensor([0.0]))

    def forward(self, x):
        return x @ self.weight + self.bias


def models(n):
    rng = np.random.default_rng(0)
    made = [Affine(rng) for _ in range(n)]
    for i, model in enumerate(made):
        model.count = microtorch.tensor([float(i)])
    return made


def values(model):
    return [p.detach().numpy().astype(np.float64) for p in model.parameters()]


def fold(rule, n):
    """The parameters of `models(n)` averaged by `rule(average, new, how many before)`."""
    averages = values(models(n)[0])
    for i, model in enumerate(models(n)[1:], 1):
        averages = [rule(a, v, i) for a, v in zip(averages, values(model), strict=True)]
    return averages


AVERAGES = {
    "mean": ({}, lambda a, v, i: (a * i + v) / (i + 1)),
    "mean, one by one": ({"avg_fn": swa_utils.get_swa_avg_fn()}, lambda a, v, i: (a * i + v) / (i + 1)),
    "ema": ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)}, lambda a, v, i: 0.9 * a + 0.1 * v),
    "ema, one by one": ({"avg_fn": swa_utils.get_ema_avg_fn(0.9)}, lambda a, v, i: 0.9 * a + 0.1 * v),
    "own": ({"avg_fn": lambda average, new, n: average - new}, lambda a, v, i: a - v),
}


@pytest.mark.parametrize("kind", AVERAGES)
def test_averages(kind):
    options, rule = AVERAGES[kind]
    averaged = AveragedModel(models(1)[0], **options)
    before = averaged.module.weight._version
    for model in models(5):
        averaged.update_parameters(model)
    for p, expected in zip(averaged.parameters(), fold(rule, 5), strict=True):
        tolerance = 1e-6 if p.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(p.detach().numpy(), expected, rtol=tolerance, atol=tolerance)
    assert averaged.n_averaged.item() == 5
    assert averaged.module.weight._version > before
    assert averaged.module.count.tolist() == [4.0]  # buffers are those of the newest model


def test_buffers_can_be_averaged_too():
    averaged = AveragedModel(models(1)[0], use_buffers=True)
    for model in models(5):
        averaged.update_parameters(model)
    assert averaged.module.count.tolist() == [2.0]


def test_the_average_runs_as_the_model_does_and_is_apart_from_it():
    (model,) = models(1)
    averaged, x = AveragedModel(model), microtorch.ones(4, 3, dtype=microtorch.float64)
    np.testing.assert_array_equal(averaged(x).detach().numpy(), model(x).detach().numpy())
    model.weight.data = microtorch.zeros(3, 2, dtype=microtorch.float64)
    assert averaged.module.weight.detach().numpy().any()


def test_the_state_of_an_average_is_a_state_dict():
    averaged = AveragedModel(models(1)[0])
    for model in models(2):
        averaged.update_parameters(model)
    other = AveragedModel(models(1)[0])
    other.load_state_dict(copy.deepcopy(averaged.state_dict()))
    for mean in (averaged, other):
        mean.update_parameters(models(3)[2])
    for a, b in zip(averaged.parameters(), other.parameters(), strict=True):
        assert a.tolist() == b.tolist()


def test_bad_input():
    (model,) = models(1)
    with pytest.raises(ValueError, match="not both"):
        AveragedModel(model, avg_fn=min, multi_avg_fn=min)
    with pytest.raises(ValueError, match=r"Invalid decay value 1\.5"):
        swa_utils.get_ema_avg_fn(1.5)
    averaged = AveragedModel(model)
    model.weight = nn.Parameter(np.zeros((2, 2)))
    with pytest.raises(ShapeError, match=r"the average has shape \(3, 2\) where the model has \(2, 2\)"):
        averaged.update_parameters(model)


def test_update_bn_gives_the_statistics_of_all_batches():
    rng = np.random.default_rng(0)
    batches = [rng.standard_normal((8, 3)).astype(np.float32) for _ in range(4)]
    model = nn.Sequential(nn.BatchNorm1d(3, momentum=0.3)).eval()
    swa_utils.update_bn([(microtorch.tensor(b), None) for b in batches], model)
    norm = model[0]
    np.testing.assert_allclose(norm.running_mean.numpy(), np.mean([b.mean(0) for b in batches], 0), atol=1e-6)
    np.testing.assert_allclose(norm.running_var.numpy(), np.mean([b.var(0, ddof=1) for b in batches], 0), rtol=1e-5)
    assert norm.momentum == 0.3
    assert not model.training
    assert norm.num_batches_tracked.item() == 4
