"""Losses: what the formulas say by hand, every bad input named, and ignored rows without a trace."""

import warnings

import numpy as np
import pytest

import microtorch
from microtorch import nn
from microtorch.errors import DTypeError, ShapeError
from microtorch.nn import functional as F
from microtorch.ops import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    gaussian_nll_loss,
    kl_div,
    log_softmax,
    mse_loss,
    multi_margin_loss,
    nll_loss,
)

SCORES = np.array([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0], [1.0, 1.0, 1.0], [-40.0, 0.0, 60.0]])
LABELS = np.array([0, 2, 1, 2])


def scores(dtype=np.float64):
    return microtorch.tensor(SCORES.astype(dtype), requires_grad=True)


def by_hand(labels, weight=None, ignore_index=-100, smoothing=0.0):
    """Loss of each row, weight of each row and gradient of the summed loss, in plain numpy."""
    C = SCORES.shape[1]
    weight = np.ones(C) if weight is None else weight
    p = np.exp(SCORES - SCORES.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    counts = labels != ignore_index
    q = (np.eye(C)[np.where(counts, labels, 0)] * (1 - smoothing) + smoothing / C) * weight * counts[:, None]
    return -(q * np.log(p)).sum(axis=1), weight[np.where(counts, labels, 0)] * counts, p * q.sum(axis=1)[:, None] - q


@pytest.mark.parametrize("weight", [None, np.array([0.5, 2.0, 1.5])], ids=["plain", "weighted"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("ignore_index", [-100, 1])
@pytest.mark.parametrize("label_dtype", [np.int64, np.int32, np.uint8])
def test_cross_entropy_is_its_formula(weight, smoothing, ignore_index, label_dtype):
    losses, weights, gradient = by_hand(LABELS, weight, ignore_index, smoothing)
    given = None if weight is None else microtorch.tensor(weight)
    expected = {"none": (losses, gradient), "sum": (losses.sum(), gradient)}
    expected["mean"] = losses.sum() / weights.sum(), gradient / weights.sum()
    for reduction, (value, dx) in expected.items():
        x = scores()
        target = microtorch.tensor(LABELS.astype(label_dtype))
        loss = cross_entropy(
            x, target, given, ignore_index=ignore_index, reduction=reduction, label_smoothing=smoothing
        )
        loss.sum().backward()
        np.testing.assert_allclose(loss.detach().numpy(), value, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(x.grad.numpy(), dx, rtol=1e-12, atol=1e-12)


def test_probabilities_that_are_one_hot_give_what_labels_give():
    x, y = scores(), scores()
    cross_entropy(x, microtorch.tensor(LABELS), label_smoothing=0.1).backward()
    shares = microtorch.tensor(np.eye(3)[LABELS], requires_grad=True)
    cross_entropy(y, shares, label_smoothing=0.1).backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), atol=1e-14)
    np.testing.assert_allclose(shares.grad.numpy(), -0.9 / 4 * log_softmax(x, 1).detach().numpy(), atol=1e-14)


def test_cross_entropy_is_nll_of_log_softmax_for_images_too():
    rng = np.random.default_rng(0)
    x = microtorch.tensor(rng.normal(size=(2, 3, 4, 5)), requires_grad=True)
    y = microtorch.tensor(x.detach().numpy(), requires_grad=True)
    target = microtorch.tensor(rng.integers(0, 3, (2, 4, 5)))
    one, two = cross_entropy(x, target), nll_loss(log_softmax(y, 1), target)
    one.backward()
    two.backward()
    assert one.item() == pytest.approx(two.item(), rel=1e-13)
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), atol=1e-15)


def test_small_scores_cost_the_logarithm_of_the_number_of_classes():
    # course notebooks: logits 0.001 · standard normal (100, 6) give about ln 6 = 1.7918
    rng = np.random.default_rng(0)
    x = microtorch.tensor(0.001 * rng.standard_normal((100, 6)))
    assert cross_entropy(x, microtorch.tensor(rng.integers(0, 6, 100))).item() == pytest.approx(1.7918, abs=5e-4)


