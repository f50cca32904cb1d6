"""Function: an operation, its context and its node in the graph, all one object.

An operation is a subclass with a static `forward` and `backward`. `apply` runs it: arrays out of tensors, forward,
a tensor around the result, and, where a gradient is wanted, the instance stays as ``grad_fn`` of that tensor.
"""

import weakref
from itertools import count

import numpy as np

from ..errors import GraphError, explain
from ..tensor import SPARE_BYTES, Tensor, wrap
from .mode import state

__all__ = ["Function", "once_differentiable"]

# Note [Newest first]: every node takes the next number when it is made, after all its inputs. So creation order is a
# topological order, and backward is: visit nodes newest first. Changes in place draw from the same counter, which
# makes "was this value overwritten after that operation saved it?" a comparison of two numbers.
next_number = count(1).__next__

# Note [Shells]: a node keeps its input tensors, so that pictures show every value and a second derivative can find
# them. A large input that no backward needs is replaced by a shell: the same place in the graph, shape and dtype,
# over one element of memory. So memory for backward is what was saved, and small networks keep everything.
SHELL_BYTES = 1 << 16

_new = Tensor.__new__
_ndarray = np.ndarray


class Function:
    """An operation on arrays with its derivative; subclass it to write your own.

    ``forward(ctx, *args)`` receives ndarrays in place of tensors (everything else as given) and returns an ndarray or
    a tuple of them. ``backward(ctx, *grad_outputs)`` returns a gradient for each argument of forward, None for those
    that have none; trailing Nones may be left out. Write it with numpy's functions and operators: it receives arrays,
    and under ``create_graph=True`` tensors, which record it for the next derivative. An input that was broadcast gets
    its gradient summed over the broadcast dimensions by the engine.

    ``backward_kernel``, if there is one, is the same value as `backward` computed faster, on arrays only; ordinary
    training calls it, second derivatives call `backward`.

    Attributes
    ----------
    inputs : tuple
        The arguments of `apply`.
    saved_tensors : tuple
        What `save_for_backward` has saved.
    needs_input_grad : tuple of bool
        Which arguments a gradient is wanted for.
    cache : object
        For intermediates that only `backward_kernel` reads; released with what was saved.
    scope : tuple or None
        ``(module, outer scope)``: whose forward was running.

    Examples
    --------
    >>> import numpy as np
    >>> import microtorch
    >>> class Cube(microtorch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def backward(ctx, dy):
    ...         (x,) = ctx.saved_tensors
    ...         return dy * 3 * x**2
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> Cube.apply(x).sum().backward()
    >>> x.grad
    tensor([ 3., 12.])
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "hooks",
        "inputs",
        "large",
        "needs_input_grad",
        "number",
        "outputs",
        "saved",
        "scope",
    )

    cache = None  # most operations have none
    is_view = False  # whether the result shares the input's memory
    non_differentiable = ()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls.first_order = staticmethod(getattr(cls, "backward_kernel", cls.backward))

    @staticmethod
    def forward(ctx, *args):
        """Compute the result from arrays; to be written by the subclass."""
        raise NotImplementedError("a Function needs a static method forward(ctx, *args)")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Compute the gradients of the arguments; to be written by the subclass."""
        raise NotImplementedError("a Function needs a static method backward(ctx, *grad_outputs)")

    @classmethod
    def name(cls):
        """The class's name, as pictures and messages show it."""
        return cls.__name__

    @classmethod
    def apply(cls, *args):
        """Run the operation on `args` and record it where a gradient is wanted.

        Returns
        -------
        Tensor or tuple of Tensor
            ndarrays instead, where no argument is a Tensor.
        """
        ctx = cls()
        ctx.saved = ()
        ctx.inputs = args
        arrays, needs, has_tensor = [], [], False
        for a in args:
            if isinstance(a, Tensor):
                has_tensor = True
                arrays.append(a._array)
                needs.append(a._requires_grad)
            else:
                arrays.append(a)
                needs.append(False)
        ctx.needs_input_grad = tuple(needs)
        try:
            y = cls.forward(ctx, *arrays)
        except Exception as error:
            raise explain(error, cls, arrays) from error.__cause__
        if not has_tensor:
            return y
        return record(ctx, y, True in needs)

    # -- for forward and backward ----------------------------------------------------------------------------------

    def save_for_backward(self, *arrays):
        """Keep inputs or the output, and nothing else, for `backward`.

        A saved intermediate has no place in the graph, so a second derivative through it would be silently wrong;
        under ``create_graph=True`` it is an error. Masks, shapes and axes are plain attributes of ``ctx``.
        """
        self.saved = arrays

    # An array to put a result into, its content undefined; a captured step gets the same one at each replay.
    empty = staticmethod(np.empty)

    def empty_gradient(self, position):
        """As `empty`, for the gradient of the argument at `position`: the memory of its last one, if that is free."""
        x = self.inputs[position]
        array = x._array
        if array.nbytes < SPARE_BYTES or (spare := getattr(x, "_spare", None)) is None:
            return np.empty(array.shape, array.dtype)
        x._spare = None
        return spare

    @property
    def saved_tensors(self):
        """tuple: what was saved, as arrays; as tensors under ``create_graph=True``."""
        if self.saved is None:
            raise GraphError(released(self))
        return self.saved

    def mark_non_differentiable(self, *arrays):
        """Say of outputs, such as indices, that no gradient flows through them."""
        self.non_differentiable = arrays

    # -- hooks -----------------------------------------------------------------------------------------------------

    def hooks_of(self, output_nr):
        """The list of hooks on one output."""
        if self.hooks is None:
            self.hooks = {}
        return self.hooks.setdefault(output_nr, [])

    def retain_grad_of(self, output):
        """Have `backward` fill ``.grad`` of `output`; weakly, so that the graph does not keep it alive."""
        output = weakref.ref(output)

        def retain(grad):
            if (alive := output()) is not None:
                alive.grad = grad.clone()

        self.hooks_of(output()._output_nr).append(retain)


