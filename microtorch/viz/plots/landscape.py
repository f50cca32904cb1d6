"""Pictures of functions: activations, decision boundaries, loss surfaces, the path of an optimizer, weights."""

import numpy as np

from ...autograd import grad, no_grad
from ...errors import needs, visible
from ...from_data import as_tensor
from ...tensor import Tensor

_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")


def new_axes(ax, **options):
    """`ax`, or the Axes of a new figure."""
    if ax is None:
        with needs("viz.plots needs matplotlib", "'microtorch[plots]'"):
            import matplotlib.pyplot as plt
        _, ax = plt.subplots(layout="constrained", **options)
    ax.set_prop_cycle(color=_COLORS)
    return ax


def caption(text, longest=60):
    """A name as matplotlib shows it: not as a formula between dollars, and in a legend also where it begins with _."""
    text = visible(str(text), longest).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def activation_functions(functions, ax=None, low=-4.0, high=4.0):
    """Functions and, dashed, their derivatives as backward computes them.

    Parameters
    ----------
    functions : dict of str to callable, or sequence of callable
        Functions of one tensor.
    ax : matplotlib.axes.Axes, optional
    low, high : float
        The range of x.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes(ax)
    named = functions if isinstance(functions, dict) else {f.__name__: f for f in functions}
    for i, (name, function) in enumerate(named.items()):
        x = as_tensor(np.linspace(low, high, 401)).requires_grad_()
        y = function(x)
        (dx,) = grad(y.sum(), x)
        color = _COLORS[i % len(_COLORS)]
        ax.plot(x.detach().numpy(), y.detach().numpy(), color=color, label=caption(name))
        ax.plot(x.detach().numpy(), dx.numpy(), color=color, linestyle="--", linewidth=1)
    ax.set(xlabel="x", title="functions, and dashed their derivatives")
    ax.legend()
    return ax


def decision_boundary(model, inputs, target, ax=None, resolution=200):
    """The classes that a model gives to the points of the plane, and the data.

    Parameters
    ----------
    model : callable
        From (N, 2) to (N, C) scores, or (N,) or (N, 1) scores of which the positive ones mean class 1.
    inputs : array_like or Tensor, shape (N, 2)
    target : array_like or Tensor, shape (N,), int
    ax : matplotlib.axes.Axes, optional
    resolution : int, default 200
        Points in each direction.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes(ax)
    inputs = np.asarray(inputs.detach() if isinstance(inputs, Tensor) else inputs)
    target = np.asarray(target)
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    margin = 0.1 * (high - low)
    x, y = (np.linspace(a, b, resolution) for a, b in zip(low - margin, high + margin, strict=True))
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(inputs.dtype)
    training = getattr(model, "training", False)
    if training:
        model.eval()
    try:
        with no_grad():
            scores = model(as_tensor(points)).numpy()
    finally:
        if training:
            model.train()
    if scores.ndim == 1 or scores.shape[1] == 1:
        classes = (scores.reshape(-1) > 0).astype(int)
    else:
        classes = scores.argmax(axis=1)
    count = int(max(classes.max(), target.max())) + 1
    levels = np.arange(count + 1) - 0.5
    colors = [_COLORS[i % len(_COLORS)] for i in range(count)]
    ax.contourf(x, y, classes.reshape(resolution, resolution), levels=levels, colors=colors, alpha=0.3)
    for k in range(count):
        ax.scatter(*inputs[target == k].T, s=14, color=colors[k], edgecolor="white", linewidth=0.5, label=f"class {k}")
    ax.set(title="decision boundary")
    ax.legend()
    return ax


def loss_surface(model, loss, ax=None, span=1.0, resolution=25, generator=None):
    """The loss around a model's weights, over two random directions of the weights' own size.

    Parameters
    ----------
    model : Module
        Its weights are put back.
    loss : callable
        Without arguments; gives the loss of the model as it is, a Tensor of one element.
    ax : matplotlib.axes.Axes, optional
    span : float, default 1.0
        How far to go; 1 is as far as the weights are from zero.
    resolution : int, default 25
        Points in each direction; the loss is computed for each pair.
    generator : Generator, optional
        Of the directions.

    Returns
    -------
    matplotlib.axes.Axes

    References
    ----------
    Li, Xu, Taylor, Studer, Goldstein, "Visualizing the Loss Landscape of Neural Nets" (2018), section 4: directions
    are scaled to the norm of each row of a weight matrix.
    """
    from ...random import default_generator

    rng = (generator or default_generator).numpy
    parameters = list(model.parameters())
    origin = [p.detach().numpy().copy() for p in parameters]
    directions = [[_like(w, rng) for w in origin] for _ in range(2)]
    at = np.linspace(-span, span, resolution)
    heights = np.empty((resolution, resolution))
    try:
        with no_grad():
            for i, b in enumerate(at):
                for j, a in enumerate(at):
                    for p, w, d, e in zip(parameters, origin, *directions, strict=True):
                        p.data = w + w.dtype.type(a) * d + w.dtype.type(b) * e
                    heights[i, j] = loss().item()
    finally:
        for p, w in zip(parameters, origin, strict=True):
            p.data = w
    ax = new_axes(ax)
    contours = ax.contourf(at, at, heights, levels=24, cmap="cividis")
    ax.figure.colorbar(contours, ax=ax, label="loss")
    ax.plot(0, 0, "*", color="white", markersize=12, markeredgecolor="black")
    ax.set(xlabel="first direction", ylabel="second direction", title="loss around the weights (star)")
    return ax


