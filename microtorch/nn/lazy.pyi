# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.nn import LazyBatchNorm1d as LazyBatchNorm1d
from microtorch.nn import LazyBatchNorm2d as LazyBatchNorm2d
from microtorch.nn import LazyBatchNorm3d as LazyBatchNorm3d
from microtorch.nn import LazyInstanceNorm1d as LazyInstanceNorm1d
from microtorch.nn import LazyInstanceNorm2d as LazyInstanceNorm2d
from microtorch.nn import LazyInstanceNorm3d as LazyInstanceNorm3d
from microtorch.nn import LazyLinear as LazyLinear
from microtorch.nn import LazyModuleMixin as LazyModuleMixin
from microtorch.tensor import Tensor as Tensor
