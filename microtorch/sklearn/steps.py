"""Steps of training on batches: captured, with the penalty, the learning rates and the momentum of scikit-learn."""

import numpy as np

from ..autograd.mode import no_grad
from ..captured import capture
from ..optim import SGD, Adam
from ..tensor import wrap

__all__ = ["Steps", "make_optimizer"]


def make_optimizer(network, settings):
    """The optimizer that an estimator asks for; weights and biases are two groups, for the penalty is on the former."""
    weights, others = weights_of(network), [p for p in network.parameters() if p.dim() < 2]
    groups = [{"params": params} for params in (weights, others) if params]
    if settings.solver == "sgd":
        nesterov = settings.nesterovs_momentum and settings.momentum > 0
        return SGD(groups, settings.learning_rate_init, settings.momentum, nesterov=nesterov)
    return Adam(groups, settings.learning_rate_init, (settings.beta_1, settings.beta_2), settings.epsilon)


def weights_of(network):
    """The parameters that the penalty is on: those of two dimensions and more."""
    return [p for p in network.parameters() if p.dim() >= 2]


class Steps:
    """Makes steps on batches of one set of data.

    Parameters
    ----------
    network : Module
    objective : type
        Of `OBJECTIVES`.
    alpha : float
        The strength of the penalty, α / 2 · Σ w² over the total weight of a batch.
    optimizer : Optimizer, optional
        None for those who only want losses and gradients.
    """

    def __init__(self, network, objective, alpha, optimizer=None):
        self.network, self.objective, self.alpha, self.optimizer = network, objective, alpha, optimizer
        self.weights = weights_of(network)

        def plain(x, y):
            network.zero_grad()
            loss = objective.mean(network(x), y)
            loss.backward()
            if optimizer is not None:
                optimizer.step()
            return loss

        def weighted(x, y, shares):
            network.zero_grad()
            loss = (objective.each(network(x), y) * shares).sum()
            loss.backward()
            if optimizer is not None:
                optimizer.step()
            return loss

        # What cannot be recorded, in a module of the user's, runs eagerly after one warning.
        self.plain, self.weighted = capture(plain, strict=False), capture(weighted, strict=False)
        self._inputs = {}  # rows of a batch -> the memory that the recording for so many reads them from

    def on_rows(self, X, y, w, rows):
        """A step on some rows of all data, gathered right into the memory that the recorded step reads."""
        if hasattr(X, "toarray"):
            x = X[rows].toarray()
        elif len(rows) in self._inputs:  # mode="clip": without it numpy gathers into memory of its own first
            x = np.take(X, rows, axis=0, out=self._inputs[len(rows)], mode="clip")
        else:
            x = np.take(X, rows, axis=0)
        found = self.on(x, y[rows], None if w is None else w[rows])
        recording = (self.plain if w is None else self.weighted).recording
        if recording is not None and recording.buffers[0].shape == x.shape:
            self._inputs[len(rows)] = recording.buffers[0]
        return found

    def on(self, x, y, w=None):
        """A step on a batch of arrays; its loss and its penalty, from before the step.

        The gradients are in ``.grad``; without an optimizer those of the penalty are still to be added. A batch
        without any weight teaches nothing: no step is made.
        """
        total = len(x) if w is None else float(w.sum())
        if total <= 0:
            return 0.0, 0.0
        penalty = 0.5 * self.alpha * sum(_square(p) for p in self.weights) / total if self.alpha else 0.0
        if self.optimizer is not None:
            self.prepare(total)
        constant = getattr(self.objective, "constant", None)
        if w is None:
            loss = self.plain(wrap(x), wrap(y)).item()
            rest = 0.0 if constant is None else constant(y).mean()
        else:
            shares = (w / total).astype(x.dtype)
            loss = self.weighted(wrap(x), wrap(y), wrap(shares)).item()
            rest = 0.0 if constant is None else constant(y) @ shares
        return loss + float(rest), penalty

    def prepare(self, total):
        """Set what the optimizer's coming step needs to be scikit-learn's."""
        optimizer = self.optimizer
        if self.weights:
            optimizer.param_groups[0]["weight_decay"] = self.alpha / total
        if isinstance(optimizer, Adam):
            # There ε is added before v is corrected for its start: √v + ε; here after, √(v / (1 − β₂ᵗ)) + ε.
            group = optimizer.param_groups[0]
            t = optimizer.state.get(group["params"][0], {}).get("step", 0) + 1
            eps = optimizer.defaults["eps"] * (1.0 - group["betas"][1] ** t) ** -0.5
            for group in optimizer.param_groups:
                group["eps"] = eps

    def set_learning_rate(self, rate):
        """From the next step on; the velocity of SGD holds the rate in scikit-learn, and here it does not."""
        for group in self.optimizer.param_groups:
            ratio, group["lr"] = group["lr"] / rate, rate
            with no_grad():
                for p in group["params"]:
                    buffer = self.optimizer.state.get(p, {}).get("momentum_buffer")
                    if buffer is not None:
                        buffer.mul_(ratio)


def _square(p):
    flat = p._array.reshape(-1)
    return float(np.dot(flat, flat))
