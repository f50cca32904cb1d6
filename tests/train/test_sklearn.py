"""The estimators: scikit-learn's own checks, its own losses to rounding, and what it lacks."""

import copy
import pickle
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")
import joblib
import sklearn.neural_network as theirs
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import microtorch
import microtorch.sklearn as ours
from microtorch import nn
from microtorch.sklearn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

BASE = {"hidden_layer_sizes": (20, 10), "max_iter": 15, "random_state": 3}


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def data(kind):
    rng = np.random.default_rng(0)
    X, y = load_digits(return_X_y=True)
    X, y = X[:600] / 16, y[:600]
    if kind == "binary":
        return X, np.where(y > 4, "high", "low")
    if kind == "labels":
        return make_multilabel_classification(300, random_state=0)
    if kind in ("number", "numbers", "counts"):
        X, y = make_regression(300, 8, n_targets=1 if kind == "number" else 3, random_state=0)
        return (X, y / 100) if kind != "counts" else (X, rng.poisson(np.exp(y / 300)))
    return X, y


# Estimator, data, settings that differ from BASE, whether samples have weights.
ALIKE = [
    ("MLPClassifier", "classes", {}, False),
    ("MLPClassifier", "classes", {"alpha": 1.0, "activation": "tanh"}, True),
    ("MLPClassifier", "classes", {"activation": "logistic", "hidden_layer_sizes": 7}, False),
    ("MLPClassifier", "classes", {"activation": "identity", "hidden_layer_sizes": ()}, False),
    ("MLPClassifier", "classes", {"solver": "sgd"}, False),
    ("MLPClassifier", "classes", {"solver": "sgd", "momentum": 0.0}, False),
    ("MLPClassifier", "classes", {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05}, True),
    ("MLPClassifier", "classes", {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1}, False),
    (
        "MLPClassifier",
        "classes",
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 1, "max_iter": 40},
        False,
    ),
    ("MLPClassifier", "classes", {"shuffle": False, "batch_size": 64}, False),
    ("MLPClassifier", "classes", {"early_stopping": True, "n_iter_no_change": 2}, False),
    ("MLPClassifier", "classes", {"early_stopping": True}, True),
    ("MLPClassifier", "classes", {"solver": "lbfgs"}, True),
    ("MLPClassifier", "classes", {"epsilon": 1e-3, "beta_1": 0.8, "beta_2": 0.9}, False),
    ("MLPClassifier", "binary", {}, False),
    ("MLPClassifier", "binary", {"early_stopping": True}, True),
    ("MLPClassifier", "labels", {}, True),
    ("MLPRegressor", "number", {"solver": "lbfgs"}, True),
    ("MLPRegressor", "number", {"early_stopping": True}, False),
    ("MLPRegressor", "numbers", {}, True),
    ("MLPRegressor", "counts", {"loss": "poisson"}, False),
    ("MLPRegressor", "counts", {"loss": "poisson", "solver": "sgd"}, True),
]


@pytest.mark.parametrize("name, kind, settings, weighted", ALIKE)
def test_the_losses_are_those_of_scikit_learn(name, kind, settings, weighted):
    X, y = data(kind)
    w = np.random.default_rng(1).integers(0, 3, len(X)).astype(float) if weighted else None
    a, b = (getattr(m, name)(**{**BASE, **settings}).fit(X, y, sample_weight=w) for m in (ours, theirs))
    assert a.n_iter_ == b.n_iter_
    np.testing.assert_allclose(a.loss_, b.loss_, rtol=1e-9)
    if settings.get("solver") != "lbfgs":
        np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-9)
        assert a.t_ == b.t_
        assert (a.best_loss_ is None) is (b.best_loss_ is None)
        if settings.get("early_stopping"):
            np.testing.assert_allclose(a.validation_scores_, b.validation_scores_, rtol=1e-9)
            np.testing.assert_allclose(a.best_validation_score_, b.best_validation_score_, rtol=1e-9)
    for mine, its in zip([*a.coefs_, *a.intercepts_], [*b.coefs_, *b.intercepts_], strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(a.score(X, y), b.score(X, y), rtol=1e-7)
    assert (a.n_layers_, a.n_outputs_, a.out_activation_) == (b.n_layers_, b.n_outputs_, b.out_activation_)
    if name == "MLPClassifier":
        assert (a.predict(X) == b.predict(X)).all()
        np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(np.exp(a.predict_log_proba(X)), a.predict_proba(X), rtol=1e-6)
    else:
        np.testing.assert_allclose(a.predict(X), b.predict(X), rtol=1e-6)


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_goes_on_as_in_scikit_learn_also_out_of_a_pickle(solver):
    X, y = data("classes")
    a, b = (m.MLPClassifier(10, solver=solver, random_state=0) for m in (ours, theirs))
    for part in range(3):
        rows = slice(200 * part, 200 * part + 200)
        a.partial_fit(X[rows], y[rows], classes=np.arange(10))
        b.partial_fit(X[rows], y[rows], classes=np.arange(10))
        a = (copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e)), lambda e: e)[part](a)
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(a.coefs_[0], b.coefs_[0], rtol=1e-6, atol=1e-9)
    assert len(a.history_.evaluations) == 3


