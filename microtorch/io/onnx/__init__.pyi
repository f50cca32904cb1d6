# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.nn import Module as Module, Parameter as Parameter
from microtorch.tensor import Tensor as Tensor


class Network(Module):
    nodes: Any
    input_names: Sequence[str]
    output_names: Sequence[str]
    opset: int
    def __init__(self, model: Any) -> None: ...
    def extra_repr(self) -> Any: ...
    def forward(self, *inputs: Any) -> Tensor: ...
    def __call__(self, *inputs: Any) -> Tensor: ...
OPSET: int
def load(path: Any) -> Any: ...
def save(model: Module, example: Tensor | Sequence[Tensor], path: Any) -> Any: ...
