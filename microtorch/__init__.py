"""An autograd engine with tensor-level backprop, in Python on numpy and numba."""

import warnings
from math import e, inf, nan, pi

from numpy import dtype, finfo, iinfo

from . import autograd, nn, optim
from .autograd import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .captured import capture
from .devices import *
from .dtypes import *
from .dtypes import bool_, float32, float64, int32, int64, uint8
from .errors import *
from .from_data import *
from .interop.dlpack import *
from .ops import *
from .printing import *
from .pytorch.legacy import *
from .pytorch.settings import *
from .random import *
from .tensor import *
from .threads import *

# log(0) is -inf and 1/0 is inf, without a word, as in PyTorch; `detect_anomaly` finds where they come from.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"microtorch\.")

# PyTorch's other names of the dtypes. Here, too, `float` is 32 bits wide, as the layers' weights are.
bool, int, long, float, double = bool_, int32, int64, float32, float64

__version__ = "0.1.0"


# Loaded when asked for, so that computing pays nothing for them: modules, and names with the module they are in.
_MODULES = {
    "accelerator": ".devices.accelerator",
    "amp": ".pytorch.amp",
    "backends": ".devices.backends",
    "cuda": ".devices.cuda",
    "data": ".data",
    "datasets": ".datasets",
    "distributed": ".distributed",
    "distributions": ".distributions",
    "explain": ".explain",
    "func": ".func",
    "io": ".io",
    "linalg": ".linalg",
    "mps": ".devices.mps",
    "sklearn": ".sklearn",
    "special": ".special",
    "testing": ".testing",
    "train": ".train",
    "utils": ".utils",
    "version": ".pytorch.version",
    "viz": ".viz",
}
_NAMES = {
    "GradScaler": ".pytorch.amp",
    "autocast": ".pytorch.amp",
    "check_training": ".explain",
    "load": ".io",
    "load_ipython_extension": ".viz.page.magic",  # %load_ext microtorch
    "save": ".io",
    "vmap": ".func",
    "xpu": ".devices.backends",
}


def __getattr__(name):
    from importlib import import_module

    if name in _MODULES:
        return import_module(_MODULES[name], __name__)
    if name in _NAMES:
        return getattr(import_module(_NAMES[name], __name__), name)
    raise import_module(".pytorch.absent", __name__).refuse("microtorch", name, [*globals(), *_MODULES, *_NAMES])
