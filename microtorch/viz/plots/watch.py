"""Watch: running statistics of weights, gradients and activations, in memory that does not grow with training."""

import numpy as np

__all__ = ["Watch"]


SLOTS = 64  # columns of time; when they are full, neighbours merge and each stands for twice as many steps
# Bins of |x| by powers of two from 2^-24 to 2^8, once for negative and once for positive values, and one around zero.
EDGES = np.concatenate([-(2.0 ** np.arange(8, -25, -1)), 2.0 ** np.arange(-24, 9)])


class _Series:
    """Statistics over time of one tensor."""

    def __init__(self):
        self.counts = np.zeros((SLOTS, len(EDGES) + 1), np.int64)
        self.norms = np.zeros(SLOTS)
        self.steps = np.zeros(SLOTS, np.int64)  # how many each column has
        self.per_slot, self.used = 1, 0

    def add(self, array):
        if self.used and self.steps[self.used - 1] < self.per_slot:
            slot = self.used - 1
        else:
            if self.used == SLOTS:
                self._merge()
            slot = self.used
            self.used += 1
        flat = np.asarray(array, np.float64).ravel()
        finite = flat[np.isfinite(flat)]
        self.counts[slot] += np.bincount(np.searchsorted(EDGES, finite), minlength=len(EDGES) + 1)
        self.norms[slot] += np.sqrt(finite @ finite)
        self.steps[slot] += 1

    def _merge(self):
        half = SLOTS // 2
        for a in (self.counts, self.norms, self.steps):
            a[:half] = a[::2] + a[1::2]
            a[half:] = 0
        self.used, self.per_slot = half, 2 * self.per_slot

    def mean_norms(self):
        """The mean norm in each column."""
        return self.norms[: self.used] / self.steps[: self.used]


class Watch:
    """Running statistics of a model in training.

    Parameters
    ----------
    model : Module
        Its parameters are watched, and the outputs of its innermost modules while it trains.
    every : int, default 1
        Look only at every so many steps.

    Attributes
    ----------
    weights, gradients, activations, updates : dict of str to series
        By dotted name; `updates` holds ‖Δw‖ / ‖w‖ from one look to the next.

    Notes
    -----
    Each tensor has histograms over bins by powers of two and a mean norm, in at most 64 columns of time: when they
    are full, neighbouring columns merge. So the memory is the same after 100 steps and after a million.

    Examples
    --------
    >>> net = nn.Linear(2, 1)
    >>> with microtorch.viz.plots.Watch(net) as watch:
    ...     for _ in range(3):
    ...         net(microtorch.ones(4, 2)).sum().backward()
    ...         watch.step()
    >>> sorted(watch.gradients), watch.gradients["weight"].used
    (['bias', 'weight'], 3)
    """

    def __init__(self, model, every=1):
        self.model, self.every, self.calls = model, every, 0
        self.weights, self.gradients, self.activations, self.updates = {}, {}, {}, {}
        self._before = {}
        self._handles = [
            module.register_forward_hook(self._listener(name or type(module).__name__))
            for name, module in model.named_modules()
            if not any(True for _ in module.children())
        ]

    def step(self):
        """Look at weights and gradients; call it after ``backward``, before or after the optimizer's step."""
        self.calls += 1
        if (self.calls - 1) % self.every:
            return
        for name, parameter in self.model.named_parameters():
            w = parameter.detach().numpy()
            self.weights.setdefault(name, _Series()).add(w)
            if parameter.grad is not None:
                self.gradients.setdefault(name, _Series()).add(parameter.grad.detach().numpy())
            before = self._before.get(name)
            if before is not None:
                size = np.linalg.norm(before)
                self.updates.setdefault(name, _Series()).add(np.linalg.norm(w - before) / size if size else 0.0)
            self._before[name] = w.copy()

    def remove(self):
        """Stop listening to activations."""
        for handle in self._handles:
            handle.remove()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.remove()

    def _listener(self, name):
        def listen(module, inputs, output):
            if module.training and self.calls % self.every == 0 and hasattr(output, "detach"):
                self.activations.setdefault(name, _Series()).add(output.detach().numpy())

        return listen
