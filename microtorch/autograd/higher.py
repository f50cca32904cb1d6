"""Second and higher derivatives: a backward that runs on tensors, and so records itself.

The very code of `backward` runs once more. Where it reads a saved array it gets the tensor in the place of the graph
that the array came from: an argument of the operation, or its result. Nothing else has such a place, so a saved
intermediate is an error.
"""

import numpy as np

from ..errors import GradientError
from ..tensor import Tensor, edge_of, tensor_at, wrap
from .function import ArrayFunction, next_number
from .graph import maker
from .messages import saved_intermediate


class _WithTensors:
    """The ctx that `backward` sees: the node, with tensors for the arrays that it saved."""

    def __init__(self, node):
        self.__dict__.update(node.__dict__)
        self.inputs, self.edges, self.needs_input_grad = node.inputs, node.edges, node.needs_input_grad
        if type(node.saved) is not tuple:
            raise GradientError(f"{node.name()}: what saved_tensors_hooks unpacks has no place in the graph.")
        self.saved_tensors = saved_as_tensors(node, node.saved)

    empty, call, empty_gradient = ArrayFunction.empty, ArrayFunction.call, ArrayFunction.empty_gradient

    @property
    def cache(self):
        raise GradientError("ctx.cache is for backward_kernel only: what it holds has no place in the graph.")

    @cache.setter
    def cache(self, value):
        pass


def saved_as_tensors(node, saved, strict=True):
    """The tensors for what `node` saved; an intermediate is an error, or a constant if not `strict`."""
    return tuple([_as_tensor(node, i, s, strict) for i, s in enumerate(saved)])


def _as_tensor(node, i, s, strict):
    """The tensor for `s`, saved at position `i` by `node`."""
    if not isinstance(s, np.ndarray | np.generic):
        return s
    for a, edge in zip(node.inputs, node.edges):
        if a is s:  # a constant that came as an array
            return s
        if isinstance(a, Tensor) and a._array is s:
            return a if edge is None else tensor_at(edge, s)  # a constant may have become a leaf since
    if s.dtype.kind != "f":
        return wrap(s)
    if not strict:
        return wrap(s.view())
    if node.outputs is None:
        if id(s) == node.result:  # it is saved, so alive: the number is still its own
            return tensor_at(node, s)
    elif id(s) in node.result:
        return tensor_at((node, node.result.index(id(s))), s)
    raise GradientError(saved_intermediate(node, i, s.shape))


def differentiable_step(node, dys):
    """Run the backward of `node` so that it records itself."""
    if getattr(node.backward, "once_differentiable", False):
        dxs = node.backward(node, *(dy._array for dy in dys))
        dxs = dxs if type(dxs) is tuple else (dxs,)
        rest = (*dys, *(a for a in node.inputs if isinstance(a, Tensor)))  # what a second derivative would come to
        return tuple(None if dx is None else _Once.apply(np.asarray(dx), node.name(), *rest) for dx in dxs)
    since, ctx = next_number(), _WithTensors(node)
    dxs = node.backward(ctx, *dys)
    saved = [s for s in ctx.saved_tensors if isinstance(s, Tensor) and s.requires_grad]
    return tuple([_connected(dx, saved, since) for dx in (dxs if type(dxs) is tuple else (dxs,))])


def _connected(dx, saved, since):
    """The gradient `dx` with a way to the `saved` tensors it was computed from, if only by comparing them.

    A ReLU's gradient is 1 or 0 by the sign of its result: its derivative is 0 everywhere, and not missing.
    """
    if dx is None:
        return None
    dx = dx if isinstance(dx, Tensor) else wrap(np.asarray(dx))
    if not saved:
        return dx
    places, waiting = {edge_of(s) for s in saved}, [edge_of(dx)]
    for edge in waiting:  # it grows as we go: what was recorded since
        if edge in places:
            return dx
        node, _ = maker(edge)
        if node is not None and node.number > since:
            waiting += node.edges
    return Flat.apply(dx, *saved)


class Flat(ArrayFunction):
    """y = x        dx = dy,  dothers = 0

    Why: The others only decided by comparisons, which small changes do not move.
    Derivation: ∂x/∂x = 1; a comparison is a step function, with the derivative 0.
    """

    @staticmethod
    def forward(ctx, x, *others):
        ctx.shapes = [(a.shape, a.dtype) for a in others]
        return np.array(x)

    @staticmethod
    def backward(ctx, dy):
        return dy, *(np.zeros(*shape) for shape in ctx.shapes)


class _Once(ArrayFunction):
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
