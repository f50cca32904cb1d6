"""Fixtures of the explanations: a small classifier, and a batch for it."""

import pytest

import microtorch
from microtorch import nn


@pytest.fixture(name="model")
def fixture_model():
    microtorch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


@pytest.fixture(name="batch")
def fixture_batch():
    microtorch.manual_seed(1)
    return microtorch.randn(12, 4), microtorch.arange(12) % 3