def test_a_warm_start_goes_on_as_in_scikit_learn():
    X, y = data("classes")
    a, b = (m.MLPClassifier(10, warm_start=True, max_iter=3, random_state=0).fit(X, y) for m in (ours, theirs))
    network = a.module_
    a.fit(X, y)
    b.fit(X, y)
    assert a.module_ is network
    np.testing.assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-9)
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        a.fit(X[y < 5], y[y < 5])


def test_class_weights_are_weights_of_samples():
    X, y = data("binary")
    weights = {"high": 3.0, "low": 0.5}
    a = MLPClassifier(class_weight=weights, **BASE).fit(X, y)
    b = MLPClassifier(**BASE).fit(X, y, sample_weight=[weights[label] for label in y])
    np.testing.assert_array_equal(a.loss_curve_, b.loss_curve_)
    rare = np.r_[np.flatnonzero(y == "low"), np.flatnonzero(y == "high")[:10]]
    plain, balanced = (MLPClassifier(class_weight=w, **BASE).fit(X[rare], y[rare]) for w in (None, "balanced"))
    assert (balanced.predict(X[rare]) == "high").sum() > (plain.predict(X[rare]) == "high").sum()


# -- networks of the user's ----------------------------------------------------------------------------------------


def deep(features, outputs):
    return nn.MLP([features, 16, outputs], norm="batch", dropout=0.2)


@pytest.mark.parametrize("module", [deep, nn.Sequential(nn.Linear(64, 8), nn.GELU(), nn.Linear(8, 10))])
def test_any_module_is_trained_and_repeats_by_random_state(module):
    X, y = data("classes")
    before = microtorch.get_rng_state()
    nets = [MLPClassifier(module=module, max_iter=60, random_state=5, learning_rate_init=0.01) for _ in range(2)]
    a, b = (net.fit(X, y) for net in nets)
    assert a.loss_curve_ == b.loss_curve_
    assert a.score(X, y) > 0.95
    assert microtorch.get_rng_state() == before
    assert not a.module_.training
    if isinstance(module, nn.Module):
        assert a.module_ is not module
        assert a.module is module
    with pytest.raises(AttributeError, match="look into module_"):
        a.coefs_  # noqa: B018


def test_two_scores_for_two_classes_are_a_softmax():
    microtorch.manual_seed(0)  # of the module's first values
    X, y = data("binary")
    a = MLPClassifier(module=nn.Linear(64, 2), max_iter=50, random_state=0).fit(X, y)
    assert a.out_activation_ == "softmax"
    assert a.score(X, y) > 0.8
    np.testing.assert_allclose(a.predict_proba(X).sum(1), 1)


