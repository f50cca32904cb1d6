"""The graph as plain records: what every picture, the page and the text tree are made from.

Nothing here draws. A node of the engine already knows its operation, inputs, saved values and module; `graph` reads
that once, when somebody asks, and names it. Tests check these records, not pictures.
"""

import numpy as np

from ...autograd import grad
from ...autograd.graph import maker, nodes_below
from ...autograd.inplace.views import owner
from ...autograd.memory import has_values
from ...errors import visible
from ...nn.parameter import Parameter
from ...tensor import Tensor, edge_of, tensor_at, wrap
from ..formula.rules import formula_of
from .failure import failed_call
from .names import arguments, brief, callers_names, names_in, options, signature
from .records import Edge, Graph, Operation, Saved, Scope, Value

__all__ = ["graph", "with_gradients"]


def graph(outputs, model=None, names=None):
    """The records of the graph that leads to `outputs`.

    Parameters
    ----------
    outputs : Tensor or sequence or dict of Tensor, or Exception
        Usually a loss. For the exception of a failed forward: what was recorded so far, and the call that failed.
    model : Module, optional
        Names its parameters, and adds those that the graph does not reach. Default: the outermost module that ran.
    names : dict, optional
        Further names. Default: those of the caller's variables.

    Returns
    -------
    Graph

    Examples
    --------
    >>> w = microtorch.tensor([3.0], requires_grad=True)
    >>> g = microtorch.viz.graph(w * w, names={"w": w})
    >>> [o.name for o in g.operations], [v.name for v in g.values if v.kind == "parameter"]
    (['Mul'], ['w'])
    """
    return _Reader(outputs, model, names).read()


