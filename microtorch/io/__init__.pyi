# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch import load as load
from microtorch import save as save
from microtorch.tensor import Tensor as Tensor


def load_npz(filename: Any, max_bytes: int | None = ...) -> Any: ...
def save_npz(tensors: Any, filename: Any) -> Any: ...