def record(ctx, y, tracked):
    """A tensor around the result `y` of `ctx`; where `tracked` and grad mode is on, `ctx` becomes a node."""
    if tracked and state.grad:
        ctx.number = next_number()
        ctx.scope = state.scope
        ctx.hooks = None
        ctx.outputs = None
        ctx.large = False
    else:
        ctx = None
    if type(y) is not _ndarray:
        if type(y) is tuple:
            return _outputs(ctx, y)
        y = _as_array(ctx, y)
    out = _new(Tensor)
    out._array = y
    out._output_nr = 0
    out.grad_fn = ctx
    if ctx is None:
        out._requires_grad = False
        return out
    out._requires_grad = True
    if ctx.non_differentiable:
        out.grad_fn, out._requires_grad = None, False
    elif y.nbytes > SHELL_BYTES:
        ctx.large = True
        let_go(ctx)
    return out


def _as_array(ctx, y):
    """An array for `y`, a scalar as numpy's functions return it for 0-d arrays; also where it was saved."""
    array = np.asarray(y)
    if ctx is not None and ctx.saved:  # by identity a second derivative finds the output it belongs to
        ctx.saved = tuple([array if s is y else s for s in ctx.saved])
    return array


def outside_graph(compute, *operands):
    """The tensor of ``compute(*arrays)``, where `operands` are tensors and numbers: it has no derivative.

    For comparisons, positions and the like: everything the library computes goes through here or through `apply`.
    """
    arrays = [x._array if isinstance(x, Tensor) else x for x in operands]
    y = wrap(np.asarray(compute(*arrays)))
    if state.recorder is not None:
        state.recorder.outside_graph(compute, arrays, y._array)
    return y


def _outputs(ctx, arrays):
    """A tensor for each of several outputs."""
    if ctx is not None:
        ctx.outputs = [(y.shape, y.dtype) for y in arrays]
        blocked = {id(y) for y in ctx.non_differentiable}
    tensors = []
    for nr, y in enumerate(arrays):
        out = wrap(y if type(y) is _ndarray else _as_array(ctx, y))
        out._output_nr = nr
        if ctx is not None and y.dtype.kind == "f" and id(y) not in blocked:
            out.grad_fn, out._requires_grad = ctx, True
        tensors.append(out)
    return tuple(tensors)


def let_go(node, released=False, visited=None):
    """Replace large inputs of `node` whose values nobody saved by shells; see Note [Shells].

    `released`: the pass that needed what was saved has come by, so the maker of an input needs no longer be asked;
    `visited`: the nodes that this pass will come to, None for all.
    """
    for i, a in enumerate(node.inputs):
        if (
            isinstance(a, Tensor)
            and a.grad_fn is not None
            and a.grad_fn.large
            and (visited is None or a.grad_fn in visited)
        ):
            saved = () if released else (*(node.saved or ()), *(a.grad_fn.saved or ()))
            if not any(a._array is s for s in saved):
                node.inputs = (*node.inputs[:i], _shell(a), *node.inputs[i + 1 :])


_NO_VALUES = bytes(16)  # the one element that all shells look at; no array of a user's lies over bytes of ours


def _shell(a):
    shell = _new(Tensor)
    shell._array = np.ndarray(a._array.shape, a._array.dtype, _NO_VALUES, 0, (0,) * a._array.ndim)
    shell._output_nr = a._output_nr
    shell.grad_fn = a.grad_fn
    shell._requires_grad = True
    return shell


def has_values(tensor):
    """Whether `tensor` is more than a shell (Note [Shells])."""
    return tensor._array.base is not _NO_VALUES


def released(node, order=()):
    """The message for a second backward through a node; `order` is what the pass visits, newest first."""
    if not order or order[0].__dict__.get("done"):
        return (
            f"backward: the values that {node.name()}{called_at(node)} saved were released by an earlier backward "
            "through the same graph. Compute the loss anew for each backward, or keep the values with "
            "backward(retain_graph=True)."
        )
    names = [a.name for n in order for a in n.inputs if isinstance(a, Tensor) and a.grad_fn is node and a.name]
    which = f", whose result is {names[0]}," if names else ""
    return (
        f"backward: this loss is new, but a part of its graph is older: the values that {node.name()}{called_at(node)}"
        f"{which} saved were released by an earlier backward. Compute that part inside the loop too; where only its "
        "values are to go on, as with a hidden state, cut it off with h = h.detach(); or keep the values with "
        "backward(retain_graph=True) the first time."
    )


def called_at(node):
    """Where `node` was made, for a message, if `detect_anomaly` was on to remember it."""
    line = node.__dict__.get("line")
    return f" (called at {line})" if line else ""


def once_differentiable(backward):
    """Decorate a `backward` that works on arrays only: a second derivative through it is an error, not a wrong value.

    Parameters
    ----------
    backward : callable
        ``backward(ctx, *grad_outputs)`` of a Function.

    Examples
    --------
    >>> import microtorch
    >>> class Sin(microtorch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return np.sin(x)
    ...     @staticmethod
    ...     @microtorch.autograd.once_differentiable
    ...     def backward(ctx, dy):
    ...         return dy * np.cos(ctx.saved_tensors[0])
    >>> import numpy as np
    >>> x = microtorch.zeros(1, requires_grad=True)
    >>> Sin.apply(x).backward()
    >>> x.grad
    tensor([1.])
    """
    backward.once_differentiable = True
    return backward
