"""Gradients, products with Jacobians, and Jacobians, as functions of functions.

Note [Levels]: there is one graph, and derivatives nest in it to any depth. The arguments of a function that is
differentiated are new starting points, or views in the graph around it. An inner derivative is recorded if its value
depends on something from outside: on a leaf of the user's, or on a starting point of a call that is still running.
"""

import functools
import threading
from contextlib import contextmanager

import numpy as np

from ..autograd import gradients
from ..autograd.graph import maker
from ..autograd.mode import enable_grad, is_grad_enabled
from ..errors import DTypeError, GraphError, ShapeError
from ..tensor import Tensor, edge_of, wrap
from .trees import leaves_of, mapped, rebuilt

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "vjp"]


class _Start(Tensor):
    """A leaf of its own for a tensor that is differentiated by; nobody sees it but the graph."""

    __slots__ = ()


class _Running(threading.local):
    """The starting points, by identity, of the calls that are running in this thread."""

    def __init__(self):
        self.starts = set()


_running = _Running()


class _Level:
    """One call of a derivative: its starting points, as a `tree` and in order, and whether anything is recorded."""

    def __init__(self, caller, tree, recorded):
        self.recorded, self.own = recorded, {}
        self.tree = mapped(lambda t: self._start(caller, t), tree)
        self.starts = leaves_of(self.tree)

    def _start(self, caller, t):
        if not isinstance(t, Tensor):
            raise TypeError(f"{caller}: what is differentiated by is a Tensor, not a {type(t).__name__}")
        if t.dtype.kind != "f":
            raise DTypeError(f"{caller}: a tensor of {t.dtype} has no gradient. Convert it with .float().")
        if self.recorded and t.requires_grad:
            return t.reshape(t.shape)
        leaf = _Start(t._array, requires_grad=True)
        self.own[id(leaf)] = leaf
        return leaf.reshape(leaf.shape)

    def tracked_from_outside(self, outputs):
        """Whether `outputs` are to go on in a graph around this call. See Note [Levels]."""
        if not self.recorded:
            return False
        waiting, seen = [edge_of(y) for y in outputs], set()
        for edge in waiting:  # it grows as we go
            if isinstance(edge, Tensor):
                if not isinstance(edge, _Start) or (id(edge) in _running.starts and id(edge) not in self.own):
                    return True
                continue
            node, _ = (None, 0) if edge is None else maker(edge)
            if node is not None and id(node) not in seen:
                seen.add(id(node))
                waiting += node.edges
        return False


@contextmanager
def _level(caller, tree):
    """A new `_Level` that is running, with recording on."""
    recorded = is_grad_enabled()
    with enable_grad():
        level = _Level(caller, tree, recorded)
        _running.starts |= level.own.keys()
        try:
            yield level
        finally:
            _running.starts -= level.own.keys()


def _tensors(caller, what, tree):
    found = leaves_of(tree)
    for y in found:
        if not isinstance(y, Tensor):
            raise TypeError(f"{caller}: {what} must return Tensors, not a {type(y).__name__}")
    return found


def _products(outputs, seeds, starts, create_graph):
    """Σ vᵢ · ∂yᵢ/∂x for each x, zeros where nothing depends on it."""
    pairs = [(y, v) for y, v in zip(outputs, seeds, strict=True) if y.requires_grad]
    if not pairs:
        return [wrap(np.zeros_like(x._array)) for x in starts]
    roots, weights = zip(*pairs, strict=True)
    found = gradients.grad(roots, starts, weights, retain_graph=True, create_graph=create_graph, allow_unused=True)
    return [wrap(np.zeros_like(x._array)) if g is None else g for x, g in zip(starts, found, strict=True)]


def _let_go(tree, recorded):
    """`tree` with its tensors outside the graph, unless it is to be recorded."""
    return tree if recorded else mapped(lambda t: t.detach() if isinstance(t, Tensor) else t, tree)


