"""Several processes as one training: ranks that exchange tensors through MPI, in the names of torch.distributed."""

from .collectives import *
from .launch import *


def __getattr__(name):
    if name == "DistributedDataParallel":  # which knows of modules, as the calls here do not
        from ..nn.parallel import DistributedDataParallel

        return DistributedDataParallel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
