"""MLP: a fully connected network from a list of sizes."""

import difflib

from . import init as initialisers
from .containers import Sequential
from .layers import elu, gelu_and_silu, hardtanh, relu, sigmoid, softplus
from .layers.batch_norm import BatchNorm1d
from .layers.dropout import Dropout
from .layers.layer_norm import LayerNorm, RMSNorm
from .layers.linear import Linear
from .parameter import sizes as checked

__all__ = ["MLP"]

_NORMS = {"batch": BatchNorm1d, "layer": LayerNorm, "rms": RMSNorm}


class MLP(Sequential):
    """Fully connected layers; between them normalisation, activation and dropout, as asked for.

    Parameters
    ----------
    sizes : sequence of int
        The number of features in, of each hidden layer, and out: at least two.
    activation : str or type or callable, default "relu"
        The name of an activation (``"leaky_relu"``, ``"tanh"``, ...), or what makes a module without arguments.
    dropout : float in [0, 1], default 0
        The probability for a Dropout after each activation; 0 for none.
    norm : {"batch", "layer", "rms"} or callable, optional
        A normalisation before each activation, or what makes one from the number of features.
    init : str or callable, optional
        A function of `nn.init` for the weights, as ``"kaiming_normal"``, or ``init(weight, generator=...)``. Biases
        are zero then. Default: what Linear does by itself.
    generator : Generator, default microtorch's own
        What initial values and dropout are drawn from.

    Notes
    -----
    Layers are named ``fc1``, ``norm1``, ``act1``, ``drop1``, ``fc2``, ... An input whose last dimension is not
    ``sizes[0]`` is flattened from its second dimension on: images (N, C, H, W) go in as they are.

    Examples
    --------
    >>> net = nn.MLP([784, 100, 10], dropout=0.5, init="kaiming_normal")
    >>> net
    MLP(
      (fc1): Linear(in_features=784, out_features=100, bias=True)
      (act1): ReLU()
      (drop1): Dropout(p=0.5, inplace=False)
      (fc2): Linear(in_features=100, out_features=10, bias=True)
    )
    >>> net(microtorch.ones(32, 1, 28, 28)).shape
    (32, 10)
    """

    def __init__(self, sizes, activation="relu", dropout=0.0, norm=None, init=None, generator=None):
        super().__init__()
        if isinstance(sizes, int | str) or not hasattr(sizes, "__iter__"):
            raise TypeError(f"MLP: sizes is {sizes!r}. It is a list: features in, of each hidden layer, and out.")
        sizes = list(sizes)
        checked(type(self).__name__, 1, **{f"sizes[{i}]": size for i, size in enumerate(sizes)})
        if len(sizes) < 2:
            raise ValueError(f"MLP: sizes are the features in, of hidden layers, and out: two or more, not {sizes}")
        activation, norm, init = _activation(activation), _norm(norm), _initialiser(init)
        for i in range(1, len(sizes)):
            layer = Linear(sizes[i - 1], sizes[i], generator=generator)
            if init is not None:
                init(layer.weight, generator=generator)
                initialisers.zeros_(layer.bias)
            self.add_module(f"fc{i}", layer)
            if i < len(sizes) - 1:
                if norm is not None:
                    self.add_module(f"norm{i}", norm(sizes[i]))
                self.add_module(f"act{i}", activation())
                if dropout:
                    self.add_module(f"drop{i}", Dropout(dropout, generator=generator))

    def forward(self, input):
        """(N, ...) -> (N, sizes[-1])"""
        if input.shape[-1] != self.fc1.in_features and input.dim() > 2:
            input = input.flatten(1)
        return super().forward(input)


def _choose(what, name, choices):
    if name in choices:
        return choices[name]
    close = difflib.get_close_matches(str(name), choices, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"MLP: {what} {name!r} is none of {', '.join(choices)}.{hint}")


def _activation(given):
    if not isinstance(given, str):
        return given
    families = (elu, gelu_and_silu, hardtanh, relu, sigmoid, softplus)
    makers = {name.lower(): getattr(family, name) for family in families for name in family.__all__}
    del makers["threshold"], makers["glu"]  # arguments that nobody can guess, and half as many columns
    return _choose("activation", given.lower().replace("_", ""), makers)


def _norm(given):
    return _choose("norm", given, _NORMS) if isinstance(given, str) else given


def _initialiser(given):
    if not isinstance(given, str):
        return given
    makers = {
        name.removesuffix("_"): getattr(initialisers, name)
        for name in initialisers.__all__
        if name.startswith(("xavier", "kaiming", "uniform", "normal", "trunc", "orthogonal"))
    }
    return _choose("init", given.removesuffix("_"), makers)
