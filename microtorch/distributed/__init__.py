"""Several processes as one training: ranks that exchange tensors through MPI, in the names of torch.distributed."""

from .collectives import *
from .launch import *

__all__ = [
    "ReduceOp",
    "Work",
    "all_gather",
    "all_reduce",
    "barrier",
    "broadcast",
    "destroy_process_group",
    "get_rank",
    "get_world_size",
    "init_process_group",
    "is_available",
    "is_initialized",
    "launch",
    "reduce",
]
