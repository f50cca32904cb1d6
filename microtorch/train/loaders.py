"""Loaders made of what a Solver accepts as data."""

import numpy as np

from ..data import DataLoader, Subset, TensorDataset
from ..errors import DTypeError
from ..from_data import as_tensor
from ..tensor import over


def from_course(data, validation):
    """The two pairs out of a dict of four arrays."""
    if not isinstance(data, dict):
        return data, validation
    missing = [name for name in ("X_train", "y_train") if name not in data]
    if missing:
        raise ValueError(f"Solver: data has no {', '.join(missing)}; it has {', '.join(map(str, data))}.")
    if validation is None and "X_val" in data:
        validation = (data["X_val"], data["y_val"])
    return (data["X_train"], data["y_train"]), validation


def make_loader(data, batch_size, dtype, shuffle=False, generator=None):
    """`data` as a DataLoader."""
    if isinstance(data, DataLoader):
        return data
    if isinstance(data, tuple | list) and len(data) == 2:
        tensors = [as_tensor(part) for part in data]
        data = TensorDataset(*(over(t._array.astype(dtype)) if t.dtype.kind == "f" else t for t in tensors))
    if not hasattr(data, "__getitem__") or not hasattr(data, "__len__"):
        raise DTypeError(
            f"Solver: data of type {type(data).__name__}. Pass a DataLoader, a Dataset, a pair (inputs, targets), or a "
            "dict with X_train, y_train, X_val and y_val."
        )
    return DataLoader(data, batch_size=batch_size, shuffle=shuffle, generator=generator)


def sample(loader, count):
    """A loader over `count` samples of another one's, evenly spread: the same each time, and none drawn; or None."""
    if count == 0:
        return None
    dataset = loader.dataset
    if count is not None and count < len(dataset):
        dataset = Subset(dataset, np.arange(count) * len(dataset) // count)
    return DataLoader(dataset, batch_size=1000, collate_fn=loader.collate_fn)
