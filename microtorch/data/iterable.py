"""Datasets that are streams: samples come one after the other, and there is no index."""

from .dataset import Dataset

__all__ = ["IterableDataset", "get_worker_info"]


class IterableDataset(Dataset):
    """A stream of samples; subclasses define ``__iter__``, and ``__len__`` where the number is known.

    Notes
    -----
    `DataLoader` takes the samples in the order in which they come, so it allows no `shuffle` and no `sampler`. There
    are no worker processes: `get_worker_info` gives None, and one iteration sees every sample.

    Examples
    --------
    >>> from microtorch.data import DataLoader, IterableDataset
    >>> class Countdown(IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(5, 0, -1))
    >>> [batch.tolist() for batch in DataLoader(Countdown(), batch_size=2)]
    [[5, 4], [3, 2], [1]]
    """

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} does not say what its samples are: define __iter__.")

    def __getitem__(self, index):
        raise TypeError(
            f"{type(self).__name__} is a stream: it has no sample {index!r}. Iterate over it, or make it a Dataset "
            "with __getitem__ and __len__."
        )

    def __add__(self, other):
        from .joined import ChainDataset

        return ChainDataset([self, other])


def get_worker_info():
    """The facts that a worker process of a `DataLoader` is told about itself: always None, there are none here."""
    return None
