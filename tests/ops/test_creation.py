"""New tensors and random ones: values, ranges, distributions, and one seed that repeats them."""

import math

import numpy as np
import pytest

import microtorch
from microtorch.errors import DTypeError, ShapeError


@pytest.mark.parametrize(
    "made, values, dtype",
    [
        (lambda: microtorch.zeros(2, 1), [[0], [0]], "float32"),
        (lambda: microtorch.ones((1, 2), dtype=microtorch.int64), [[1, 1]], "int64"),
        (lambda: microtorch.zeros(()), 0, "float32"),
        (lambda: microtorch.full((2,), True), [True, True], "bool"),
        (lambda: microtorch.full((1,), 2), [2], "int64"),
        (lambda: microtorch.arange(2, 8, 3), [2, 5], "int64"),
        (lambda: microtorch.arange(3, 0, -1.5), [3, 1.5], "float32"),
        (lambda: microtorch.arange(0), [], "int64"),
        (lambda: microtorch.linspace(0, 1, 3), [0, 0.5, 1], "float32"),
        (lambda: microtorch.linspace(5, 1, 1), [5], "float32"),
        (lambda: microtorch.eye(2, 3), [[1, 0, 0], [0, 1, 0]], "float32"),
        (lambda: microtorch.ones_like(microtorch.arange(2)), [1, 1], "int64"),
        (lambda: microtorch.full_like(microtorch.ones(2), 7, dtype=microtorch.float64), [7, 7], "float64"),
        (lambda: microtorch.arange(2).new_zeros(1, 2), [[0, 0]], "int64"),
        (lambda: microtorch.ones(2).new_full((1,), 3), [3], "float32"),
        (lambda: microtorch.ones(2).new_tensor([1, 2]), [1, 2], "float32"),
    ],
)
def test_values(made, values, dtype):
    t = made()
    assert (t.tolist(), t.dtype.name, t.requires_grad) == (values, dtype, False)


def test_linspace_meets_both_ends():
    for steps in (2, 3, 10, 1001):
        t = microtorch.linspace(-0.1, 0.7, steps)
        assert (t[0].item(), t[-1].item()) == (np.float32(-0.1), np.float32(0.7))


MAKERS = {
    "rand": lambda **k: microtorch.rand(50, **k),
    "randn": lambda **k: microtorch.randn(5, 10, **k),
    "randint": lambda **k: microtorch.randint(0, 1000, (50,), **k),
    "randperm": lambda **k: microtorch.randperm(50, **k),
    "normal": lambda **k: microtorch.normal(microtorch.zeros(50), 2.0, **k),
    "bernoulli": lambda **k: microtorch.bernoulli(microtorch.full((200,), 0.5), **k),
    "multinomial": lambda **k: microtorch.multinomial(microtorch.ones(50), 50, **k),
    "replacement": lambda **k: microtorch.multinomial(microtorch.ones(2, 50), 50, replacement=True, **k),
    "normal_": lambda **k: microtorch.zeros(50).normal_(1, 2, **k),
    "uniform_": lambda **k: microtorch.zeros(50).uniform_(-1, 1, **k),
    "bernoulli_": lambda **k: microtorch.zeros(200).bernoulli_(0.5, **k),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_seed_repeats_and_a_generator_is_apart(make):
    microtorch.manual_seed(1)
    first, second = make(), make()
    microtorch.manual_seed(1)
    of_its_own = make(generator=microtorch.Generator().manual_seed(2))
    assert microtorch.equal(make(), first)
    assert not microtorch.equal(first, second)
    assert microtorch.equal(make(generator=microtorch.Generator().manual_seed(2)), of_its_own)
    assert not microtorch.equal(first, of_its_own)


def test_distributions():
    microtorch.manual_seed(0)
    n = 20_000
    deviation = 5 / math.sqrt(n)  # five standard deviations of a mean
    for t, mean, std in [
        (microtorch.rand(n), 0.5, math.sqrt(1 / 12)),
        (microtorch.randn(n), 0, 1),
        (microtorch.normal(3.0, microtorch.full((n,), 0.5)), 3, 0.5),
        (microtorch.randint(1, 4, (n,)).double(), 2, math.sqrt(2 / 3)),
        (microtorch.bernoulli(microtorch.full((n,), 0.3)), 0.3, math.sqrt(0.21)),
        (microtorch.zeros(n).uniform_(-2, 4), 1, math.sqrt(3)),
    ]:
        array = t.numpy()
        assert abs(array.mean() - mean) < deviation * std
        assert abs(array.std() - std) < deviation * std
    assert sorted(microtorch.randperm(20).tolist()) == list(range(20))
    assert microtorch.rand(n).numpy().min() >= 0
    assert microtorch.rand(n).numpy().max() < 1


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial_draws_in_proportion(replacement):
    microtorch.manual_seed(0)
    weights = microtorch.tensor([[0.0, 1.0, 3.0, 0.0], [2.0, 0.0, 1.0, 1.0]])
    n = 4000
    drawn = microtorch.cat([microtorch.multinomial(weights, 1, replacement) for _ in range(n)], 1).numpy()
    for row, w in zip(drawn, weights.numpy(), strict=True):
        seen = np.bincount(row, minlength=4) / n
        np.testing.assert_allclose(seen, w / w.sum(), atol=5 * 0.5 / math.sqrt(n))
        assert (seen[w == 0] == 0).all()
    both = microtorch.multinomial(weights, 2, False).numpy()
    assert sorted(both[0]) == [1, 2]


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda: microtorch.zeros(2, -1), ShapeError, r"zeros: size \(2, -1\) has a negative dimension"),
        (lambda: microtorch.ones(2.5), TypeError, "ones: a size is made of ints"),
        (lambda: microtorch.arange(0, 3, 0), ValueError, "step must not be 0"),
        (lambda: microtorch.arange(3, 0), ValueError, "leads away from end=0"),
        (lambda: microtorch.arange(0, math.inf), ValueError, "must be finite"),
        (lambda: microtorch.linspace(0, 1, -1), ValueError, "steps must not be negative"),
        (lambda: microtorch.rand(2, dtype=microtorch.int64), DTypeError, "cannot be int64"),
        (lambda: microtorch.randint(3, 3, (1,)), ValueError, "no integer"),
        (lambda: microtorch.normal(0, -1, (2,)), ValueError, "std must not be negative"),
        (lambda: microtorch.normal(0, 1), ShapeError, "takes a size"),
        (lambda: microtorch.bernoulli(microtorch.tensor([1.5])), ValueError, "from 0 to 1, got 1.5"),
        (lambda: microtorch.multinomial(microtorch.ones(2), 3), ValueError, "3 different indices of 2"),
        (lambda: microtorch.multinomial(microtorch.tensor([1.0, 0.0]), 2), ValueError, "fewer than 2 positive"),
        (lambda: microtorch.multinomial(microtorch.zeros(2), 1), ValueError, "sum to 0"),
        (lambda: microtorch.zeros(2, requires_grad=True, dtype=microtorch.int64), DTypeError, "int64"),
        (lambda: microtorch.zeros(2, device="cuda"), ValueError, "CPU only"),
    ],
)
def test_errors(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 4)])
def test_a_tensor_tells_its_size(shape):
    t, a = microtorch.zeros(shape), np.zeros(shape)
    assert (t.size(), t.shape, t.dim(), t.ndim, t.numel()) == (a.shape, a.shape, a.ndim, a.ndim, a.size)
    assert [t.size(i) for i in range(-a.ndim, a.ndim)] == [*a.shape, *a.shape]
    with pytest.raises(IndexError):
        t.size(a.ndim)
