"""Tensor: an array that remembers how it was made.

The methods that compute something are not here: each operation in `ops/` attaches its public function to Tensor
beside its definition (`attach`), so that one file tells all about it.
"""

import copy
import functools
import warnings

import numpy as np

from .autograd.hooks import Hooked
from .autograd.inplace.views import moves, refresh
from .autograd.memory import DROPPED, SPARE_BYTES, references
from .autograd.mode import state
from .autograd.observe import tell
from .devices import check_device
from .dtypes import as_dtype
from .errors import DTypeError, GraphError, ShapeError, foreign_argument, user_line
from .interop.dispatch import NUMPY, Dispatched
from .interop.to_data import Readable
from .printing import text_of
from .structure import structure

__all__ = ["Tensor"]

# Note [Edges]: where the gradient of a tensor goes is its edge: None, nowhere; LEAF, it stays with the tensor (which
# itself would be a cycle here); the node that made it; or (node, k) for the k-th of several results. A node takes the
# edges of its arguments when it is made, with the tensor for LEAF. What becomes of a tensor later changes no edge.
LEAF = "leaf"


class Tensor(Hooked, Readable, Dispatched):
    """A multi-dimensional array that records the operations on it, so that gradients can be computed.

    Called, it is PyTorch's oldest way to make a tensor, of the default dtype: ``Tensor([1, 2])`` has these values,
    ``Tensor(2, 3)`` this shape. `microtorch.tensor`, which keeps a dtype, and `zeros` say more plainly what is meant.

    Parameters
    ----------
    *data : int or sequence or ndarray or Tensor
        Sizes, for zeros (PyTorch leaves undefined what is in it); or one sequence or array of numbers. The memory of an
        array is shared if its dtype fits; a Tensor is taken as it is, with its memory, dtype and graph.
    device : str, optional
        ``"cpu"``: there is no other.

    Attributes
    ----------
    grad : Tensor or None
        The gradient that `backward` has accumulated.
    name : str or None
        Shown in pictures and messages.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    >>> microtorch.Tensor([1, 2]), microtorch.Tensor(2, 3).shape
    (tensor([1., 2.]), (2, 3))
    """

    # Note [Unset slots]: the results of operations are made by `ArrayFunction.apply`, which sets only the two slots
    # that every tensor needs, `_array` and `_edge`; the rest are read through properties that know their defaults. Each
    # slot set costs 15 to 20 ns an operation.
    __slots__ = (
        "__dict__",  # for attributes of the user's, empty until then
        "__weakref__",
        "_array",
        "_cut",
        "_edge",
        "_grad",
        "_hooks",
        "_name",
        "_spare",
        "_summed_after",
        "_view",
    )

    __hash__ = object.__hash__  # `==` compares elements; as a key a tensor is itself

    def __init__(self, *data, device=None):
        from .pytorch.legacy import as_new_tensor

        check_device(device)
        made = as_new_tensor("Tensor", None, data)
        self._array, self._edge = made._array, made._edge
        if hasattr(made, "_view"):
            self._view = made._view

    # -- what it is -----------------------------------------------------------------------------------------------

    @property
    def shape(self):
        """tuple of int: the length of each dimension."""
        return self._array.shape

    @property
    def dtype(self):
        """numpy.dtype: the type of the elements."""
        return self._array.dtype

    @property
    def ndim(self):
        """int: the number of dimensions."""
        return self._array.ndim

    @property
    def grad_fn(self):
        """ArrayFunction or None: the operation that made it, a node of the graph; None for leaves."""
        if moves.newest:
            refresh(self)
        edge = self._edge
        return edge[0] if type(edge) is tuple else None if edge is LEAF or isinstance(edge, Tensor) else edge

    @property
    def is_leaf(self):
        """bool: whether no recorded operation made it; leaves that require a gradient get ``.grad``."""
        return self.grad_fn is None

    @property
    def output_nr(self):
        """int: which output of `grad_fn` it is."""
        return self._edge[1] if self.grad_fn is not None and type(self._edge) is tuple else 0

    def size(self, dim=None):
        """Its shape, or the length of one dimension."""
        return self._array.shape if dim is None else self._array.shape[dim]

    def dim(self):
        """The number of dimensions."""
        return self._array.ndim

    def numel(self):
        """The number of elements."""
        return self._array.size

    nelement = numel

    def element_size(self):
        """The bytes of one element."""
        return self._array.itemsize

    @property
    def nbytes(self):
        """int: the bytes of all elements."""
        return self._array.nbytes

    def is_contiguous(self):
        """Whether the elements lie in memory in row-major order without gaps."""
        return self._array.flags.c_contiguous

    def is_floating_point(self):
        """Whether the dtype is float32 or float64."""
        return self._array.dtype.kind == "f"

    def __len__(self):
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor: it has no dimensions. Use .item() for its value.")
        return len(self._array)

    # -- out of the graph ------------------------------------------------------------------------------------------

    def detach(self):
        """A tensor over the same memory, outside the graph.

        Writing into it in place is noticed where a backward still needs the old values.
        """
        return out_of_graph(over(self._array), self, "detached")

    @property
    def data(self):
        """Tensor: the same memory outside the graph, as `detach`. Assigning replaces the values, unrecorded."""
        return out_of_graph(over(self._array), self, "taken out of the graph by .data")

    @data.setter
    def data(self, value):
        if state.observers:
            tell("left", "t.data = value gives a tensor other memory")
        array = value._array if isinstance(value, Tensor) else np.asarray(value)
        as_dtype(array.dtype)
        if self._edge is not None and array.dtype.kind != "f":
            raise DTypeError(
                f"data: {self.name or 'this tensor'} requires a gradient, and {array.dtype} values have none. Convert "
                "them with .float(), or call requires_grad_(False) first."
            )
        self._array = array.view()
        structure.moved()

    # -- gradients -------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self):
        """bool: whether operations on it are recorded."""
        if moves.newest:
            refresh(self)
        return self._edge is not None

    @requires_grad.setter
    def requires_grad(self, value):
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad=True):
        """Record (or stop recording) operations on this leaf, in place.

        Returns
        -------
        Tensor
            Itself.

        Raises
        ------
        DTypeError
            If its dtype is not floating.
        GraphError
            If it is the result of a recorded operation.
        """
        if self.grad_fn is not None:
            if not requires_grad:
                raise GraphError(
                    f"requires_grad: this tensor is the result of {self.grad_fn.name()}, so it requires a gradient as "
                    "its inputs do. Use .detach() to leave the graph."
                )
            return self
        if requires_grad and self._array.dtype.kind != "f":
            raise DTypeError(
                f"requires_grad: {self.name or 'a tensor'} of dtype {self.dtype} has no gradient; only float32 and "
                "float64 have. Convert with .float(), or write its numbers as 1.0 rather than 1."
            )
        edge = LEAF if requires_grad else None
        if self._edge is not edge:
            self._edge = edge
            structure.moved()
        return self

    @property
    def grad(self):
        """Tensor or None: the gradient that `backward` has accumulated here."""
        try:
            return self._grad
        except AttributeError:  # Note [Unset slots]
            if self.grad_fn is not None:
                self._warn_of_no_grad()
            return None

    def _warn_of_no_grad(self):
        if not self.retains_grad:
            warnings.warn(
                f"grad: {self.name or 'this tensor'} of shape {self.shape} is the result of {self.grad_fn.name()}, and "
                "backward fills .grad of leaves only. Call retain_grad() on it before backward, or look at a leaf.",
                UserWarning,
                stacklevel=3,
            )

    @grad.setter
    def grad(self, value):
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"grad must be a Tensor or None, not {type(value).__name__}")
            if value.shape != self.shape:
                raise ShapeError(f"grad of shape {value.shape} does not fit a tensor of shape {self.shape}")
            if value.dtype != self.dtype:
                raise DTypeError(f"grad of dtype {value.dtype} does not fit a {self.dtype} tensor")
        elif (
            (old := getattr(self, "_grad", None)) is not None
            and old._array.nbytes >= SPARE_BYTES
            and references(old) == DROPPED  # nobody else holds it
        ):
            self._spare = old._array
        self._grad = value
        if state.observers:
            tell("deposited", self, None, None)

    @grad.deleter
    def grad(self):
        self.grad = None

    @property
    def cut(self):
        """str or None: how and where it was taken out of the graph, as ``"detached at file:line"``."""
        try:
            return self._cut
        except AttributeError:  # Note [Unset slots]
            return None

    @property
    def name(self):
        """str or None: shown in pictures and messages."""
        try:
            return self._name
        except AttributeError:
            return None

    @name.setter
    def name(self, value):
        self._name = value

    # -- copies ------------------------------------------------------------------------------------------------------

    def _refuse_to_copy(self, what):
        if self.grad_fn is not None:
            raise GraphError(
                f"{what}: this tensor is the result of {self.grad_fn.name()}, and its graph cannot be taken along. "
                "Use .detach() for the values alone."
            )

    def __deepcopy__(self, memo):
        self._refuse_to_copy("deepcopy")
        copied = leaf_of(type(self), self._array.copy(), self.requires_grad)
        memo[id(self)] = copied
        if self.grad is not None:
            copied._grad = self._grad.detach().clone()
        if self.name is not None:
            copied._name = self.name
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied

    def __reduce__(self):
        self._refuse_to_copy("pickle")
        return leaf_of, (type(self), self._array, self.requires_grad), (self.__dict__ or None, {"_name": self.name})

    # -- how it looks ----------------------------------------------------------------------------------------------

    def _repr_html_(self):
        from .viz.page.notebook import tensor_html

        return tensor_html(self)

    def __repr__(self):
        self._read("repr")
        return text_of(self)