def test_large_scores_lose_no_digits_in_float32():
    x = microtorch.tensor(np.array([[1000.0, 1000.5]], np.float32), requires_grad=True)
    cross_entropy(x, microtorch.tensor([0])).backward()
    p = 1 / (1 + np.exp(-0.5))
    np.testing.assert_allclose(x.grad.numpy(), [[-p, p]], rtol=3e-7)
    np.testing.assert_allclose(log_softmax(x, 1).detach().numpy(), [[np.log(1 - p), np.log(p)]], rtol=3e-7)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_ignored_row_leaves_no_trace(bad):
    values = SCORES.copy()
    values[1, 1] = bad
    x = microtorch.tensor(values, requires_grad=True)
    labels = microtorch.tensor(np.where(np.arange(4) == 1, -100, LABELS))
    (first,) = microtorch.autograd.grad(cross_entropy(x, labels), x)
    (again,) = microtorch.autograd.grad(cross_entropy(x, labels), x, create_graph=True)
    for dx in (first, again.detach()):
        assert np.isfinite(dx.numpy()).all()
        assert (dx.numpy()[1] == 0).all()


def test_a_nan_score_is_not_hidden():
    values = SCORES.copy()
    values[2, 0] = np.nan
    x = microtorch.tensor(values, requires_grad=True)
    loss = cross_entropy(x, microtorch.tensor(LABELS), reduction="none")
    loss.sum().backward()
    assert np.isnan(loss.detach().numpy()).tolist() == [False, False, True, False]
    assert np.isnan(x.grad.numpy()).all(axis=1).tolist() == [False, False, True, False]


def test_the_mean_over_nothing_is_nan_and_its_gradient_zero():
    x = scores()
    loss = cross_entropy(x, microtorch.tensor([-100] * 4))
    loss.backward()
    assert np.isnan(loss.item())
    assert (x.grad.numpy() == 0).all()
    assert np.isnan(cross_entropy(microtorch.zeros(0, 3), microtorch.zeros(0, dtype=np.int64)).item())