def _chosen(caller, argnums, args):
    """The arguments that `argnums`, an int or a tuple, names, and their positions."""
    several = isinstance(argnums, tuple)
    places = argnums if several else (argnums,)
    for place in places:
        if isinstance(place, bool) or not isinstance(place, int) or not -len(args) <= place < len(args):
            raise ValueError(f"{caller}: argnums is {argnums!r}, for {len(args)} positional arguments")
    places = [place % len(args) for place in places]
    if len(set(places)) < len(places):
        raise ValueError(f"{caller}: argnums {argnums!r} names an argument twice")
    return (tuple(args[i] for i in places) if several else args[places[0]]), places


def _with(args, places, several, chosen):
    """`args` with `chosen` in their places."""
    args = list(args)
    for place, value in zip(places, chosen if several else (chosen,), strict=True):
        args[place] = value
    return args


def grad_and_value(func, argnums=0, has_aux=False):
    """A function that gives the gradient of `func` and its value.

    Parameters
    ----------
    func : callable
        Returns a Tensor of one element; with `has_aux` a pair of it and anything.
    argnums : int or tuple of int, default 0
        Which positional arguments to differentiate by; each a Tensor or a tree of them.
    has_aux : bool, default False

    Returns
    -------
    callable
        Takes the arguments of `func`; gives ``(gradient, value)``, with `has_aux` ``(gradient, (value, aux))``.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.func import grad_and_value
    >>> grad_and_value(lambda x: (x * x).sum())(microtorch.tensor([1.0, 2.0]))
    (tensor([2., 4.]), tensor(5.))
    """

    @functools.wraps(func)
    def computed(*args, **kwargs):
        chosen, places = _chosen("grad", argnums, args)
        with _level("grad", chosen) as level:
            result = func(*_with(args, places, isinstance(argnums, tuple), level.tree), **kwargs)
            if has_aux and not (isinstance(result, tuple) and len(result) == 2):
                raise ValueError("grad: with has_aux the function returns a pair: what is differentiated, and more")
            value, aux = result if has_aux else (result, None)
            if not isinstance(value, Tensor) or value.numel() != 1 or value.ndim:
                shape = value.shape if isinstance(value, Tensor) else type(value).__name__
                raise ShapeError(
                    f"grad: the function must return a Tensor of shape (), not {shape}. Reduce it, as with .sum(); of "
                    "several elements jacrev gives the derivatives."
                )
            outside = level.tracked_from_outside([value])
            one = wrap(np.ones_like(value._array))
            found = rebuilt(level.tree, _products([value], [one], level.starts, outside))
        value, aux = _let_go(value, outside), _let_go(aux, outside)
        return _let_go(found, outside), ((value, aux) if has_aux else value)

    return computed


