"""Faults at a recorded step, each in a sentence with its remedy; the rules are those of `check_training`."""

from dataclasses import dataclass
from math import isfinite

from ...explain.loss import guessing
from ...explain.parameters import dead_units, from_layer_to_layer

__all__ = ["Found", "Findings"]


CUTTING = ("ReLU", "ReLU6")  # layers whose units can be dead
SATURATED = {"Tanh": 0.97, "Sigmoid": 0.97}  # of the way to its limits
LARGE_UPDATE = 0.3  # of the size of the weights, in one step


@dataclass
class Found:
    """One finding, with the steps where it holds.

    Attributes
    ----------
    cause : str
    layer : str
        Its path, or "".
    text : str
        As it was when it was first found.
    spans : list of [int, int]
        The first and the last recorded step, each time that it held.
    """

    cause: str
    layer: str
    text: str
    spans: list


class Findings:
    """Collects findings over steps; one that goes on, or comes again, is told once."""

    def __init__(self):
        self._known, self._open = {}, set()

    @property
    def all(self):
        """list of Found: in the order in which they began."""
        return list(self._known.values())

    def note(self, step, found):
        """Note what holds at a step: a list of (cause, layer, text)."""
        for cause, layer, text in found:
            one = self._known.setdefault((cause, layer), Found(cause, layer, text, []))
            if (cause, layer) not in self._open:
                one.spans.append([step, step])
            one.spans[-1][1] = step
        self._open = {(cause, layer) for cause, layer, _ in found}


def wrong_at(look, layers, loss, classes, first):
    """The findings at one step, as (cause, layer, text); `layers` are the numbers of each layer at this step."""
    found = []
    if not isfinite(loss):
        found.append(("not finite", "", "the loss is no longer a number. Lower the learning rate, clip gradients, or "
                      "find the operation with autograd.detect_anomaly()."))  # fmt: skip
    elif first and classes:
        finding = guessing(loss, classes, float(look.charged[1].std()), started=False)
        if finding is not None:
            found.append((finding.cause, "", finding.text))
    sizes = list(look.arriving.items())
    finding = from_layer_to_layer(sizes[::-1])
    if finding is not None:
        at = sizes[-1][0] if finding.cause == "vanishing" else sizes[0][0]
        found.append((finding.cause, at, finding.text))
    for layer in layers:
        found += _of_layer(look, layer)
    return found


def _of_layer(look, layer):
    y = look.results.get(layer["path"])
    if layer["type"] in CUTTING and y is not None and y.ndim > 1 and len(y) > 1:
        finding = dead_units(f"layer {layer['path']}", y)
        if finding is not None:
            yield finding.cause, layer["path"], finding.text
    if layer["saturated"] is not None and layer["saturated"] > 0.5:
        yield (
            "saturated",
            layer["path"],
            f"layer {layer['path']}: {100 * layer['saturated']:.0f} % of its values are at a limit of "
            f"{layer['type'].lower()}, where the slope is nearly 0. Normalise the inputs, start with smaller weights, "
            "or use ReLU.",
        )
    if layer["ratio"] is not None and layer["ratio"] > LARGE_UPDATE:
        yield (
            "large updates",
            layer["path"],
            f"layer {layer['path']}: one step changes its weights by {100 * layer['ratio']:.0f} % of their size; about "
            "0.1 % is usual. Lower the learning rate, or clip gradients.",
        )
