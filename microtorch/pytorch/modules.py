"""torch.nn.modules: in each of PyTorch's files of layers and losses, all of `microtorch.nn` is found."""

from .. import nn

__path__ = []  # scripts import torch.nn.modules.loss as a module in this one

_FILES = {
    *(
        "activation",
        "batchnorm",
        "container",
        "conv",
        "distance",
        "dropout",
        "flatten",
        "instancenorm",
        "lazy",
        "linear",
    ),
    *("loss", "module", "normalization", "padding", "pooling", "rnn", "sparse", "transformer"),
}


def __getattr__(name):
    return nn if name in _FILES else getattr(nn, name)
