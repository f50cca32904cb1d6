"""check_training: what is wrong with a training, found on one batch."""

import time
import warnings

import numpy as np

from ..autograd.graph import maker
from ..autograd.mode import state
from ..tensor import Tensor
from .findings import Finding
from .loss import check_loss
from .names import newest_first
from .parameters import check_dead_units, check_gradients, check_registration
from .snapshot import Snapshot
from .watch import Watch

__all__ = ["check_training"]

STEPS, SECONDS = 60, 2.0  # of overfitting one batch


class Check:
    """Result of `check_training`: ``findings``, and the ``losses`` of overfitting the batch. True if all is well."""

    def __init__(self):
        self.findings, self.losses = [], []

    def add(self, cause, text):
        """Note one finding."""
        self.findings.append(Finding(cause, text))

    def note(self, finding):
        """Note a finding, if there is one."""
        if finding is not None:
            self.findings.append(finding)

    @property
    def causes(self):
        """list of str: the causes of all findings."""
        return [f.cause for f in self.findings]

    def __bool__(self):
        return not self.findings

    def __repr__(self):
        count = len(self.findings)
        lines = ["check_training: " + (f"{count} finding{'s' * (count > 1)}" if count else "nothing suspicious")]
        lines += [f"- {f}" for f in self.findings]
        if self.losses:
            lines.append(
                f"One batch, {len(self.losses) - 1} steps: loss {self.losses[0]:.4g} -> {self.losses[-1]:.4g}."
            )
        return "\n".join(lines)


def check_training(model, batch, loss, optimizer):
    """Run a few training steps on one batch, look for the usual mistakes, and put everything back.

    Parameters
    ----------
    model : Module
    batch : tuple of Tensor
        ``(*inputs, target)``, as a data loader gives it.
    loss : callable
        ``loss(output, target)``, a 0-d tensor.
    optimizer : Optimizer

    Returns
    -------
    Check
        Prints as a list. ``findings`` have a ``cause`` and a ``text``; ``losses`` are those of overfitting the batch;
        ``bool(check)`` is whether nothing was found.

    Notes
    -----
    It reports: a loss far above ln C, the loss of guessing among C classes; softmax before cross-entropy, also behind
    views; operands of a loss that broadcast against each other, such as (N, 1) and (N,); parameters that get no
    gradient, with the line where it is lost, or that the optimizer does not have; layers that are not registered;
    units that are zero for every sample; gradients that vanish or explode from layer to layer; a graph that goes on
    into that of the step before; a model in evaluation mode; and a loss that does not fall on one single batch.
    Inside `no_grad` it takes the batch for an evaluation, and reports dropout and batch normalisation that are still
    in training mode.

    Parameters, gradients, buffers, attributes of modules, the optimizer's state and the default generator are put
    back at the end.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    >>> batch = microtorch.randn(12, 4), microtorch.arange(12) % 3
    >>> optimizer = microtorch.optim.SGD(model.parameters(), lr=0.5)
    >>> bool(microtorch.explain.check_training(model, batch, nn.functional.cross_entropy, optimizer))
    True
    """
    check = Check()
    *inputs, target = batch
    if not state.grad:
        _evaluation(check, model)
        return check
    with Snapshot(model, optimizer), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        with Watch() as watch:
            output = model(*inputs)
            boundary = len(watch.steps)
            value = loss(output, target)
        for text in dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning)):
            check.add("warning", text)
        if not isinstance(value, Tensor) or value.numel() != 1:
            shape = value.shape if isinstance(value, Tensor) else type(value).__name__
            check.add("loss", f"the loss is {shape}, not a tensor of one element. Reduce it, e.g. with .mean().")
            return check
        _step(check, model, watch, boundary, value, optimizer.stepped)
        check_registration(check, model, optimizer)
        if not value.requires_grad or _keeps_its_graph(check, model, inputs, target, loss, watch):
            return check
        _overfit(check, model, inputs, target, loss, optimizer)
    return check


