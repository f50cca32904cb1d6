"""The course of a training: epochs with scikit-learn's rules for the rate and for stopping, and L-BFGS."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from .objectives import OBJECTIVES, Squared
from .steps import Steps

__all__ = ["train", "train_by_lbfgs"]


def train(estimator, X, y, weights, incremental):
    """Epochs of steps on batches, until nothing gets better or `max_iter`; one if `incremental`."""
    optimizer = estimator._optimizer_for(incremental)
    if estimator._steps is None or estimator._steps.alpha != estimator.alpha:
        estimator._steps = Steps(estimator.module_, OBJECTIVES[estimator.out_activation_], estimator.alpha, optimizer)
    validation, best = None, None
    if estimator.early_stopping:
        (X, y, weights), validation = _split(estimator, X, y, weights)
    order, batch = np.arange(X.shape[0]), _batch_size(estimator, X.shape[0])
    if hasattr(X, "tocsr"):
        X = X.tocsr()
    estimator.n_iter_ = 0
    try:
        for _ in range(1 if incremental else estimator.max_iter):
            if estimator.shuffle:
                order = order[estimator._random_state.permutation(len(order))]
            loss = _epoch(estimator._steps, X, y, weights, order, batch)
            better = _keep(estimator, loss, X.shape[0], validation)
            best = _copied(estimator.module_) if better else best
            if _stops(estimator):
                break
        else:
            if not incremental:
                warnings.warn(
                    f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization "
                    "hasn't converged yet.",
                    ConvergenceWarning,
                    stacklevel=4,
                )
    finally:
        if best is not None:
            estimator.module_.load_state_dict(best)


def _split(estimator, X, y, weights):
    """The data to train on, and those to validate on."""
    parts = [X, y] if weights is None else [X, y, weights]
    binary = estimator.out_activation_ == "logistic" and estimator.n_outputs_ == 1
    found = train_test_split(
        *parts,
        random_state=estimator._random_state,
        test_size=estimator.validation_fraction,
        stratify=y if binary else None,
    )
    kept, held_out = found[::2], found[1::2]
    if held_out[0].shape[0] < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return (part if len(part) == 3 else [*part, None] for part in (kept, held_out))


def _batch_size(estimator, n):
    if estimator.batch_size == "auto":
        return min(200, n)
    if estimator.batch_size > n:
        warnings.warn(f"batch_size is {estimator.batch_size}, and there are {n} samples: a batch has {n}", stacklevel=5)
    return min(int(estimator.batch_size), n)


def _epoch(steps, X, y, weights, order, batch):
    """A step on each batch; the mean of their losses over the samples."""
    total = 0.0
    # The loss of several outputs is reported as their mean, and its gradient is that of their sum, as in scikit-learn.
    outputs = y.shape[1] if steps.objective is Squared else 1
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        loss, penalty = steps.on_rows(X, y, weights, rows)
        total += (loss / outputs + penalty) * len(rows)
    return total / len(order)


def _keep(estimator, loss, n, validation):
    """Write an epoch down; whether it is the best yet on the validation data."""
    estimator.n_iter_ += 1
    estimator.t_ += n
    estimator.loss_ = loss
    estimator.loss_curve_.append(loss)
    row = {"step": len(estimator.loss_curve_), "loss": loss, "lr": float(estimator._optimizer.param_groups[0]["lr"])}
    if estimator.verbose:
        print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
    better = False
    if validation is None:
        worse = loss > estimator.best_loss_ - estimator.tol
        estimator.best_loss_ = min(estimator.best_loss_, loss)
    else:
        score = row["val_score"] = estimator._score_of(*validation)
        estimator.validation_scores_.append(score)
        if estimator.verbose:
            print(f"Validation score: {score:f}")
        worse = score < estimator.best_validation_score_ + estimator.tol
        better = score > estimator.best_validation_score_
        if better:
            estimator.best_validation_score_ = score
    estimator._no_better = estimator._no_better + 1 if worse else 0
    estimator.history_.steps.append(loss=loss)
    estimator.history_.evaluations.append(**row)
    return better


def _stops(estimator):
    """Set the rate of the next epoch; whether there is none."""
    steps, rate = estimator._steps, estimator._optimizer.param_groups[0]["lr"]
    if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
        steps.set_learning_rate(estimator.learning_rate_init / (estimator.t_ + 1) ** estimator.power_t)
    if estimator._no_better <= estimator.n_iter_no_change:
        return False
    what = "Validation score" if estimator.early_stopping else "Training loss"
    said = (
        f"{what} did not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} consecutive epochs."
    )
    if estimator.solver == "sgd" and estimator.learning_rate == "adaptive" and rate > 1e-6:
        steps.set_learning_rate(rate / 5)
        estimator._no_better = 0
        if estimator.verbose:
            print(f"{said} Setting learning rate to {rate / 5:f}")
        return False
    if estimator.verbose:
        print(f"{said} Stopping.")
    return True


def _copied(module):
    return {name: t.clone() for name, t in module.state_dict().items()}


# -- L-BFGS ------------------------------------------------------------------------------------------------------------


def train_by_lbfgs(estimator, X, y, weights):
    """scipy's L-BFGS-B on all data at once; losses and gradients come from a captured pass."""
    from scipy.optimize import minimize

    X = X.toarray() if hasattr(X, "toarray") else np.ascontiguousarray(X)
    network = estimator.module_
    steps = Steps(network, OBJECTIVES[estimator.out_activation_], estimator.alpha)
    params = [p for p in network.parameters() if p.requires_grad]
    total = X.shape[0] if weights is None else float(weights.sum())
    decay = [estimator.alpha / total if p.dim() >= 2 else 0.0 for p in params]
    table = estimator.history_.evaluations

    def put(flat):
        start = 0
        for p in params:
            p._array[...] = flat[start : start + p.numel()].reshape(p.shape)
            start += p.numel()

    def loss_and_gradient(flat):
        put(flat)
        loss, penalty = steps.on(X, y, weights)
        found = [share * p._array for p, share in zip(params, decay, strict=True)]
        for p, gradient in zip(params, found, strict=True):
            if p.grad is not None:
                gradient += p.grad._array
        return loss + penalty, np.concatenate([g.reshape(-1) for g in found]).astype(np.float64)

    def note(intermediate_result):
        loss = float(intermediate_result.fun)
        estimator.loss_curve_.append(loss)
        estimator.history_.steps.append(loss=loss)
        table.append(step=len(estimator.loss_curve_), loss=loss)
        if estimator.verbose:
            print(f"Iteration {len(estimator.loss_curve_)}, loss = {loss:.8f}")

    found = minimize(
        loss_and_gradient,
        np.concatenate([p._array.reshape(-1) for p in params]).astype(np.float64),
        method="L-BFGS-B",
        jac=True,
        callback=note,
        options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
    )
    put(found.x)
    estimator.n_iter_, estimator.loss_ = min(int(found.nit), estimator.max_iter), float(found.fun)
    if not estimator.early_stopping:
        estimator.best_loss_ = min(estimator.best_loss_, estimator.loss_)
    if found.status != 0:
        warnings.warn(
            f"lbfgs failed to converge after {found.nit} iterations ({found.message}). Increase max_iter or scale the "
            "data, as by StandardScaler.",
            ConvergenceWarning,
            stacklevel=4,
        )
