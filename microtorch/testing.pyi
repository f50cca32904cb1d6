# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.tensor import Tensor as Tensor


def assert_close(actual: Any, expected: Any, *, rtol: float | None = ..., atol: float | None = ..., equal_nan: bool = ..., check_dtype: bool = ..., msg: str | None = ...) -> Any: ...
