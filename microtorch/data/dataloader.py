"""DataLoader: batches of a dataset, and how samples become a batch."""

from collections.abc import Mapping

import numpy as np

from ..errors import DTypeError, ShapeError
from ..tensor import Tensor
from .sampler import BatchSampler, RandomSampler, SequentialSampler

__all__ = ["DataLoader", "default_collate"]


def default_collate(batch):
    """A list of samples as one batch.

    Parameters
    ----------
    batch : list
        Samples of one kind, not empty: tensors, arrays, numbers, strings, or tuples, lists and dicts of
        these.

    Returns
    -------
    Tensor or list or tuple or dict
        Tensors and arrays of shape (...) become a Tensor of shape (N, ...) and keep their dtype; int becomes
        int64, float float64 (as in PyTorch) and bool bool; strings stay a list. Containers keep their form,
        with a batch in each place.

    Raises
    ------
    ShapeError
        If the shapes or lengths of samples differ.
    DTypeError
        If samples are of another kind.

    Notes
    -----
    The batch is new memory outside any graph: no gradient flows through it to the samples.

    Examples
    --------
    >>> from microtorch.data import default_collate
    >>> default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
    {'x': tensor([1, 2]), 'name': ['a', 'b']}
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return _stack([sample._array for sample in batch])
    if isinstance(first, np.ndarray | np.generic | int | float):
        return _stack(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([sample[key] for sample in batch]) for key in first}
    if isinstance(first, tuple | list):
        if len({len(sample) for sample in batch}) > 1:
            lengths = ", ".join(str(len(sample)) for sample in batch[:8])
            raise ShapeError(f"default_collate: samples of {lengths} parts do not make a batch. {_OWN_COLLATE}")
        columns = [default_collate(list(column)) for column in zip(*batch, strict=True)]
        if hasattr(first, "_fields"):
            return type(first)(*columns)
        return type(first)(columns)
    kind = type(first).__name__
    raise DTypeError(f"default_collate: samples of type {kind} do not make a batch. {_OWN_COLLATE}")


_OWN_COLLATE = "Pass DataLoader a collate_fn that makes a batch of a list of samples."


def _stack(arrays):
    arrays = [np.asarray(a) for a in arrays]
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        different = ", ".join(map(str, sorted(shapes)))
        raise ShapeError(f"default_collate: samples of shapes {different} do not stack. {_OWN_COLLATE}")
    return Tensor(np.stack(arrays))


class DataLoader:
    """An iterable over the batches of a dataset.

    Parameters
    ----------
    dataset : Dataset or sequence
        What has ``len`` and gives a sample for an index.
    batch_size : int, default 1
        Samples per batch.
    shuffle : bool, default False
        Whether each epoch takes the samples in a new random order.
    sampler : Sampler or iterable of int, optional
        The order of the samples, instead of `shuffle`.
    batch_sampler : iterable of sequences of int, optional
        The batches, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
    num_workers : int, default 0
        Only 0: see Notes.
    collate_fn : callable, default `default_collate`
        Makes a batch of a list of samples.
    pin_memory : bool, default False
        Accepted for scripts written for PyTorch; there is no second memory to copy to, so it changes nothing.
    drop_last : bool, default False
        Whether a last batch of fewer samples is left out.
    generator : Generator, default microtorch's own
        What `shuffle` draws from.

    Raises
    ------
    ValueError
        If arguments exclude each other, or a number is out of range.

    Notes
    -----
    Where `collate_fn` is the default and the dataset defines ``__getitems__`` (`TensorDataset`, `Subset` and
    the sets in `microtorch.datasets` do), a batch is one fancy index per tensor. Such batches take less time
    than sending them between processes would, which is why there are no workers.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.data import DataLoader, TensorDataset
    >>> data = TensorDataset(microtorch.tensor([[0.0], [1.0], [2.0]]), microtorch.tensor([0, 1, 0]))
    >>> loader = DataLoader(data, batch_size=2)
    >>> len(loader)
    2
    >>> for x, y in loader:
    ...     print(x.tolist(), y.tolist())
    [[0.0], [1.0]] [0, 1]
    [[2.0]] [0]
    """

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=False,
        sampler=None,
        batch_sampler=None,
        num_workers=0,
        collate_fn=None,
        pin_memory=False,
        drop_last=False,
        *,
        generator=None,
    ):
        if num_workers != 0:
            raise ValueError(
                f"DataLoader: num_workers is {num_workers!r}. There are no worker processes: a batch is one "
                "fancy index, which takes less time than sending it to another process. Use num_workers=0."
            )
        if shuffle and sampler is not None:
            raise ValueError("DataLoader: shuffle and sampler both set the order. Pass one of them.")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError(
                "DataLoader: batch_sampler already sets the batches. "
                "Leave out batch_size, shuffle, sampler and drop_last."
            )
        if sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
            self.batch_size = batch_size
        else:
            self.batch_size = None  # as in PyTorch: batches may have any size
        self.dataset = dataset
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.collate_fn = default_collate if collate_fn is None else collate_fn
        self.drop_last = drop_last
        self.generator = generator

    def __len__(self):
        return len(self.batch_sampler)

    def __iter__(self):
        return self._load(iter(self.batch_sampler))

    def batches_from(self, first):
        """The batches of a new epoch without the first ones, which are drawn, at once, but not loaded.

        Parameters
        ----------
        first : int
            How many batches are left out: as many as a training that is resumed has seen.

        Returns
        -------
        iterator
        """
        indices = iter(self.batch_sampler)
        for _ in range(first):
            next(indices, None)
        return self._load(indices)

    def _load(self, batches):
        # Note [One fancy index] in dataset.py. A user's collate_fn is promised a list of samples.
        whole = self.collate_fn is default_collate and hasattr(self.dataset, "__getitems__")
        for indices in batches:
            if whole:
                batch = self.dataset.__getitems__(indices)
                yield default_collate(batch) if type(batch) is list else batch
            else:
                if isinstance(indices, np.ndarray):
                    indices = indices.tolist()  # datasets of the user's own are promised Python's int
                yield self.collate_fn([self.dataset[i] for i in indices])
