"""The choices on the page, and the training that they make."""

import math
from dataclasses import dataclass

__all__ = ["CHOICES", "Choice", "checked", "made"]


@dataclass(frozen=True)
class Choice:
    """One thing to choose: among `options`, or a number from `low` to `high`, or the widths of hidden layers."""

    name: str
    title: str
    default: object
    options: tuple = ()
    low: float = 0.0
    high: float = math.inf


LONGEST = 6  # hidden layers
WIDEST = 256
CHOICES = (
    Choice("data", "data", "spirals", ("spirals", "moons", "circles", "digits")),
    Choice("noise", "noise", 0.1, low=0.0, high=1.0),
    Choice("layers", "hidden layers", "16 16"),
    Choice("activation", "activation", "tanh", ("relu", "tanh", "sigmoid", "leaky_relu", "gelu", "elu")),
    Choice("optimizer", "optimizer", "adam", ("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw")),
    Choice("rate", "learning rate", 0.01, low=1e-6, high=100.0),
    Choice("weight_decay", "weight decay", 0.0, low=0.0, high=10.0),
    Choice("dropout", "dropout", 0.0, low=0.0, high=0.9),
    Choice("norm", "normalisation", "none", ("none", "batch", "layer", "rms")),
    Choice("init", "initialisation", "default", ("default", "kaiming_normal", "xavier_normal", "zeros", "large")),
    Choice("batch", "batch size", 64, low=1, high=1000),
    Choice("seed", "seed", 0, low=0, high=1_000_000),
)


def checked(given):
    """The choices as values of the right kind; ValueError with what is wrong."""
    if not isinstance(given, dict):
        raise ValueError("the choices are not an object")
    unknown = set(given) - {c.name for c in CHOICES}
    if unknown:
        raise ValueError(f"there is no choice {sorted(map(str, unknown))[0]!r}")
    return {c.name: _checked(c, given.get(c.name, c.default)) for c in CHOICES}


def _checked(choice, value):
    if choice.name == "layers":
        words = str(value).split()
        if len(words) > LONGEST or not all(w.isdecimal() and 1 <= int(w) <= WIDEST for w in words):
            raise ValueError(f"hidden layers: up to {LONGEST} widths from 1 to {WIDEST}, as 16 16")
        return [int(w) for w in words]
    if choice.options:
        if value not in choice.options:
            raise ValueError(f"{choice.title}: one of {', '.join(choice.options)}")
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not choice.low <= number <= choice.high:
        raise ValueError(f"{choice.title}: a number from {choice.low:g} to {choice.high:g}")
    return int(number) if isinstance(choice.default, int) else number


def made(choices):
    """(model, optimizer, inputs, labels) of checked choices."""
    import microtorch

    from .. import datasets, nn
    from ..train import make_optimizer

    generator = microtorch.Generator().manual_seed(choices["seed"])
    if choices["data"] == "digits":
        digits = datasets.Digits(train=True)
        images, labels = digits.__getitems__(range(len(digits)))
        inputs = images.reshape(len(digits), -1)
    else:
        inputs, labels = getattr(datasets, choices["data"])(300, noise=choices["noise"], generator=generator).tensors
    sizes = [inputs.shape[1], *choices["layers"], int(labels.max().item()) + 1]
    init = {"default": None, "large": large, "zeros": zeros}.get(choices["init"], choices["init"])
    norm = None if choices["norm"] == "none" else choices["norm"]
    model = nn.MLP(sizes, choices["activation"], choices["dropout"], norm, init, generator=generator)
    config = {"lr": choices["rate"]} | ({"weight_decay": choices["weight_decay"]} if choices["weight_decay"] else {})
    return model, make_optimizer(model, choices["optimizer"], config), inputs, labels


def zeros(weight, generator=None):
    """Initial weights that are all alike: what can they learn?"""
    from ..nn import init

    return init.zeros_(weight)


def large(weight, generator=None):
    """Initial weights that are far too large: what happens then?"""
    from ..nn import init

    return init.normal_(weight, 0.0, 5.0, generator=generator)
