"""Datasets, samplers and the loader that turns them into batches: the counterpart of ``torch.utils.data``."""

from .blocks import BlockSampler, FileDataset
from .dataloader import DataLoader, default_collate, default_convert
from .dataset import Dataset, Subset, TensorDataset, random_split
from .distributed import DistributedSampler
from .iterable import IterableDataset, get_worker_info
from .joined import ChainDataset, ConcatDataset
from .rows import FileRows, ParquetRows
from .sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "DataLoader",
    "default_collate",
    "default_convert",
    "Dataset",
    "TensorDataset",
    "ConcatDataset",
    "Subset",
    "random_split",
    "IterableDataset",
    "ChainDataset",
    "get_worker_info",
    "Sampler",
    "SequentialSampler",
    "RandomSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
    "BatchSampler",
    "DistributedSampler",
    "FileDataset",
    "FileRows",
    "ParquetRows",
    "BlockSampler",
]
