"""DistributedSampler: the part of a dataset that one rank visits."""

import math

import numpy as np

from .. import random
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler):
    """Every R-th index, for rank r of R from the r-th on, in an order that all ranks draw alike.

    Parameters
    ----------
    dataset : Dataset
        Only its length is used.
    num_replicas : int, optional
        R; default all ranks.
    rank : int, optional
        Default this process's.
    shuffle : bool, default True
        Whether the order is random, another one for each epoch that `set_epoch` names.
    seed : int, default 0
        What the order is drawn from, together with the epoch; the same on all ranks.
    drop_last : bool, default False
        Whether indices that do not make up a whole round are left out. Otherwise the first ones come again at the end,
        so that every rank has as many.

    Attributes
    ----------
    num_samples : int
        How many indices each rank gets.
    total_size : int
        Of all ranks together.
    repeated : int
        How many of these come a second time, so that every rank has as many.

    Notes
    -----
    Call ``sampler.set_epoch(epoch)`` before each epoch: otherwise all epochs have the same order.

    Examples
    --------
    >>> from microtorch.data import DistributedSampler
    >>> [list(DistributedSampler("abcde", 2, rank, shuffle=False)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(self, dataset, num_replicas=None, rank=None, shuffle=True, seed=0, drop_last=False):
        if num_replicas is None or rank is None:
            from ..distributed import get_rank, get_world_size

            num_replicas = get_world_size() if num_replicas is None else num_replicas
            rank = get_rank() if rank is None else rank
        if not 0 <= rank < num_replicas:
            raise ValueError(f"DistributedSampler: rank is {rank}; with num_replicas={num_replicas} it is below that.")
        if len(dataset) == 0:
            raise ValueError("DistributedSampler: the dataset is empty.")
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.seed, self.drop_last = shuffle, seed, drop_last
        self.epoch = 0
        share = len(dataset) / num_replicas
        self.num_samples = math.floor(share) if drop_last else math.ceil(share)
        self.total_size = self.num_samples * num_replicas
        self.repeated = max(0, self.total_size - len(dataset))
        if self.num_samples == 0:
            raise ValueError(
                f"DistributedSampler: {len(dataset)} samples for {num_replicas} ranks, and drop_last leaves none."
            )

    def set_epoch(self, epoch):
        """Let the next order be that of `epoch`, an int."""
        self.epoch = int(epoch)

    def indices(self):
        """This rank's indices as an array: ndarray of int64, shape (num_samples,)."""
        order = np.arange(len(self.dataset))
        if self.shuffle:
            generator = random.Generator().manual_seed(self.seed + self.epoch)
            order = generator.numpy.permutation(len(self.dataset))
        return np.resize(order, self.total_size)[self.rank :: self.num_replicas]  # resize: from the start again

    def __iter__(self):
        return iter(self.indices().tolist())

    def __len__(self):
        return self.num_samples
