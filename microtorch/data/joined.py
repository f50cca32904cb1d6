"""Several datasets as one, one after the other."""

from bisect import bisect_right
from itertools import accumulate, chain

from .dataset import Dataset
from .iterable import IterableDataset

__all__ = ["ChainDataset", "ConcatDataset"]


class ConcatDataset(Dataset):
    """Several datasets, one after the other; ``a + b`` makes one, too.

    Parameters
    ----------
    datasets : iterable of Dataset
        At least one; they are not copied.

    Attributes
    ----------
    datasets : list of Dataset
    cumulative_sizes : list of int
        Where each of them ends.

    Raises
    ------
    ValueError
        If there is none.
    TypeError
        If one of them is a stream, which has no index.

    Examples
    --------
    >>> from microtorch.data import ConcatDataset
    >>> both = ConcatDataset(["abc", "de"])
    >>> len(both), both[3], both[-5]
    (5, 'd', 'a')
    """

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: no datasets. Pass at least one, e.g. ConcatDataset([train, extra]).")
        for i, dataset in enumerate(self.datasets):
            if isinstance(dataset, IterableDataset):
                raise TypeError(
                    f"ConcatDataset: datasets[{i}], a {type(dataset).__name__}, is a stream without an index. "
                    "ChainDataset joins streams."
                )
        self.cumulative_sizes = list(accumulate(map(len, self.datasets)))

    def __len__(self):
        return self.cumulative_sizes[-1]

    def __getitem__(self, index):
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"ConcatDataset: index {index} is out of range for {count} samples.")
        index %= count
        which = bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset):
    """Several streams, one after the other.

    Parameters
    ----------
    datasets : iterable of IterableDataset

    Examples
    --------
    >>> from microtorch.data import ChainDataset, IterableDataset
    >>> class Twice(IterableDataset):
    ...     def __init__(self, value):
    ...         self.value = value
    ...     def __iter__(self):
    ...         return iter([self.value] * 2)
    >>> list(ChainDataset([Twice("a"), Twice("b")]))
    ['a', 'a', 'b', 'b']
    """

    def __init__(self, datasets):
        self.datasets = list(datasets)
        for i, dataset in enumerate(self.datasets):
            if not isinstance(dataset, IterableDataset):
                raise TypeError(
                    f"ChainDataset: datasets[{i}] is a {type(dataset).__name__}, not an IterableDataset. "
                    "ConcatDataset joins datasets that are indexed."
                )

    def __iter__(self):
        return chain.from_iterable(self.datasets)

    def __len__(self):
        return sum(len(dataset) for dataset in self.datasets)
