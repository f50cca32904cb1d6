"""Rows of files: arrays of which only the rows that are asked for are read.

Files are read, not mapped: what is read counts as memory once, where it is put, and a limit on the address space of a
process, as clusters set it, says nothing about the size of its files.
"""

import json
import math
import os
import threading
from pathlib import Path

import numpy as np

from ..dtypes import as_dtype
from ..errors import DatasetError, DTypeError, needs, visible
from ..io.npz import npy_head
from ..io.safetensors import DTYPES, LONGEST
from ..io.strangers import documented
from ..tensor import Tensor

__all__ = ["FileRows", "ParquetRows"]


def open_rows(source):
    """The rows of an array, tensor, mapped array, .npy file, ``(file.safetensors, name)`` or rows as they are."""
    if hasattr(source, "read_rows"):
        return source
    if isinstance(source, Tensor):
        source = source._array
    if isinstance(source, np.memmap) and source.filename is not None and source.flags.c_contiguous:
        return _of_memmap(source)
    if isinstance(source, np.ndarray):
        return _ArrayRows(source)
    path, name = source if isinstance(source, tuple | list) and len(source) == 2 else (source, None)
    ending = Path(path).suffix
    if ending == ".npy" and name is None:
        return _of_npy(path)
    if ending == ".safetensors":
        return _of_safetensors(path, name)
    raise DTypeError(
        f"rows of {visible(str(source), 200)}: pass an array, a file.npy, (file.safetensors, name), or rows, as "
        "FileRows and ParquetRows are."
    )


class FileRows:
    """An array that lies in a file row by row, and is read row by row.

    Parameters
    ----------
    filename : path
    shape : tuple of int
        Of the whole array; the first is the number of rows.
    dtype : numpy.dtype
    offset : int, default 0
        Where in the file it begins, in bytes.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    DatasetError
        If the file is shorter than that.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from microtorch.data import FileRows
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.arange(12, dtype=np.float32).tofile(f"{folder}/numbers")
    ...     rows = FileRows(f"{folder}/numbers", (4, 3), np.float32)
    ...     print(rows.read_rows(1, 3))
    ...     rows.close()
    [[3. 4. 5.]
     [6. 7. 8.]]
    """

    block_size = None  # how many rows are best read together; None: any number

    def __init__(self, filename, shape, dtype, offset=0):
        self.filename, self.shape, self.offset = Path(filename), tuple(map(int, shape)), int(offset)
        self._stored = np.dtype(dtype)
        self.dtype = as_dtype(self._stored.newbyteorder("="))
        if not self.shape or min(self.shape) < 0 or self.offset < 0:
            raise ValueError(f"FileRows: shape {self.shape} at byte {self.offset}: there are no rows.")
        self._bytes = math.prod(self.shape[1:]) * self._stored.itemsize
        self._file = open(self.filename, "rb", buffering=0)  # noqa: SIM115 — open as long as it is read
        self._turn = threading.Lock()
        size, needed = os.fstat(self._file.fileno()).st_size, self.offset + self.shape[0] * self._bytes
        if size < needed:
            self.close()
            raise DatasetError(
                f"{visible(str(self.filename))} has {size:,} bytes, and {self.shape} {self.dtype} at byte "
                f"{self.offset} needs {needed:,}. It was cut off, or the shape is another one."
            )

    def __len__(self):
        return self.shape[0]

    def read_rows(self, start, stop):
        """The rows from `start` up to `stop`: ndarray."""
        found = np.empty((stop - start, *self.shape[1:]), self._stored)
        view, done = memoryview(found.reshape(-1).view(np.uint8)), 0
        while done < len(view):
            with self._turn:
                self._file.seek(self.offset + start * self._bytes + done)
                count = self._file.readinto(view[done:])
            if not count:
                raise DatasetError(f"{visible(str(self.filename))} ends within rows {start} to {stop}: it was cut off.")
            done += count
        return found.astype(self.dtype, copy=False)

    def close(self):
        """Close the file."""
        self._file.close()

    def __del__(self):
        if hasattr(self, "_file"):
            self._file.close()


class _ArrayRows:
    """The rows of an array in memory."""

    block_size = None

    def __init__(self, array):
        if array.ndim == 0:
            raise ValueError("an array of no dimensions has no rows")
        self.array, self.shape, self.dtype = array, array.shape, as_dtype(array.dtype)

    def __len__(self):
        return self.shape[0]

    def read_rows(self, start, stop):
        return self.array[start:stop]


def _of_memmap(array):
    # A slice of a mapped array knows the offset of the whole.
    base = array
    while isinstance(base.base, np.memmap):
        base = base.base
    inside = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return FileRows(array.filename, array.shape, array.dtype, base.offset + inside)


