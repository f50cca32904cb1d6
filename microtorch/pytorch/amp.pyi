# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch import GradScaler as GradScaler
from microtorch import autocast as autocast
from microtorch.tensor import Tensor as Tensor


def is_autocast_available(device_type: Any) -> Any: ...
