# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch import check_training as check_training
from microtorch.nn import Module as Module, Parameter as Parameter
from microtorch.tensor import Tensor as Tensor


def saved_tensors(loss: Tensor) -> Any: ...
def summary(model: Module, batch: Any) -> Any: ...
def why_no_grad(p: Tensor, loss: Tensor | Callable[..., Any] | None = ..., model: Module | None = ...) -> Any: ...
