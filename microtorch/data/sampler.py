"""Samplers: in which order a dataset is visited, and in which groups.

Parameters
----------
data_source : Dataset
    Only its length is used.
generator : Generator, default microtorch's own
    What they are drawn from.
"""

from itertools import islice

import numpy as np

from .. import random
from ..dtypes import float64
from ..from_data import as_tensor
from ..ops import multinomial

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]


class Sampler:
    """An order of indices; subclasses define ``__iter__`` and, for ``len(loader)``, ``__len__``.

    Parameters
    ----------
    data_source : Dataset, optional
        Not looked at; scripts of long ago call ``super().__init__(data_source)``.

    Notes
    -----
    A sampler that knows its whole order beforehand may define ``indices()``, which returns it as an integer
    array: batches are then slices of that array, without Python work per sample.
    """

    def __init__(self, data_source=None):
        pass

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} does not say its order: define __iter__.")


class SequentialSampler(Sampler):
    """The indices 0, 1, ..., N - 1.

    Examples
    --------
    >>> from microtorch.data import SequentialSampler
    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source):
        self.data_source = data_source

    def indices(self):
        """The order as an array: ndarray of int64, shape (N,)."""
        return np.arange(len(self.data_source))

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler):
    """Indices in random order, a new one each time it is iterated.

    Parameters
    ----------
    replacement : bool, default False
        Whether each index is drawn from all N. If not, each comes once before any comes again.
    num_samples : int, default N
        How many indices to draw.

    Raises
    ------
    ValueError
        If `num_samples` is not a positive integer, or samples are to be drawn from nothing.

    Examples
    --------
    >>> from microtorch.data import RandomSampler
    >>> sorted(RandomSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        if num_samples is not None and (not isinstance(num_samples, int | np.integer) or num_samples < 1):
            raise ValueError(f"RandomSampler: num_samples is {num_samples!r}. Pass a positive integer.")
        if num_samples is not None and len(data_source) == 0:
            raise ValueError(f"RandomSampler: {num_samples} samples from an empty dataset.")
        self.data_source = data_source
        self.replacement = replacement
        self.generator = generator
        self._num_samples = num_samples

    @property
    def num_samples(self):
        """int: how many indices an iteration gives."""
        return len(self.data_source) if self._num_samples is None else int(self._num_samples)

    def indices(self):
        """A new order as an array: ndarray of int64, shape (num_samples,)."""
        size, count = len(self.data_source), self.num_samples
        draw = (self.generator or random.default_generator).numpy
        if count == 0:
            return np.arange(0)
        if self.replacement:
            return draw.integers(size, size=count)
        rounds = [draw.permutation(size) for _ in range(-(-count // size))]
        return np.concatenate(rounds)[:count] if len(rounds) > 1 else rounds[0][:count]

    def __iter__(self):
        return iter(self.indices().tolist())

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The given indices in random order, a new one each time it is iterated.

    Parameters
    ----------
    indices : sequence of int, length N
        Which samples of a dataset.
    generator : Generator, default microtorch's own
        What the order is drawn from.

    Examples
    --------
    >>> from microtorch.data import SubsetRandomSampler
    >>> sorted(SubsetRandomSampler([7, 3, 5]))
    [3, 5, 7]
    """

    def __init__(self, indices, generator=None):
        self.indices, self.generator = indices, generator

    def __iter__(self):
        order = (self.generator or random.default_generator).numpy.permutation(len(self.indices))
        return (self.indices[i] for i in order.tolist())

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Indices drawn with probabilities in proportion to weights.

    Parameters
    ----------
    weights : sequence of float, length N
        One for each sample, not negative; they need not sum to 1.
    num_samples : int
        How many to draw.
    replacement : bool, default True
        Whether an index may be drawn again.

    Raises
    ------
    ValueError
        If `num_samples` is not a positive integer, or the weights are not as above.

    Examples
    --------
    >>> from microtorch.data import WeightedRandomSampler
    >>> list(WeightedRandomSampler([0.0, 0.0, 1.0], 4))
    [2, 2, 2, 2]
    """

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        if not isinstance(num_samples, int | np.integer) or isinstance(num_samples, bool) or num_samples < 1:
            raise ValueError(f"WeightedRandomSampler: num_samples is {num_samples!r}. Pass a positive integer.")
        if not isinstance(replacement, bool):
            raise ValueError(f"WeightedRandomSampler: replacement is {replacement!r}. Pass True or False.")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(f"WeightedRandomSampler: weights of shape {self.weights.shape}, not one for each sample.")
        self.num_samples, self.replacement, self.generator = int(num_samples), replacement, generator

    def indices(self):
        """New indices as an array: ndarray of int64, shape (num_samples,)."""
        return multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)._array

    def __iter__(self):
        return iter(self.indices().tolist())

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler):
    """The indices of another sampler in groups of `batch_size`.

    Parameters
    ----------
    sampler : Sampler or iterable of int
        The order. Where it defines ``indices()``, each batch is a slice of that array, else a list.
    batch_size : int
        How many indices make a batch.
    drop_last : bool
        Whether a last batch of fewer indices is left out.

    Raises
    ------
    ValueError
        If `batch_size` is not a positive integer.

    Examples
    --------
    >>> from microtorch.data import BatchSampler, SequentialSampler
    >>> [batch.tolist() for batch in BatchSampler(SequentialSampler("abcde"), 2, drop_last=False)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler, batch_size, drop_last):
        if not isinstance(batch_size, int | np.integer) or isinstance(batch_size, bool) or batch_size < 1:
            raise ValueError(
                f"batch_size is {batch_size!r}. Pass a positive integer; for single samples iterate over the dataset."
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        size = self.batch_size
        if callable(getattr(self.sampler, "indices", None)):  # a user's own may keep a list under that name
            order = self.sampler.indices()
            stop = len(order) - len(order) % size if self.drop_last else len(order)
            for start in range(0, stop, size):
                yield order[start : start + size]
        else:
            remaining = iter(self.sampler)
            while batch := list(islice(remaining, size)):
                if len(batch) == size or not self.drop_last:
                    yield batch

    def __len__(self):
        count = len(self.sampler)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
