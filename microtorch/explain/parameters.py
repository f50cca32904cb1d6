"""Findings of `check_training` on parameters: whether they are registered and held, and which gradients they get."""

import numpy as np

from ..autograd.gradients import grad
from ..autograd.graph import maker
from ..autograd.mode import scope_title
from ..nn.module import Module
from .findings import Finding
from .names import paths_of
from .watch import follow


def check_registration(check, model, optimizer):
    """Note parameters that the model or the optimizer does not have."""
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


def check_gradients(check, model, watch, value):
    """Note which parameters get no gradient of the loss `value`, or none of use."""
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


def check_dead_units(check, model, watch):
    """Note ReLUs of which most units are 0 for every sample."""
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
