"""The backward pass: from the newest node to the oldest, each hands its gradient on to its inputs."""

from heapq import heappop, heappush
from sys import getrefcount

import numpy as np

from ..errors import GradientError, GraphError
from ..kernels.reduction import sum_over
from ..tensor import Tensor, edge_of, wrap
from .function import ArrayFunction
from .graph import nodes_below
from .higher import differentiable_step
from .inplace.changes import changes, check_saved
from .inplace.copy_slices import CopySlices
from .memory import drop_inputs, results
from .messages import released, where, wrong_count, wrong_shape
from .mode import state
from .observe import observed, tell

__all__ = ["run"]


def run(roots, seeds, targets=None, *, retain_graph=False, create_graph=False):
    """Differentiate `roots`; return the gradients by edge (Note [Edges]), of `targets` or else of all leaves found.

    Parameters
    ----------
    roots : sequence of Tensor
    seeds : sequence of ndarray or Tensor
        The gradient of each root; tensors under `create_graph`.
    targets : sequence of Tensor, optional
        Whose gradients are wanted; None means every leaf that is found.
    retain_graph, create_graph : bool
        Keep what was saved; record the pass itself.
    """
    user = ArrayFunction()  # stands for whoever uses the roots
    user.saved, user.inputs, user.edges = (), roots, [edge_of(t) for t in roots]
    asked = None if targets is None else _Asked(user, targets)
    this = _Pass(user, asked, retain_graph, create_graph)
    before = state.grad, state.running
    state.grad, state.running = create_graph, this
    try:
        pending = this.go(user, seeds)
    finally:
        state.grad, state.running = before
        for guest in this.guests:
            guest.__exit__()
    for leaf in pending:
        if hooks := leaf.hooks:
            pending[leaf] = call_hooks(hooks, pending[leaf])
    for guest in this.guests:
        guest.gathered(pending)
    for result, dy in this.retained:
        _retain(result, dy)
    return pending if asked is None else {**asked.found, **pending}


class _Pass:
    """One pass through a graph."""

    def __init__(self, user, asked, retain_graph, create_graph):
        self.user, self.asked, self.retain_graph, self.create_graph = user, asked, retain_graph, create_graph
        self.pending = {}  # the gradients that have arrived, by edge
        self.sums = set()  # the edges where that is a sum, in an array of our own
        self.retained = []  # results that want their gradient, and that
        self.observers = state.observers  # who looks on
        self.guests = ()  # those of them that a node's backward has brought in, to look on from there to the end

    def go(self, node, dxs):
        """A node hands gradients on to where its edges lead; then comes the newest node that any wait for."""
        pending, heap, needed = self.pending, [], None if self.asked is None else self.asked.needed
        while True:
            for edge, x, dx in zip(node.edges, node.inputs, dxs):  # dxs may be shorter: trailing Nones
                if dx is None or edge is None or (needed is not None and edge not in needed):
                    continue
                like = x._array
                if dx.shape != like.shape or dx.dtype is not like.dtype:
                    dx = _checked(node, dx, like)
                held = pending.get(edge)
                if held is not None:
                    pending[edge] = self.sum(edge, held, dx)
                else:
                    pending[edge] = dx
                    if not isinstance(edge, Tensor):
                        waits_at = edge[0] if type(edge) is tuple else edge
                        heappush(heap, (-waits_at.number, waits_at))
                if self.observers:
                    tell("arrived", node, edge, dx, held, pending[edge])
            self.release(node)
            dxs = dx = held = None  # only `pending` holds what was handed on; Note [Last reader] in copy_slices.py
            if not heap:
                return pending  # what waits now waits at leaves
            node = heappop(heap)[1]
            while heap and heap[0][1] is node:  # its other outputs
                heappop(heap)
            dxs = self.step(node)

    def bring_in(self, guest):
        """Have an observer look on until the pass is through; `gathered` then gives it the gradients of all leaves."""
        if guest not in self.guests:
            self.guests += (guest,)
            self.observers = state.observers = (*state.observers, guest)

    def sum(self, edge, held, dx):
        """The sum of the gradient at `edge` and `dx`: in place if the sum is ours, else new, as it may be another's."""
        if edge in self.sums:
            held += dx
            return held
        if self.create_graph:
            return held + dx
        self.sums.add(edge)
        return np.asarray(held + dx)  # 0-d sums are numpy's scalars

    def step(self, node):
        """The gradients that `node` makes of those of its outputs, one for each argument."""
        if node.outputs is node.hooks is node.retained is None:
            dys = [self.pending.pop(node)]
        else:
            dys = self.complete(node)
        if self.asked is not None and not self.asked.goes_on(node, dys):
            return ()
        if node.outputs is not None and node.materialize_grads:
            self.fill(node, dys)
        if node.saved is None:
            raise GraphError(released(node, self.user))
        if node.number < changes.last:
            check_saved(node)
        try:
            if self.create_graph:
                dxs = differentiable_step(node, dys)
            elif self.observers:
                dxs = observed(node.first_order(), node, dys)
            else:
                dxs = node.first_order()(node, *dys)
            if type(dxs) is not tuple:
                dxs = (dxs,)
            short = len(node.edges) - len(dxs)
            if short and any(x is not None for x in (node.edges[-short:] if short > 0 else dxs[short:])):
                raise GradientError(wrong_count(node, dxs))
            for observer in self.observers:
                dxs = observer.backward(node, dys, dxs)
            return dxs
        except Exception as error:
            error.add_note(where(node))
            raise

    def complete(self, node):
        """The gradients of all outputs of `node`, past its hooks; None for those that none has arrived for."""
        if node.outputs is None:
            dys = [self.pending.pop(node)]
        else:
            dys = [self.pending.pop((node, k), None) for k in range(len(node.outputs))]
        if node.hooks is not None or node.retained is not None:
            for k, dy in enumerate(dys):
                if dy is not None:
                    dys[k] = dy = call_hooks((node.hooks or {}).get(k, ()), dy)
                    result = (node.retained or {}).get(k, _nobody)()
                    if result is not None:
                        self.retained.append((result, dy))
        return dys

    def fill(self, node, dys):
        """Zeros for outputs that no gradient has arrived for."""
        for k, dy in enumerate(dys):
            if dy is None:
                zeros = np.zeros(*node.outputs[k])
                dys[k] = wrap(zeros) if self.create_graph else zeros

    def release(self, node):
        """Let go of what `node` saved; its place in the graph stays, for pictures."""
        if not self.retain_graph:
            if node.saved:
                node.saved = None
            if node.cache is not None:
                node.cache = None
            if results.any_large:
                drop_inputs(node, True, None if self.asked is None else self.asked.needed)


