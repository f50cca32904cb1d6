"""Data larger than memory: samples that are read from files by blocks, and an order that needs few blocks at a time."""

import collections
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from .. import random
from ..errors import ShapeError
from ..tensor import wrap
from .dataset import Dataset
from .rows import open_rows
from .sampler import Sampler

__all__ = ["BlockSampler", "FileDataset"]

BLOCK_BYTES = 1 << 22  # of a block: large enough that reading is not seeking
WINDOW = 8  # blocks whose rows are mixed with one another
SPARE = 4  # blocks kept beyond these, for what is read ahead
AHEAD = 64  # batches that are announced at most


class FileDataset(Dataset):
    """Arrays in files, or in memory, whose rows of the same index are one sample; only what is asked for is read.

    Parameters
    ----------
    *sources : path, (path, str), ndarray, Tensor, FileRows or ParquetRows, length N
        A ``.npy`` file; ``(file.safetensors, name)``; an array, as of `numpy.memmap`, whose file is then read; or rows.
    transform : callable, optional
        From the Tensor of a batch's first parts to what stands in its place, as ``lambda x: x.float() / 255``.
    block_size : int, optional
        How many rows are read together in a shuffled order. Default: 4 MiB of them, or a Parquet file's row group.

    Raises
    ------
    ShapeError
        If the lengths differ.
    DatasetError
        If a file is damaged or cut off.

    Notes
    -----
    ``DataLoader(data, batch_size, shuffle=True)`` takes a `BlockSampler`, and reads ahead in a thread while a step
    runs: 12 blocks are in memory, 48 MiB. Other orders are read row by row. Batches are drawn from the same
    generators as those of a `TensorDataset`, and come out the same each time.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from microtorch.data import DataLoader, FileDataset
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/x.npy", np.arange(8, dtype=np.float32).reshape(4, 2))
    ...     data = FileDataset(f"{folder}/x.npy", np.array([0, 1, 0, 1]))
    ...     for x, y in DataLoader(data, batch_size=2):
    ...         print(x.tolist(), y.tolist())
    ...     data.close()
    [[0.0, 1.0], [2.0, 3.0]] [0, 1]
    [[4.0, 5.0], [6.0, 7.0]] [0, 1]
    """

    def __init__(self, *sources, transform=None, block_size=None):
        if not sources:
            raise ValueError("FileDataset: no sources. Pass at least one, e.g. FileDataset('x.npy', 'y.npy').")
        self.rows = [open_rows(source) for source in sources]
        lengths = {len(rows) for rows in self.rows}
        if len(lengths) > 1:
            raise ShapeError(f"FileDataset: {', '.join(str(r.shape) for r in self.rows)}: the lengths differ.")
        self.transform = transform
        if block_size is None:
            given = [rows.block_size for rows in self.rows if rows.block_size is not None]
            width = sum(int(np.prod(rows.shape[1:])) * rows.dtype.itemsize for rows in self.rows)
            block_size = max(given) if given else max(1, BLOCK_BYTES // max(1, width))
        if block_size < 1:
            raise ValueError(f"FileDataset: block_size is {block_size}. Pass a positive integer.")
        self.block_size = int(block_size)
        self.kept = 0  # how many blocks stay in memory; 0: rows are read one by one
        self._room = 0  # the same where a batch is larger than a block
        self._blocks = {}  # number of a block -> what gives its arrays; the one used longest ago first
        self._reader = None  # the thread that reads ahead

    def __len__(self):
        return len(self.rows[0])

    def __getitem__(self, index):
        return tuple(t[0] for t in self.__getitems__(np.array([range(len(self))[index]])))

    def __getitems__(self, indices):
        indices = np.asarray(indices)
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(self):
            raise IndexError(f"FileDataset: index {indices.max()} of {len(self)} samples")
        arrays = self._from_blocks(indices) if self.kept else self._one_by_one(indices)
        batch = [wrap(array) for array in arrays]
        if self.transform is not None:
            batch[0] = self.transform(batch[0])
        return tuple(batch)

    def shuffled(self, generator=None):
        """The order that ``DataLoader(shuffle=True)`` takes."""
        return BlockSampler(self, generator=generator)

    def announced(self, batches):
        """Hand on `batches` of indices, and begin to read the blocks of some of them before they are asked for."""
        coming, rows = collections.deque(), 0
        for batch in batches:
            if self.kept:
                self._room = self.kept + 2 * (len(batch) // self.block_size)
                for number in np.unique(np.asarray(batch) // self.block_size).tolist():
                    self._block(number)
            coming.append(batch)
            rows += len(batch)
            while len(coming) > 1 and (rows > SPARE // 2 * self.block_size or len(coming) > AHEAD):
                rows -= len(coming[0])
                yield coming.popleft()
        yield from coming

    def close(self):
        """End the thread that reads ahead, and close the files."""
        if self._reader is not None:
            self._reader.shutdown()
            self._reader = None
        self._blocks.clear()
        for rows in self.rows:
            if hasattr(rows, "close"):
                rows.close()

    # -- reading -------------------------------------------------------------------------------------------------------

    def _empty(self, count):
        return [np.empty((count, *rows.shape[1:]), rows.dtype) for rows in self.rows]

    def _one_by_one(self, indices):
        """Rows as they come; neighbours are read together."""
        found = self._empty(len(indices))
        breaks = np.flatnonzero(np.diff(indices) != 1) + 1
        start = 0
        for run in np.split(indices, breaks) if len(indices) else ():
            for array, rows in zip(found, self.rows, strict=True):
                array[start : start + len(run)] = rows.read_rows(int(run[0]), int(run[-1]) + 1)
            start += len(run)
        return found

    def _from_blocks(self, indices):
        found = self._empty(len(indices))
        numbers, within = np.divmod(indices, self.block_size)
        for number in np.unique(numbers).tolist():
            here = numbers == number
            for array, block in zip(found, self._block(number).result(), strict=True):
                array[here] = block[within[here]]
        return found

    def _block(self, number):
        """The future of a block's arrays: read by the thread, at most once while it is kept."""
        future = self._blocks.pop(number, None)
        if future is None:
            if self._reader is None:
                self._reader = ThreadPoolExecutor(1, "microtorch reads ahead")
            future = self._reader.submit(self._read_block, number)
        self._blocks[number] = future  # the newest
        while len(self._blocks) > max(self._room, self.kept):
            del self._blocks[next(iter(self._blocks))]
        return future

    def _read_block(self, number):
        start = number * self.block_size
        return [rows.read_rows(start, min(start + self.block_size, len(self))) for rows in self.rows]


class BlockSampler(Sampler):
    """A random order in which few blocks are in use at a time: the order of the blocks, and rows mixed across some.

    Parameters
    ----------
    data_source : FileDataset
    window : int, default 8
        Across how many blocks rows are mixed. The dataset keeps so many in memory, and 4 more.
    generator : Generator, default microtorch's own
        What the order is drawn from.

    Notes
    -----
    Blocks come in random order; a row of the b-th of them comes at b + u · window, u uniform in [0, 1), where rows are
    taken in the order of these numbers. So a batch is drawn from about `window` blocks, of which one ends as another
    begins, and each is read once an epoch. How well that mixes depends on how the file is ordered: one that is sorted
    by class needs a large window, or to be shuffled once when it is written.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.data import BlockSampler, FileDataset
    >>> data = FileDataset(np.zeros((1000, 2)), block_size=10)
    >>> order = BlockSampler(data, window=2).indices()
    >>> bool((np.sort(order) == np.arange(1000)).all()), len(np.unique(order[:20] // 10)) <= 5
    (True, True)
    """

    def __init__(self, data_source, window=WINDOW, generator=None):
        if window < 1:
            raise ValueError(f"BlockSampler: window is {window}. Pass a positive integer.")
        self.data_source, self.window, self.generator = data_source, window, generator
        data_source.kept = max(data_source.kept, window + SPARE)

    def indices(self):
        """A new order as an array: ndarray of int64, shape (N,)."""
        count, size = len(self.data_source), self.data_source.block_size
        draw = (self.generator or random.default_generator).numpy
        place = draw.permutation(-(-count // size)).astype(np.float32)
        keys = np.repeat(place, size)[:count]
        keys += draw.random(count, np.float32) * np.float32(self.window)
        return np.argsort(keys, kind="stable")

    def __iter__(self):
        return iter(self.indices().tolist())

    def __len__(self):
        return len(self.data_source)
