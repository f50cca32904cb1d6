"""An autograd engine with tensor-level backprop, in Python on numpy and numba."""

import warnings
from math import e, inf, nan, pi

from numpy import finfo, iinfo

from .autograd import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .captured import capture
from .dlpack import *
from .dtypes import *
from .dtypes import bool_, float32, float64, int32, int64, uint8
from .errors import *
from .from_data import *
from .ops import *
from .random import *
from .tensor import *

# log(0) is -inf and 1/0 is inf, without a word, as in PyTorch; `detect_anomaly` finds where they come from.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"microtorch\.")

# PyTorch's other names of the dtypes. Here, too, `float` is 32 bits wide, as the layers' weights are.
bool, int, long, float, double = bool_, int32, int64, float32, float64

__version__ = "0.1.0"


def __getattr__(name):
    # Loaded when asked for, so that computing pays nothing for them.
    from importlib import import_module

    if name in ("data", "datasets", "explain", "io", "sklearn", "train", "viz"):
        return import_module(f".{name}", __name__)
    if name in ("load", "save"):
        return getattr(import_module(".io", __name__), name)
    if name == "check_training":
        return import_module(".explain", __name__).check_training
    if name == "load_ipython_extension":  # %load_ext microtorch
        return import_module(".viz.page.magic", __name__).load_ipython_extension
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
