"""Derivatives of functions: vector-Jacobian and Jacobian-vector products, Jacobians, Hessians.

Parameters
----------
inputs : Tensor or tuple of Tensor
create_graph, strict
    As in `vjp`.
func : callable
    From Tensors to a Tensor or a tuple of them.
"""

import numpy as np

from ..errors import GraphError, ShapeError
from ..tensor import Tensor, wrap
from .gradients import grad
from .mode import enable_grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _sequence(tensors):
    return (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)


def _like(given, tensors):
    """`tensors` as one tensor where one was given, else as a tuple."""
    return tensors[0] if isinstance(given, Tensor) else tuple(tensors)


def _fresh(inputs, create_graph):
    """The inputs as starting points of a graph of their own, or under create_graph within the one they are in."""
    tensors = _sequence(inputs)
    if create_graph:
        return [x.reshape(x.shape) if x.requires_grad else x.detach().requires_grad_() for x in tensors]
    return [x.detach().requires_grad_() for x in tensors]


def _outputs(caller, func, inputs, strict):
    result = func(*inputs)
    outputs = _sequence(result)
    for i, y in enumerate(outputs):
        if not isinstance(y, Tensor):
            raise TypeError(f"{caller}: func must return Tensors; output {i} is a {type(y).__name__}")
        if strict and not y.requires_grad:
            raise GraphError(f"{caller}: output {i} does not depend on the inputs, which strict=True forbids.")
    return result, outputs


def _vectors(caller, v, like, scalar):
    """The vectors to multiply with, one for each tensor of `like`; 1 where that is a single scalar."""
    if v is None:
        if len(like) == 1 and like[0].numel() == 1:
            return [wrap(np.ones_like(like[0]._array))]
        raise GraphError(f"{caller}: v may be left out only if {scalar} is a single tensor of one element")
    vectors = _sequence(v)
    if len(vectors) != len(like):
        raise ShapeError(f"{caller}: {len(vectors)} vectors in v for {len(like)} tensors")
    for i, (u, t) in enumerate(zip(vectors, like)):
        if u.shape != t.shape:
            raise ShapeError(f"{caller}: v[{i}] has shape {u.shape}, its tensor {t.shape}. They must be the same.")
    return vectors


def _gradients(caller, outputs, inputs, vectors, create_graph, strict):
    """Σ vᵢ · ∂yᵢ/∂x for each x, zeros where nothing depends on it."""
    pairs = [(y, v) for y, v in zip(outputs, vectors, strict=True) if y.requires_grad]
    if not pairs:
        return [wrap(np.zeros_like(x._array)) for x in inputs]
    roots, seeds = zip(*pairs, strict=True)
    dxs = grad(roots, inputs, seeds, retain_graph=True, create_graph=create_graph, allow_unused=True)
    for i, dx in enumerate(dxs):
        if strict and dx is None:
            raise GraphError(f"{caller}: the outputs do not depend on input {i}, which strict=True forbids.")
    return [wrap(np.zeros_like(x._array)) if dx is None else dx for x, dx in zip(inputs, dxs, strict=True)]


def _released(result, create_graph):
    """`result` outside the graph, unless the caller wants to differentiate further."""
    if create_graph:
        return result
    return result.detach() if isinstance(result, Tensor) else tuple(_released(t, False) for t in result)