class _Reader:
    """Reads engine nodes into records; holds what one reading needs."""

    def __init__(self, outputs, model, names):
        self.model, self.failed = model, None
        if isinstance(outputs, BaseException):
            self.failed = failed_call(outputs)
            outputs = {}
        self.roots = _named_roots(outputs)
        self.edges, self.values, self.scopes = [], {}, {}
        self.by_node, self.paths, self.calls = {}, {}, {}
        self.recorded, self.keys = {}, []  # Scope -> (module, parent Scope); the tuples, alive so that ids stay theirs
        self.names = names_in(callers_names() if names is None else names)

    def read(self):
        tensors = [t for _, t in self.roots] + (self.failed.tensors if self.failed else [])
        nodes = sorted(nodes_below(map(edge_of, tensors)), key=lambda node: node.number)
        self._name_modules(nodes)
        operations = [self._operation(node, i) for i, node in enumerate(nodes, 1)]
        self.ran = any(_ran(node) for node in nodes) or any(
            t.grad_fn is not None and t.grad_fn.__dict__.get("done") for t in tensors
        )
        for operation in operations:
            node = operation.node
            self._connect(operation, zip(arguments(type(node)), node.inputs, node.edges, strict=False))
        if self.failed is not None:
            operations.append(self._failure(len(operations) + 1))
        roots = [self._root(name, t) for name, t in self.roots]
        self._unused()
        for value in self.values.values():
            value.scope = self._home(value)
        found = Graph(operations, list(self.values.values()) + roots, self.edges, list(self.scopes.values()), roots)
        found.released = any(o.saved is None for o in operations)
        return found

    # -- operations ------------------------------------------------------------------------------------------------

    def _operation(self, node, number):
        outputs = node.outputs
        count = 1 if outputs is None else len(outputs)
        formula, gradient = formula_of(node)
        operation = Operation(
            id=f"op{number}",
            number=number,
            name=visible(node.name()),
            formula=visible(formula),
            gradient=visible(gradient),
            options=options(node),
            shapes=[None] * count,
            dtypes=[None] * count,
            arrays=[None] * count,
            grads=[None] * count,
            saved=None,
            scope=self._scope(node.scope),
            node=node,
            tensors=[None] * count,
        )
        for k, (shape, dtype) in enumerate(outputs or ()):
            operation.shapes[k], operation.dtypes[k] = tuple(shape), dtype.name
        self.by_node[node] = operation
        return operation

    def _connect(self, operation, inputs):
        """The edges into `operation` from its `inputs`, each a name, a value and the engine's edge; and what it saved,
        which may be one of them."""
        sources = {}
        for argument, x, edge in inputs:
            if not isinstance(x, Tensor):
                continue
            sources.setdefault(id(x._array), argument)
            node, k = maker(edge)
            if node is None:
                source = self._leaf(x)
            else:
                source = self.by_node[node]
                self._fill(source, k, x)
            self.edges.append(Edge(source, k, operation, argument, x.shape, x.dtype.name, edge is not None))
        node = operation.node
        if node is not None and not _ran(node):
            saved = [(sources.get(id(a), "output"), a) for a in node.saved if isinstance(a, np.ndarray) and a.size]
            for a in node.cache if isinstance(node.cache, tuple | list) else (node.cache,):
                if isinstance(a, np.ndarray) and a.size:
                    saved.append(("cache", a))
            operation.saved = [Saved(of, a.shape, a.dtype.name, a.nbytes, id(owner(a))) for of, a in saved]

    def _fill(self, operation, k, tensor):
        """The record of the output that it was, number `k`."""
        operation.shapes[k], operation.dtypes[k] = tensor.shape, tensor.dtype.name
        if operation.tensors[k] is None:
            node = operation.node
            operation.tensors[k] = tensor_at(node if node.outputs is None else (node, k), tensor._array)
            name = self.names.get((node, k)) or tensor.name
            if name:
                operation.labels.append(visible(name))
        if operation.arrays[k] is None and has_values(tensor):
            operation.arrays[k] = tensor._array

    def _failure(self, number):
        call = self.failed
        operation = Operation(
            id=f"op{number}",
            number=number,
            name=visible(call.name),
            formula="",
            gradient="",
            shapes=[],
            dtypes=[],
            arrays=[],
            options={k: brief(x) for k, x in call.arguments.items() if not isinstance(x, Tensor)},
            grads=[],
            saved=[],
            scope=self._scope_of_failure(call.scope),
            node=None,
            tensors=[],
            error=visible(" ".join(call.error.split())),
        )
        self._connect(
            operation, [(k, x, edge_of(x) if isinstance(x, Tensor) else None) for k, x in call.arguments.items()]
        )
        return operation

    # -- values ----------------------------------------------------------------------------------------------------

    def _leaf(self, tensor):
        if tensor in self.values:
            return self.values[tensor]
        path = self.paths.get(tensor)
        named = path or self.names.get(tensor) or tensor.name or ""
        if tensor.requires_grad:
            kind = "parameter"
        else:
            kind = "input" if path is None else "frozen" if isinstance(tensor, Parameter) else "buffer"
        value = Value(
            f"v{len(self.values) + 1}",
            kind,
            visible(named),
            tensor.shape,
            tensor.dtype.name,
            tensor._array,
            None,
            "",
            tensor,
        )
        if kind == "parameter":
            value.grad = None if tensor.grad is None else tensor.grad._array
            value.state = "none" if value.grad is None else "filled" if self.ran else "stale"
            if value.state == "filled" and not value.grad.any():
                value.state = "zero"
        self.values[tensor] = value
        return value

    def _root(self, name, tensor):
        node, k = tensor.grad_fn, tensor.output_nr
        given = name or self.names.get((node, k) if node else tensor) or tensor.name
        if node is None:
            source, name = self._leaf(tensor), visible(given or "output")
        else:
            source = self.by_node[node]
            name = visible(given or ("loss" if tensor.ndim == 0 else "output"))
            self._fill(source, k, tensor)
            source.labels = [n for n in source.labels if n != name]  # the box beside it says so
        value = Value(
            f"out{next(i for i, (_, t) in enumerate(self.roots, 1) if t is tensor)}",
            "output",
            name,
            tensor.shape,
            tensor.dtype.name,
            tensor._array,
            None,
            "",
            tensor,
        )
        self.edges.append(Edge(source, k, value, "", tensor.shape, tensor.dtype.name, tensor.requires_grad))
        return value

    def _unused(self):
        """Parameters of the model that the graph does not reach: often what a learner is looking for."""
        for tensor in self.paths if self.model is not None else ():
            if tensor not in self.values and isinstance(tensor, Parameter):
                value = self._leaf(tensor)
                value.used = False
                if value.state in ("filled", "zero"):
                    value.state = "stale"

    # -- modules ---------------------------------------------------------------------------------------------------

    def _name_modules(self, nodes):
        """Dotted paths of parameters, and of every module that ran, from the model."""
        outermost = self.model
        for scope in (node.scope for node in nodes):
            while outermost is None and scope is not None:
                outermost, scope = (scope[0] if scope[1] is None else None), scope[1]
        if outermost is None and self.failed is not None and self.failed.scope is not None:
            scope = self.failed.scope
            while scope is not None:
                outermost, scope = scope
        self.module_paths = {}
        if outermost is not None:
            self.module_paths = {module: path for path, module in outermost.named_modules()}
            for path, tensor in (*outermost.named_parameters(), *outermost.named_buffers()):
                self.paths.setdefault(tensor, path)

    def _scope(self, scope):
        """The record of ``(module, outer scope)``."""
        pending = []
        while scope is not None and id(scope) not in self.scopes:
            pending.append(scope)
            scope = scope[1]
        for inner in reversed(pending):
            module, outer = inner
            self.calls[module] = self.calls.get(module, 0) + 1
            parent = self.scopes.get(id(outer))
            path = self.module_paths.get(module)
            if path is None:  # outside the model: its class names it
                path = ".".join(filter(None, (parent.path if parent else "", type(module).__name__)))
            self.scopes[id(inner)] = Scope(
                f"m{len(self.scopes) + 1}",
                visible(path),
                visible(type(module).__name__),
                visible(signature(module)),
                self.calls[module],
                parent,
            )
            self.recorded[self.scopes[id(inner)]] = (module, parent)
            self.keys.append(inner)
            scope = inner
        return self.scopes[id(scope)] if scope is not None else None

    def _scope_of_failure(self, scope):
        """As `_scope`, in the calls that are already known where these modules ran: a traceback has no calls."""
        modules, parent = [], None
        while scope is not None:
            module, scope = scope
            modules.append(module)
        for module in reversed(modules):
            known = [s for s in self.recorded if self.recorded[s] == (module, parent)]
            if not known:
                inner = (module, next((t for t in self.keys if self.scopes[id(t)] is parent), None))
                known = [self._scope(inner)]
            parent = known[-1]
        return parent

    def _home(self, value):
        """A parameter is drawn inside the innermost module that all its users are in; an input outside of all."""
        if value.kind == "input":
            return None
        if not hasattr(self, "users"):
            self.users = {}
            for edge in self.edges:
                self.users.setdefault(edge.source, []).append(edge.target)
        common = None
        for user in self.users.get(value, ()):
            chain = user.scope.chain() if user.scope is not None else []
            common = chain if common is None else [a for a, b in zip(common, chain, strict=False) if a is b]
        return common[-1] if common else None


