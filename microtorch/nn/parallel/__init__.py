"""One model on several ranks: each has a copy and a part of the data, and the gradients are averaged."""

from .distributed import DistributedDataParallel

__all__ = ["DistributedDataParallel"]
