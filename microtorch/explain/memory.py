"""saved_tensors: what a graph keeps for its backward."""

from dataclasses import dataclass

import numpy as np

from ..autograd.graph import maker
from ..autograd.inplace.views import owner
from ..autograd.mode import scope_title
from ..errors import GraphError
from ..tensor import Tensor
from .names import newest_first, outermost, paths_of
from .tables import table

__all__ = ["saved_tensors"]


@dataclass(frozen=True)
class SavedTensor:
    """A value that is kept: `leaf` if it is a parameter or an input, which would be there anyway."""

    module: str
    operation: str
    name: str
    shape: tuple
    dtype: str
    bytes: int
    leaf: bool


class SavedTensors(tuple):
    """The rows of `saved_tensors`; its text is a table."""

    __slots__ = ()

    @property
    def bytes(self):
        """int: what is kept for the backward alone, without leaves."""
        return sum(row.bytes for row in self if not row.leaf)

    def __repr__(self):
        rows = [
            (r.module, r.operation, r.name, r.shape, r.dtype, f"{r.bytes:,}", "leaf" if r.leaf else "") for r in self
        ]
        body = table(("module", "operation", "saved", "shape", "dtype", "bytes", ""), rows)
        leaves = sum(row.bytes for row in self if row.leaf)
        return f"{body}\n{self.bytes:,} bytes are kept for backward, beside {leaves:,} of parameters and inputs."


def saved_tensors(loss):
    """List the arrays that the backward of `loss` keeps in memory.

    Parameters
    ----------
    loss : Tensor

    Returns
    -------
    SavedTensors
        A tuple of rows with ``module``, ``operation``, ``name``, ``shape``, ``dtype``, ``bytes`` and ``leaf``, oldest
        first, that prints as a table. Memory that several operations keep, or see through views, is counted once.

    Raises
    ------
    GraphError
        If a backward has already released the graph.

    Examples
    --------
    >>> w = microtorch.ones(2, 3, requires_grad=True)
    >>> microtorch.explain.saved_tensors((w.exp() * 2).sum())
    module  operation  saved   shape   dtype    bytes
    ------  ---------  ------  ------  -------  -----
            Exp        result  (2, 3)  float32     24
    24 bytes are kept for backward, beside 0 of parameters and inputs.
    """
    nodes = newest_first(loss)
    if any(node.saved is None for node in nodes):
        raise GraphError("saved_tensors: a backward has released this graph. Ask before backward.")
    paths, seen, rows = paths_of(outermost(nodes)), set(), []
    for node in reversed(nodes):
        inputs = {id(x._array): x for x in node.inputs if isinstance(x, Tensor)}
        results = {id(x._array) for x, edge in zip(node.inputs, node.edges, strict=True) if maker(edge)[0] is not None}
        cache = node.cache if isinstance(node.cache, tuple | list) else (node.cache,)
        attributes = [(k, a) for k, a in node.__dict__.items() if k != "cache"]
        kept = [*((None, a) for a in node.saved), *(("cache", a) for a in cache), *attributes]
        for label, a in kept:
            if not isinstance(a, np.ndarray) or a.size == 0 or id(owner(a)) in seen:
                continue
            seen.add(id(owner(a)))
            x = inputs.get(id(a))
            if x is None:
                x = next((i for i in inputs.values() if owner(i._array) is owner(a)), None)
            leaf = x is not None and id(x._array) not in results
            name = (paths.get(x) or x.name or "input") if x is not None else label or "result"
            module = scope_title(node.scope) if node.scope else ""
            size = a.nbytes if leaf else owner(a).nbytes
            rows.append(SavedTensor(module, node.name(), name, a.shape, str(a.dtype), size, leaf))
    return SavedTensors(rows)
