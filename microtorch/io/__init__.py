"""Files of tensors: safetensors, .npz, and trees of both with numbers and strings."""

from . import safetensors
from .npz import load_npz, save_npz
from .tree import load, save

__all__ = ["save", "load", "safetensors", "save_npz", "load_npz"]