# Note [Where it was cut]: a tensor that left the graph knows how, and the user's line, for those who ask later why no
# gradient came through. That adds 3 µs to a detach; under no_grad, where every operation leaves the graph, nothing is
# remembered: `explain.why_no_grad` runs the step again and watches it.
def out_of_graph(tensor, source, how):
    """`tensor`, made from `source` without its graph; how and where is remembered if there was one."""
    if source.requires_grad:
        tensor._cut = f"{how} at {user_line()}"
    elif (cut := source.cut) is not None:
        tensor._cut = cut
    return tensor


def wrap(array):
    """A leaf over an array that is nobody else's, without the checks and the view that `over` makes."""
    t = Tensor.__new__(Tensor)
    t._array = array
    t._edge = None
    return t


# Note [One array, one tensor]: no two tensors hold the same ndarray object, so that the engine can tell by identity
# which tensor an operation saved. What is somebody else's is therefore held by a view.
def over(array):
    """A leaf over the memory of an array that others have, too; of a dtype that tensors have."""
    as_dtype(array.dtype)
    return wrap(array.view(np.ndarray))  # without what a subclass makes of operators, as a matrix or a masked array


def leaf_of(cls, array, requires_grad):
    """A leaf of the class `cls` over an array that is nobody else's: what a copy, or a pickled tensor, is made by."""
    as_dtype(array.dtype)
    t = cls.__new__(cls)
    t._array = array
    t._edge = LEAF if requires_grad else None
    return t


