"""Several processes as one training: ranks that exchange tensors through MPI, in the names of torch.distributed."""

from .collectives import *
from .joining import *
from .launch import *


def __getattr__(name):
    # What knows of modules and optimizers, as the calls here do not.
    if name == "DistributedDataParallel":
        from ..nn.parallel import DistributedDataParallel

        return DistributedDataParallel
    if name == "LocalSteps":
        from .averaging import LocalSteps

        return LocalSteps
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
