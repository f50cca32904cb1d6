"""DataLoader: batches of a dataset, and how samples become a batch."""

import copy
from collections.abc import Mapping

import numpy as np

from ..dtypes import get_default_dtype
from ..errors import DTypeError, ShapeError, warn_at_user_line
from ..tensor import Tensor, over
from .iterable import IterableDataset
from .sampler import BatchSampler, RandomSampler, SequentialSampler

__all__ = ["DataLoader", "default_collate", "default_convert"]


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
        int64, float float64 (as in PyTorch; the default dtype where an int comes first) and bool bool; strings stay a
        list. Containers keep their type, with a batch in each place.

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
    kind = _kind(first)
    for i, sample in enumerate(batch):
        if _kind(sample) != kind or kind is None:
            what = type(sample).__name__
            what = f"type {what}" if kind is None else f"types {type(first).__name__} and {what}"
            hint = " Does a transform return nothing?" if sample is None else ""
            raise DTypeError(
                f"default_collate: samples of {what} do not make a batch: see sample {i}.{hint} {_OWN_COLLATE}"
            )
    if kind == "text":
        return batch
    if kind == "numbers":
        return _stack(batch)
    if kind == "mapping":
        for i, sample in enumerate(batch):
            if sample.keys() != first.keys():
                raise ShapeError(
                    f"default_collate: sample {i} has the keys {', '.join(map(repr, sample))}, the first sample "
                    f"{', '.join(map(repr, first))}. {_OWN_COLLATE}"
                )
        return _mapping(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    for i, sample in enumerate(batch):
        if len(sample) != len(first):
            lengths = ", ".join(str(len(sample)) for sample in batch[:8])
            raise ShapeError(
                f"default_collate: samples of {lengths} parts do not make a batch: see sample {i}. {_OWN_COLLATE}"
            )
    columns = [default_collate(list(column)) for column in zip(*batch, strict=True)]
    return type(first)(*columns) if hasattr(first, "_fields") else type(first)(columns)  # _fields: a namedtuple


def default_convert(data):
    """One sample with its arrays as tensors: what `DataLoader` gives where `batch_size` is None.

    Parameters
    ----------
    data : object
        Arrays become Tensors that share their memory, inside tuples, lists and dicts too; all else stays.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.data import default_convert
    >>> default_convert((np.array([1.0, 2.0]), "a", 3))
    [tensor([1., 2.], dtype=float64), 'a', 3]
    """
    if isinstance(data, np.ndarray | np.generic) and data.dtype.kind in "biuf":
        return over(np.asarray(data))
    if isinstance(data, Mapping):
        return _mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple | list):
        return [default_convert(value) for value in data]  # a list, also of a tuple, as in PyTorch
    return data


def _kind(sample):
    """How a sample is put together with others; None for what cannot be."""
    if isinstance(sample, str | bytes):  # first of all: numpy's strings are np.generic, too
        return "text"
    if isinstance(sample, Tensor | np.ndarray | np.generic | int | float):
        return "numbers"
    if isinstance(sample, Mapping):
        return "mapping"
    return "sequence" if isinstance(sample, tuple | list) else None


def _mapping(first, columns):
    """`columns` in a mapping of the type of `first`, with all else that type keeps, as a default factory."""
    if type(first) is dict:
        return columns
    try:
        made = copy.copy(first)
        made.update(columns)
        return made
    except (AttributeError, TypeError):  # one that cannot be changed
        return type(first)(columns)


_OWN_COLLATE = "Pass DataLoader a collate_fn that makes a batch of a list of samples."


def _stack(samples):
    arrays = [s._array if isinstance(s, Tensor) else np.asarray(s) for s in samples]
    for i, a in enumerate(arrays):
        if a.shape != arrays[0].shape:
            different = ", ".join(map(str, sorted({a.shape for a in arrays})))
            raise ShapeError(
                f"default_collate: samples of shapes {different} do not stack: sample {i} has {a.shape}, the first one "
                f"{arrays[0].shape}. {_OWN_COLLATE}"
            )
        if a.dtype.kind not in "biuf":
            raise DTypeError(f"default_collate: sample {i} is an array of {a.dtype}, not of numbers. {_OWN_COLLATE}")
    stacked = np.stack(arrays)
    if isinstance(samples[0], int) and any(isinstance(s, float) for s in samples):
        return over(stacked.astype(get_default_dtype()))  # what a list of numbers is, as in PyTorch
    return over(stacked)