class Peeking(nn.Module):
    """Reads a value into Python, which cannot be recorded."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 1)

    def forward(self, input):
        """(N, 8) -> (N, 1)"""
        return self.fc(input) * (2.0 if input.sum().item() > 0 else 1.0)


def test_what_cannot_be_recorded_runs_eagerly_and_says_so():
    X, y = data("number")
    with pytest.warns(UserWarning, match="runs eagerly"):
        a = MLPRegressor(module=Peeking(), max_iter=3).fit(X, y)
    assert len(a.loss_curve_) == 3


@pytest.mark.parametrize(
    "estimator, kind, error, says",
    [
        (MLPClassifier(module=nn.Linear(64, 7)), "classes", ValueError, "7 outputs, and there are 10 classes: 10"),
        (MLPRegressor(module=nn.Linear(8, 2)), "numbers", ValueError, "2 outputs, and y has 3 columns"),
        (MLPClassifier(module=nn.ReLU()), "classes", ValueError, "no parameters"),
        (MLPClassifier(module=lambda i, o: 3), "classes", TypeError, "made a int"),
        (MLPClassifier(module=nn.Linear(8, 10)), "classes", ValueError, "do not fit"),
        (MLPClassifier(activation="rel"), "classes", ValueError, "activation is 'rel'. It must be one of 'identity'"),
        (MLPClassifier(hidden_layer_sizes=(5, 0)), "classes", ValueError, "hidden_layer_sizes is (5, 0)"),
        (MLPClassifier(alpha=-1), "classes", ValueError, "alpha is -1. It must be a number of at least 0"),
        (MLPClassifier(validation_fraction=1.0), "classes", ValueError, "and less than 1"),
        (MLPClassifier(batch_size="all"), "classes", ValueError, "a positive integer or 'auto'"),
        (MLPClassifier(max_iter=2.5), "classes", ValueError, "max_iter is 2.5"),
        (MLPClassifier(early_stopping=1), "classes", ValueError, "True or False"),
        (MLPClassifier(class_weight=3), "classes", ValueError, "class_weight is 3"),
        (MLPClassifier(module=5), "classes", ValueError, "None, a Module, or what makes one"),
        (MLPRegressor(loss="poisson"), "number", ValueError, "y ≥ 0"),
        (MLPRegressor(solver="sgd", learning_rate_init=1e6, max_iter=50), "number", ValueError, "not finite"),
        (MLPClassifier(early_stopping=True, validation_fraction=0.001), "classes", ValueError, "too small"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_what_does_not_fit_is_said(estimator, kind, error, says):
    with pytest.raises(error, match=re.escape(says)):
        estimator.fit(*data(kind))


def test_more_that_is_refused():
    X, y = data("classes")
    for weights in (np.zeros(len(X)), -np.ones(len(X)), np.ones(3)):
        with pytest.raises(ValueError, match="sample_weight"):
            MLPClassifier().fit(X, y, sample_weight=weights)
    with pytest.raises(ValueError, match="classes must be passed"):
        MLPClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match="does not support early_stopping"):
        MLPClassifier(early_stopping=True).partial_fit(X, y, classes=np.arange(10))
    with pytest.raises(AttributeError):
        MLPClassifier(solver="lbfgs").partial_fit  # noqa: B018
    a = MLPClassifier(5).partial_fit(X[y < 5], y[y < 5], classes=np.arange(5))
    with pytest.raises(ValueError, match=re.escape("not in classes_, [0 1 2 3 4]: [5 6 7 8 9]")):
        a.partial_fit(X, y)
    with pytest.raises(ValueError, match="2 columns, the network 3 outputs"):
        MLPRegressor().partial_fit(X, np.stack([y, y, y], 1)).partial_fit(X, np.stack([y, y], 1))
    with pytest.raises(NotFittedError):
        MLPClassifier().explore(X, y, "never.html")
    with pytest.warns(UserWarning, match="batch_size is 5000, and there are 600 samples"):
        MLPClassifier(batch_size=5000, max_iter=1).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        MLPClassifier(max_iter=2).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
        MLPClassifier(max_iter=2, solver="lbfgs").fit(X, y)


# -- where estimators are used -------------------------------------------------------------------------------------


def test_pipelines_searches_in_processes_and_joblib(tmp_path):
    X, y = data("classes")
    pipe = make_pipeline(StandardScaler(), MLPClassifier(16, max_iter=10, random_state=0))
    search = GridSearchCV(pipe, {"mlpclassifier__alpha": [1e-4, 10.0]}, cv=2, n_jobs=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, y)
    assert search.best_params_ == {"mlpclassifier__alpha": 1e-4}
    joblib.dump(search.best_estimator_, tmp_path / "net.joblib")
    loaded = joblib.load(tmp_path / "net.joblib")
    np.testing.assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))
    assert clone(search.best_estimator_[-1]).get_params() == search.best_estimator_[-1].get_params()


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix])
def test_sparse_data_give_what_dense_ones_do(form):
    X, y = data("classes")
    for settings in ({}, {"solver": "lbfgs"}, {"early_stopping": True}):
        a, b = (MLPClassifier(**BASE, **settings).fit(x, y) for x in (X, form(X)))
        np.testing.assert_array_equal(a.loss_curve_, b.loss_curve_)
        np.testing.assert_array_equal(a.predict(X), b.predict(form(X)))


def test_float32_stays_float32():
    X, y = data("classes")
    a = MLPClassifier(**BASE).fit(X.astype(np.float32), y)
    assert a.coefs_[0].dtype == a.predict_proba(X).dtype == np.float32
    b = MLPRegressor(**BASE).fit(X.astype(np.float32), y.astype(float))
    assert b.predict(X.astype(np.float32)).dtype == np.float32


# -- what scikit-learn's have not ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, kind", [("MLPClassifier", "classes"), ("MLPClassifier", "labels"), ("MLPRegressor", "numbers")]
)
def test_the_network_can_be_looked_into(name, kind, tmp_path):
    X, y = data(kind)
    a = getattr(ours, name)(**{**BASE, "max_iter": 4}).fit(X, y)
    assert a.gradcheck(X[:5], y[:5])
    a.explore(X[:5], y[:5], tmp_path / "page.html")
    assert "fc1.weight" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert a.history_.evaluations["loss"] == a.loss_curve_
    assert all(p.grad is None or p.requires_grad for p in a.module_.parameters())
    assert isinstance(a.module_, nn.MLP)


def test_small_probabilities_have_digits():
    X, y = data("binary")
    a = MLPClassifier(module=nn.Linear(64, 1), max_iter=2).fit(X, y)
    far = a.predict_log_proba(X * 1e5)
    assert np.isfinite(far).all()
    assert far.min() < -1000


def test_without_scikit_learn_the_extra_is_named():
    code = "import sys; sys.modules['sklearn'] = None; import microtorch.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'microtorch[sklearn]'" in done.stderr