def _nobody():
    """A weak reference to nothing."""


def _checked(node, dx, x):
    """`dx` as `fitted` makes it, for `x`; raise GradientError if it can't be its gradient."""
    if dx.shape != x.shape:
        lead = dx.ndim - x.ndim
        if lead < 0 or any(n != m and m != 1 for n, m in zip(dx.shape[lead:], x.shape, strict=True)):
            raise GradientError(wrong_shape(node, dx, x.shape))
    elif dx.dtype == x.dtype:  # another object for the same
        return dx
    given, dx = dx, fitted(dx, x.shape, x.dtype)
    if state.observers:
        tell("called", fitted, (given, x.shape, x.dtype), {}, dx)
    return dx


def fitted(dx, shape, dtype):
    """`dx` in a `dtype`, summed over the dimensions along which `shape` was broadcast to its own."""
    if dx.shape != shape:
        lead = dx.ndim - len(shape)
        axes = tuple(i for i in range(dx.ndim) if i < lead or (shape[i - lead] == 1 and dx.shape[i] != 1))
        total = dx.sum(axes, True) if isinstance(dx, Tensor) else sum_over(dx, axes, True)
        dx = total.reshape(shape)
    return dx.to(dtype) if isinstance(dx, Tensor) else dx.astype(dtype, copy=False)


def call_hooks(hooks, dy):
    """Let the hooks change a gradient. They see a tensor; the pass goes on with what it had, array or tensor."""
    for hook in tuple(hooks):
        if state.observers:
            tell("left", "a hook is Python code that runs at every step")
        given = dy if isinstance(dy, Tensor) else wrap(dy.copy())  # theirs to keep or change
        answer = hook(given)
        if answer is not None:
            if not isinstance(answer, Tensor) or answer.shape != given.shape:
                got = f"shape {answer.shape}" if isinstance(answer, Tensor) else type(answer).__name__
                raise GradientError(f"a hook must return None or a Tensor of shape {given.shape}, not {got}")
            dy = answer if isinstance(dy, Tensor) else answer._array
    return dy


def _retain(result, dy):
    """Add a gradient to ``.grad`` of a result that asked for it."""
    if state.observers:
        tell("left", "retain_grad keeps a gradient at every step")
    old = getattr(result, "_grad", None)
    dy = dy.clone() if isinstance(dy, Tensor) else wrap(np.array(dy))
    result._grad = dy if old is None else old + dy


class _Asked:
    """Whose gradients a pass is for, and the edges that lead there."""

    def __init__(self, user, targets):
        self.found = {edge_of(t): None for t in targets}
        self.needed, self.leading = set(self.found), set()
        # Oldest first: inputs are decided before their users.
        for node in sorted(nodes_below(user.edges), key=lambda node: node.number):
            if any(edge in self.needed for edge in node.edges):
                self.leading.add(node)
                self.needed.update(_outputs_of(node))

    def goes_on(self, node, dys):
        """Keep what was asked for; whether something further back was."""
        for edge, dy in zip(_outputs_of(node), dys):
            if edge in self.found and dy is not None:
                self.found[edge] = dy
        return node in self.leading


def _outputs_of(node):
    """The edges that lead to `node`."""
    return [node] if node.outputs is None else [(node, k) for k in range(len(node.outputs))]


class _Counted(ArrayFunction):
    """y = x        dx = dy; it counts how many hold a gradient that only the pass holds"""

    @staticmethod
    def forward(ctx, x):
        return x.copy()

    @staticmethod
    def backward(ctx, dy):
        CopySlices.references = getrefcount(dy)
        return dy.copy()


run([_Counted.apply(_Counted.apply(wrap(np.zeros(1)).requires_grad_()))], [np.zeros(1)])  # one is a backward's result
