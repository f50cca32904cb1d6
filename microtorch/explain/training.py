"""check_training: what is wrong with a training, found on one batch."""

import time
import warnings
from math import log

import numpy as np

from ..autograd.gradients import grad
from ..autograd.graph import maker
from ..autograd.mode import scope_title, state
from ..nn.module import Module
from ..tensor import Tensor
from .findings import Finding
from .names import newest_first, paths_of
from .snapshot import Snapshot
from .watch import Watch, follow

__all__ = ["check_training"]

STEPS, SECONDS = 60, 2.0  # of overfitting one batch
LOSSES = {"CrossEntropy": "cross_entropy", "NllLoss": "nll_loss"}
# loss: {activation that it must not get: what to do}
TWICE = {
    "CrossEntropy": ("Softmax", "Sigmoid"),
    "BinaryCrossEntropyWithLogits": ("Sigmoid", "Softmax"),
    "NllLoss": ("Softmax", "Sigmoid"),
}


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
        _registration(check, model, optimizer)
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
    _registration(check, model, optimizer)
    return check


def _step(check, model, watch, boundary, value, stepped):
    _mode(check, model)
    _loss(check, watch, boundary, stepped)
    _gradients(check, model, watch, value)
    _dead_units(check, model, watch)


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


# -- the loss ---------------------------------------------------------------------------------------------------------


def _loss(check, watch, boundary, stepped):
    for i, step in enumerate(watch.steps):
        if step.name in TWICE and step.tensors:
            _activation_before(check, watch, step)
        if step.name in LOSSES:
            _guessing(check, step, stepped)
        if i >= boundary and not _is_ours(step.scope):
            _broadcast(check, step)


def _activation_before(check, watch, step):
    x = step.tensors[0]
    node, _ = maker(step.edges[0])
    while node is not None and (node.is_view or node.name() in ("Clone", "Cast", "Reshape", "Contiguous", "Copy")):
        node, _ = maker(node.edges[0])
    if node is not None and node.name() in TWICE[step.name]:
        made = watch.step_of(node)
        check.add(
            "softmax twice",
            f"{node.name().lower()} before {_public(step.name)}: {made} gives probabilities, and {_cure(step.name)}",
        )
    elif step.name == "CrossEntropy" and _is_distribution(x._array):
        check.add(
            "softmax twice",
            f"the input of cross_entropy at {step.line} looks like the result of a softmax: every row is positive and "
            f"sums to 1. It {_cure(step.name)}",
        )


def _public(name):
    return {"BinaryCrossEntropyWithLogits": "binary_cross_entropy_with_logits", **LOSSES}[name]


def _cure(name):
    if name == "NllLoss":
        return "nll_loss takes their logarithms. Use log_softmax, or cross_entropy on the logits."
    return f"{_public(name)} takes logits: it has that activation inside. Remove the one before it."


def _is_distribution(x):
    return x.ndim == 2 and x.shape[1] > 1 and len(x) > 1 and x.min() >= 0 and bool(np.allclose(x.sum(1), 1, atol=1e-4))


def _guessing(check, step, stepped):
    x, target = step.tensors[:2]
    losses = step.outputs[0]._array
    if target.dtype.kind not in "iu" or x.ndim < 2 or losses.ndim or "mean" not in step.inputs:
        return
    check.note(guessing(float(losses), x.shape[1], float(x._array.std()), stepped))


def guessing(loss, C, spread, started):
    """A finding if a loss is far from that of guessing among `C` classes; `started` says whether steps were made."""
    guess = log(C)
    if loss > 1.5 * guess:
        return Finding(
            "initial loss",
            f"the loss is {loss:.4g}, guessing among {C} classes costs ln {C} = {guess:.4g}. The scores (std "
            f"{spread:.3g}) are too sure of wrong answers: a smaller scale in the last layer's init, "
            "normalised inputs, or labels that do not belong to their samples.",
        )
    if loss < 0.3 * guess and not started:
        return Finding(
            "initial loss",
            f"the loss before the first step is {loss:.4g}, guessing among {C} classes costs ln {C} = {guess:.4g}. "
            "Do the inputs contain the labels?",
        )
    return None


def _is_ours(scope):
    return scope is not None and type(scope[0]).__module__.startswith("microtorch.")


def _broadcast(check, step):
    shapes = [x.shape for x in step.tensors]
    sizes = [x.numel() for x in step.tensors]
    if len(shapes) == 2 and step.outputs[0].numel() > max(sizes) and step.name not in ("MatMul", "Linear"):
        check.add(
            "broadcast in the loss",
            f"{step.name} in the loss, at {step.line}: {shapes[0]} and {shapes[1]} broadcast to "
            f"{step.outputs[0].shape}, so every prediction meets every target. Give them one shape: "
            "output.squeeze(-1), or target.reshape(output.shape).",
        )


# -- parameters -------------------------------------------------------------------------------------------------------


