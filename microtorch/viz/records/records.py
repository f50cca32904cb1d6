"""The records that a graph is read into; `graph` makes them. Nothing here reads or draws."""

from dataclasses import dataclass, field

import numpy as np

from ...autograd.function import ArrayFunction
from ...tensor import Tensor

__all__ = ["Edge", "Graph", "Operation", "Saved", "Scope", "Value"]


@dataclass(eq=False)
class Scope:
    """One call of a module.

    Attributes
    ----------
    id : str
    path : str
        Dotted, from the model; the model's own is "".
    type : str
        The class of the module.
    signature : str
        Its arguments, as its repr shows them.
    call : int
        1 for the first call of this module, 2 for the second.
    parent : Scope or None
        Inside whose forward it ran.
    """

    id: str
    path: str
    type: str
    signature: str
    call: int
    parent: "Scope | None"

    @property
    def title(self):
        """The text of a frame around it."""
        name = self.path.rpartition(".")[2]
        again = f" (call {self.call})" if self.call > 1 else ""
        what = f"{self.type}({self.signature})" if self.signature else self.type
        return f"{name} · {what}{again}" if name not in ("", self.type) else f"{what}{again}"

    def chain(self):
        """The scopes from the outermost to this one."""
        scope, found = self, []
        while scope is not None:
            found.append(scope)
            scope = scope.parent
        return found[::-1]


@dataclass(eq=False)
class Saved:
    """A value that an operation keeps for its backward: the input of that name, its output, or a cache."""

    of: str
    shape: tuple
    dtype: str
    nbytes: int
    memory: int  # equal for two that share their memory, which is then kept once


@dataclass(eq=False)
class Operation:
    """A node of the graph; its numbers count from the oldest, 1.

    Attributes
    ----------
    name, formula, gradient : str
        The class, what it computes and how its gradient goes, as its docstring says.
    options : dict of str to str
        Its arguments that are not tensors, where they are not as the public function takes them by itself.
    shapes, dtypes, arrays, grads, tensors : list
        One for each output; arrays and grads are None where not known.
    saved : list of Saved or None
        None after a backward has released it.
    scope : Scope or None
    seconds : float or None
        The time of its backward, where measured.
    error : str or None
        For the call that failed, what it said.
    """

    id: str
    number: int
    name: str
    formula: str
    gradient: str
    options: dict
    shapes: list
    dtypes: list
    arrays: list = field(repr=False)
    grads: list = field(repr=False)
    saved: list | None
    scope: Scope | None
    node: ArrayFunction | None = field(repr=False)
    tensors: list = field(repr=False)
    labels: list = field(default_factory=list)
    seconds: float | None = None
    error: str | None = None
    kind = "operation"

    @property
    def nbytes(self):
        """The bytes it keeps for its backward."""
        return sum({s.memory: s.nbytes for s in self.saved or ()}.values())


@dataclass(eq=False)
class Value:
    """A tensor at the rim of the graph.

    Attributes
    ----------
    kind : str
        "parameter" (a leaf that requires a gradient), "frozen" (a parameter that does not), "buffer" (of a
        module), "input" or "output".
    name : str
    array, grad : ndarray or None
        `grad` is what this graph's backward gives, where it was computed, else what ``.grad`` holds.
    state : str
        Of its ``.grad``: "none", "zero", "filled", "stale" (left over: no backward of this graph has filled it), or
        "" where no gradient is wanted.
    used : bool
        Whether the graph reaches it.
    """

    id: str
    kind: str
    name: str
    shape: tuple
    dtype: str
    array: np.ndarray | None = field(repr=False)
    grad: np.ndarray | None = field(repr=False)
    state: str
    tensor: Tensor = field(repr=False)
    scope: Scope | None = None
    used: bool = True

    @property
    def nbytes(self):
        """The bytes of its elements."""
        return self.tensor.nbytes


@dataclass(eq=False)
class Edge:
    """A tensor on its way: output `output` of `source` is the argument `argument` of `target`."""

    source: object
    output: int
    target: object
    argument: str
    shape: tuple
    dtype: str
    flows: bool  # whether a gradient goes back along it


@dataclass(eq=False)
class Graph:
    """The records of a graph: operations oldest first, values, edges, and the calls of modules around them."""

    operations: list
    values: list
    edges: list
    scopes: list
    roots: list
    released: bool = False  # a backward has let go of what was saved
    gradients: bool = False  # `grads` are those of this graph, computed by `with_gradients`

    @property
    def parameters(self):
        """The values that require a gradient."""
        return [v for v in self.values if v.kind == "parameter"]

    @property
    def nbytes(self):
        """The bytes kept for backward; memory that several operations keep counts once."""
        return sum({s.memory: s.nbytes for o in self.operations for s in o.saved or ()}.values())
