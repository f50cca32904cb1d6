"""ArrayFunction: an operation, its context and its node in the graph, all one object.

An operation is a subclass with a static `forward` and `backward`. `apply` runs it: arrays out of tensors, forward,
a tensor around the result, and, where a gradient is wanted, the instance stays as ``grad_fn`` of that tensor.
"""

import operator
import weakref
from itertools import count

import numpy as np

from ..errors import GraphError, explain
from ..tensor import LEAF, Tensor, wrap
from .inplace.views import View, moves, refresh_all, share
from .memory import SHELL_BYTES, drop_inputs, results, spare
from .messages import released
from .mode import state
from .observe import observed, tell

__all__ = ["ArrayFunction", "once_differentiable"]

# Note [Newest first]: every node takes the next number when it is made, after all its inputs. So creation order is a
# topological order, and backward is: visit nodes newest first. Changes in place and views draw from the same counter:
# "was this value overwritten after that operation saved it?" is a comparison of two numbers.
next_number = count(1).__next__

_new = Tensor.__new__
_ndarray = np.ndarray


class ArrayFunction:
    """An operation on arrays with its derivative; subclass it to write your own. `Function` is the same on Tensors.

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
    edges : list
        Where the gradient of each argument goes: None, a leaf, a node, or (node, k) for its k-th result.
    saved_tensors : tuple
        What `save_for_backward` has saved.
    needs_input_grad : tuple of bool
        Which arguments a gradient is wanted for.
    cache : object
        For intermediates that only `backward_kernel` reads; released with what was saved.
    scope : tuple or None
        ``(module, outer scope)``: whose forward was running.
    is_view : bool or None
        Whether the result lies in the memory of the first argument, where `apply` with the same further arguments finds
        it again: then changes in place of either are followed. None, the default of classes of your own: where a result
        lies in an argument's memory, they are refused.

    Notes
    -----
    ``ctx.call(function, *args)`` calls a kernel or a matrix product on arrays: the one door for such work, which a
    captured step notes. An operation that does all its work through it, into memory from ``ctx.empty``, is replayed
    as those calls; any other one by running it again.

    Examples
    --------
    >>> import numpy as np
    >>> class Cube(microtorch.autograd.ArrayFunction):
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

    __slots__ = ("__dict__", "__weakref__", "edges", "inputs", "number", "result", "saved", "scope")

    cache = None  # most operations have none
    hooks = retained = None  # for each output: its hooks; the tensor that wants its gradient
    outputs = None  # (shape, dtype) of each, where there are several
    large = False  # whether the result is worth a shell
    is_view = False  # whether the result shares the first argument's memory; None where nobody says
    non_differentiable = ()
    materialize_grads = True  # whether backward gets zeros for outputs that no gradient has arrived for
    prepare = None  # what makes the arguments fit each other, as two dtypes, before anything else
    backward_kernel = stands_for = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "backward_kernel" in cls.__dict__:
            cls.stands_for = cls.backward  # another `backward`, of a subclass or assigned later, has no kernel
        if cls.is_view is False and not cls.__module__.startswith("microtorch."):
            cls.is_view = None  # the package's own are held to say so by a test; others are looked at

    @staticmethod
    def forward(ctx, *args):
        """Compute the result from arrays; to be written by the subclass."""
        raise NotImplementedError("an ArrayFunction needs a static method forward(ctx, *args)")

    @staticmethod
    def backward(ctx, *grad_outputs):
        """Compute the gradients of the arguments; to be written by the subclass."""
        raise NotImplementedError("an ArrayFunction needs a static method backward(ctx, *grad_outputs)")

    @classmethod
    def first_order(cls):
        """The function for gradients of arrays: the kernel that stands for `backward`, or `backward` itself."""
        formula, kernel = cls.backward, cls.backward_kernel
        if kernel is None or cls.stands_for is formula:
            return kernel or formula
        # One of them was overridden, or assigned to the class later: the one that is nearer, and a formula over a
        # kernel that was made for another one.
        first = {name: next(c for c in cls.__mro__ if name in c.__dict__) for name in ("backward", "backward_kernel")}
        near = issubclass(first["backward_kernel"], first["backward"])
        return kernel if near and "stands_for" not in first["backward_kernel"].__dict__ else formula

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
        if cls.prepare is not None:
            args = cls.prepare(args)
        if moves.newest:
            refresh_all(args)
        ctx = cls()
        ctx.saved = ()
        ctx.inputs = args
        ctx.edges = edges = []
        arrays, tensors, tracked = [], False, False
        for a in args:
            if isinstance(a, Tensor):
                tensors = True
                arrays.append(a._array)
                edge = a._edge
                if edge is not None:
                    tracked = True
                    if edge is LEAF:
                        edge = a
                edges.append(edge)
            else:
                arrays.append(a)
                edges.append(None)
        observers = state.observers
        try:
            y = observed(cls.forward, ctx, arrays) if observers and tensors else cls.forward(ctx, *arrays)
        except Exception as error:
            raise explain(error, cls, arrays) from error.__cause__
        if not tensors:
            return y
        if tracked and state.grad:
            ctx.number = next_number()
            ctx.scope = state.scope
        else:
            tracked = False
        if type(y) is _ndarray:
            out = _new(Tensor)
            out._array = y
            out._edge = None
            if tracked and not ctx.non_differentiable:
                out._edge = ctx
                ctx.result = id(y)
                if y.nbytes > SHELL_BYTES:
                    ctx.large = results.any_large = True
                    drop_inputs(ctx)
        else:
            out = _wrapped(ctx, y, tracked)
        if ctx.is_view is not False:
            _note_view(ctx, args, out, tracked)
        if observers:
            tell("forward", ctx, arrays, out if type(out) is tuple else (out,))
        return out

    # -- for forward and backward ----------------------------------------------------------------------------------

    def save_for_backward(self, *arrays):
        """Keep inputs or the output, and nothing else, for `backward`.

        A saved intermediate has no place in the graph, so a second derivative through it would be silently wrong;
        under ``create_graph=True`` it is an error. Masks, shapes and axes are plain attributes of ``ctx``.
        """
        self.saved = arrays

    # An array to put a result into, its content undefined; a captured step gets the same one at each replay.
    empty = staticmethod(np.empty)
    call = staticmethod(operator.call)

    def empty_gradient(self, position):
        """As `empty`, for the gradient of the argument at `position`: the memory of its last one, if that is free."""
        return spare(self.inputs[position])

    @property
    def needs_input_grad(self):
        """tuple of bool: which arguments a gradient is wanted for."""
        return tuple([edge is not None for edge in self.edges])

    @property
    def next_functions(self):
        """tuple: (node, output number) for each argument, (None, 0) for one that takes no gradient.

        The node of a leaf is an `AccumulateGrad`, which has the leaf as its ``variable``.
        """
        return tuple([_next_function(edge) for edge in self.edges])

    def save_factors(self, a, b):
        """Keep the factors of a product, each only where the gradient of the other is wanted, else None."""
        da, db = self.edges[:2]
        self.saved = None if db is None else a, None if da is None else b

    @property
    def saved_tensors(self):
        """tuple: what was saved, as arrays; as tensors under ``create_graph=True``."""
        saved = self.saved
        if type(saved) is tuple:
            return saved
        if saved is None:
            raise GraphError(released(self))
        return saved.unpacked(self)  # by saved_tensors_hooks

    def mark_non_differentiable(self, *arrays):
        """Say of outputs, such as indices, that no gradient flows through them."""
        self.non_differentiable = arrays

    # -- hooks -----------------------------------------------------------------------------------------------------

    def hooks_of(self, output_nr):
        """The list of hooks on one output."""
        if self.hooks is None:
            self.hooks = {}
        return self.hooks.setdefault(output_nr, [])

    def retain(self, output, output_nr):
        """Have `backward` fill ``.grad`` of `output`; weakly, so that the graph does not keep it alive."""
        self.retained = {**(self.retained or {}), output_nr: weakref.ref(output)}

    def retains(self, output, output_nr):
        """Whether `backward` fills ``.grad`` of `output`."""
        kept = (self.retained or {}).get(output_nr)
        return kept is not None and kept() is output


class AccumulateGrad:
    """Where the gradient of a leaf ends: it is added to ``variable.grad``."""

    next_functions = ()

    def __init__(self, variable):
        self.variable = variable

    def __eq__(self, other):
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self):
        return id(self.variable)

    @classmethod
    def name(cls):
        """The class's name."""
        return cls.__name__


