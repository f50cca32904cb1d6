"""Datasets, samplers and the loader that turns them into batches: the counterpart of ``torch.utils.data``."""

from .blocks import BlockSampler, FileDataset
from .dataloader import DataLoader, default_collate
from .dataset import Dataset, Subset, TensorDataset, random_split
from .distributed import DistributedSampler
from .rows import FileRows, ParquetRows
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = [
    "DataLoader",
    "default_collate",
    "Dataset",
    "TensorDataset",
    "Subset",
    "random_split",
    "Sampler",
    "SequentialSampler",
    "RandomSampler",
    "BatchSampler",
    "DistributedSampler",
    "FileDataset",
    "FileRows",
    "ParquetRows",
    "BlockSampler",
]
