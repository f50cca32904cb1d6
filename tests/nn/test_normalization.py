"""Normalisation and dropout: their statistics, what training leaves behind, and what a seed determines."""

import numpy as np
import pytest

import microtorch
from microtorch.errors import ShapeError
from microtorch.ops import (
    alpha_dropout,
    batch_norm,
    dropout,
    dropout2d,
    embedding,
    group_norm,
    instance_norm,
    layer_norm,
    rms_norm,
)


def drawn(*shape, dtype=np.float64):
    return microtorch.tensor(np.random.default_rng(0).normal(3, 2, shape).astype(dtype))


@pytest.mark.parametrize("shape", [(8, 3), (8, 3, 5), (4, 3, 2, 6)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_batch_norm_and_its_running_statistics(shape, dtype):
    x = drawn(*shape, dtype=dtype)
    mean, var = microtorch.zeros(3, dtype=dtype), microtorch.ones(3, dtype=dtype)
    y = batch_norm(x, mean, var, training=True, momentum=0.25).numpy()
    axes = (0, *range(2, len(shape)))
    close = {"rtol": 1e-5, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(y.mean(axis=axes), 0, **close | {"atol": 1e-6})
    np.testing.assert_allclose(y.var(axis=axes), 1, rtol=1e-4)
    np.testing.assert_allclose(mean.numpy(), 0.25 * x.numpy().mean(axis=axes), **close)
    np.testing.assert_allclose(var.numpy(), 0.75 + 0.25 * x.numpy().var(axis=axes, ddof=1), **close)
    fixed = batch_norm(x, mean, var).numpy()
    wide = (3,) + (1,) * (len(shape) - 2)
    plain = (x.numpy() - mean.numpy().reshape(wide)) / np.sqrt(var.numpy().reshape(wide) + 1e-5)
    np.testing.assert_allclose(fixed, plain, **close)


def test_a_mean_far_from_zero_costs_no_digits_in_float32():
    x = np.random.default_rng(0).normal(0, 1, (1000, 1)).astype(np.float32)
    near = batch_norm(microtorch.tensor(x), None, None, training=True).numpy()
    far = batch_norm(microtorch.tensor(x + np.float32(4096)), None, None, training=True).numpy()
    np.testing.assert_allclose(far, near, atol=2e-3)  # x + 4096 itself is exact to 2.4e-4 only


def test_running_statistics_may_change_under_a_waiting_backward():
    x = microtorch.tensor(np.ones((4, 2)) * [[1.0], [2.0], [3.0], [4.0]], requires_grad=True)
    mean, var = microtorch.zeros(2, dtype=np.float64), microtorch.ones(2, dtype=np.float64)
    y = batch_norm(x, mean, var)
    batch_norm(x, mean, var, training=True)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 1 / np.sqrt(1 + 1e-5))  # of the variance that it was computed with


def test_one_value_per_channel_cannot_be_normalised():
    with pytest.raises(ShapeError, match=r"batch_norm: an input of shape \(1, 3\) has one value .*drop_last=True"):
        batch_norm(microtorch.ones(1, 3), None, None, training=True)
    with pytest.raises(ShapeError, match="one value for each channel"):
        instance_norm(microtorch.ones(2, 3, 1))


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda x: batch_norm(x, None, None, microtorch.ones(5), training=True), r"weight has shape \(5,\).*\(3,\)"),
        (lambda x: layer_norm(x, (4,)), r"normalized_shape \(4,\) and an input of shape \(8, 3\)"),
        (lambda x: group_norm(x, 2), "3 channels .* 2 groups. Choose a divisor"),
        (lambda x: batch_norm(x.sum(1), None, None, training=True), r"shape \(8,\) has no channels"),
    ],
)
def test_shapes_that_do_not_fit_are_named(call, words):
    with pytest.raises(ShapeError, match=words):
        call(microtorch.ones(8, 3))


