"""`backward` and `grad`: what is asked of the engine, and where its gradients go."""

import warnings
from sys import getrefcount

import numpy as np
from numpy import ndarray

from ..dtypes import float32, float64
from ..errors import DTypeError, GraphError, ShapeError, user_line
from ..tensor import Tensor, attach, edge_of, wrap
from .engine import run
from .inplace.changes import change_since
from .inplace.views import share
from .memory import ALONE
from .mode import state
from .observe import tell

__all__ = ["backward", "grad"]


def _accumulate(gradients, create_graph):
    """Add gradients to the ``.grad`` of the tensors they belong to; what a user keeps of an old ``.grad`` stays."""
    mixed = None
    for leaf in list(gradients):
        dx, old = gradients.pop(leaf), getattr(leaf, "_grad", None)
        if leaf._edge is None:  # frozen since
            continue
        if create_graph:
            leaf._grad = dx.clone() if old is None else old + dx
            continue
        # Optimizers write into gradients: what is not ours already is copied; see Ownership in memory.py.
        arrived = None
        if getrefcount(dx) != ALONE or type(dx) is not ndarray or dx.base is not None or not dx.flags.c_contiguous:
            dx, arrived = np.array(dx), dx
        if old is not None:
            dx += old._array
        leaf._grad = wrap(dx)
        if state.observers:
            tell("deposited", leaf, dx if arrived is None else arrived, old)
        if old is not None and (step := _step_between(leaf, old)) and mixed is None:
            mixed = leaf, step
    if mixed is not None:
        _warn_of_mixed(*mixed)


# Note [Never zeroed]: a gradient that is a sum remembers the newest step of an optimizer on its tensor. If the next
# backward adds to it and another step has come between, gradients of different values of the tensor are being mixed.
# Only sums pay for this; where zero_grad() sets gradients to None, the first backward after it writes and never adds.
def _step_between(leaf, old):
    """Remember the last step on the sum in ``leaf.grad``; that change, if `old`, now in it, is a sum from before it."""
    change = change_since(leaf._array)
    step = change[0] if change is not None and change[1].endswith(".step") else 0
    leaf._grad._summed_after = step
    before = getattr(old, "_summed_after", 0)
    return change if 0 < before < step and change_since(old._array, before) is None else None


def _warn_of_mixed(leaf, step):
    _, operation, line = step
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
    >>> w = microtorch.tensor([3.0], requires_grad=True)
    >>> (w * w).backward()
    >>> w.grad
    tensor([6.])
    """
    tensors = _sequence(tensors)
    seeds = _seeds("backward", tensors, grad_tensors, create_graph)
    if state.observers:
        tell("begins", tensors)
    targets = None if inputs is None else _sequence(inputs)
    for t in targets or ():
        if not t.requires_grad:
            raise GraphError("backward: one of the `inputs` does not require a gradient.")
        t.retain_grad()  # of a result: now and from now on
    retain_graph = create_graph if retain_graph is None else retain_graph
    gradients = run(tensors, seeds, targets, retain_graph=retain_graph, create_graph=create_graph)
    if targets is not None:
        gradients = {t: gradients[t] for t in targets if t.is_leaf and gradients[t] is not None}
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
    only_inputs=True,
    allow_unused=None,
    is_grads_batched=False,
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
    only_inputs : bool, default True
        Accepted for compatibility: no other gradients are computed, as in PyTorch.
    allow_unused : bool, optional
        Give None for inputs that no output depends on, rather than raise. Default: the value of `materialize_grads`.
    is_grads_batched : bool, default False
        Only False: `microtorch.autograd.functional.jacobian` differentiates by several gradients.
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
    >>> x = microtorch.tensor([2.0], requires_grad=True)
    >>> (dx,) = microtorch.autograd.grad(x**3, x, create_graph=True)
    >>> microtorch.autograd.grad(dx, x)
    (tensor([12.]),)
    """
    if is_grads_batched:
        raise ValueError("grad: is_grads_batched is not here. Use autograd.functional.jacobian, or grad in a loop.")
    outputs, inputs = _sequence(outputs), _sequence(inputs)
    for i, t in enumerate(inputs):
        if not t.requires_grad:
            raise GraphError(f"grad: input {i} does not require a gradient. Call requires_grad_() before using it.")
    seeds = _seeds("grad", outputs, grad_outputs, create_graph)
    retain_graph = create_graph if retain_graph is None else retain_graph
    gradients = run(outputs, seeds, inputs, retain_graph=retain_graph, create_graph=create_graph)
    results, taken = {}, [seed._array for seed in seeds if isinstance(seed, Tensor)]
    for i, t in enumerate(inputs):
        if t in results:
            continue
        dx = gradients.get(edge_of(t))
        if dx is None and materialize_grads:
            dx = wrap(np.zeros_like(t._array)).requires_grad_(create_graph)
        elif dx is None and not allow_unused:
            raise GraphError(
                f"grad: the outputs do not depend on input {i} (shape {t.shape}). "
                "Was it detached, or another tensor used in its place? allow_unused=True gives None for it."
            )
        if dx is not None and not isinstance(dx, Tensor):
            source, dx = dx, wrap(np.array(dx))
            if state.observers:
                tell("called", np.copyto, (dx._array, source), {}, dx._array)
        elif dx is not None:  # a recorded one may be the gradient of another input, too, or what the caller gave
            if any(share(dx._array, array) for array in taken):
                dx = dx.clone()
            taken.append(dx._array)
        results[t] = dx
    return tuple([results[t] for t in inputs])


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
        if not root.requires_grad:
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
            shared = not root._array.ndim and not create_graph  # else the gradients may be views of it
            seed = _ONE[root._array.dtype] if shared else np.ones_like(root._array)
        else:
            if isinstance(seed, Tensor):
                shape = seed.shape
            else:
                raise TypeError(f"{caller}: a gradient must be a Tensor, not {type(seed).__name__}")
            if shape != root.shape:
                raise ShapeError(f"{caller}: a gradient of shape {shape} for a tensor of shape {root.shape}")
            if seed.dtype != root.dtype:
                if seed.dtype.kind != "f":
                    raise DTypeError(f"{caller}: a gradient of dtype {seed.dtype} for a {root.dtype} tensor")
                seed = seed.to(root.dtype)
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