def tensor_at(edge, array):
    """The tensor over `array` in a place of the graph; see Note [Edges]."""
    if isinstance(edge, Tensor) and edge._array is array:
        return edge
    t = wrap(array)
    t._edge = edge
    return t


def edge_of(t):
    """Where the gradient of `t` goes now, as nodes keep it; see Note [Edges]."""
    if moves.newest:
        refresh(t)
    return t if t._edge is LEAF else t._edge


def _into(out, operation, made):
    from .ops.creation.copy import fill_out

    return fill_out(operation, out, made)


def attach(*names, reflected=None, numpy=None):
    """Decorate a public function: it becomes these methods of Tensor, and stands for these numpy functions.

    As a function it may be given anything: what is not a Tensor is found when it lacks what a Tensor has. And it takes
    ``out=``, as PyTorch's functions do and their methods do not: a tensor, or several, to put the result into.

    Parameters
    ----------
    *names : str
        Method names; none means only numpy's dispatch.
    reflected : str, optional
        The method that is called with its operands swapped, as ``__rsub__``.
    numpy : callable or tuple of callable, optional
        The numpy functions that the public function takes the place of.
    """

    def decorate(function):
        for name in names:
            setattr(Tensor, name, function)
        if reflected is not None:
            setattr(Tensor, reflected, lambda self, other: function(other, self))
        for theirs in numpy if isinstance(numpy, tuple) else (numpy,) if numpy is not None else ():
            NUMPY[theirs] = function
        if isinstance(function, property):
            return function

        @functools.wraps(function)
        def public(*args, out=None, **kwargs):
            try:
                made = function(*args, **kwargs)
                return made if out is None else _into(out, function.__name__, made)
            except AttributeError as error:
                worded = foreign_argument(error, function.__name__, function, args, kwargs)
                if worded is None:
                    raise
                raise worded from None

        return public

    return decorate
