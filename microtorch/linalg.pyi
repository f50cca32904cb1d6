# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch import cholesky as cholesky
from microtorch import inverse as inv
from microtorch.tensor import Tensor as Tensor


def solve(A: Tensor, B: Tensor, *, left: bool = ...) -> Tensor: ...
def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = ..., unitriangular: bool = ...) -> Tensor: ...
