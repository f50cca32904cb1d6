"""Gradients and products with Jacobians, as functions of functions.

Parameters
----------
has_aux : bool, default False
func : callable
    Returns a Tensor of one element; with `has_aux` a pair of it and anything.
"""

import functools

import numpy as np

from ..autograd.mode import enable_grad, is_grad_enabled
from ..errors import GraphError, ShapeError
from ..tensor import Tensor, wrap
from .levels import chosen_of, let_go, level_of, products, tensors_in, with_chosen
from .trees import rebuilt

__all__ = ["grad", "grad_and_value", "jvp", "vjp"]


def grad_and_value(func, argnums=0, has_aux=False):
    """A function that gives the gradient of `func` and its value.

    Parameters
    ----------
    argnums : int or tuple of int, default 0
        Which positional arguments to differentiate by; each a Tensor or a tree of them.

    Returns
    -------
    callable
        Takes the arguments of `func`; gives ``(gradient, value)``, with `has_aux` ``(gradient, (value, aux))``.

    Examples
    --------
    >>> from microtorch.func import grad_and_value
    >>> grad_and_value(lambda x: (x * x).sum())(microtorch.tensor([1.0, 2.0]))
    (tensor([2., 4.]), tensor(5.))
    """

    @functools.wraps(func)
    def computed(*args, **kwargs):
        chosen, places = chosen_of("grad", argnums, args)
        with level_of("grad", chosen) as level:
            result = func(*with_chosen(args, places, isinstance(argnums, tuple), level.tree), **kwargs)
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
            found = rebuilt(level.tree, products([value], [one], level.starts, outside))
        value, aux = let_go(value, outside), let_go(aux, outside)
        return let_go(found, outside), ((value, aux) if has_aux else value)

    return computed


def grad(func, argnums=0, has_aux=False):
    """A function that gives the gradient of `func`.

    Parameters
    ----------
    argnums : int or tuple of int, default 0
        Which positional arguments to differentiate by; each a Tensor or a tree of them, as a dict of parameters.

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

    Returns
    -------
    value : Tensor or tree of Tensor
    product : callable
        From vectors of the form of the value to a tuple with vᵀ · J for each of `primals`.
    aux : object
        Only with `has_aux`.

    Examples
    --------
    >>> from microtorch.func import vjp
    >>> value, product = vjp(lambda x: x * x, microtorch.tensor([1.0, 2.0]))
    >>> product(microtorch.tensor([1.0, 10.0]))
    (tensor([ 2., 40.]),)
    """
    with level_of("vjp", primals) as level:
        result = func(*level.tree)
        value, aux = result if has_aux else (result, None)
        outputs = tensors_in("vjp", "func", value)
        outside = level.tracked_from_outside(outputs)

    def product(*cotangents):
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        seeds = tensors_in("vjp", "the vector", given)
        if [v.shape for v in seeds] != [y.shape for y in outputs]:
            raise ShapeError(
                f"vjp: vectors of shapes {[v.shape for v in seeds]} for outputs of {[y.shape for y in outputs]}"
            )
        again = is_grad_enabled() and (outside or any(v.requires_grad for v in seeds))
        with enable_grad():
            found = rebuilt(level.tree, products(outputs, seeds, level.starts, again))
        return found if again else let_go(found, False)

    value = let_go(value, outside)
    return (value, product, let_go(aux, outside)) if has_aux else (value, product)


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

    Returns
    -------
    value, change : Tensor or tree of Tensor
        ``func(*primals)`` and J · v; with `has_aux` a third, aux.

    Notes
    -----
    Backward twice: uᵀ · J is linear in u, and its derivative by u along v is J · v. There is no forward mode.

    Examples
    --------
    >>> from microtorch.func import jvp
    >>> x = microtorch.tensor([1.0, 2.0])
    >>> jvp(lambda x: x * x, (x,), (microtorch.tensor([1.0, 0.0]),))
    (tensor([1., 4.]), tensor([2., 0.]))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise TypeError("jvp: primals and tangents are tuples, as in jvp(func, (x,), (v,))")
    with level_of("jvp", primals) as level:
        vectors = tensors_in("jvp", "tangents", tangents)
        if [v.shape for v in vectors] != [x.shape for x in level.starts]:
            shapes = [x.shape for x in level.starts]
            raise ShapeError(f"jvp: tangents of shapes {[v.shape for v in vectors]} for primals of {shapes}")
        result = func(*level.tree)
        value, aux = result if has_aux else (result, None)
        outputs = tensors_in("jvp", "func", value)
        if strict and not all(y.requires_grad for y in outputs):
            raise GraphError("jvp: an output does not depend on the arguments, which strict=True forbids.")
        outside = level.tracked_from_outside([*outputs, *vectors])
        seeds = [wrap(np.zeros_like(y._array)).requires_grad_() for y in outputs]
        change = products(products(outputs, seeds, level.starts, True), vectors, seeds, outside)
    value, change = let_go(value, outside), let_go(rebuilt(value, change), outside)
    return (value, change, let_go(aux, outside)) if has_aux else (value, change)
