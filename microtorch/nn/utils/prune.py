"""Pruning: weights that are held at 0 by a mask, under the names of torch.nn.utils.prune.

A pruned parameter NAME becomes the parameter NAME_orig and the buffer NAME_mask; their product is computed before each
forward. Pruning again takes away from what is left.

Parameters
----------
name : str
    Of one of its parameters.
amount : float or int
    Which share of the elements that are left, or how many.
dim : int
    The dimension along which slices are counted: 0, outputs of a Linear; 1, its inputs.

Returns
-------
Module
    `module`.
"""

import numbers

import numpy as np

from ...errors import ShapeError
from ...from_data import as_tensor
from ...random import default_generator
from ...tensor import wrap
from ..parameter import Parameter
from .hooked import BeforeForward

__all__ = [
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


class _Masked(BeforeForward):
    def compute(self, module):
        return getattr(module, f"{self.name}_orig") * getattr(module, f"{self.name}_mask")


def _pruned(module, name, choose):
    """Set to 0 in the mask of ``module.name`` what ``choose(values, mask)``, a new mask, leaves out."""
    hook = _Masked.of(module, name)
    if hook is None:
        parameter = module.get_parameter(name)
        mask = np.ones_like(parameter._array)
    else:
        parameter, mask = getattr(module, f"{name}_orig"), getattr(module, f"{name}_mask")._array
    mask = np.minimum(mask, choose(parameter._array, mask)).astype(parameter.dtype)  # before anything is changed
    if hook is None:
        delattr(module, name)
        module.register_parameter(f"{name}_orig", parameter)
        module.register_buffer(f"{name}_mask", wrap(mask))
        hook = (_Masked(name),)
        module.register_forward_pre_hook(hook[0])
    else:
        setattr(module, f"{name}_mask", wrap(mask))
    setattr(module, name, hook[0].compute(module))
    return module


def _count(amount, left):
    """How many of `left` are pruned for an `amount`, a share or a number."""
    if not isinstance(amount, numbers.Real) or isinstance(amount, bool) or amount < 0:
        raise ValueError(f"prune: amount is {amount!r}. Pass a share from 0 to 1, or how many as an int.")
    if isinstance(amount, numbers.Integral):
        if amount > left:
            raise ValueError(f"prune: {amount} are to be pruned of {left} that are left.")
        return int(amount)
    if amount > 1:
        raise ValueError(f"prune: amount is {amount}. A share lies from 0 to 1.")
    return round(amount * left)


def _smallest(sizes, mask, amount):
    """`mask` without the `amount` of its elements for which `sizes` is least."""
    left = np.flatnonzero(mask.ravel() == 1)
    gone = left[np.argsort(sizes.ravel()[left], kind="stable")[: _count(amount, left.size)]]
    mask = mask.copy()
    mask.ravel()[gone] = 0
    return mask


def identity(module, name):
    """Give a parameter a mask of ones, which prunes nothing."""
    return _pruned(module, name, lambda values, mask: mask)


def random_unstructured(module, name, amount):
    """Prune elements at random.

    Examples
    --------
    >>> from microtorch.nn.utils import prune
    >>> layer = prune.random_unstructured(nn.Linear(4, 3), "weight", amount=0.5)
    >>> int(layer.weight_mask.sum())
    6
    """
    draw = default_generator.numpy.random
    return _pruned(module, name, lambda values, mask: _smallest(draw(values.shape), mask, amount))


def l1_unstructured(module, name, amount, importance_scores=None):
    """Prune the elements of the smallest absolute value.

    Parameters
    ----------
    importance_scores : Tensor, optional
        Of the shape of the parameter: what is compared, in the place of its elements.

    Examples
    --------
    >>> from microtorch.nn.utils import prune
    >>> layer = nn.Linear(3, 1)
    >>> layer.weight.data = microtorch.tensor([[3.0, -1.0, 2.0]])
    >>> prune.l1_unstructured(layer, "weight", amount=1).weight.detach()
    tensor([[ 3., -0.,  2.]])
    """

    def choose(values, mask):
        scores = values if importance_scores is None else as_tensor(importance_scores)._array
        if scores.shape != values.shape:
            raise ShapeError(f"prune: importance_scores {scores.shape} for a parameter of shape {values.shape}")
        return _smallest(np.abs(scores), mask, amount)

    return _pruned(module, name, choose)


def _slices(values, mask, amount, dim, sizes):
    """`mask` without whole slices along `dim`: the `amount` of them for which ``sizes(rows)`` is least."""
    if values.ndim < 2:
        raise ValueError(f"prune: a parameter of shape {values.shape} has no slices. Prune its elements.")
    if not -values.ndim <= dim < values.ndim:
        raise IndexError(f"prune: dim {dim} is out of range for a parameter of shape {values.shape}")
    rows = np.moveaxis(values * mask, dim, 0).reshape(values.shape[dim], -1)
    alive = np.moveaxis(mask, dim, 0).reshape(values.shape[dim], -1).any(axis=1)
    kept = _smallest(sizes(rows), alive.astype(values.dtype), amount)
    shape = [1] * values.ndim
    shape[dim] = -1
    return np.minimum(mask, kept.reshape(shape))


def random_structured(module, name, amount, dim):
    """Prune whole slices, as the weights of an output, at random.

    Parameters
    ----------
    name : str
        Of one of its parameters, of two dimensions or more.
    amount : float or int
        Which share of the slices that are left, or how many.
    """
    draw = default_generator.numpy.random
    return _pruned(module, name, lambda v, mask: _slices(v, mask, amount, dim, lambda rows: draw(len(rows))))


def ln_structured(module, name, amount, n, dim, importance_scores=None):
    """Prune the slices of the smallest norm.

    Parameters
    ----------
    name : str
        Of one of its parameters, of two dimensions or more.
    amount : float or int
        Which share of the slices that are left, or how many.
    n : float
        The p of the norm.
    importance_scores : Tensor, optional
        Of the shape of the parameter: whose norms are compared, in the place of its own.

    Examples
    --------
    >>> from microtorch.nn.utils import prune
    >>> layer = nn.Linear(2, 2)
    >>> layer.weight.data = microtorch.tensor([[3.0, 0.0], [1.0, 1.0]])
    >>> prune.ln_structured(layer, "weight", amount=1, n=2, dim=0).weight.detach()
    tensor([[3., 0.],
            [0., 0.]])
    """

    def choose(values, mask):
        scores = values if importance_scores is None else as_tensor(importance_scores)._array
        return _slices(scores, mask, amount, dim, lambda rows: np.linalg.norm(rows, n, axis=1))

    return _pruned(module, name, choose)


def custom_from_mask(module, name, mask):
    """Prune where a mask is 0.

    Parameters
    ----------
    mask : Tensor
        Of the shape of the parameter, of 0s and 1s.
    """

    def choose(values, _):
        array = as_tensor(mask)._array
        if array.shape != values.shape:
            raise ShapeError(f"prune: a mask of shape {array.shape} for a parameter of shape {values.shape}")
        return (array != 0).astype(values.dtype)

    return _pruned(module, name, choose)


def global_unstructured(parameters, pruning_method=None, importance_scores=None, amount=0.0):
    """Prune the elements of the smallest absolute value among several parameters together.

    Parameters
    ----------
    parameters : iterable of (Module, str)
    pruning_method : callable, default `l1_unstructured`
        `l1_unstructured` or `random_unstructured`: by absolute value, or at random.
    importance_scores : dict of (Module, str) to Tensor, optional
        What is compared, in the place of the elements.
    amount : float or int
        Which share of all elements that are left, or how many.

    Returns
    -------
    None

    Examples
    --------
    >>> from microtorch.nn.utils import prune
    >>> net = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    >>> prune.global_unstructured([(net[0], "weight"), (net[1], "weight")], prune.l1_unstructured, amount=0.5)
    >>> int(net[0].weight_mask.sum() + net[1].weight_mask.sum())
    16
    """
    if pruning_method not in (None, l1_unstructured, random_unstructured):
        raise TypeError(
            f"global_unstructured: pruning_method is {pruning_method!r}. Pass prune.l1_unstructured or "
            "prune.random_unstructured."
        )
    places, scores, masks = list(parameters), importance_scores or {}, []
    flat = []
    for module, name in places:
        entry = _Masked.of(module, name)
        values = (getattr(module, f"{name}_orig") if entry else module.get_parameter(name))._array
        masks.append(getattr(module, f"{name}_mask")._array if entry else np.ones_like(values))
        given = scores.get((module, name))
        flat.append(np.abs(values if given is None else as_tensor(given)._array).ravel())
    sizes = np.concatenate(flat)
    if pruning_method is random_unstructured:
        sizes = default_generator.numpy.random(sizes.size)
    kept = _smallest(sizes, np.concatenate([mask.ravel() for mask in masks]), amount)
    parts = np.split(kept, np.cumsum([mask.size for mask in masks])[:-1])
    for (module, name), mask, part in zip(places, masks, parts, strict=True):
        custom_from_mask(module, name, part.reshape(mask.shape))


def remove(module, name):
    """Make a pruned parameter a plain one again; what was pruned is 0 in it.

    Parameters
    ----------
    name : str

    Raises
    ------
    ValueError
        If it is not pruned.
    """
    hook = _Masked.taken_off("prune.remove", module, name)
    parameter = getattr(module, f"{name}_orig")
    parameter.data = hook.compute(module).detach()
    for gone in (name, f"{name}_orig", f"{name}_mask"):
        delattr(module, gone)
    module.register_parameter(name, parameter if isinstance(parameter, Parameter) else Parameter(parameter))
    return module


def is_pruned(module):
    """Whether a parameter of `module`, or of a module below it, is pruned."""
    hooks = (m._hooks.before for m in module.modules() if m._hooks is not None)
    return any(isinstance(entry[0], _Masked) for before in hooks for entry in before)
