"""Networks: modules with their parameters, initial values, and losses, under the names of torch.nn."""

from . import functional, init, utils
from .activation import *
from .containers import *
from .dropout import *
from .embedding import *
from .flatten import *
from .linear import *
from .loss import *
from .mlp import *
from .module import *
from .normalization import *
from .parameter import *
from .regression import *
from .sample_normalization import *
from .smooth import *
from .softmax import *
from .sync_batch_norm import *


def __getattr__(name):
    if name == "parallel":  # loaded when asked for
        from importlib import import_module

        return import_module(".parallel", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
