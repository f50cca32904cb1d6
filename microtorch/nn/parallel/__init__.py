"""One model on several ranks: each has a copy and a part of the data, and the gradients are averaged."""

from .data_parallel import DataParallel
from .distributed import DistributedDataParallel
from .sync_batch_norm import SyncBatchNorm

__all__ = ["DataParallel", "DistributedDataParallel", "SyncBatchNorm"]
