"""Why learning rates cannot be too big, what momentum buys, and what noise does: theory against runs.

For L(w) = Σ (s w - y)², by the theory in the course notebooks. The runs use microtorch's backward and SGD.
"""

import math

import numpy as np
from matplotlib.figure import Figure

import microtorch
from microtorch.optim import SGD

LARGE, SMALL = math.sqrt(5), math.sqrt(0.05)  # the singular values of the two-dimensional problem


def descend(singular, lr, steps, start=1.0, y=0.0, **options):
    """The path of w under SGD on Σ (singular · w - y)²: ndarray (steps + 1, D)."""
    s = microtorch.tensor(np.atleast_1d(np.asarray(singular, np.float64)))
    w = microtorch.tensor(np.full(s.shape, start), requires_grad=True)
    optimizer, path = SGD([w], lr=lr, **options), [w.detach().numpy().copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        ((s * w - y) ** 2).sum().backward()
        optimizer.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


def rate(path, first, last):
    """By what the error is multiplied in a step, on average between two steps; the minimum is at 0."""
    errors = np.linalg.norm(path, axis=1)
    return (errors[last] / errors[first]) ** (1 / (last - first))


def momentum_rate(lr, beta, singular):
    """The greatest |eigenvalue| over all directions for z = (1-β) z + β g, w = w - lr z."""
    s, kept = np.atleast_1d(singular), np.full(np.size(singular), 1 - beta)
    matrices = np.array([[kept, 2 * beta * s**2], [-lr * kept, 1 - 2 * lr * beta * s**2]])  # (2, 2, D)
    return abs(np.linalg.eigvals(matrices.transpose(2, 0, 1))).max()


def noisy(x, y, sigma, lr, steps, copies=200_000):
    """The mean over many runs of ½((x + noise) w - y)² whose noise is drawn anew at each step."""
    generator = microtorch.Generator().manual_seed(0)
    w = microtorch.zeros(copies, dtype=microtorch.float64).requires_grad_()
    optimizer = SGD([w], lr=lr)
    for _ in range(steps):
        seen = x + sigma * microtorch.randn(copies, dtype=microtorch.float64, generator=generator)
        optimizer.zero_grad()
        (0.5 * (seen * w - y) ** 2).sum().backward()
        optimizer.step()
    return w.detach().numpy().mean()


def rows():
    """(what, theory, measured) for each statement."""
    for lr in (0.05, 0.2, 0.249, 0.251):  # the limit is 1/s² = 0.25 for s = 2
        factor = rate(descend(2.0, lr, 200), 0, 200)
        yield f"one direction, s = 2, lr {lr}: factor a step", abs(1 - 2 * lr * 4), factor
    best = 1 / (LARGE**2 + SMALL**2)
    for lr in (0.5 * best, best, 1.005 * best):  # at the best one ((5/0.05) - 1)/((5/0.05) + 1) = 99/101
        theory = max(abs(1 - 2 * lr * s**2) for s in (LARGE, SMALL))
        measured = rate(descend([LARGE, SMALL], lr, 2000), 1000, 2000)
        yield f"two directions, s² = 5 and 0.05, lr {lr:.4f}: factor", theory, measured
    for lr in (0.1, 0.5, 1.0, 2.0):
        path = descend([LARGE, SMALL], lr * 0.1, 400, momentum=0.9)  # PyTorch's form of the same: lr β, without β in z
        yield f"momentum β = 0.1, lr {lr}: factor", momentum_rate(lr, 0.1, [LARGE, SMALL]), rate(path, 100, 400)
    for sign in (-1, 1):  # between these two the eigenvalues are complex, and the rate is √(1 - β) whatever lr is
        lr = (2 - 0.1 + sign * 2 * math.sqrt(0.9)) / (2 * 0.1 * 5)
        label = f"momentum β = 0.1, s² = 5, lr {lr:.4f}: repeated eigenvalue, size"
        yield label, math.sqrt(0.9), momentum_rate(lr, 0.1, LARGE)
    for sigma in (0.5, 1.0):
        yield f"input noise {sigma}, x = 1, y = 1: mean of w", 1 / (1 + sigma**2), noisy(1.0, 1.0, sigma, 0.1, 200)


def run(folder):
    """Theory beside measurement; the section for the results, in Markdown."""
    table = "\n".join(f"| {what} | {theory:.6f} | {measured:.6f} |" for what, theory, measured in rows())
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    best, grid = 1 / (LARGE**2 + SMALL**2), np.linspace(-1.3, 1.3, 121)
    runs = {"lr too small": (0.2 * best, {}), "best lr": (best, {}), "lr too big": (1.012 * best, {})}
    runs["momentum, β = 0.1"] = 0.3 * 0.1, {"momentum": 0.9}
    for axes, (title, (lr, options)) in zip(figure.subplots(1, 4, sharey=True), runs.items()):
        path = descend([LARGE, SMALL], lr, 60, **options)
        axes.contour(grid, grid, np.hypot(LARGE * grid[None], SMALL * grid[:, None]), 8, colors="0.8", linewidths=0.7)
        axes.plot(path[:, 0], path[:, 1], "o-", markersize=2, linewidth=0.7)
        axes.set(title=title, xlabel="s² = 5", ylabel="s² = 0.05")
    figure.savefig(folder / "quadratic.png", dpi=120)
    return f"""## Learning rates, momentum and noise on a quadratic

Σ (s w - y)² is minimised stably only while 0 < lr < 1/s² for the largest s.

| statement | theory | measured |
|:--|--:|--:|
{table}

![sixty steps](results/quadratic.png)
"""
