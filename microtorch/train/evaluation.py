"""How well a model does on data that it is not trained on."""

import contextlib
import math
import time

from ..autograd.mode import no_grad

__all__ = ["accuracy", "evaluate"]


def accuracy(outputs, targets):
    """The share of samples whose highest score is at the right class.

    Parameters
    ----------
    outputs : Tensor, shape (N, C)
        Scores of the classes.
    targets : Tensor, shape (N,), integer
        The right classes.

    Returns
    -------
    float in [0, 1]

    Examples
    --------
    >>> from microtorch.train import accuracy
    >>> accuracy(microtorch.tensor([[0.9, 0.1], [0.8, 0.2]]), microtorch.tensor([0, 1]))
    0.5
    """
    right = outputs._array.argmax(-1) == targets._array
    return float(right.mean())


def evaluate(model, loader, metrics):
    """The metrics of a model over all batches of a loader.

    Parameters
    ----------
    model : Module
        Evaluated in evaluation mode and without recording; afterwards each module is in the mode it was in.
    loader : iterable of (inputs, targets)
    metrics : dict of str to callable
        From outputs and targets of a batch to its mean: a float or a Tensor of one element.

    Returns
    -------
    dict of str to float
        The means over all samples.

    Examples
    --------
    >>> from microtorch.data import DataLoader
    >>> from microtorch.datasets import Digits
    >>> from microtorch.train import accuracy, evaluate
    >>> model = nn.MLP([64, 10], init="uniform")
    >>> sorted(evaluate(model, DataLoader(Digits(), batch_size=500), {"accuracy": accuracy}))
    ['accuracy']
    """
    *sums, count = totals(model, loader, metrics)
    if count == 0:
        raise ValueError("evaluate: the loader has no samples to evaluate on.")
    return {name: total / count for name, total in zip(metrics, sums, strict=True)}


def totals(model, loader, metrics):
    """The sums over all samples of `metrics`, as of `evaluate`, and last how many samples there are: list of float."""
    sums, count = [0.0] * len(metrics), 0.0
    with no_grad(), evaluating(model):
        for inputs, targets in loader:
            outputs = model(inputs)
            for i, metric in enumerate(metrics.values()):
                sums[i] += float(metric(outputs, targets)) * len(targets)
            count += len(targets)
    return [*sums, count]


@contextlib.contextmanager
def evaluating(model):
    """Evaluation mode of `model` for a while: afterwards each module is in the mode it was in, frozen ones too."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield model
    finally:
        for module in training:
            module.training = True


def evaluate_training(solver):
    """Evaluate the model of a Solver: a row of its history, the best parameters, and what it shows."""
    solver._ranks.settle(solver)
    table = solver.history.evaluations
    before = table["step"][-1] if len(table) else 0
    done = solver.epoch + solver.position / len(solver.loader)
    row = {"step": solver.step, "epoch": done}
    row["loss"] = math.fsum(solver.history.steps["loss"][before:]) / max(1, solver.step - before)
    row["lr"] = float(solver.optimizer.param_groups[0]["lr"])
    if solver._train_sample is not None and solver.metrics:
        row |= _evaluated(solver, "train_", solver._train_sample, solver.metrics)
    if solver._validation is not None:
        row |= _evaluated(solver, "val_", solver._validation, {"loss": solver.loss, **solver.metrics})
    row["seconds"] = time.perf_counter() - solver._clock
    table.append(**row)
    _keep_best(solver, row)
    shown = {name: f"{value:.4f}" for name, value in row.items() if name.startswith(("train_", "val_"))}
    solver._progress.evaluated(shown)
    solver._progress.say(
        f"(Epoch {done:g} / {solver.num_epochs}) loss: {row['loss']:.4f}; "
        + "; ".join(f"{name}: {value}" for name, value in shown.items())
    )


def _evaluated(solver, prefix, loader, metrics):
    *sums, count = solver._ranks.summed(totals(solver.model, solver._ranks.part(loader), metrics))
    if count == 0:
        raise ValueError(f"Solver: there are no samples to evaluate {prefix}{next(iter(metrics))} on.")
    return {f"{prefix}{name}": total / count for name, total in zip(metrics, sums, strict=True)}


def _keep_best(solver, row):
    if solver._validation is None:
        return
    if solver.monitor not in row:
        raise ValueError(f"Solver: monitor is {solver.monitor!r}; the evaluations have {', '.join(row)}.")
    value = row[solver.monitor]
    lower = solver.monitor.endswith("loss")
    if solver.best_params is None or (value < solver.best_val_acc if lower else value > solver.best_val_acc):
        solver.best_val_acc, solver._stale = value, 0
        solver.best_params = {name: t.clone() for name, t in solver.model.state_dict().items()}
    else:
        solver._stale += 1
