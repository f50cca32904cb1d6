"""Datasets: what can be indexed, and ways to cut it up.

Note [One fancy index]: a dataset may answer ``__getitems__(indices)`` with a whole batch. For arrays that is
one fancy index instead of one Python call, one small copy and one place in a stack per sample.
"""

import math

import numpy as np

from .. import random
from ..errors import ShapeError
from ..from_data import as_tensor
from ..tensor import wrap

__all__ = ["Dataset", "Subset", "TensorDataset", "random_split"]


class Dataset:
    """A map from an index to a sample; subclasses define ``__getitem__`` and, for most uses, ``__len__``.

    Notes
    -----
    A subclass may also define ``__getitems__(indices)``, where `indices` is an array or a list of int. If it
    returns a list, that is a list of samples, which `DataLoader` collates, as in PyTorch. Anything else is
    taken as the ready batch: a tuple of tensors from one fancy index each is the fast way.

    Examples
    --------
    >>> from microtorch.data import Dataset, DataLoader
    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 4
    ...
    ...     def __getitem__(self, index):
    ...         return index, index**2
    >>> for number, square in DataLoader(Squares(), batch_size=2):
    ...     print(number.tolist(), square.tolist())
    [0, 1] [0, 1]
    [2, 3] [4, 9]
    """

    def __getitem__(self, index):
        name = type(self).__name__
        raise NotImplementedError(f"{name} does not say what its samples are: define __getitem__.")

    def __add__(self, other):
        from .joined import ConcatDataset

        return ConcatDataset([self, other])


class TensorDataset(Dataset):
    """Tensors of equal length, whose rows of the same index are one sample.

    Parameters
    ----------
    *tensors : Tensor or ndarray, shape (N, ...)
        Their memory is shared; arrays keep their dtype.

    Attributes
    ----------
    tensors : tuple of Tensor
        What was given.

    Raises
    ------
    ShapeError
        If the lengths differ, or a tensor has no dimension to index.

    Examples
    --------
    >>> from microtorch.data import TensorDataset
    >>> data = TensorDataset(microtorch.tensor([[1.0, 2.0], [3.0, 4.0]]), microtorch.tensor([0, 1]))
    >>> len(data)
    2
    >>> data[1]
    (tensor([3., 4.]), tensor(1))
    """

    def __init__(self, *tensors):
        if not tensors:
            raise ValueError("TensorDataset: no tensors. Pass at least one, e.g. TensorDataset(x, y).")
        self.tensors = tuple(as_tensor(t) for t in tensors)
        shapes = [t.shape for t in self.tensors]
        if len({shape[:1] for shape in shapes}) > 1 or shapes[0] == ():
            raise ShapeError(
                f"TensorDataset: tensors of shapes {', '.join(map(str, shapes))} do not share a first "
                "dimension. Each row is a sample, so all need the same number of rows."
            )

    def __len__(self):
        return self.tensors[0].shape[0]

    def __getitem__(self, index):
        return tuple(t[index] for t in self.tensors)

    def __getitems__(self, indices):
        return tuple(_rows(t, indices) for t in self.tensors)


def _rows(t, indices):
    """The value of ``t[indices]``. 60,000 shuffled rows of 784 take 18 ms by `take`, 22 by an index."""
    # `take` would first copy a whole array that is not contiguous, and is not recorded in the graph
    if t.requires_grad or not t._array.flags.c_contiguous:
        return t[indices]
    return wrap(t._array.take(indices, axis=0))


class Subset(Dataset):
    """The samples of `dataset` at `indices`, in that order.

    Parameters
    ----------
    dataset : Dataset
        Where the samples come from; it is not copied.
    indices : sequence of int, length N
        Their places in `dataset`.

    Raises
    ------
    TypeError
        If the indices are not integers.

    Examples
    --------
    >>> from microtorch.data import Subset
    >>> list(Subset("abcdef", [4, 0]))
    ['e', 'a']
    """

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = np.asarray(indices)
        if self.indices.size == 0:
            self.indices = self.indices.astype(np.int64)
        if self.indices.ndim != 1 or self.indices.dtype.kind not in "iu":
            raise TypeError(
                f"Subset: indices {self.indices.shape} {self.indices.dtype} are not a sequence of integers. "
                "Of a mask, numpy.flatnonzero(mask) gives the indices."
            )

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, index):
        return self.dataset[int(self.indices[index])]

    def __getitems__(self, indices):
        chosen = self.indices[indices]
        if hasattr(self.dataset, "__getitems__"):
            return self.dataset.__getitems__(chosen)
        return [self.dataset[i] for i in chosen.tolist()]


def random_split(dataset, lengths, generator=None):
    """Subsets of random samples that do not overlap and together are the whole dataset.

    Parameters
    ----------
    dataset : Dataset
        What is split.
    lengths : sequence of int or of float
        The sizes, summing to ``len(dataset)``; or fractions summing to 1, rounded down, after which the
        samples left over go one by one to the first subsets.
    generator : Generator, default microtorch's own
        What the permutation is drawn from.

    Returns
    -------
    list of Subset
        One for each length.

    Raises
    ------
    ValueError
        If the lengths are negative or do not add up.

    Examples
    --------
    >>> from microtorch.data import random_split
    >>> generator = microtorch.Generator().manual_seed(0)
    >>> train, valid = random_split(range(10), [0.75, 0.25], generator=generator)
    >>> len(train), len(valid)
    (8, 2)
    >>> sorted([*train, *valid]) == list(range(10))
    True
    """
    total, lengths = len(dataset), list(lengths)
    if any(length < 0 for length in lengths):
        raise ValueError(f"random_split: lengths {lengths} contain a negative one.")
    if lengths and sum(lengths) <= 1 and math.isclose(sum(lengths), 1):
        fractions = lengths
        # 0.29 * 100 is 28.999999999999996, in PyTorch also: its sizes are ours
        lengths = [math.floor(total * fraction) for fraction in fractions]
        for i in range(total - sum(lengths)):
            lengths[i % len(lengths)] += 1
    if sum(lengths) != total or any(length != int(length) for length in lengths):
        raise ValueError(
            f"random_split: lengths {lengths} sum to {sum(lengths)}, the dataset has {total} samples. "
            "Pass sizes that sum to its length, or fractions that sum to 1."
        )
    order = (generator or random.default_generator).numpy.permutation(total)
    ends = np.cumsum([int(length) for length in lengths])
    return [Subset(dataset, part) for part in np.split(order, ends[:-1])]