def _like(w, rng):
    """A random direction of the same norm as `w`, row by row."""
    d = rng.standard_normal(w.shape).astype(w.dtype)
    if w.ndim < 2:
        return d * (np.linalg.norm(w) / max(np.linalg.norm(d), 1e-12)).astype(w.dtype)
    norms = np.linalg.norm(w, axis=1, keepdims=True) / np.maximum(np.linalg.norm(d, axis=1, keepdims=True), 1e-12)
    return (d * norms).astype(w.dtype)


def optimizer_path(optimizers, ax=None, steps=60, start=(-4.0, 2.5), curvature=(1.0, 12.0)):
    """The way optimizers take over a quadratic bowl.

    Parameters
    ----------
    optimizers : dict of str to callable
        By label, a function from a list of parameters to an optimizer, as ``lambda p: SGD(p, lr=0.1)``.
    ax : matplotlib.axes.Axes, optional
    steps : int, default 60
    start : pair of float
    curvature : pair of float
        The loss is (a·x² + b·y²) / 2.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = new_axes(ax)
    a, b = curvature
    width = 1.15 * max(abs(start[0]), 1e-3), 1.4 * max(abs(start[1]), 1e-3)
    x, y = (np.linspace(-w, w, 200) for w in width)
    height = (a * x[None, :] ** 2 + b * y[:, None] ** 2) / 2
    ax.contour(x, y, height, levels=np.geomspace(height.max() * 1e-4, height.max(), 14), cmap="Greys_r", linewidths=0.8)
    for label, make in optimizers.items():
        w = as_tensor(np.array(start)).requires_grad_()
        scale = as_tensor(np.array([a, b]))
        optimizer, path = make([w]), [np.array(start)]

        def closure(w=w, scale=scale, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (scale * w * w).sum() * 0.5
            loss.backward()
            return loss

        for _ in range(steps):
            optimizer.step(closure)
            path.append(w.detach().numpy().copy())
        ax.plot(*np.array(path).T, "o-", markersize=2.5, linewidth=1.2, label=caption(label))
    ax.plot(0, 0, "*", color="#e69f00", markersize=12, markeredgecolor="black")
    ax.set(xlim=(-width[0], width[0]), ylim=(-width[1], width[1]), title=f"{steps} steps")
    ax.legend()
    return ax


def weight_images(weight, shape, columns=8, ax=None):
    """The rows of a first layer's weight as images, on one scale: blue positive, orange negative.

    Parameters
    ----------
    weight : Tensor or array_like, shape (units, features)
    shape : pair of int
        Height and width; their product is `features`.
    columns : int, default 8
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    w = np.asarray(weight.detach() if isinstance(weight, Tensor) else weight)
    height, width = shape
    columns = min(columns, len(w))
    rows = -(-len(w) // columns)
    sheet = np.full((rows * (height + 1) - 1, columns * (width + 1) - 1), np.nan)
    for i, row in enumerate(w):
        top, left = i // columns * (height + 1), i % columns * (width + 1)
        sheet[top : top + height, left : left + width] = row.reshape(shape)
    ax = new_axes(ax)
    from matplotlib.colors import LinearSegmentedColormap

    limit = np.abs(w).max(initial=0.0) or 1.0
    diverging = LinearSegmentedColormap.from_list("orange-blue", ["#d55e00", "#ffffff", "#0072b2"])
    image = ax.imshow(sheet, cmap=diverging, vmin=-limit, vmax=limit)
    ax.figure.colorbar(image, ax=ax, label="weight", shrink=0.6)
    ax.set_axis_off()
    ax.set_title("weights of the first layer")
    return ax
