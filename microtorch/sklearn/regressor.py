"""MLPRegressor: scikit-learn's estimator over a network of microtorch's."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from .estimator import Estimator
from .settings import COMMON, one_of

__all__ = ["MLPRegressor"]


class MLPRegressor(RegressorMixin, Estimator):
    """A multi-layer perceptron for numbers: scikit-learn's parameters, attributes and meaning.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default "squared_error"
        Half the squared error, or half the Poisson deviance; for the latter the network's outputs are logarithms.
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
    module : Module or callable, optional
        A network instead of `hidden_layer_sizes` and `activation`: a Module, which is copied and trained from the
        values it has, or ``module(n_features, n_outputs)`` that makes one. Its outputs are scores, without softmax or
        sigmoid.

    Attributes
    ----------
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
    With one `random_state` the losses of scikit-learn's ``sklearn.neural_network.MLPRegressor`` are these, up to
    rounding. The loss of several outputs is reported as their mean, while the gradient is that of their sum, as there;
    ``"lbfgs"`` minimises and reports the sum.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from microtorch.sklearn import MLPRegressor
    >>> X, y = make_regression(n_samples=200, n_features=5, random_state=0)
    >>> y = y / y.std()
    >>> MLPRegressor(solver="lbfgs", random_state=0, max_iter=2000, alpha=0.1).fit(X, y).score(X, y) > 0.99
    True
    """

    _rules = {**COMMON, "loss": one_of("squared_error", "poisson")}

    def __init__(
        self,
        loss="squared_error",
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
        module=None,
    ):
        self._keep(locals())

    # -- training ----------------------------------------------------------------------------------------------------

    def fit(self, X, y, sample_weight=None):
        """Train on data.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like of shape (n_samples,), optional
            What each sample counts.

        Returns
        -------
        MLPRegressor
            Itself.
        """
        return self._fit(X, y, sample_weight)

    @available_if(Estimator._check_solver)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these data, from where it stands.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        MLPRegressor
            Itself.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def _read(self, X, y, incremental, reset):
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, y_numeric=True, dtype=(np.float64, np.float32),
            reset=reset,
        )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        y = y.reshape(len(y), -1)
        if not reset and y.shape[1] != self.n_outputs_:
            raise ValueError(
                f"{type(self).__name__}: y has {y.shape[1]} columns, the network {self.n_outputs_} outputs."
            )
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"{type(self).__name__}: the Poisson loss is for y ≥ 0; the least here is {y.min()}.")
        return X, y

    def _wanted(self, y):
        return y.shape[1]

    def _kind(self, found, wanted):
        if found != wanted:
            raise ValueError(f"{type(self).__name__}: module has {found} outputs, and y has {wanted} columns.")
        return "exp" if self.loss == "poisson" else "identity"

    def _targets(self, y):
        return y.astype(np.float64, copy=False)

    # -- predicting --------------------------------------------------------------------------------------------------

    def predict(self, X):
        """The prediction for each sample.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        found = self._predicted(X)
        return found[:, 0] if self.n_outputs_ == 1 else found

    def _predicted(self, X):
        scores = self._scores(X).numpy()
        return np.exp(scores) if self.out_activation_ == "exp" else scores

    def _score_of(self, X, targets, weights):
        found = self._predicted(X)
        return float(r2_score(targets, found, sample_weight=weights)) if np.isfinite(found).all() else np.nan

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
