"""Findings of `check_training` on the loss: what comes before it, how large it is, and how its operands meet."""

from math import log

import numpy as np

from ..autograd.graph import maker
from .findings import Finding

LOSSES = {"CrossEntropy": "cross_entropy", "NllLoss": "nll_loss"}
# loss: {activation that it must not get: what to do}
TWICE = {
    "CrossEntropy": ("Softmax", "Sigmoid"),
    "BinaryCrossEntropyWithLogits": ("Sigmoid", "Softmax"),
    "NllLoss": ("Softmax", "Sigmoid"),
}


def check_loss(check, watch, boundary, stepped):
    """Note what the operations of a step say of its loss."""
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
