"""The base of both estimators: data in, a network, training, and what the network shows afterwards."""

import copy
import threading
import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted

from .. import nn, random
from ..autograd.gradcheck import gradcheck
from ..autograd.mode import no_grad
from ..ops import cat
from ..tensor import wrap
from ..train.evaluation import evaluating
from ..train.history import History
from .objectives import OBJECTIVES
from .settings import check
from .steps import make_optimizer
from .training import train, train_by_lbfgs

__all__ = ["Estimator"]

_ACTIVATIONS = {"identity": nn.Identity, "logistic": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}
_ROWS = 10_000  # samples that are predicted at a time
_building = threading.Lock()  # while a module is built, the default generator is seeded for it


class Estimator(BaseEstimator):
    """The base of `MLPClassifier` and `MLPRegressor`; it is not used by itself."""

    # A subclass has `_rules`, and says how data are read and checked (`_read`), how many outputs targets ask for
    # (`_wanted`), which objective fits the outputs of a module (`_kind`), what the network is to be told (`_targets`)
    # and how good it is (`_score_of`).

    def _keep(self, given):
        """Parameters as scikit-learn wants them kept: as they are, under their names."""
        for name in self._get_param_names():
            setattr(self, name, given[name])

    # -- fitting -----------------------------------------------------------------------------------------------------

    def _fit(self, X, y, sample_weight, incremental=False):
        check(self, self._rules)
        first = not hasattr(self, "module_") or not (self.warm_start or incremental)
        if incremental and self.early_stopping:
            raise ValueError(f"{type(self).__name__}: partial_fit does not support early_stopping=True.")
        X, y = self._read(X, y, incremental, first)
        weights = self._weights(X, y, sample_weight)
        self._random_state = check_random_state(self.random_state)
        if first:
            self._start(X, y)
        dtype = next(self.module_.parameters()).dtype
        X, targets = X.astype(dtype, copy=False), self._targets(y)
        if targets.dtype.kind == "f":
            targets = targets.astype(dtype, copy=False)
        weights = None if weights is None else weights.astype(dtype)
        self.module_.train()
        try:
            if self.solver == "lbfgs":
                train_by_lbfgs(self, X, targets, weights)
            else:
                train(self, X, targets, weights, incremental)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=3)
        finally:
            self.module_.eval()
        if not all(np.isfinite(p._array).all() for p in self.module_.parameters()):
            raise ValueError(
                f"{type(self).__name__}: training by {self.solver} ended in weights that are not finite. Scale the "
                "inputs, as by StandardScaler, or take a smaller learning_rate_init."
            )
        return self

    def _weights(self, X, y, sample_weight):
        if sample_weight is None:
            return None
        if np.isscalar(sample_weight):
            return np.full(X.shape[0], sample_weight, np.float64)
        weights = check_array(
            sample_weight, ensure_2d=False, dtype=[np.float64, np.float32], input_name="sample_weight"
        )
        if weights.shape != (X.shape[0],):
            raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(X.shape[0],)}: a weight a sample.")
        if (weights < 0).any() or not weights.any():
            raise ValueError(
                f"{type(self).__name__}: sample_weight must not be negative, and one at least positive: all weights "
                "zero leave nothing to learn from."
            )
        return weights

    def _start(self, X, y):
        """A new network, and an empty history."""
        wanted = self._wanted(y)
        self.module_ = self._network(X.shape[1], wanted).to(dtype=X.dtype)
        if not any(p.requires_grad for p in self.module_.parameters()):
            raise ValueError(f"{type(self).__name__}: module has no parameters that could be trained.")
        self.n_outputs_ = self._width(X)
        self.out_activation_ = self._kind(self.n_outputs_, wanted)
        self.history_, self.n_iter_, self.t_ = History(), 0, 0
        self.loss_curve_, self._no_better = [], 0
        self.best_loss_ = None if self.early_stopping else np.inf
        self.validation_scores_ = [] if self.early_stopping else None
        self.best_validation_score_ = -np.inf if self.early_stopping else None
        self._optimizer = self._steps = None

    def _network(self, n_features, n_outputs):
        if self.module is None:
            return self._mlp(n_features, n_outputs)
        seed = int(self._random_state.randint(1 << 31))
        if isinstance(self.module, nn.Module):
            network = copy.deepcopy(self.module)
        else:
            with _building:
                before = random.default_generator.get_state()
                random.manual_seed(seed)
                try:
                    network = self.module(n_features, n_outputs)
                finally:
                    random.default_generator.set_state(before)
        if not isinstance(network, nn.Module):
            raise TypeError(f"{type(self).__name__}: module made a {type(network).__name__}, not a Module.")
        generator = random.Generator().manual_seed(seed)
        for module in network.modules():  # dropout too follows random_state
            if vars(module).get("generator", self) is None:
                module.generator = generator
        return network

    def _mlp(self, n_features, n_outputs):
        """scikit-learn's network: its initial values, drawn in its order."""
        hidden = self.hidden_layer_sizes
        hidden = list(hidden) if hasattr(hidden, "__iter__") else [hidden]
        sizes = [n_features, *map(int, hidden), n_outputs]
        network = nn.MLP(sizes, _ACTIVATIONS[self.activation], generator=random.Generator())
        network.double()
        factor = 2.0 if self.activation == "logistic" else 6.0
        for layer in _linears(network):
            bound = np.sqrt(factor / (layer.in_features + layer.out_features))
            shape = layer.in_features, layer.out_features
            layer.weight._array[...] = self._random_state.uniform(-bound, bound, shape).T
            layer.bias._array[...] = self._random_state.uniform(-bound, bound, layer.out_features)
        return network

    def _width(self, X):
        """How many outputs the network has, found by trying it."""
        rows = X[:1].toarray() if hasattr(X, "toarray") else X[:1]
        with no_grad(), evaluating(self.module_):
            found = self.module_(wrap(np.ascontiguousarray(rows)))
        if found.dim() != 2:
            raise ValueError(
                f"{type(self).__name__}: of one sample module makes {tuple(found.shape)}; it must be (1, outputs)."
            )
        return found.shape[1]

    # -- predicting --------------------------------------------------------------------------------------------------

    def _scores(self, X):
        """The network's outputs for checked data, as a Tensor of shape (n_samples, n_outputs_)."""
        dtype = next(self.module_.parameters()).dtype
        parts = []
        with no_grad(), evaluating(self.module_):
            for start in range(0, X.shape[0], _ROWS):
                rows = X[start : start + _ROWS]
                rows = rows.toarray() if hasattr(rows, "toarray") else rows
                parts.append(self.module_(wrap(np.ascontiguousarray(rows, dtype))))
        return parts[0] if len(parts) == 1 else cat(parts)

    # -- looking inside ----------------------------------------------------------------------------------------------

    def explore(self, X, y, path=None, **options):
        """The page that plays the backward pass of the loss on these samples; see `viz.explore`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            A few samples are enough.
        y : array-like
            Their targets.
        path : path, optional
            The .html file to write.
        **options
            Of `viz.explore`.

        Returns
        -------
        What `viz.explore` returns.
        """
        from ..viz import explore

        x, targets = self._batch(X, y)
        loss = OBJECTIVES[self.out_activation_].mean(self.module_(x), targets)
        names = {"X": x, "y": targets, "loss": loss}
        return explore(loss, path, model=self.module_, names=names, **options)

    def gradcheck(self, X, y, **options):
        """Compare the gradients of the loss on these samples with numerical ones; see `autograd.gradcheck`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like
        **options
            Of `autograd.gradcheck`.

        Returns
        -------
        Report
        """
        x, targets = self._batch(X, y)
        return gradcheck(self.module_, (x, targets), OBJECTIVES[self.out_activation_].mean, **options)

    def _batch(self, X, y):
        check_is_fitted(self)
        X, y = self._read(X, y, True, False)
        dtype = next(self.module_.parameters()).dtype
        X = X.toarray() if hasattr(X, "toarray") else X
        targets = self._targets(y)
        if targets.dtype.kind == "f":
            targets = targets.astype(dtype)
        return wrap(np.array(X, dtype)), wrap(targets)

    @property
    def coefs_(self):
        """list of ndarray: the weights of each layer, (features in, features out), over the network's memory."""
        return [layer.weight.detach().numpy().T for layer in self._layers("coefs_")]

    @property
    def intercepts_(self):
        """list of ndarray: the biases of each layer, over the network's memory."""
        return [layer.bias.detach().numpy() for layer in self._layers("intercepts_")]

    @property
    def n_layers_(self):
        """int: layers, that of the inputs too."""
        return len(self._layers("n_layers_")) + 1

    def _layers(self, asked):
        if "module_" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no {asked} before it is fitted.")
        if self.module is not None:
            raise AttributeError(f"{asked} is for networks of hidden_layer_sizes; look into module_ instead.")
        return _linears(self.module_)

    # -- scikit-learn ------------------------------------------------------------------------------------------------

    def _optimizer_for(self, incremental):
        """The optimizer: a new one for each fit, the same for one partial_fit after another."""
        if self._optimizer is None or not incremental:
            self._optimizer, self._steps = make_optimizer(self.module_, self), None
        return self._optimizer

    def _check_solver(self):
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
        return True

    def __getstate__(self):
        state = super().__getstate__()
        return {**state, "_steps": None} if "_steps" in state else state  # recordings are made anew where it is loaded

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _linears(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