def _next_function(edge):
    if edge is None:
        return None, 0
    if isinstance(edge, Tensor):
        return AccumulateGrad(edge), 0
    return edge if type(edge) is tuple else (edge, 0)


def _wrapped(ctx, y, tracked):
    """Tensors around what an operation returned that is not simply an array: a numpy scalar, or several arrays."""
    if type(y) is not tuple:
        y = _as_array(ctx, y)
        out = wrap(y)
        if tracked and not ctx.non_differentiable:
            out._edge, ctx.result = ctx, id(y)
        return out
    arrays = [a if type(a) is _ndarray else _as_array(ctx, a) for a in y]
    blocked = {id(a) for a in ctx.non_differentiable}
    tensors = tuple([wrap(a) for a in arrays])
    if tracked:
        ctx.outputs = [(a.shape, a.dtype) for a in arrays]
        ctx.result = [id(a) for a in arrays]
        for k, (given, out) in enumerate(zip(y, tensors)):
            if out._array.dtype.kind == "f" and id(given) not in blocked:
                out._edge = ctx, k
    return tensors


def _as_array(ctx, y):
    """An array for `y`, a scalar as numpy's functions return it for 0-d arrays; also where it was saved."""
    array = np.asarray(y)
    if ctx.saved:  # by identity a second derivative finds the output it belongs to
        ctx.saved = tuple([array if s is y else s for s in ctx.saved])
    return array


def _note_view(ctx, args, out, tracked):
    """Remember how the results of `ctx` are seen from its first argument; its large inputs may be shells by now.

    Of an operation that does not say whether it gives views: that they lie in the memory of an argument, if they do.
    """
    number = ctx.number if tracked else next_number()
    sources = args[:1] if ctx.is_view else [a for a in args if isinstance(a, Tensor)]
    for k, t in [(None, out)] if type(out) is Tensor else enumerate(out):
        for source in sources:
            if share(t._array, source._array):
                t._view = View(source, (type(ctx), args[1:], k) if ctx.is_view else None, number)
                break


def outside_graph(compute, *operands):
    """The tensor of ``compute(*arrays)``, where `operands` are tensors and numbers: it has no derivative.

    For comparisons, positions and the like: everything the library computes goes through here or through `apply`.
    """
    arrays = [x._array if isinstance(x, Tensor) else x for x in operands]
    y = wrap(np.asarray(compute(*arrays)))
    if state.observers:
        tell("called", compute, arrays, {}, y._array)
    return y


def once_differentiable(backward):
    """Decorate a `backward` that works on arrays only: a second derivative through it is an error, not a wrong value.

    Parameters
    ----------
    backward : callable
        ``backward(ctx, *grad_outputs)`` of an ArrayFunction.

    Examples
    --------
    >>> class Sin(microtorch.autograd.ArrayFunction):
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
