"""Pictures of training, with matplotlib (``pip install microtorch[plots]``).

Every function draws into `ax` if it is given one, else into a new figure, and returns the Axes. matplotlib is imported
when the first picture is drawn. Colours are those that colour-blind readers tell apart (Okabe and Ito 2008).
"""

import numpy as np

from .landscape import (
    activation_functions,
    caption,
    decision_boundary,
    loss_surface,
    new_axes,
    optimizer_path,
    weight_images,
)
from .watch import EDGES, Watch

__all__ = [
    "Watch",
    "activation_functions",
    "confusion_matrix",
    "curves",
    "decision_boundary",
    "gradient_flow",
    "histograms",
    "loss_surface",
    "optimizer_path",
    "schedules",
    "update_ratios",
    "weight_images",
]


def gradient_flow(model, ax=None):
    """The gradient of each parameter after a backward: mean and largest magnitude, from the input to the output.

    Parameters
    ----------
    model : Module
        Parameters without a gradient are marked with a cross.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Logarithmic; a line that falls towards the left is a vanishing gradient.
    """
    ax = new_axes(ax)
    names, means, largest, missing = [], [], [], []
    for i, (name, parameter) in enumerate(model.named_parameters()):
        names.append(name)
        if parameter.grad is None:
            missing.append(i)
            means.append(np.nan)
            largest.append(np.nan)
            continue
        size = np.abs(parameter.grad.numpy())
        means.append(size.mean(dtype=np.float64))
        largest.append(size.max(initial=0.0))
    x = np.arange(len(names))
    ax.plot(x, largest, "v-", label="largest |gradient|")
    ax.plot(x, means, "o-", label="mean |gradient|")
    if missing:
        ax.plot(missing, np.full(len(missing), 0.03), "kx", transform=ax.get_xaxis_transform(), label=".grad is None")
    if np.nanmax([*largest, 0.0]) > 0:
        ax.set_yscale("log", nonpositive="mask")
    ax.set_xticks(x, [caption(name) for name in names], rotation=60, ha="right")
    ax.set(title="gradient flow", xlabel="parameter, input side first")
    ax.legend()
    return ax


def histograms(series, ax=None, title=None):
    """How the values of one tensor were distributed over training: time to the right, value upwards, share as colour.

    Parameters
    ----------
    series : series of a Watch
        As ``watch.gradients["fc1.weight"]``.
    ax : matplotlib.axes.Axes, optional
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes
        The axis of values is logarithmic in both directions from zero.
    """
    ax = new_axes(ax)
    counts = series.counts[: series.used].astype(np.float64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    used = np.flatnonzero(share.any(axis=0)) if share.any() else np.array([0])
    first, last = used[0], used[-1] + 1
    steps = np.concatenate([[0], np.cumsum(series.steps[: series.used])])
    mesh = ax.pcolormesh(steps, np.arange(first, last + 1), share[:, first:last].T, cmap="cividis", rasterized=True)
    ax.figure.colorbar(mesh, ax=ax, label="share of the values")
    ends = np.concatenate([[-np.inf], EDGES, [np.inf]])
    ticks = np.unique(np.linspace(first, last, 7).astype(int))
    ax.set_yticks(ticks, [f"{ends[i]:.0e}" if np.isfinite(ends[i]) else "" for i in ticks])
    ax.set(xlabel="step", ylabel="value", title=caption(title or "distribution over training"))
    return ax


def update_ratios(watch, ax=None):
    """‖Δw‖ / ‖w‖ of each weight over training; about 10⁻³ is usual, the dashed line.

    Parameters
    ----------
    watch : Watch
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes(ax)
    for name, series in watch.updates.items():
        ax.plot(np.cumsum(series.steps[: series.used]), series.mean_norms(), label=caption(name))
    ax.axhline(1e-3, color="#5b626d", linestyle="--", linewidth=1)
    ax.set_yscale("log", nonpositive="mask")
    ax.set(xlabel="step", ylabel="‖Δw‖ / ‖w‖", title="update-to-weight ratio")
    if watch.updates:
        ax.legend()
    return ax


def curves(runs, ax=None, xlabel="epoch", ylabel="loss", log=False):
    """Loss or accuracy of several runs, with a band over the seeds of each.

    Parameters
    ----------
    runs : dict of str to sequence
        By label, one curve or a sequence of curves, one for each seed; unequal lengths are cut to the shortest.
    ax : matplotlib.axes.Axes, optional
    xlabel, ylabel : str
    log : bool, default False
        Logarithmic in y.

    Returns
    -------
    matplotlib.axes.Axes
        The line is the mean, the band one standard deviation to each side.
    """
    ax = new_axes(ax)
    for label, given in runs.items():
        seeds = [np.atleast_1d(np.asarray(c, np.float64)) for c in (given if np.ndim(given[0]) else [given])]
        length = min(len(c) for c in seeds)
        table = np.stack([c[:length] for c in seeds])  # (seeds, epochs)
        x = np.arange(1, length + 1)
        mean, std = table.mean(axis=0), table.std(axis=0)
        (line,) = ax.plot(x, mean, label=caption(label) + (f" ({len(seeds)} seeds)" if len(seeds) > 1 else ""))
        if len(seeds) > 1:
            ax.fill_between(x, mean - std, mean + std, color=line.get_color(), alpha=0.25, linewidth=0)
    if log:
        ax.set_yscale("log")
    ax.set(xlabel=caption(xlabel), ylabel=caption(ylabel))
    ax.legend()
    return ax


def schedules(schedulers, steps, ax=None):
    """The learning rate over `steps` steps.

    Parameters
    ----------
    schedulers : dict of str to callable
        By label, a function from an optimizer to a scheduler, as ``lambda o: StepLR(o, 10)``.
    steps : int
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    from ... import ones
    from ...optim import SGD

    ax = new_axes(ax)
    for label, make in schedulers.items():
        parameter = ones(1, requires_grad=True)
        parameter.grad = ones(1) * 0.0
        optimizer = SGD([parameter], lr=1.0)
        scheduler = make(optimizer)
        rates = []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
        ax.plot(np.arange(steps), rates, label=caption(label))
    ax.set(xlabel="step", ylabel="learning rate", title="schedules")
    ax.legend()
    return ax


def confusion_matrix(target, predicted, classes=None, ax=None):
    """How often each class was taken for each other.

    Parameters
    ----------
    target, predicted : array_like or Tensor, shape (N,), int
        Class numbers from 0.
    classes : sequence of str, optional
        Names of the classes.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
        Rows are the true class; colour is the share of the row, the number the count.
    """
    ax = new_axes(ax)
    target, predicted = (np.asarray(t).astype(np.int64).ravel() for t in (target, predicted))
    count = len(classes) if classes is not None else int(max(target.max(), predicted.max())) + 1
    table = np.zeros((count, count), np.int64)
    np.add.at(table, (target, predicted), 1)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    image = ax.imshow(share, cmap="cividis", vmin=0, vmax=1)
    ax.figure.colorbar(image, ax=ax, label="share of the true class")
    for i, j in np.ndindex(table.shape):
        if table[i, j]:
            ax.text(j, i, str(table[i, j]), ha="center", va="center", color="white" if share[i, j] < 0.5 else "black")
    names = [caption(name) for name in (classes if classes is not None else range(count))]
    ax.set_xticks(range(count), names, rotation=45 if classes is not None else 0)
    ax.set_yticks(range(count), names)
    ax.set(xlabel="predicted", ylabel="true", title=f"{np.trace(table) / max(1, table.sum()):.1%} right")
    return ax
