# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.tensor import Tensor as Tensor


class Result:
    lesson: str
    steps: Any
    points: int
    total: int
    def __init__(self, lesson: Any, steps: Any) -> None: ...
class Step: ...
def check(path: Any) -> Any: ...
def start(path: Any) -> Any: ...
