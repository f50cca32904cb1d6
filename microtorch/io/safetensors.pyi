# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.tensor import Tensor as Tensor


def load_file(filename: Any) -> Any: ...
def load_metadata(filename: Any) -> Any: ...
def save_file(tensors: Any, filename: Any, metadata: Any = ...) -> Any: ...