LOGITS = microtorch.zeros(4, 3)
ERRORS = {
    "label above": (
        lambda: cross_entropy(LOGITS, microtorch.tensor([0, 1, 3, 2])),
        IndexError,
        r"cross_entropy: label 3 in row 2 is none of 3 classes.*0 to 2; do yours start at 1\?",
    ),
    "label below": (
        lambda: nll_loss(LOGITS, microtorch.tensor([0, -1, 2, 2])),
        IndexError,
        r"nll_loss: label -1 in row 1 is none of 3 classes.*label them -100",
    ),
    "label in an image": (
        lambda: cross_entropy(microtorch.zeros(1, 3, 2), microtorch.tensor([[0, 9]])),
        IndexError,
        r"label 9 in position \(0, 1\) is none of 3 classes",
    ),
    "label of a margin": (
        lambda: multi_margin_loss(LOGITS, microtorch.tensor([0, 7, 1, 1])),
        IndexError,
        r"multi_margin_loss: label 7 in row 1 is none of 3 classes",
    ),
    "integer scores": (
        lambda: cross_entropy(LOGITS.long(), microtorch.tensor([0, 1, 2, 0])),
        DTypeError,
        r"the scores are int64, .*input\.float\(\)",
    ),
    "float labels": (
        lambda: cross_entropy(LOGITS, microtorch.tensor([0.0, 1.0, 2.0, 0.0])),
        DTypeError,
        r"target of shape \(4,\) is float32. Labels are integers: target.long\(\).*shape, \(4, 3\)",
    ),
    "column of labels": (
        lambda: cross_entropy(LOGITS, microtorch.tensor([[0], [1], [2], [0]])),
        ShapeError,
        r"input \(4, 3\) and target \(4, 1\).*labels of shape \(4,\).*squeeze\(-1\)",
    ),
    "integer one-hot": (
        lambda: cross_entropy(LOGITS, microtorch.zeros(4, 3, dtype=np.int64)),
        ShapeError,
        r"one-hot labels: target.argmax\(1\)",
    ),
    "too few labels": (
        lambda: cross_entropy(LOGITS, microtorch.tensor([0, 1])),
        ShapeError,
        r"input \(4, 3\) and target \(2,\): .* labels of shape \(4,\)",
    ),
    "weight": (
        lambda: cross_entropy(LOGITS, microtorch.tensor([0, 1, 2, 0]), microtorch.ones(4)),
        ShapeError,
        r"weight of shape \(4,\) for 3 classes",
    ),
    "smoothing": (
        lambda: cross_entropy(LOGITS, microtorch.tensor([0, 1, 2, 0]), label_smoothing=2),
        ValueError,
        r"label_smoothing is 2.*between 0 and 1",
    ),
    "reduction": (
        lambda: mse_loss(LOGITS, LOGITS, reduction="avg"),
        ValueError,
        "'avg'. Choose 'mean', 'sum' or 'none'",
    ),
    "no probability": (
        lambda: binary_cross_entropy(microtorch.tensor([0.5, 1.5]), microtorch.ones(2)),
        ShapeError,
        r"between 0.5 and 1.5, not between 0 and 1.*binary_cross_entropy_with_logits",
    ),
    "two shapes": (
        lambda: binary_cross_entropy_with_logits(microtorch.zeros(4, 1), microtorch.ones(4)),
        ShapeError,
        r"input \(4, 1\) and target \(4,\) must have one shape",
    ),
    "negative variance": (
        lambda: gaussian_nll_loss(LOGITS, LOGITS, microtorch.full((4, 3), -0.5)),
        ValueError,
        "negative entry, -0.5",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_input_is_named(case):
    call, kind, words = ERRORS[case]
    with pytest.raises(kind, match=words):
        call()


def test_a_column_against_a_row_is_broadcast_with_a_warning():
    with pytest.warns(UserWarning, match=r"input \(3, 1\) and target \(3,\).*target.reshape\(\(3, 1\)\)"):
        loss = mse_loss(microtorch.zeros(3, 1), microtorch.tensor([0.0, 1.0, 2.0]))
    assert loss.item() == pytest.approx(5 / 3)


def test_old_words_for_reduction_still_work_with_a_warning():
    with pytest.warns(UserWarning, match="Use reduction='sum'"):
        loss = mse_loss(microtorch.ones(3), microtorch.zeros(3), size_average=False)
    assert loss.item() == 3


def test_a_share_of_zero_has_no_divergence_and_a_finite_gradient():
    target = microtorch.tensor([0.0, 1.0], requires_grad=True)
    loss = kl_div(microtorch.tensor([-1.0, -1.0]), target, reduction="sum")
    loss.backward()
    assert loss.item() == pytest.approx(1.0)
    assert np.isfinite(target.grad.numpy()).all()


def activated():
    """Losses of scores that have been through an activation, and the words for each."""
    x, y = microtorch.randn(4, 3, requires_grad=True), microtorch.tensor([0, 1, 2, 0])
    shares = microtorch.full((4, 3), 0.5)
    bce = F.binary_cross_entropy_with_logits
    return {
        "softmax, cross_entropy": (lambda: F.cross_entropy(F.softmax(x, 1), y), "Leave out the softmax before it"),
        "softmax module": (lambda: nn.CrossEntropyLoss()(nn.Softmax(1)(x), y), "applies softmax itself"),
        "softmax of shares": (lambda: F.cross_entropy(F.softmax(x, 1), shares), "applies softmax itself"),
        "sigmoid, cross_entropy": (lambda: F.cross_entropy(x.sigmoid(), y), "Leave out the sigmoid before it"),
        "softmax, nll": (lambda: F.nll_loss(F.softmax(x, 1), y), "Use log_softmax before it"),
        "sigmoid, bce": (lambda: bce(F.sigmoid(x), shares), "applies sigmoid itself"),
        "sigmoid, bce module": (lambda: nn.BCEWithLogitsLoss()(nn.Sigmoid()(x), shares), "applies sigmoid itself"),
        "softmax, bce": (lambda: bce(F.softmax(x, 1), shares), "Leave out the softmax"),
    }


@pytest.mark.parametrize("name", activated())
def test_an_activation_that_the_loss_has_inside_is_told_at_the_line(name):
    call, words = activated()[name]
    with pytest.warns(UserWarning, match=words) as caught:
        call()
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_the_warning_comes_once_for_a_line():
    x, y = microtorch.randn(4, 3, requires_grad=True), microtorch.tensor([0, 1, 2, 0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            F.cross_entropy(x.softmax(1), y)
    assert len(caught) == 1


def test_what_is_right_is_silent():
    x, y = microtorch.randn(4, 3, requires_grad=True), microtorch.tensor([0, 1, 2, 0])
    F.cross_entropy(x, y)
    F.nll_loss(F.log_softmax(x, 1), y)
    F.cross_entropy(F.log_softmax(x, 1), y)  # changes nothing
    F.binary_cross_entropy(x.sigmoid(), microtorch.full((4, 3), 0.5))
    F.kl_div(F.log_softmax(x, 1), F.softmax(x, 1), reduction="batchmean")
    F.mse_loss(x.sigmoid(), microtorch.full((4, 3), 0.5))
    with microtorch.no_grad():
        F.cross_entropy(x.softmax(1), y)  # an evaluation: no graph, no look