def with_gradients(found):
    """Fill in the gradient of every tensor of the graph, as its backward would compute it; no ``.grad`` is touched.

    Hooks run, as in a backward, because they have a say in the gradient. Non-scalar outputs count as their sum.
    """
    if found.released or found.gradients:
        return found
    holders = [
        (o, k, t) for o in found.operations for k, t in enumerate(o.tensors) if t is not None and t.requires_grad
    ]
    leaves = [v for v in found.values if v.kind == "parameter" and v.used]
    roots = [v.tensor for v in found.roots if v.tensor.requires_grad]
    if not roots:
        return found
    seeds = [wrap(np.ones(t.shape, t.dtype)) for t in roots]
    targets = [t for _, _, t in holders] + [v.tensor for v in leaves]
    computed = grad(roots, targets, seeds, retain_graph=True, allow_unused=True)
    for (operation, k, _), dx in zip(holders, computed, strict=False):
        operation.grads[k] = None if dx is None else dx._array
    for value, dx in zip(leaves, computed[len(holders) :], strict=True):
        value.grad = None if dx is None else dx._array
    for value in found.roots:
        if value.tensor.requires_grad:
            value.grad = np.ones(value.shape, value.dtype)
    found.gradients = True
    return found


def _ran(node):
    return node.saved is None


def _named_roots(outputs):
    if isinstance(outputs, Tensor):
        return [("", outputs)]
    named = outputs.items() if isinstance(outputs, dict) else (("", t) for t in outputs)
    roots = [(str(name), t) for name, t in named]
    for _, t in roots:
        if not isinstance(t, Tensor):
            raise TypeError(
                f"a graph is drawn from Tensors (or the exception of a failed forward), not {type(t).__name__}"
            )
    return roots
