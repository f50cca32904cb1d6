# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.tensor import Tensor as Tensor


class Constraint:
    def __init__(self, name: str, holds: Callable[..., Any], event_dim: int = ..., is_discrete: bool = ...) -> None: ...
    def check(self, value: Any) -> Any: ...
boolean: Any
dependent: Any
def greater_than(lower_bound: Any) -> Any: ...
def greater_than_eq(lower_bound: Any) -> Any: ...
def half_open_interval(lower_bound: Any, upper_bound: Any) -> Any: ...
def independent(base_constraint: Any, reinterpreted_batch_ndims: Any) -> Any: ...
def integer_interval(lower_bound: Any, upper_bound: Any) -> Any: ...
def interval(lower_bound: Any, upper_bound: Any) -> Any: ...
def less_than(upper_bound: Any) -> Any: ...
lower_cholesky: Any
nonnegative: Any
nonnegative_integer: Any
one_hot: Any
positive: Any
positive_definite: Any
positive_integer: Any
real: Any
real_vector: Any
simplex: Any
unit_interval: Any
