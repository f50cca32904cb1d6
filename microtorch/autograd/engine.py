"""The backward pass: from the newest node to the oldest, each hands its gradient on to its inputs."""

from operator import attrgetter

import numpy as np

from ..errors import GradientError, GraphError
from ..tensor import Tensor, wrap
from .function import Function, let_go, released
from .inplace import as_they_were, changes, check_saved
from .mode import scope_title, state

__all__ = ["run"]


def run(roots, seeds, targets=None, *, retain_graph=False, create_graph=False):
    """Differentiate `roots`; return the gradients by place (see `place_of`), of `targets` or else of all leaves found.

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
    order, holders, large = _newest_first(roots, create_graph)
    wanted, captured = _leading_to(order, targets) if targets is not None else (None, {})
    # The gradients that wait, by place; those that are sums are our own arrays and take a further one in place.
    pending, summed, results = {}, set(), {}
    for root, seed in zip(roots, seeds, strict=True):
        place = place_of(root)
        pending[place] = pending[place] + seed if place in pending else seed
    recorder = state.recorder
    if recorder is not None:
        recorder.check_pass(roots, order, create_graph)
        recorder = state.recorder  # None if that could not be recorded
    before, state.grad = state.grad, create_graph
    node = None
    try:
        for node in order:
            dy = pending.pop(node, None)
            if node.outputs is not None:
                dy = _of_all_outputs(node, dy, pending, create_graph)
            elif node.hooks is not None and dy is not None:
                dy = _call_hooks(node.hooks[0], dy)
            if dy is None:
                continue
            if wanted is not None:
                if node in captured:
                    results.update((place, dy if k is None else dy[k]) for place, k in captured[node])
                if node not in wanted:
                    continue
            if node.saved is None:
                raise GraphError(released(node, order))
            if node.number < changes.last:
                check_saved(node)
            if create_graph:
                dxs = _record(node, holders[node], dy)
            elif type(dy) is tuple:
                dxs = node.first_order(node, *dy)
            else:
                dxs = node.first_order(node, dy)
            if type(dxs) is not tuple:
                dxs = (dxs,)
            inputs = node.inputs
            if len(dxs) != len(inputs) and (len(dxs) > len(inputs) or True in node.needs_input_grad[len(dxs) :]):
                raise GradientError(_wrong_count(node, dxs))
            for x, dx, needed in zip(inputs, dxs, node.needs_input_grad):  # dxs may be shorter: trailing Nones
                if dx is None or not needed:
                    continue
                if dx.shape != x._array.shape:
                    dx = _unbroadcast(node, dx, x._array.shape)
                place = x.grad_fn
                if place is None:
                    place = x
                elif x._output_nr:
                    place = (place, x._output_nr)
                held = pending.get(place)
                if held is None:
                    pending[place] = dx
                elif place in summed:
                    held += dx
                    if recorder is not None:
                        recorder.sum(held, dx, held)
                else:
                    total = held + dx
                    if recorder is not None:
                        total = recorder.sum(held, dx, total)
                    pending[place] = total
                    if type(total) is np.ndarray:
                        summed.add(place)
            if not retain_graph:  # its place in the graph stays, for pictures
                if node.saved:
                    node.saved = None
                if node.cache is not None:
                    node.cache = None
                if large:
                    let_go(node, True, wanted)
            dxs = dx = held = total = None  # only `pending` holds what was handed on; Note [Last reader] in indexing.py
    except Exception as error:
        if node is not None:
            where = f", in {scope_title(node.scope)}" if node.scope else ""
            error.add_note(f"In the backward of {node.name()}{_shapes(node)}{where}.")
        raise
    finally:
        state.grad = before
    for leaf in pending:
        if hooks := leaf.hooks:
            pending[leaf] = _call_hooks(hooks, pending[leaf])
    if targets is None:
        return pending
    results.update(pending)
    return results


def _newest_first(roots, keep_outputs):
    """Every node below `roots`, newest first (Note [Newest first]); for each, a tensor per output if asked for; and
    whether one of them is large."""
    holders, large = {}, False
    seen = {None}  # the maker of leaves
    order = []
    for t in roots:
        if t.grad_fn not in seen:
            seen.add(t.grad_fn)
            order.append(t.grad_fn)
    for node in order:  # it grows as we go
        if node.large:
            large = True
        if node.number < changes.last:
            node.inputs = as_they_were(node)
        for x, needed in zip(node.inputs, node.needs_input_grad):
            if needed and x.grad_fn not in seen:
                seen.add(x.grad_fn)
                order.append(x.grad_fn)
    if keep_outputs:
        for t in (*roots, *(x for node in order for x in node.inputs if isinstance(x, Tensor))):
            if t.grad_fn is not None:
                holders.setdefault(t.grad_fn, {})[t._output_nr] = t
    order.sort(key=attrgetter("number"), reverse=True)
    return order, holders, large


def _leading_to(order, targets):
    """The nodes whose backward leads to a target, and those whose own gradient is one: {node: [(place, k)]}."""
    places = {place_of(t) for t in targets}
    captured = {}
    for t in targets:
        if t.grad_fn is not None:
            k = None if t.grad_fn.outputs is None else t._output_nr
            captured.setdefault(t.grad_fn, []).append((place_of(t), k))
    needed = set()
    for node in reversed(order):  # oldest first: inputs are decided before their users
        for x in node.inputs:
            if isinstance(x, Tensor) and x._requires_grad and (place_of(x) in places or x.grad_fn in needed):
                needed.add(node)
                break
    return needed, captured


def place_of(t):
    """The key under which the gradient of `t` waits."""
    if t.grad_fn is None:
        return t
    return (t.grad_fn, t._output_nr) if t._output_nr else t.grad_fn


def _unbroadcast(node, dx, shape):
    """Sum `dx` over the dimensions along which an input of `shape` was broadcast."""
    lead = dx.ndim - len(shape)
    axes = tuple(i for i in range(dx.ndim) if i < lead or (shape[i - lead] == 1 and dx.shape[i] != 1))
    if lead < 0 or any(n != m and m != 1 for n, m in zip(dx.shape[lead:], shape, strict=True)):
        raise GradientError(
            f"{node.name()}.backward returned a gradient of shape {tuple(dx.shape)} for an input of shape {shape}. "
            "A gradient has its input's shape (or one that the input broadcasts to)."
        )
    total = dx.sum(axis=axes, keepdims=True).reshape(shape)
    if state.recorder is not None:
        total = state.recorder.unbroadcast(dx, axes, total)
    return total


def _of_all_outputs(node, first, pending, create_graph):
    """The gradients of all outputs of `node`, zeros for those that none arrived for; None if none did at all."""
    arrived = [first, *(pending.pop((node, k), None) for k in range(1, len(node.outputs)))]
    if all(dy is None for dy in arrived):
        return None
    for k, (shape, dtype) in enumerate(node.outputs):
        if arrived[k] is None:
            zeros = np.zeros(shape, dtype)
            arrived[k] = Tensor(zeros) if create_graph else zeros
        elif node.hooks is not None:
            arrived[k] = _call_hooks(node.hooks.get(k, ()), arrived[k])
    return tuple(arrived)


def _call_hooks(hooks, dy):
    """What the hooks make of a gradient. They see a tensor; the pass goes on with what it had, array or tensor."""
    for hook in tuple(hooks):
        given = dy if isinstance(dy, Tensor) else wrap(dy.copy())  # theirs to keep or change
        answer = hook(given)
        if answer is not None:
            if not isinstance(answer, Tensor) or answer.shape != given.shape:
                got = f"shape {answer.shape}" if isinstance(answer, Tensor) else type(answer).__name__
                raise GradientError(f"a hook must return None or a Tensor of shape {given.shape}, not {got}")
            dy = answer if isinstance(dy, Tensor) else answer._array
    return dy


class _Recorded:
    """What `backward` sees as ctx under create_graph: each saved array as the tensor of the graph that holds it."""

    def __init__(self, node, outputs):
        self.__dict__.update(node.__dict__)
        self.inputs = node.inputs
        self.needs_input_grad = node.needs_input_grad
        tensors = {id(t._array): t for t in outputs.values()}
        tensors.update((id(a._array), a) for a in node.inputs if isinstance(a, Tensor))
        constants = {id(a) for a in node.inputs}
        saved = []
        for i, s in enumerate(node.saved):
            if (
                isinstance(s, np.ndarray | np.generic)
                and id(s) not in constants
                and (s.dtype.kind == "f" or id(s) in tensors)
            ):
                if id(s) not in tensors:
                    raise GradientError(
                        f"{node.name()} saved an intermediate (position {i} of save_for_backward, shape {s.shape}), "
                        "so its second derivative would be wrong. Save inputs or the output only, and compute the "
                        "intermediate again in backward."
                    )
                s = tensors[id(s)]
            saved.append(s)
        self.saved_tensors = tuple(saved)

    @property
    def cache(self):
        raise GradientError("ctx.cache is for backward_kernel only: what it holds has no place in the graph.")


def _record(node, outputs, dy):
    """Run `backward` on tensors, so that it records itself."""
    dys = dy if type(dy) is tuple else (dy,)
    if getattr(node.backward, "once_differentiable", False):
        dxs = node.backward(node, *(d._array for d in dys))
        dxs = dxs if type(dxs) is tuple else (dxs,)
        rest = (*dys, *(a for a in node.inputs if isinstance(a, Tensor)))  # what a second derivative would come to
        return tuple(None if dx is None else _Once.apply(np.asarray(dx), node.name(), *rest) for dx in dxs)
    return node.backward(_Recorded(node, outputs), *dys)


class _Once(Function):
    """y = a gradient that was computed outside the graph; it has no derivative"""

    @staticmethod
    def forward(ctx, dx, name, *rest):
        ctx.of = name
        return dx.view()

    @staticmethod
    def backward(ctx, ddx):
        raise GradientError(
            f"the backward of {ctx.of} is marked once_differentiable: it has no second derivative. "
            "Write it with numpy's functions on the saved tensors and take the mark away."
        )


def _wrong_count(node, dxs):
    return (
        f"{node.name()}.backward returned {len(dxs)} gradients for {len(node.inputs)} arguments. "
        "Return one for each argument of forward, None where there is none; trailing Nones may be left out."
    )


def _shapes(node):
    shapes = [str(tuple(x.shape)) for x in node.inputs if hasattr(x, "shape")]
    return f" of {', '.join(shapes)}" if shapes else ""