def test_norms_of_samples_agree_with_one_another():
    x = drawn(4, 6)
    np.testing.assert_allclose(group_norm(x, 1).numpy(), layer_norm(x, 6).numpy(), atol=1e-12)
    np.testing.assert_allclose(
        instance_norm(x.reshape(4, 2, 3)).numpy().reshape(4, 6), group_norm(x, 2).numpy(), atol=1e-12
    )
    centred = x - x.mean(1, keepdim=True)
    np.testing.assert_allclose(rms_norm(centred, 6, eps=1e-5).numpy(), layer_norm(x, 6).numpy(), atol=1e-12)


def seeded(seed=0):
    return microtorch.Generator().manual_seed(seed)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_share_and_the_mean(p):
    x = microtorch.ones(100_000)
    y = dropout(x, p, generator=seeded()).numpy()
    assert (y == 0).mean() == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 1e5))
    assert np.unique(y).tolist() == pytest.approx([0, 1 / (1 - p)], rel=1e-6)


def test_masks_do_not_depend_on_one_another():
    generator = seeded()
    a, b = ((dropout(microtorch.ones(100_000), generator=generator).numpy() > 0) - 0.5 for _ in range(2))
    limit = 4 * 0.25 / np.sqrt(1e5)
    for one, other in [(a, b), (a[1:], a[:-1]), (a[8:], a[:-8]), (a[1000:], a[:-1000])]:
        assert abs((one * other).mean()) < limit


def test_the_backward_has_the_forward_s_mask_whatever_was_drawn_between():
    x = microtorch.ones(50, 20, requires_grad=True)
    generator = seeded()
    y = dropout(x, 0.3, generator=generator)
    dropout(x, 0.3, generator=generator)
    microtorch.rand(10, generator=generator)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


def test_a_mask_belongs_to_places_not_to_memory():
    values = np.arange(1.0, 13.0).reshape(3, 4)
    y = dropout(microtorch.tensor(values), generator=seeded()).numpy()
    transposed = dropout(microtorch.from_numpy(np.asfortranarray(values)), generator=seeded()).numpy()
    np.testing.assert_array_equal(y, transposed)


def test_a_seed_repeats_the_mask_and_the_global_one_is_the_default():
    x = microtorch.ones(1000)
    microtorch.manual_seed(5)
    first = dropout(x).numpy()
    np.testing.assert_array_equal(first, dropout(x, generator=seeded(5)).numpy())
    assert (first != dropout(x).numpy()).any()


def test_dropout_in_evaluation_is_a_view_that_differentiates():
    x = microtorch.ones(3, requires_grad=True)
    y = dropout(x, training=False)
    assert np.shares_memory(y.detach().numpy(), x.detach().numpy())
    (y * 2).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_everything_or_nothing():
    x = microtorch.ones(10)
    assert dropout(x, 1.0).tolist() == [0] * 10
    assert dropout(x, 0.0).tolist() == [1] * 10
    with pytest.raises(ValueError, match=r"dropout: p is 1.5.*between 0 and 1"):
        dropout(x, 1.5)


def test_whole_channels_share_a_fate():
    y = dropout2d(microtorch.ones(20, 10, 3, 3), generator=seeded()).numpy()
    assert set(y.sum(axis=(2, 3)).ravel().tolist()) == {0.0, 18.0}


def test_alpha_dropout_keeps_mean_and_variance():
    x = microtorch.tensor(np.random.default_rng(1).standard_normal(200_000))
    y = alpha_dropout(x, 0.3, training=True, generator=seeded()).numpy()
    assert abs(y.mean()) < 0.015
    assert y.var() == pytest.approx(1, abs=0.02)


def test_embedding_options():
    w = microtorch.tensor([[3.0, 4.0], [0.3, 0.4], [1.0, 0.0]], requires_grad=True)
    index = microtorch.tensor([0, 0, 1, 2])
    embedding(index, w, padding_idx=-1, scale_grad_by_freq=True).sum().backward()
    assert w.grad.tolist() == [[1, 1], [1, 1], [0, 0]]
    y = embedding(index, w, max_norm=1.0)
    np.testing.assert_allclose(y[0].tolist(), [0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(w.detach().numpy()[0], [0.6, 0.8], rtol=1e-6)
    with pytest.raises(IndexError, match=r"the number 3 at position \(1,\) is none of 3 rows"):
        embedding(microtorch.tensor([0, 3]), w)
