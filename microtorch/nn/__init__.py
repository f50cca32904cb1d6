"""Networks: modules with their parameters, initial values, and losses, under the names of torch.nn."""

from .containers import *
from .flatten import *
from .layers.batch_norm import *
from .layers.dropout import *
from .layers.elu import *
from .layers.embedding import *
from .layers.gelu_and_silu import *
from .layers.group_norm import *
from .layers.hardtanh import *
from .layers.layer_norm import *
from .layers.linear import *
from .layers.relu import *
from .layers.sigmoid import *
from .layers.softmax import *
from .layers.softplus import *
from .loss.base import *
from .loss.binary_cross_entropy import *
from .loss.cross_entropy import *
from .loss.likelihood import *
from .loss.margin import *
from .loss.regression import *
from .mlp import *
from .module import *
from .parameter import *

_LAZY = {"parallel": "parallel", "SyncBatchNorm": "parallel.sync_batch_norm"}


def __getattr__(name):
    # Loaded when asked for, so that one process alone pays nothing for them.
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{_LAZY[name]}", __name__)
    return module if name == "parallel" else getattr(module, name)
