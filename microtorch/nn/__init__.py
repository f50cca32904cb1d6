"""Networks: modules with their parameters, initial values, and losses, under the names of torch.nn.

Parameters
----------
device : str, optional
    ``"cpu"``: there is no other.
dtype : numpy.dtype, default float32
    Of the parameters.
"""

from . import functional, init, utils
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
from .loss.distance import *
from .loss.likelihood import *
from .loss.margin import *
from .loss.multilabel import *
from .loss.regression import *
from .mlp import *
from .module import *
from .parameter import *

# Loaded when asked for, so that who does not use them pays nothing for them.
_LATER = {
    "DataParallel": "parallel.data_parallel",
    "SyncBatchNorm": "parallel.sync_batch_norm",
    "_BatchNorm": "layers.batch_norm",
    "_Loss": "loss.base",
    "_WeightedLoss": "loss.base",
    "parallel": "parallel",
}


def __getattr__(name):
    from importlib import import_module

    if name == "modules":
        return import_module("..pytorch.modules", __name__)
    if name in _LATER:
        module = import_module(f".{_LATER[name]}", __name__)
        return module if name == "parallel" else getattr(module, name)
    if name.startswith("Lazy"):
        lazy = import_module(".lazy", __name__)
        if name in lazy.__all__:
            return getattr(lazy, name)
    from ..pytorch.absent import refuse

    raise refuse("nn", name, globals())
