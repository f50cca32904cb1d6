# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch import cholesky as cholesky
from microtorch import cross as cross
from microtorch import det as det
from microtorch import diagonal as diagonal
from microtorch import inverse as inv
from microtorch import matmul as matmul
from microtorch import matrix_power as matrix_power
from microtorch import slogdet as slogdet
from microtorch.tensor import Tensor as Tensor


def matrix_norm(A: Tensor, ord: Any = ..., dim: Any = ..., keepdim: bool = ..., *, dtype: DTypeLike | None = ...) -> Tensor: ...
def multi_dot(tensors: Any) -> Tensor: ...
def norm(A: Tensor, ord: float | str | None = ..., dim: int | Sequence[int] | None = ..., keepdim: bool = ..., *, dtype: DTypeLike | None = ...) -> Tensor: ...
def solve(A: Tensor, B: Tensor, *, left: bool = ...) -> Tensor: ...
def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = ..., unitriangular: bool = ...) -> Tensor: ...
def vecdot(x: Tensor, y: Tensor, *, dim: int = ...) -> Tensor: ...
def vector_norm(x: Tensor, ord: float = ..., dim: int | Sequence[int] | None = ..., keepdim: bool = ..., *, dtype: DTypeLike | None = ...) -> Tensor: ...