def check_of_step(model, watch, boundary, value):
    """The Check of one step that has run: of the loss `value`, made by the operations that `watch` has seen, of which
    those from `boundary` on came after the model. Nothing is run again, and nothing is changed."""
    check = Check()
    with Snapshot(model):
        _step(check, model, watch, boundary, value, False)
    return check


def check_of_optimizer(model, optimizer):
    """The Check of what an optimizer holds, beside what the model has."""
    check = Check()
    check_registration(check, model, optimizer)
    return check


def _step(check, model, watch, boundary, value, stepped):
    _mode(check, model)
    check_loss(check, watch, boundary, stepped)
    check_gradients(check, model, watch, value)
    check_dead_units(check, model, watch)


# -- modes ------------------------------------------------------------------------------------------------------------


def _moody(model):
    """The modules that behave differently in training, with their names."""
    top = type(model).__name__
    for path, module in model.named_modules():
        kind = type(module).__name__
        if ("Dropout" in kind or "BatchNorm" in kind) and not list(module.children()):
            yield module, f"{top}.{path} ({kind})" if path else kind


def _mode(check, model):
    off = [name for module, name in _moody(model) if not module.training]
    if off:
        check.add(
            "evaluation mode",
            f"the model trains in eval mode: {', '.join(off)} behave as in evaluation. Call model.train() before "
            "training, also after each validation.",
        )


def _evaluation(check, model):
    on = [name for module, name in _moody(model) if module.training]
    if on:
        check.add(
            "training mode",
            f"gradients are off, so this is an evaluation, but {', '.join(on)} behave as in training: results "
            "depend on the batch or on chance. Call model.eval() before, and model.train() after.",
        )


# -- several steps ----------------------------------------------------------------------------------------------------


def _keeps_its_graph(check, model, inputs, target, loss, watch):
    """Whether the graph of a second step goes on into that of the first."""
    before = {step.node for step in watch.steps if step.node is not None}
    with Watch() as again:
        value = loss(model(*inputs), target)
    old = before.intersection(newest_first(value))
    for step in again.steps:
        if any(maker(edge)[0] in old for edge in step.edges):
            top = type(model).__name__
            kept = [
                ".".join(filter(None, (top, path, name)))
                for path, module in model.named_modules()
                for name, t in module.__dict__.items()
                if isinstance(t, Tensor) and t.grad_fn is not None
            ]
            held = f", held in {', '.join(kept)}" if kept else ""
            check.add(
                "growing graph",
                f"the graph grows: {step} uses a result of the step before{held}, so its graph, too, is kept and "
                "differentiated. Keep values only: .detach(), or .item() for a number.",
            )
            return True
    return False


def _overfit(check, model, inputs, target, loss, optimizer):
    start = time.perf_counter()

    def closure():
        optimizer.zero_grad()
        value = loss(model(*inputs), target)
        value.backward()
        return value

    while len(check.losses) <= STEPS and time.perf_counter() - start < SECONDS:
        check.losses.append(optimizer.step(closure).item())  # the loss before that step
        if not np.isfinite(check.losses[-1]):
            break
    first, last = check.losses[0], check.losses[-1]
    lr = optimizer.param_groups[0].get("lr")
    if not np.isfinite(last) or last > 2 * max(first, 1e-3):
        check.add(
            "diverges",
            f"on one batch the loss grows from {first:.4g} to {last:.4g} in {len(check.losses) - 1} steps. Try a "
            f"smaller learning rate (lr is {lr:g}), a tenth of it first.",
        )
    elif last > 0.95 * first and first > 1e-3:
        check.add(
            "does not learn",
            f"the loss does not fall on one single batch: {first:.4g} -> {last:.4g} in {len(check.losses) - 1} steps. "
            f"A network that learns at all overfits it. See the findings above, if any; else raise lr (it is {lr:g}).",
        )