def _of_npy(path):
    message = f"{visible(str(path))} is no whole .npy file of numbers ({{}})."
    with documented(DatasetError, message, let=(FileNotFoundError,)), open(path, "rb") as file:
        shape, dtype, fortran, start = npy_head(file)
        if fortran and len(shape) > 1:
            raise DatasetError(
                f"{visible(str(path))} lies in columns, and rows are read here. Save it again with "
                "numpy.save(path, numpy.ascontiguousarray(array))."
            )
        return FileRows(path, shape, dtype, start)


def _of_safetensors(path, name):
    message = f"{visible(str(path))} is no whole safetensors file ({{}})."
    with documented(DatasetError, message, let=(FileNotFoundError,)), open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LONGEST:
            raise ValueError(f"its head has {length} bytes")
        head = json.loads(file.read(length))
        names = [n for n in head if n != "__metadata__"]
        if name not in names:
            raise DatasetError(
                f"{visible(str(path))} has {', '.join(visible(n, 60) for n in names[:8]) or 'no tensors'}; say which, "
                f"as (path, name){f': there is no {visible(str(name), 60)}' if name is not None else ''}."
            )
        entry = head[name]
        if entry["dtype"] not in DTYPES:
            raise DatasetError(f"{visible(name, 60)} in {visible(str(path))} is {visible(str(entry['dtype']), 20)}.")
        dtype = np.dtype(DTYPES[entry["dtype"]]).newbyteorder("<")
        first, end = entry["data_offsets"]
        if math.prod(entry["shape"]) * dtype.itemsize != end - first:
            raise ValueError(f"{name} has {end - first} bytes for the shape {entry['shape']}")
        return FileRows(path, entry["shape"], dtype, 8 + length + first)


class ParquetRows:
    """Columns of a Parquet file as an array of one row for each of its rows; needs pyarrow.

    Parameters
    ----------
    filename : path
    columns : str or sequence of str
        One column makes an array (N,), several (N, C).
    dtype : numpy.dtype, default float32

    Raises
    ------
    ImportError
        Without pyarrow: ``pip install 'microtorch[parquet]'``.
    DatasetError
        If it is no Parquet file, has no such column, or the column is not of numbers.

    Notes
    -----
    A Parquet file is read by row groups; the one that was read last is kept, and `block_size` is the largest one's
    number of rows, so that a shuffle by blocks reads each once or twice.
    """

    def __init__(self, filename, columns, dtype=np.float32):
        with needs("ParquetRows needs pyarrow", "'microtorch[parquet]'"):
            from pyarrow import parquet
        self.filename, self.dtype = Path(filename), as_dtype(np.dtype(dtype))
        self.columns = [columns] if isinstance(columns, str) else list(columns)
        message = f"{visible(str(filename))} is no whole Parquet file ({{}})."
        with documented(DatasetError, message, let=(FileNotFoundError,)):
            self._file = parquet.ParquetFile(self.filename)
            names = self._file.schema_arrow.names
        missing = [name for name in self.columns if name not in names]
        if missing:
            raise DatasetError(
                f"{visible(str(filename))} has no column {visible(missing[0], 60)}; it has "
                f"{', '.join(visible(n, 60) for n in names[:20])}."
            )
        groups = [self._file.metadata.row_group(i).num_rows for i in range(self._file.num_row_groups)]
        self._ends = np.cumsum([0, *groups])
        self.shape = (int(self._ends[-1]), *([] if isinstance(columns, str) else [len(self.columns)]))
        self.block_size = max(groups, default=1)
        self._last = None, None  # the number of a row group, and its array
        self._turn = threading.Lock()

    def __len__(self):
        return self.shape[0]

    def read_rows(self, start, stop):
        """The rows from `start` up to `stop`: ndarray."""
        first, last = np.searchsorted(self._ends, [start, max(start, stop - 1)], side="right") - 1
        with self._turn:
            groups = [self._group(i) for i in range(first, last + 1)] if stop > start else []
        whole = np.concatenate(groups) if groups else np.empty((0, *self.shape[1:]), self.dtype)
        return whole[start - self._ends[first] :][: stop - start] if groups else whole

    def _group(self, number):
        if self._last[0] != number:
            message = f"{visible(str(self.filename))}: row group {number} cannot be read as {self.dtype} ({{}})."
            with documented(DatasetError, message):
                table = self._file.read_row_group(number, columns=self.columns)
                columns = [table[name].to_numpy().astype(self.dtype) for name in self.columns]
            array = columns[0] if len(self.shape) == 1 else np.stack(columns, axis=1)
            self._last = number, array
        return self._last[1]

    def close(self):
        """Close the file."""
        self._file.close()
