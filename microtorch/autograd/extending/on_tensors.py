"""Function in PyTorch's way: an operation of the user's own, written with Tensors and the library's functions.

It is an `ArrayFunction` in disguise: the graph holds a node like any other, whose forward and backward put tensors
around the arrays that they get and call what the user wrote. Both kinds differ in what they are handed, so they differ
in the class they are derived from, and in nothing else that has to be remembered.
"""

import numpy as np

from ...errors import GraphError, describe
from ...tensor import LEAF, Tensor, wrap
from ..function import ArrayFunction
from ..higher import saved_as_tensors
from ..mode import no_grad

__all__ = ["Function"]


class Function:
    """An operation of your own, written with Tensors, as in PyTorch; subclass it and call ``apply``.

    ``forward(ctx, *args)`` gets what `apply` got and computes with the library's functions, which are not recorded
    there. ``backward(ctx, *grad_outputs)`` gets the gradients of the outputs as Tensors and returns one for each
    argument of forward, None for those that have none. Where ``setup_context(ctx, inputs, output)`` is defined,
    ``forward(*args)`` gets no ctx. Under ``create_graph=True`` what backward does is recorded, so a second derivative
    needs nothing more.

    `ArrayFunction` is the same with numpy arrays, at half the cost of a call: the library's own operations are such.

    Notes
    -----
    On ``ctx``: ``save_for_backward(*tensors)`` keeps inputs and outputs, ``saved_tensors`` gives them back;
    ``needs_input_grad`` tells which arguments want a gradient; ``mark_dirty``, ``mark_non_differentiable`` and
    ``set_materialize_grads`` are PyTorch's; any other attribute is yours. A tensor that is neither an input nor an
    output may be saved for first derivatives; a second one through it is an error, since its history is not known.

    Examples
    --------
    >>> class Cube(microtorch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x.clamp(min=0) ** 3
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return grad_output * 3 * x.clamp(min=0) ** 2
    >>> x = microtorch.tensor([-1.0, 2.0], requires_grad=True)
    >>> Cube.apply(x).sum().backward()
    >>> x.grad
    tensor([ 0., 12.])
    """

    setup_context = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls._operation = None  # made when it is first applied, when all its methods are there

    def __call__(self, *args, **kwargs):
        """Refuse the way of before PyTorch 0.4: an instance that is called."""
        raise RuntimeError(
            f"{type(self).__name__}: a Function is not called but applied: {type(self).__name__}.apply(x), with static "
            "methods forward(ctx, x) and backward(ctx, grad_output)."
        )

    @staticmethod
    def forward(*args):
        """Compute the result from tensors; to be written by the subclass."""
        raise NotImplementedError("a Function needs a static method forward(ctx, *args)")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Compute the gradients of the arguments; to be written by the subclass."""
        raise NotImplementedError("a Function needs a static method backward(ctx, *grad_outputs)")

    @classmethod
    def apply(cls, *args):
        """Run the operation on `args` and record it where a gradient is wanted.

        Returns
        -------
        Tensor or tuple of Tensor
        """
        if cls._operation is None:
            cls._operation = _operation(cls)
        out = cls._operation.apply(*args)
        if not isinstance(out, Tensor | tuple):  # no argument is a tensor: arrays, as an ArrayFunction gives
            return wrap(np.asarray(out))
        outputs = out if isinstance(out, tuple) else (out,)
        node = next((t.grad_fn for t in outputs if isinstance(t, Tensor) and t.grad_fn is not None), None)
        if node is not None and node.dirty:
            outputs = tuple([_changed(t, node.dirty) for t in outputs])
        return outputs if isinstance(out, tuple) else outputs[0]


_ON_ARRAYS = "An operation on arrays is a subclass of ArrayFunction, whose forward and backward get arrays."


class _OnTensors(ArrayFunction):
    """The node of a `Function`, which is also the ctx that its methods see."""

    dirty = ()

    def save_for_backward(self, *tensors):
        """Keep tensors, inputs or outputs, for `backward`; None is kept as it is."""
        self.saved = tuple([t._array if isinstance(t, Tensor) else t for t in tensors])

    @property
    def saved_tensors(self):
        """tuple: what was saved, as Tensors."""
        arrays = ArrayFunction.saved_tensors.fget(self)  # or the error that it was released
        return saved_as_tensors(self, arrays, strict=False)

    saved_variables = saved_tensors

    def mark_dirty(self, *tensors):
        """Say of inputs that forward changes them in place; they are also its outputs."""
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors):
        """Say of outputs, such as indices, that no gradient flows through them."""
        self.non_differentiable = tuple([t._array for t in tensors])

    def set_materialize_grads(self, value):
        """With `value` False, backward gets None, not zeros, for outputs that no gradient has arrived for."""
        self.materialize_grads = bool(value)


def _operation(user):
    """The class of the nodes of `user`, a Function."""

    def forward(ctx, *arrays):
        inputs = tuple(ctx.inputs)
        try:
            with no_grad():
                if user.setup_context is None:
                    y = user.forward(ctx, *inputs)
                else:
                    y = user.forward(*inputs)
                    user.setup_context(ctx, inputs, y)
        except Exception as error:
            if type(error).__module__.startswith("numba"):
                raise TypeError(
                    f"{user.__name__}: forward gave a Tensor to a kernel of numba's. {_ON_ARRAYS}"
                ) from error
            raise
        for t in y if isinstance(y, tuple) else (y,):
            if not isinstance(t, Tensor):
                hint = f" {_ON_ARRAYS}" if isinstance(t, np.ndarray | np.generic) else ""
                raise TypeError(
                    f"{user.__name__}: forward returns Tensors, or a tuple of them, not {describe(t)}.{hint}"
                )
        if isinstance(y, tuple):
            return tuple([_own(t, arrays) for t in y])
        return _own(y, arrays)

    def backward(ctx, *dys):
        recorded = any(isinstance(dy, Tensor) for dy in dys)
        given = [dy if dy is None or isinstance(dy, Tensor) else wrap(np.asarray(dy)) for dy in dys]
        dxs = user.backward(ctx, *given)
        dxs = tuple(dxs) if isinstance(dxs, tuple | list) else (dxs,)
        return dxs if recorded else tuple([dx._array if isinstance(dx, Tensor) else dx for dx in dxs])

    backward.once_differentiable = getattr(user.backward, "once_differentiable", False)
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward), "__doc__": user.__doc__}
    return type(user.__name__, (_OnTensors,), {**methods, "__module__": user.__module__})


def _own(t, arrays):
    """The array of an output; an input that is handed on is seen by another one, as no two tensors hold the same."""
    return t._array.view() if any(t._array is a for a in arrays) else t._array


def _changed(output, dirty):
    """The result for `output`: itself, or the input that was changed in place, at its new place in the graph."""
    for x in dirty:
        if output._array.base is x._array or (output._array.base is not None and output._array.base is x._array.base):
            if x._edge is LEAF:
                raise GraphError(
                    "mark_dirty: a leaf that requires a gradient was changed in place: its gradient would be that of "
                    "other values. Change a copy: x.clone()."
                )
            x._edge = output._edge
            return x
    return output
