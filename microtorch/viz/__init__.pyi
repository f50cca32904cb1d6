# Written by docs/extensions/stubs.py from signatures and docstrings; not to be edited.
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from microtorch.nn import Module as Module, Parameter as Parameter
from microtorch.tensor import Tensor as Tensor
from microtorch.viz.plots import plots as plots


class Drawing:
    source: str
    records: Any
    view: Any
    def __init__(self, records: Any, view: Any, shown: Any, direction: Any, color: Any) -> None: ...
    def save(self, path: Any) -> Any: ...
def draw(loss: Any, model: Module | None = ..., names: dict[str, Any] | None = ..., show: str | Sequence[str] = ..., depth: int | None = ..., direction: Literal["forward", "backward", "both"] = ..., color: Literal["gradient", "nan", "dead", "time", "bytes"] | None = ...) -> Any: ...
def explore(loss: Tensor, path: Any, model: Module | None = ..., names: dict[str, Any] | None = ..., check: bool = ..., captured: Any = ...) -> Any: ...
def graph(outputs: Any, model: Module | None = ..., names: dict[str, Any] | None = ...) -> Any: ...
def tree(loss: Any, model: Any = ..., names: Any = ..., lines: int | None = ...) -> str: ...
