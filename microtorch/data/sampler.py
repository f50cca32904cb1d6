"""Samplers: in which order a dataset is visited, and in which groups."""

from itertools import islice

import numpy as np

from .. import random

__all__ = ["BatchSampler", "RandomSampler", "Sampler", "SequentialSampler"]


class Sampler:
    """An order of indices; subclasses define ``__iter__`` and, for ``len(loader)``, ``__len__``.

    Notes
    -----
    A sampler that knows its whole order beforehand may define ``indices()``, which returns it as an integer
    array: batches are then slices of that array, without Python work per sample.
    """

    def __iter__(self):
        raise NotImplementedError(f"{type(self).__name__} does not say its order: define __iter__.")


class SequentialSampler(Sampler):
    """The indices 0, 1, ..., N - 1.

    Parameters
    ----------
    data_source : Dataset
        Only its length is used.

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
    data_source : Dataset
        Only its length is used.
    replacement : bool, default False
        Whether each index is drawn from all N. If not, each comes once before any comes again.
    num_samples : int, default N
        How many indices to draw.
    generator : Generator, default microtorch's own
        What they are drawn from.

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
        if hasattr(self.sampler, "indices"):
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