def grad(func, argnums=0, has_aux=False):
    """A function that gives the gradient of `func`.

    Parameters
    ----------
    func : callable
        Returns a Tensor of one element; with `has_aux` a pair of it and anything.
    argnums : int or tuple of int, default 0
        Which positional arguments to differentiate by; each a Tensor or a tree of them, as a dict of parameters.
    has_aux : bool, default False

    Returns
    -------
    callable
        Takes the arguments of `func`; gives the gradient, with `has_aux` ``(gradient, aux)``.

    Raises
    ------
    ShapeError
        If `func` does not return one element.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.func import grad
    >>> grad(lambda x: x**3)(microtorch.tensor(2.0)), grad(grad(lambda x: x**3))(microtorch.tensor(2.0))
    (tensor(12.), tensor(12.))
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def computed(*args, **kwargs):
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return computed


def vjp(func, *primals, has_aux=False):
    """The value of `func`, and a function from a vector to its product with the Jacobian.

    Parameters
    ----------
    func : callable
        From Tensors to a Tensor or a tree of them; with `has_aux` a pair of it and anything.
    *primals : Tensor or tree of Tensor
    has_aux : bool, default False

    Returns
    -------
    value : Tensor or tree of Tensor
    product : callable
        From vectors of the form of the value to a tuple with vᵀ · J for each of `primals`.
    aux : object
        Only with `has_aux`.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.func import vjp
    >>> value, product = vjp(lambda x: x * x, microtorch.tensor([1.0, 2.0]))
    >>> product(microtorch.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    with _level("vjp", primals) as level:
        result = func(*level.tree)
        value, aux = result if has_aux else (result, None)
        outputs = _tensors("vjp", "func", value)
        outside = level.tracked_from_outside(outputs)

    def product(*cotangents):
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        seeds = _tensors("vjp", "the vector", given)
        if [v.shape for v in seeds] != [y.shape for y in outputs]:
            raise ShapeError(
                f"vjp: vectors of shapes {[v.shape for v in seeds]} for outputs of {[y.shape for y in outputs]}"
            )
        again = is_grad_enabled() and (outside or any(v.requires_grad for v in seeds))
        with enable_grad():
            found = rebuilt(level.tree, _products(outputs, seeds, level.starts, again))
        return found if again else _let_go(found, False)

    value = _let_go(value, outside)
    return (value, product, _let_go(aux, outside)) if has_aux else (value, product)


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """The value of `func`, and how it changes along a direction.

    Parameters
    ----------
    func : callable
        From Tensors to a Tensor or a tree of them; with `has_aux` a pair of it and anything.
    primals : tuple of Tensor or tree of Tensor
        The arguments of `func`.
    tangents : tuple
        The direction, of the form of `primals`.
    strict : bool, default False
        Raise where an output does not depend on the arguments; else its change is zero.
    has_aux : bool, default False

    Returns
    -------
    value, change : Tensor or tree of Tensor
        ``func(*primals)`` and J · v; with `has_aux` a third, aux.

    Notes
    -----
    Backward twice: uᵀ · J is linear in u, and its derivative by u along v is J · v. There is no forward mode.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.func import jvp
    >>> x = microtorch.tensor([1.0, 2.0])
    >>> jvp(lambda x: x * x, (x,), (microtorch.tensor([1.0, 0.0]),))
    (tensor([1., 4.]), tensor([2., 0.]))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise TypeError("jvp: primals and tangents are tuples, as in jvp(func, (x,), (v,))")
    with _level("jvp", primals) as level:
        vectors = _tensors("jvp", "tangents", tangents)
        if [v.shape for v in vectors] != [x.shape for x in level.starts]:
            shapes = [x.shape for x in level.starts]
            raise ShapeError(f"jvp: tangents of shapes {[v.shape for v in vectors]} for primals of {shapes}")
        result = func(*level.tree)
        value, aux = result if has_aux else (result, None)
        outputs = _tensors("jvp", "func", value)
        if strict and not all(y.requires_grad for y in outputs):
            raise GraphError("jvp: an output does not depend on the arguments, which strict=True forbids.")
        outside = level.tracked_from_outside([*outputs, *vectors])
        seeds = [wrap(np.zeros_like(y._array)).requires_grad_() for y in outputs]
        change = _products(_products(outputs, seeds, level.starts, True), vectors, seeds, outside)
    value, change = _let_go(value, outside), _let_go(rebuilt(value, change), outside)
    return (value, change, _let_go(aux, outside)) if has_aux else (value, change)


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None, _preallocate_and_copy=False):
    """A function that gives the Jacobian of `func`, a row for each element of its result.

    Parameters
    ----------
    func : callable
        From Tensors to a Tensor or a tree of them; with `has_aux` a pair of it and anything.
    argnums : int or tuple of int, default 0
        Which positional arguments to differentiate by; each a Tensor or a tree of them.
    has_aux : bool, default False
    chunk_size : int, optional
        Accepted: rows are computed one by one.

    Returns
    -------
    callable
        Takes the arguments of `func`; gives for each output and each argument a Tensor of shape
        ``(*output.shape, *argument.shape)``, with `has_aux` a pair of that and aux.

    Notes
    -----
    One backward for each element of the result: for few outputs and many inputs.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.func import jacrev
    >>> jacrev(lambda x: x * x.sum())(microtorch.tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """

    @functools.wraps(func)
    def computed(*args, **kwargs):
        chosen, places = _chosen("jacrev", argnums, args)
        with _level("jacrev", chosen) as level:
            result = func(*_with(args, places, isinstance(argnums, tuple), level.tree), **kwargs)
            value, aux = result if has_aux else (result, None)
            outputs, starts = _tensors("jacrev", "func", value), level.starts
            outside = level.tracked_from_outside(outputs)

            def rows(y):
                found = []
                for index in np.ndindex(y.shape):
                    seed = np.zeros_like(y._array)
                    seed[index] = 1
                    found.append(_products([y], [wrap(seed)], starts, outside))
                stacked = [_stacked([row[k] for row in found], y, x) for k, x in enumerate(starts)]
                return rebuilt(level.tree, stacked)

            jacobian = mapped(rows, value)
        jacobian = _let_go(jacobian, outside)
        return (jacobian, _let_go(aux, outside)) if has_aux else jacobian

    return computed


def _stacked(rows, y, x):
    """The gradients of all elements of `y` by `x` as one tensor."""
    shape = y.shape + x.shape
    return np.stack(rows).reshape(shape) if rows else wrap(np.zeros(shape, x.dtype))


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """A function that gives the Jacobian of `func`, a column for each element of its argument.

    Parameters
    ----------
    func : callable
        From Tensors to a Tensor or a tree of them; with `has_aux` a pair of it and anything.
    argnums : int or tuple of int, default 0
        Which positional arguments to differentiate by; each a Tensor or a tree of them.
    has_aux : bool, default False
    randomness : str, default "error"
        Accepted: `func` runs once, so all columns are of the same random numbers.

    Returns
    -------
    callable
        As that of `jacrev`.

    Notes
    -----
    One backward for each element of the argument, through the recorded product of a vector with the Jacobian: for many
    outputs and few inputs.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.func import jacfwd
    >>> jacfwd(lambda x: microtorch.stack([x, x * x, x**3]))(microtorch.tensor(2.0))
    tensor([ 1.,  4., 12.])
    """

    @functools.wraps(func)
    def computed(*args, **kwargs):
        chosen, places = _chosen("jacfwd", argnums, args)
        with _level("jacfwd", chosen) as level:
            result = func(*_with(args, places, isinstance(argnums, tuple), level.tree), **kwargs)
            value, aux = result if has_aux else (result, None)
            outputs, starts = _tensors("jacfwd", "func", value), level.starts
            outside = level.tracked_from_outside(outputs)
            seeds = [wrap(np.zeros_like(y._array)).requires_grad_() for y in outputs]
            products = _products(outputs, seeds, starts, True)
            columns = [_columns_of(dx, x, seeds, outputs, outside) for dx, x in zip(products, starts, strict=True)]
            jacobian = rebuilt(
                value, [rebuilt(level.tree, [column[k] for column in columns]) for k in range(len(outputs))]
            )
        jacobian = _let_go(jacobian, outside)
        return (jacobian, _let_go(aux, outside)) if has_aux else jacobian

    return computed


def _columns_of(dx, x, seeds, outputs, create_graph):
    """∂y/∂x of shape (*y.shape, *x.shape) for each of `outputs`: the derivative of ``dx``, uᵀ · J, by u."""
    columns = []
    for index in np.ndindex(x.shape):
        pick = np.zeros_like(x._array)
        pick[index] = 1
        columns.append(_products([dx], [wrap(pick)], seeds, create_graph))
    found = []
    for k, y in enumerate(outputs):
        if not columns:
            found.append(wrap(np.zeros(y.shape + x.shape, y.dtype)))
            continue
        stacked = np.stack([column[k] for column in columns])  # (elements of x, *y.shape)
        found.append(np.moveaxis(stacked, 0, -1).reshape(y.shape + x.shape))
    return found


def hessian(func, argnums=0):
    """A function that gives the second derivatives of `func`.

    Parameters
    ----------
    func : callable
        From Tensors to a Tensor, mostly of one element.
    argnums : int or tuple of int, default 0
        Which positional arguments to differentiate by, twice.

    Returns
    -------
    callable
        Takes the arguments of `func`; gives a Tensor of shape ``(*output.shape, *argument.shape, *argument.shape)``,
        for several arguments tuples of tuples of them.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch.func import hessian
    >>> hessian(lambda x: (x**3).sum())(microtorch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacrev(jacrev(func, argnums), argnums)
