# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.tensor import Tensor as Tensor


def functional_call(module: Any, parameters_and_buffers: Any, args: Any = ..., kwargs: Any = ..., *, tie_weights: Any = ..., strict: Any = ...) -> Any: ...