class DataLoader:
    """An iterable over the batches of a dataset.

    Parameters
    ----------
    dataset : Dataset, IterableDataset or sequence
        What has ``len`` and gives a sample for an index; or a stream.
    batch_size : int or None, default 1
        Samples per batch; with None each sample comes by itself, without a batch dimension.
    shuffle : bool, default False
        Whether each epoch takes the samples in a new random order.
    sampler : Sampler or iterable of int, optional
        The order of the samples, instead of `shuffle`.
    batch_sampler : iterable of sequences of int, optional
        The batches, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
    num_workers : int, default 0
        Accepted for scripts written for PyTorch, with a warning: batches are made in this process; see Notes.
    collate_fn : callable, default `default_collate`
        Makes a batch of a list of samples.
    pin_memory : bool, default False
        Accepted; there is no second memory to copy to, so it changes nothing.
    drop_last : bool, default False
        Whether a last batch of fewer samples is left out.
    timeout : float, default 0
        Accepted; there is no worker to wait for.
    worker_init_fn : callable, optional
        Accepted; it is never called, as there are no workers. Seed with `manual_seed` or `generator`.
    multiprocessing_context : str or object, optional
        Accepted, like the four above and below.
    generator : Generator, default microtorch's own
        What `shuffle` draws from.
    prefetch_factor : int, optional
        Accepted where `num_workers` is not 0.
    persistent_workers : bool, default False
        Accepted where `num_workers` is not 0.
    pin_memory_device : str, default ""
        Accepted.
    in_order : bool, default True
        Accepted; batches always come in order.

    Raises
    ------
    ValueError
        If arguments exclude each other, or a number is out of range.

    Notes
    -----
    Where `collate_fn` is the default and the dataset defines ``__getitems__`` (`TensorDataset`, `Subset` and
    the sets in `microtorch.datasets` do), a batch is one fancy index per tensor. Such batches take less time
    than sending them between processes would, which is why there are no workers. A dataset with
    ``shuffled(generator)`` has an order of its own for `shuffle`; one with ``announced(batches)`` sees the indices of
    batches before they are asked for, and hands them on.

    Examples
    --------
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
        timeout=0,
        worker_init_fn=None,
        multiprocessing_context=None,
        generator=None,
        *,
        prefetch_factor=None,
        persistent_workers=False,
        pin_memory_device="",
        in_order=True,
    ):
        _check_workers(num_workers, timeout, worker_init_fn, prefetch_factor, persistent_workers)
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.prefetch_factor, self.persistent_workers = prefetch_factor, persistent_workers
        self.multiprocessing_context, self.in_order = multiprocessing_context, in_order
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        _check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if sampler is None:
            sampler = _sampler(dataset, shuffle, generator)
        if batch_sampler is None and batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
            self.batch_size = batch_size
        else:
            self.batch_size = None  # as in PyTorch: batches may have any size
        self.dataset = dataset
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.generator = generator

    def __len__(self):
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)

    def __iter__(self):
        return self._load(self._order())

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
        indices = self._order()
        for _ in range(first):
            next(indices, None)
        return self._load(indices)

    def _order(self):
        """The indices of each batch, or of each sample where there are no batches."""
        return iter(self.sampler if self.batch_sampler is None else self.batch_sampler)

    def _load(self, batches):
        if isinstance(self.sampler, _Stream):  # what comes are samples, not indices
            yield from map(self.collate_fn, batches)
            return
        if self.batch_sampler is None:
            for index in batches:
                yield self.collate_fn(self.dataset[index])
            return
        # Note [One fancy index] in dataset.py. A user's collate_fn is promised a list of samples.
        whole = self.collate_fn is default_collate and hasattr(self.dataset, "__getitems__")
        if hasattr(self.dataset, "announced"):
            batches = self.dataset.announced(batches)
        for indices in batches:
            if whole:
                batch = self.dataset.__getitems__(indices)
                yield default_collate(batch) if type(batch) is list else batch
            else:
                if isinstance(indices, np.ndarray):
                    indices = indices.tolist()  # datasets of the user's own are promised Python's int
                yield self.collate_fn([self.dataset[i] for i in indices])


class _Stream:
    """The samples of a stream, in the place of a sampler's indices."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __iter__(self):
        return iter(self.dataset)

    def __len__(self):
        try:
            return len(self.dataset)
        except TypeError:
            raise TypeError(
                f"len(loader): {type(self.dataset).__name__} is a stream of unknown length. Define __len__ for it, or "
                "count the batches as they come."
            ) from None


def _check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last):
    """Raise ValueError where two arguments set the order of the samples, or their batches."""
    if shuffle and sampler is not None:
        raise ValueError("DataLoader: shuffle and sampler both set the order. Pass one of them.")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError(
            "DataLoader: batch_sampler already sets the batches. Leave out batch_size, shuffle, sampler and drop_last."
        )
    if batch_size is None and drop_last:
        raise ValueError("DataLoader: with batch_size=None there is no last batch. Leave out drop_last.")
    if isinstance(dataset, IterableDataset) and (shuffle or sampler is not None or batch_sampler is not None):
        raise ValueError(
            f"DataLoader: {type(dataset).__name__} is a stream, which sets the order of its samples itself. "
            "Leave out shuffle, sampler and batch_sampler."
        )


def _sampler(dataset, shuffle, generator):
    """The sampler where none was given."""
    if isinstance(dataset, IterableDataset):
        return _Stream(dataset)
    if not shuffle:
        return SequentialSampler(dataset)
    return dataset.shuffled(generator) if hasattr(dataset, "shuffled") else RandomSampler(dataset, generator=generator)


def _check_workers(num_workers, timeout, worker_init_fn, prefetch_factor, persistent_workers):
    """Complain, as PyTorch does, of what says nothing; say once a line that there are no workers."""
    for name, value in (("num_workers", num_workers), ("timeout", timeout)):
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f"DataLoader: {name} is {value!r}. Pass 0 or more.")
    if worker_init_fn is not None and not callable(worker_init_fn):
        raise TypeError(f"DataLoader: worker_init_fn is {worker_init_fn!r}, which cannot be called.")
    if num_workers:
        warn_at_user_line(
            f"DataLoader: num_workers={num_workers} makes no processes here: a batch is one fancy index, which takes "
            "less time than sending it from another process. Batches are the same; num_workers=0 says it without this."
        )
        return
    for name, given in (("prefetch_factor", prefetch_factor is not None), ("persistent_workers", persistent_workers)):
        if given:
            raise ValueError(f"DataLoader: {name} is about workers, and num_workers is 0. Leave it out.")
