# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.nn import Module as Module, Parameter as Parameter
from microtorch.tensor import Tensor as Tensor


class MLPClassifier:
    classes_: np.ndarray
    module_: Module
    history_: Any
    loss_: float
    best_loss_: float
    loss_curve_: Sequence[float]
    validation_scores_: Sequence[float]
    best_validation_score_: float | None
    n_iter_: int
    t_: int
    n_outputs_: int
    n_features_in_: int
    out_activation_: str
    def __init__(self, hidden_layer_sizes: int | Sequence[int] = ..., activation: Literal["identity", "logistic", "tanh", "relu"] = ..., *, solver: Literal["lbfgs", "sgd", "adam"] = ..., alpha: float = ..., batch_size: int | Literal["auto"] = ..., learning_rate: Literal["constant", "invscaling", "adaptive"] = ..., learning_rate_init: float = ..., power_t: float = ..., max_iter: int = ..., shuffle: bool = ..., random_state: Any = ..., tol: float = ..., verbose: bool = ..., warm_start: bool = ..., momentum: float = ..., nesterovs_momentum: bool = ..., early_stopping: bool = ..., validation_fraction: float = ..., beta_1: float = ..., beta_2: float = ..., epsilon: float = ..., n_iter_no_change: int = ..., max_fun: int = ..., class_weight: Any = ..., module: Module | Callable[..., Any] | None = ...) -> None: ...
    @property
    def coefs_(self) -> Any: ...
    def explore(self, X: Any, y: Any, path: Any = ..., **options: Any) -> Any: ...
    def fit(self, X: Any, y: Any, sample_weight: Any = ...) -> Any: ...
    def gradcheck(self, X: Any, y: Any, **options: Any) -> Any: ...
    @property
    def intercepts_(self) -> Any: ...
    @property
    def n_layers_(self) -> int: ...
    def predict(self, X: Any) -> Any: ...
    def predict_log_proba(self, X: Any) -> Any: ...
    def predict_proba(self, X: Any) -> Any: ...
class MLPRegressor:
    module_: Module
    history_: Any
    loss_: float
    best_loss_: float
    loss_curve_: Sequence[float]
    validation_scores_: Sequence[float]
    best_validation_score_: float | None
    n_iter_: int
    t_: int
    n_outputs_: int
    n_features_in_: int
    out_activation_: str
    def __init__(self, loss: Literal["squared_error", "poisson"] = ..., hidden_layer_sizes: int | Sequence[int] = ..., activation: Literal["identity", "logistic", "tanh", "relu"] = ..., *, solver: Literal["lbfgs", "sgd", "adam"] = ..., alpha: float = ..., batch_size: int | Literal["auto"] = ..., learning_rate: Literal["constant", "invscaling", "adaptive"] = ..., learning_rate_init: float = ..., power_t: float = ..., max_iter: int = ..., shuffle: bool = ..., random_state: Any = ..., tol: float = ..., verbose: bool = ..., warm_start: bool = ..., momentum: float = ..., nesterovs_momentum: bool = ..., early_stopping: bool = ..., validation_fraction: float = ..., beta_1: float = ..., beta_2: float = ..., epsilon: float = ..., n_iter_no_change: int = ..., max_fun: int = ..., module: Module | Callable[..., Any] | None = ...) -> None: ...
    @property
    def coefs_(self) -> Any: ...
    def explore(self, X: Any, y: Any, path: Any = ..., **options: Any) -> Any: ...
    def fit(self, X: Any, y: Any, sample_weight: Any = ...) -> Any: ...
    def gradcheck(self, X: Any, y: Any, **options: Any) -> Any: ...
    @property
    def intercepts_(self) -> Any: ...
    @property
    def n_layers_(self) -> int: ...
    def predict(self, X: Any) -> Any: ...