@enable_grad()
def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """The product of a vector with the Jacobian: what backward computes, as a function.

    Parameters
    ----------
    v : Tensor or tuple of Tensor, optional
        Of the shapes of the outputs; default 1 for one output of one element.
    create_graph : bool, default False
        Record the computation, so that the result can be differentiated.
    strict : bool, default False
        Raise where an output does not depend on an input; else the product is zero there.

    Returns
    -------
    outputs : Tensor or tuple of Tensor
        ``func(*inputs)``.
    product : Tensor or tuple of Tensor
        vᵀ · J, of the shapes of the inputs.

    Raises
    ------
    ShapeError
        If `v` does not fit the outputs.

    Examples
    --------
    >>> from microtorch.autograd.functional import vjp
    >>> x = microtorch.tensor([1.0, 2.0])
    >>> vjp(lambda x: x * x, x, microtorch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    xs = _fresh(inputs, create_graph)
    result, outputs = _outputs("vjp", func, xs, strict)
    vectors = _vectors("vjp", v, outputs, "the output")
    product = _gradients("vjp", outputs, xs, vectors, create_graph, strict)
    return _released(result, create_graph), _released(_like(inputs, product), create_graph)


@enable_grad()
def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """The product of the Jacobian with a vector: how the outputs change along a direction of the inputs.

    Parameters
    ----------
    v : Tensor or tuple of Tensor, optional
        The direction, of the shapes of the inputs; default 1 for one input of one element.

    Returns
    -------
    outputs : Tensor or tuple of Tensor
        ``func(*inputs)``.
    product : Tensor or tuple of Tensor
        J · v, of the shapes of the outputs.

    Notes
    -----
    Backward twice: uᵀ · J is linear in u, and its derivative by u along v is J · v. So it costs about three times
    what a vjp costs.

    Examples
    --------
    >>> from microtorch.autograd.functional import jvp
    >>> x = microtorch.tensor([1.0, 2.0])
    >>> jvp(lambda x: x.sum() * x, x, microtorch.tensor([1.0, 0.0]))
    (tensor([3., 6.]), tensor([4., 2.]))
    """
    xs = _fresh(inputs, create_graph)
    vectors = _vectors("jvp", v, xs, "the input")
    result, outputs = _outputs("jvp", func, xs, strict)
    seeds = [wrap(np.zeros_like(y._array)).requires_grad_() for y in outputs]
    dxs = _gradients("jvp", outputs, xs, seeds, True, strict)
    product = _gradients("jvp", dxs, seeds, vectors, create_graph, False)
    return _released(result, create_graph), _released(_like(result, product), create_graph)


@enable_grad()
def jacobian(func, inputs, create_graph=False, strict=False):
    """The derivative of every output element by every input element.

    Returns
    -------
    Tensor or tuple
        Of shape ``output.shape + input.shape``; a tuple over inputs where those are a tuple, a tuple over outputs of
        these where those are one.

    Notes
    -----
    One backward for each output element.

    Examples
    --------
    >>> from microtorch.autograd.functional import jacobian
    >>> jacobian(lambda x: x * x.sum(), microtorch.tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """
    xs = _fresh(inputs, create_graph)
    result, outputs = _outputs("jacobian", func, xs, strict)
    by_output = []
    for y in outputs:
        rows = []
        for index in np.ndindex(y.shape):
            seed = np.zeros_like(y._array)
            seed[index] = 1
            rows.append(_gradients("jacobian", [y], xs, [wrap(seed)], create_graph, strict))
        by_input = [_stacked([row[k] for row in rows], y, x, create_graph) for k, x in enumerate(xs)]
        by_output.append(_like(inputs, by_input))
    return by_output[0] if isinstance(result, Tensor) else tuple(by_output)


def _stacked(rows, y, x, create_graph):
    """The gradients of all elements of `y` by `x` as one tensor."""
    if create_graph and rows:
        return np.stack(rows).reshape(y.shape + x.shape)
    return wrap(np.array([row._array for row in rows], x.dtype).reshape(y.shape + x.shape))


def hessian(func, inputs, create_graph=False, strict=False):
    """The second derivatives of a scalar function: the Jacobian of its gradient.

    Parameters
    ----------
    func : callable
        From Tensors to a Tensor of one element.

    Returns
    -------
    Tensor or tuple of tuple of Tensor
        Of shape ``input.shape + input.shape``; for several inputs, ``h[i][j]`` by inputs i and j.

    Raises
    ------
    ShapeError
        If `func` does not return one element.

    Examples
    --------
    >>> from microtorch.autograd.functional import hessian
    >>> hessian(lambda x: (x * x * x).sum(), microtorch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """

    def gradient(*xs):
        return _like(inputs, _gradient_of_scalar("hessian", func, xs, strict))

    return jacobian(gradient, inputs, create_graph, strict)


def _gradient_of_scalar(caller, func, xs, strict):
    _, outputs = _outputs(caller, func, xs, strict)
    if len(outputs) != 1 or outputs[0].numel() != 1:
        shapes = ", ".join(str(y.shape) for y in outputs)
        raise ShapeError(f"{caller}: func must return one element, not {shapes}. Reduce it, as with .sum().")
    one = wrap(np.ones_like(outputs[0]._array))
    return _gradients(caller, outputs, xs, [one], True, strict)


@enable_grad()
def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """The product of a vector with the Hessian of a scalar function.

    Parameters
    ----------
    func : callable
        From Tensors to a Tensor of one element.
    v : Tensor or tuple of Tensor, optional
        Of the shapes of the inputs; default 1 for one input of one element.

    Returns
    -------
    output : Tensor
        ``func(*inputs)``.
    product : Tensor or tuple of Tensor
        vᵀ · H, of the shapes of the inputs, at the cost of two backwards.

    Examples
    --------
    >>> from microtorch.autograd.functional import vhp
    >>> vhp(lambda x: (x * x * x).sum(), microtorch.tensor([1.0, 2.0]), microtorch.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    xs = _fresh(inputs, create_graph)
    vectors = _vectors("vhp", v, xs, "the input")
    kept = []

    def scalar(*xs):
        kept.append(func(*xs))
        return kept[-1]

    dxs = _gradient_of_scalar("vhp", scalar, xs, strict)
    product = _gradients("vhp", dxs, xs, vectors, create_graph, strict)
    return _released(kept[0], create_graph), _released(_like(inputs, product), create_graph)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """The product of the Hessian of a scalar function with a vector.

    Parameters
    ----------
    func, inputs, v, create_graph, strict
        As in `vhp`.

    Returns
    -------
    output : Tensor
        ``func(*inputs)``.
    product : Tensor or tuple of Tensor
        H · v. The Hessian is symmetric, so this is `vhp`.

    Examples
    --------
    >>> from microtorch.autograd.functional import hvp
    >>> hvp(lambda x: (x * x * x).sum(), microtorch.tensor([1.0, 2.0]), microtorch.tensor([0.0, 1.0]))
    (tensor(9.), tensor([ 0., 12.]))
    """
    return vhp(func, inputs, v, create_graph, strict)
