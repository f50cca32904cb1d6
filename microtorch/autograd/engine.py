"""The backward pass: from the newest node to the oldest, each hands its gradient on to its inputs."""

import sys
import warnings
from operator import attrgetter

import numpy as np

from ..errors import DTypeError, GradientError, GraphError, ShapeError, user_line
from ..tensor import Tensor, attach, float32, float64, wrap
from .function import Function, let_go, released
from .inplace import as_they_were, change_since, changes, check_saved
from .mode import scope_title, state

__all__ = ["backward", "grad"]


def run(roots, seeds, targets=None, *, retain_graph=False, create_graph=False):
    """Differentiate `roots`; return the gradients by place (see `_place`), of `targets` or else of all leaves found.

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
    order, holders = _newest_first(roots, create_graph)
    wanted, captured = _leading_to(order, targets) if targets is not None else (None, {})
    # The gradients that wait, by place; those that are sums are our own arrays and take a further one in place.
    pending, summed, results = {}, set(), {}
    for root, seed in zip(roots, seeds, strict=True):
        place = _place(root)
        pending[place] = pending[place] + seed if place in pending else seed
    if state.recorder is not None:
        state.recorder.check_pass(roots, order, create_graph)
    recorder = state.recorder
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
            heavy = False
            for x, dx, needed in zip(inputs, dxs, node.needs_input_grad):  # dxs may be shorter: trailing Nones
                if not needed or dx is None:
                    continue
                if dx.shape != x._array.shape:
                    dx = _unbroadcast(node, dx, x._array.shape)
                place = x.grad_fn
                if place is None:
                    place = x
                else:
                    heavy = heavy or (place.large and (wanted is None or place in wanted))
                    if x._output_nr:
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
                node.cache = None
                if heavy:
                    let_go(node, released=True)
            dxs = dx = held = total = None  # only `pending` holds what was handed on; Note [Last reader] in indexing.py
    except Exception as error:
        if node is not None:
            where = f", in {scope_title(node.scope)}" if node.scope else ""
            error.add_note(f"In the backward of {node.name()}{_shapes(node)}{where}.")
        raise
    finally:
        state.grad = before
    for leaf, dx in pending.items():
        if leaf.hooks:
            pending[leaf] = _call_hooks(leaf.hooks, dx)
    results.update(pending)
    return results


def _newest_first(roots, keep_outputs):
    """Every node below `roots`, newest first (Note [Newest first]); for each, a tensor per output if asked for."""
    holders = {}
    seen = {None}  # the maker of leaves
    order = []
    for t in roots:
        if t.grad_fn not in seen:
            seen.add(t.grad_fn)
            order.append(t.grad_fn)
    for node in order:  # it grows as we go
        if node.number < changes.last:
            node.inputs = as_they_were(node)
        for x in node.inputs:
            if isinstance(x, Tensor):
                maker = x.grad_fn
                if maker not in seen:
                    seen.add(maker)
                    order.append(maker)
    if keep_outputs:
        for t in (*roots, *(x for node in order for x in node.inputs if isinstance(x, Tensor))):
            if t.grad_fn is not None:
                holders.setdefault(t.grad_fn, {})[t._output_nr] = t
    order.sort(key=attrgetter("number"), reverse=True)
    return order, holders


def _leading_to(order, targets):
    """The nodes whose backward leads to a target, and those whose own gradient is one: {node: [(place, k)]}."""
    places = {_place(t) for t in targets}
    captured = {}
    for t in targets:
        if t.grad_fn is not None:
            k = None if t.grad_fn.outputs is None else t._output_nr
            captured.setdefault(t.grad_fn, []).append((_place(t), k))
    needed = set()
    for node in reversed(order):  # oldest first: inputs are decided before their users
        for x in node.inputs:
            if isinstance(x, Tensor) and x._requires_grad and (_place(x) in places or x.grad_fn in needed):
                needed.add(node)
                break
    return needed, captured


def _place(t):
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


def _references_to_a_local():
    array = np.empty(0)
    return sys.getrefcount(array)


_ALONE = _references_to_a_local()


def _take_owned(gradients, place):
    """Take a gradient array out of `gradients` such that nobody else can reach its memory, and contiguous.

    Optimizers write into gradients, and a backward may return its argument, one array twice, a saved array or a view.
    What has no other reference is ours already: a copy less for every weight.
    """
    array = gradients.pop(place)
    alone = sys.getrefcount(array) == _ALONE
    if alone and type(array) is np.ndarray and array.base is None and array.flags.c_contiguous:
        return array
    return np.array(array)


def _accumulate(gradients, create_graph):
    """Add gradients to the ``.grad`` of the tensors they belong to; what a user keeps of an old ``.grad`` stays."""
    mixed = None
    for leaf in list(gradients):
        if state.recorder is not None:
            state.recorder.deposit(leaf, np.asarray(gradients.pop(leaf)))
        elif create_graph:
            dx = gradients.pop(leaf)
            old = getattr(leaf, "_grad", None)
            leaf._grad = dx.clone() if old is None else old + dx
        else:
            dx = _take_owned(gradients, leaf)
            old = getattr(leaf, "_grad", None)
            if old is not None:
                dx += old._array
            leaf._grad = wrap(dx)
            if old is not None and _mixes_steps(leaf, old) and mixed is None:
                mixed = leaf
    if mixed is not None:
        _warn_of_mixed(mixed)


# Note [Never zeroed]: a gradient that is a sum remembers the newest step of an optimizer on its tensor. If the next
# backward adds to it and another step has come between, gradients of different values of the tensor are being mixed.
# Only sums pay for this; where zero_grad() sets gradients to None, the first backward after it writes and never adds.
def _mixes_steps(leaf, old):
    """Remember the last step on the sum in ``leaf.grad``; whether `old`, now in it, is a sum from before that step."""
    change = change_since(leaf._array, 0)
    step = change[0] if change is not None and change[1].endswith(".step") else 0
    leaf._grad._summed_after = step
    before = getattr(old, "_summed_after", 0)
    return 0 < before < step and change_since(old._array, before) is None


def _warn_of_mixed(leaf):
    _, operation, line = change_since(leaf._array, 0)
    warnings.warn(
        f"backward at {user_line()}: the gradient of {leaf.name or 'a leaf'} {leaf.shape} is added to one from before "
        f"{operation} at {line}, again: gradients are never zeroed. Call optimizer.zero_grad() before each backward; "
        "several backward passes before one step are fine.",
        UserWarning,
        stacklevel=2,
    )


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
    """Compute the gradients of `tensors` and add them to the ``.grad`` of the leaves they depend on.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
        What to differentiate, usually a loss.
    grad_tensors : Tensor or sequence of Tensor, optional
        The gradient of each, of its shape; default 1 for tensors of one element.
    retain_graph : bool, optional
        Keep what was saved, so that backward can run again. Default: the value of `create_graph`.
    create_graph : bool, default False
        Record the backward pass itself, so that gradients can be differentiated.
    inputs : Tensor or sequence of Tensor, optional
        Accumulate into these only; default all leaves.

    Raises
    ------
    GraphError
        If nothing was recorded, if a needed gradient is missing, if the graph was released by an earlier backward, or
        if a saved value was overwritten in place.

    Notes
    -----
    Nothing is accumulated unless the whole pass succeeds.

    Examples
    --------
    >>> import microtorch
    >>> w = microtorch.tensor([3.0], requires_grad=True)
    >>> (w * w).backward()
    >>> w.grad
    tensor([6.])
    """
    tensors = _sequence(tensors)
    seeds = _seeds("backward", tensors, grad_tensors, create_graph)
    targets = None if inputs is None else _sequence(inputs)
    for t in targets or ():
        if not t._requires_grad:
            raise GraphError("backward: one of the `inputs` does not require a gradient.")
    retain_graph = create_graph if retain_graph is None else retain_graph
    gradients = run(tensors, seeds, targets, retain_graph=retain_graph, create_graph=create_graph)
    if targets is not None:
        by_place = {_place(t): t for t in targets}
        gradients = {by_place[place]: dx for place, dx in gradients.items() if place in by_place}
    _accumulate(gradients, create_graph)
    for t in tensors:
        if t.grad_fn is not None:
            t.grad_fn.done = True  # so that pictures tell the gradients of this graph from those left over


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph=None,
    create_graph=False,
    allow_unused=None,
    materialize_grads=False,
):
    """The gradients of `outputs` with respect to `inputs`; no ``.grad`` is touched.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        What to differentiate.
    inputs : Tensor or sequence of Tensor
        With respect to what: leaves or results.
    grad_outputs : Tensor or sequence of Tensor, optional
        The gradient of each output, of its shape; default 1 for tensors of one element.
    retain_graph : bool, optional
        Keep what was saved. Default: the value of `create_graph`.
    create_graph : bool, default False
        Record the pass, so that the gradients can be differentiated.
    allow_unused : bool, optional
        Give None for inputs that no output depends on, rather than raise. Default: the value of `materialize_grads`.
    materialize_grads : bool, default False
        Give zeros in place of None.

    Returns
    -------
    tuple of Tensor

    Raises
    ------
    GraphError
        As `backward`, and for an input that no output depends on, unless allowed.

    Examples
    --------
    >>> import microtorch
    >>> x = microtorch.tensor([2.0], requires_grad=True)
    >>> (dx,) = microtorch.autograd.grad(x**3, x, create_graph=True)
    >>> microtorch.autograd.grad(dx, x)
    (tensor([12.]),)
    """
    outputs, inputs = _sequence(outputs), _sequence(inputs)
    for i, t in enumerate(inputs):
        if not t._requires_grad:
            raise GraphError(f"grad: input {i} does not require a gradient. Call requires_grad_() before using it.")
    seeds = _seeds("grad", outputs, grad_outputs, create_graph)
    retain_graph = create_graph if retain_graph is None else retain_graph
    gradients = run(outputs, seeds, inputs, retain_graph=retain_graph, create_graph=create_graph)
    results = []
    for i, t in enumerate(inputs):
        dx = gradients.get(_place(t))
        if dx is None and materialize_grads:
            dx = np.zeros_like(t._array)
        elif dx is None and not allow_unused:
            raise GraphError(
                f"grad: the outputs do not depend on input {i} (shape {t.shape}). "
                "Was it detached, or another tensor used in its place? allow_unused=True gives None for it."
            )
        if dx is not None and not isinstance(dx, Tensor):
            source, dx = dx, wrap(np.array(dx))
            if state.recorder is not None:
                state.recorder.copy(dx._array, source)
        results.append(dx)
    return tuple(results)


def _sequence(tensors):
    if isinstance(tensors, Tensor):
        return (tensors,)
    if isinstance(tensors, np.ndarray | float | int):
        raise TypeError(f"a gradient, or what is differentiated, must be a Tensor, not {type(tensors).__name__}")
    return tuple(tensors)


_ONE = {dtype: np.ones((), dtype) for dtype in (float32, float64)}  # a loss starts with it; nobody writes into it


def _seeds(caller, roots, given, create_graph):
    """The gradient that each root starts with."""
    given = (None,) * len(roots) if given is None else _sequence(given)
    if len(given) != len(roots):
        raise GraphError(f"{caller}: {len(given)} gradients for {len(roots)} tensors")
    seeds = []
    for root, seed in zip(roots, given, strict=True):
        if not root._requires_grad:
            raise GraphError(
                f"{caller}: {root.name or 'this tensor'} of shape {root.shape} does not require a gradient: "
                + (f"it was {root.cut}. " if root.cut else "no input of its operations has requires_grad=True, or ")
                + ("" if root.cut else "they ran under no_grad or after detach(). ")
                + "Compute it with recording on, from parameters made with requires_grad=True."
            )
        if seed is None:
            if root._array.size != 1:
                raise GraphError(
                    f"{caller}: the tensor has shape {root.shape}, and only a scalar has an implicit gradient of 1. "
                    f"Reduce it first, as in loss.mean().backward(), or pass a gradient of shape {root.shape}."
                )
            seed = np.ones_like(root._array) if root._array.ndim else _ONE[root._array.dtype]
        else:
            if isinstance(seed, Tensor):
                shape = seed.shape
            else:
                raise TypeError(f"{caller}: a gradient must be a Tensor, not {type(seed).__name__}")
            if shape != root.shape:
                raise ShapeError(f"{caller}: a gradient of shape {shape} for a tensor of shape {root.shape}")
            if seed.dtype != root.dtype:
                raise DTypeError(f"{caller}: a gradient of dtype {seed.dtype} for a {root.dtype} tensor")
            seed = seed if create_graph else seed._array
        seeds.append(wrap(seed) if create_graph and not isinstance(seed, Tensor) else seed)
    return seeds


@attach("backward")
def _backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
    """Compute the gradient of this tensor and add it to the ``.grad`` of every leaf it depends on.

    Parameters
    ----------
    gradient : Tensor, optional
        The gradient of this tensor, of its shape; default 1 for a tensor of one element.
    retain_graph, create_graph, inputs
        As in `microtorch.autograd.backward`.
    """
    backward(self, gradient, retain_graph, create_graph, inputs)