def _registration(check, model, optimizer):
    registered = set(model.modules())
    top = type(model).__name__
    for path, module in model.named_modules():
        for name, value in module.__dict__.items():
            items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            lost = [
                m for m in items if isinstance(m, Module) and m not in registered and any(True for _ in m.parameters())
            ]
            if lost and not name.startswith("_"):
                check.add(
                    "not registered",
                    f"{'.'.join(filter(None, (top, path, name)))} is a plain {type(value).__name__} of "
                    f"{len(lost)} layers: their parameters are not in model.parameters(). Make it an "
                    f"{'nn.ModuleDict' if isinstance(value, dict) else 'nn.ModuleList'}.",
                )
    paths = paths_of(model)
    held = {p for group in optimizer.param_groups for p in group["params"]}
    missing = [path for p, path in paths.items() if p.requires_grad and p not in held]
    foreign = [p for p in held if p not in paths]
    if missing and foreign:
        check.add(
            "stale optimizer",
            f"the optimizer holds {len(foreign)} parameters that the model does not have, and lacks "
            f"{', '.join(missing)}: it was made before they were replaced. Make the optimizer after the last change "
            "of the model.",
        )
    elif missing:
        check.add(
            "not in the optimizer",
            f"{', '.join(missing)} are not in the optimizer and stay as they are. Give it model.parameters(), or "
            "freeze them with requires_grad_(False) if that is meant.",
        )


def _gradients(check, model, watch, value):
    paths = paths_of(model)
    wanted = {p: path for p, path in paths.items() if p.requires_grad}
    if not value.requires_grad:
        ends = {follow(p, value, watch.steps).how for p in wanted}
        check.add(
            "no gradient",
            "the loss does not require a gradient: no parameter will learn. "
            + (
                f"Its way ends where {'; '.join(sorted(filter(None, ends)))}."
                if any(ends)
                else "Does it use the output?"
            ),
        )
        return
    value.backward(retain_graph=True)
    lost = {}
    for p, path in wanted.items():
        if p.grad is None:
            cut = follow(p, value, watch.steps)
            lost.setdefault(cut.how or "they are not used in forward", []).append(path)
    for how, names in lost.items():
        check.add("no gradient", f"{', '.join(names)}: no gradient comes, because {how}.")
    infinite = [path for p, path in wanted.items() if p.grad is not None and not np.isfinite(p.grad._array).all()]
    if infinite:
        check.add(
            "not finite",
            f"the gradients of {', '.join(infinite)} are NaN or infinite. Find where with autograd.detect_anomaly().",
        )
    else:
        check.note(from_layer_to_layer(_sizes_of_gradients(watch, value, paths)))


def _sizes_of_gradients(watch, value, paths):
    """[(layer, rms of the gradient of its result)], in the order of forward."""
    layers = [s for s in watch.steps if s.name in ("Linear", "MatMul") and s.node is not None]
    names = [next((paths[x] for x in s.tensors if x in paths), str(s)) for s in layers]
    arriving = grad(value, [s.outputs[0] for s in layers], retain_graph=True, allow_unused=True)
    return [
        (name, float(np.sqrt(np.mean(np.square(dy._array, dtype=np.float64)))))
        for name, dy in zip(names, arriving, strict=True)
        if dy is not None
    ]


def from_layer_to_layer(sizes):
    """A finding if the gradients of the results of the first and the last layer differ by 10,000 times.

    Those of weights would scale with the inputs too. `sizes` are (layer, rms), in the order of forward.
    """
    if len(sizes) < 2:
        return None
    (first, low), (last, high) = sizes[0], sizes[-1]
    if 0 < low < 1e-4 * high:
        return Finding(
            "vanishing",
            f"gradients vanish on the way back: rms {high:.2g} at {last}, {low:.2g} at {first}. Use ReLU with Kaiming "
            "init, normalisation layers, or fewer saturating activations (sigmoid, tanh).",
        )
    if low > 1e4 * high > 0:
        return Finding(
            "exploding",
            f"gradients explode on the way back: rms {high:.2g} at {last}, {low:.2g} at {first}. Use a smaller init, "
            "normalisation layers, or nn.utils.clip_grad_norm_.",
        )
    return None


def _dead_units(check, model, watch):
    paths = paths_of(model)
    fed = {}  # node -> the weight that feeds it
    for step in watch.steps:
        if step.name in ("Linear", "MatMul") and step.node is not None:
            fed[step.node] = next((paths[x] for x in step.tensors if x in paths), None)
        if step.name not in ("Relu", "Relu6") or step.outputs[0].ndim < 2 or len(step.outputs[0]) < 2:
            continue
        where = scope_title(step.scope) if step.scope else f"Relu at {step.line}"
        check.note(dead_units(where, step.outputs[0]._array, fed.get(maker(step.edges[0])[0])))


def dead_units(where, y, before=None):
    """A finding if most units of a ReLU's result `y` are 0 for every sample; `before` is the weight that feeds them."""
    dead = (y == 0).all(axis=tuple(range(y.ndim - 1)))
    if dead.mean() <= 0.5:
        return None
    return Finding(
        "dead units",
        f"{where}: {int(dead.sum())} of {dead.size} units are 0 for every sample, dead"
        + (f", so the rows of {before} that feed them get no gradient" if before else "")
        + ". Lower the learning rate, start with another init or bias, or use LeakyReLU.",
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
