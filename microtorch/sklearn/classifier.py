"""MLPClassifier: scikit-learn's estimator over a network of microtorch's."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..nn import functional as F
from .estimator import Estimator
from .settings import COMMON

__all__ = ["MLPClassifier"]


def _class_weight(value):
    return value is None or (isinstance(value, str) and value == "balanced") or isinstance(value, dict | list)


class MLPClassifier(ClassifierMixin, Estimator):
    """A multi-layer perceptron that classifies: scikit-learn's parameters, attributes and meaning.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default (100,)
        The units of each hidden layer.
    activation : {"identity", "logistic", "tanh", "relu"}, default "relu"
        Of the hidden layers.
    solver : {"lbfgs", "sgd", "adam"}, default "adam"
        How the loss is minimised.
    alpha : float, default 1e-4
        Strength of the penalty α / 2 · Σ w², over the samples of a batch.
    batch_size : int or "auto", default "auto"
        ``"auto"`` is 200, or all samples where they are fewer.
    learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
        How the rate of ``"sgd"`` changes: not; with the samples seen to the power of −`power_t`; or divided by 5 where
        nothing gets better.
    learning_rate_init : float, default 1e-3
        The first rate.
    power_t : float, default 0.5
        For ``"invscaling"``.
    max_iter : int, default 200
        Epochs at most; for ``"lbfgs"`` iterations.
    shuffle : bool, default True
        Whether each epoch has an order of its own.
    random_state : int, RandomState or None, default None
        What the initial values, the order of the samples and a validation set are drawn from; with the same one they
        are those of scikit-learn.
    tol : float, default 1e-4
        What counts as better.
    verbose : bool, default False
        Whether to print the loss of each epoch.
    warm_start : bool, default False
        Whether `fit` goes on from where the last one ended.
    momentum : float in [0, 1], default 0.9
        Of ``"sgd"``.
    nesterovs_momentum : bool, default True
        Of ``"sgd"``.
    early_stopping : bool, default False
        Hold out a share of the data, stop when the score on it gets no better, and keep the best network.
    validation_fraction : float in [0, 1), default 0.1
        That share.
    beta_1, beta_2 : float in [0, 1), default 0.9, 0.999
        Of ``"adam"``.
    epsilon : float, default 1e-8
        Of ``"adam"``.
    n_iter_no_change : int, default 10
        Stop after more epochs than these without anything better.
    max_fun : int, default 15000
        Evaluations of the loss at most, for ``"lbfgs"``.
    class_weight : dict, list of dict, "balanced" or None, default None
        What the samples of a class count; ``"balanced"``: every class the same.
    module : Module or callable, optional
        A network instead of `hidden_layer_sizes` and `activation`: a Module, which is copied and trained from the
        values it has, or ``module(n_features, n_outputs)`` that makes one. Its outputs are scores, without softmax or
        sigmoid.

    Attributes
    ----------
    classes_ : ndarray
        The labels; for multi-label targets the numbers of the labels.
    module_ : Module
        The trained network.
    history_ : History
        Losses, rates and scores by epoch, as tables, a plot or files.
    coefs_, intercepts_ : list of ndarray
        Weights (features in, features out) and biases, over the memory of the network.
    loss_, best_loss_ : float
        The last loss, and the least.
    loss_curve_, validation_scores_ : list of float
        By epoch; the latter with `early_stopping`, else None.
    best_validation_score_ : float or None
    n_iter_, t_ : int
        Epochs of the last `fit`, and samples seen.
    n_layers_, n_outputs_, n_features_in_ : int
    out_activation_ : str

    Notes
    -----
    With one `random_state` the losses of scikit-learn's ``sklearn.neural_network.MLPClassifier`` are these, up to
    rounding. Training works in the dtype of the data: float32 data are the faster ones.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from microtorch.sklearn import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> net = MLPClassifier(learning_rate_init=0.01, early_stopping=True, random_state=0).fit(X / 16, y)
    >>> net.score(X / 16, y) > 0.95
    True
    """

    _rules = {**COMMON, "class_weight": (_class_weight, "None, 'balanced' or a dict of weights")}

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        class_weight=None,
        module=None,
    ):
        self._keep(locals())

    # -- training ----------------------------------------------------------------------------------------------------

    def fit(self, X, y, sample_weight=None):
        """Train on data.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Classes, or for each label 0 or 1.
        sample_weight : array-like of shape (n_samples,), optional
            What each sample counts.

        Returns
        -------
        MLPClassifier
            Itself.
        """
        return self._fit(X, y, sample_weight)

    @available_if(Estimator._check_solver)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Train for one epoch on these data, from where it stands.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like of shape (n_classes,), optional
            All classes that will come; asked for at the first call.

        Returns
        -------
        MLPClassifier
            Itself.
        """
        if not hasattr(self, "module_"):
            multilabel = type_of_target(y).startswith("multilabel")
            if classes is None and not multilabel:
                raise ValueError("classes must be passed on the first call to partial_fit.")
            self.classes_ = np.arange(np.shape(y)[1]) if multilabel else unique_labels(classes)
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(
                f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {self.classes_!r}"
            )
        return self._fit(X, y, sample_weight, incremental=True)

    def _read(self, X, y, incremental, reset):
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, dtype=(np.float64, np.float32), reset=reset
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        if y.ndim == 2 and not type_of_target(y).startswith("multilabel"):
            raise ValueError(
                f"{type(self).__name__}: y of shape {y.shape} has several columns, so they are labels, "
                "and each is 0 or 1. Classes are one column."
            )
        found = np.arange(y.shape[1]) if y.ndim == 2 else unique_labels(y)
        if reset and not incremental:
            self.classes_ = found
        elif self.warm_start and not incremental and set(found) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {found}"
            )
        elif len(new := np.setdiff1d(found, self.classes_)):
            raise ValueError(f"{type(self).__name__}: y has classes that are not in classes_, {self.classes_}: {new}.")
        return X, y

    def _weights(self, X, y, sample_weight):
        weights = super()._weights(X, y, sample_weight)
        if self.class_weight is None:
            return weights
        of_classes = compute_sample_weight(self.class_weight, y)
        return of_classes if weights is None else weights * of_classes

    def _wanted(self, y):
        self._multilabel = y.ndim == 2
        if self._multilabel:
            return y.shape[1]
        return 1 if len(self.classes_) <= 2 else len(self.classes_)

    def _kind(self, found, wanted):
        if self._multilabel and found == wanted:
            return "logistic"
        if not self._multilabel and found == wanted:
            return "logistic" if wanted == 1 else "softmax"
        if not self._multilabel and found == len(self.classes_) == 2:
            return "softmax"
        what = f"{len(self.classes_)} {'labels' if self._multilabel else 'classes'}"
        raise ValueError(
            f"{type(self).__name__}: module has {found} outputs, and there are {what}: {wanted} are needed."
        )

    def _targets(self, y):
        if y.ndim == 2:
            return np.asarray(y != 0, np.float64)
        number = np.searchsorted(self.classes_, y)
        return number if self.out_activation_ == "softmax" else number[:, None].astype(np.float64)

    # -- predicting --------------------------------------------------------------------------------------------------

    def _checked_scores(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        return self._scores(X)

    def _chosen(self, scores):
        """The numbers of the classes, or for each label 0 or 1."""
        if self.out_activation_ == "softmax":
            return scores._array.argmax(1)
        return (scores._array > 0).astype(np.int64) if self._multilabel else (scores._array[:, 0] > 0).astype(np.int64)

    def predict(self, X):
        """The most likely class of each sample, or its labels.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
        """
        chosen = self._chosen(self._checked_scores(X))
        return chosen if self._multilabel else self.classes_[chosen]

    def predict_proba(self, X):
        """The probability of each class, or of each label.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        scores = self._checked_scores(X)
        if self.out_activation_ == "softmax":
            return F.softmax(scores, 1).numpy()
        p = scores.sigmoid().numpy()
        return p if self._multilabel else np.hstack([(-scores).sigmoid().numpy(), p])

    def predict_log_proba(self, X):
        """The logarithms of `predict_proba`, computed from the scores, so that small probabilities have digits.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        scores = self._checked_scores(X)
        if self.out_activation_ == "softmax":
            return F.log_softmax(scores, 1).numpy()
        logs = F.logsigmoid(scores).numpy()
        return logs if self._multilabel else np.hstack([F.logsigmoid(-scores).numpy(), logs])

    def _score_of(self, X, targets, weights):
        chosen = self._chosen(self._scores(X))
        right = targets if self.out_activation_ == "softmax" or self._multilabel else targets[:, 0]
        return float(accuracy_score(right.astype(np.int64), chosen, sample_weight=weights))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
