# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.nn import Module as Module, Parameter as Parameter
from microtorch.tensor import Tensor as Tensor


def spectral_norm(module: Module, name: str = ..., n_power_iterations: int = ..., eps: float = ..., dim: int | None = ...) -> Any: ...
def weight_norm(module: Module, name: str = ..., dim: int | None = ...) -> Any: ...
