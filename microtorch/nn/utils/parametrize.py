"""Parameters that are computed from others, each time they are read: constraints, norms, symmetries.

Note [Parametrized classes]: a module with a parametrized tensor gets a class of its own, a subclass of its former class
in which the tensor's name is a property. The class is made once for each former class and set of names, and shared.
"""

import contextlib
import functools

import numpy as np

from ...autograd.inplace.changes import record_change
from ...autograd.mode import no_grad
from ...errors import ShapeError, user_line
from ...tensor import Tensor
from ..containers import ModuleDict, ModuleList
from ..module import BUFFER, PARAMETER, Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]

_kept = None  # {(id of a module, name): tensor} inside of `cached`


@contextlib.contextmanager
def cached():
    """Compute each parametrized tensor once within the block, however often it is read.

    Examples
    --------
    >>> from microtorch.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(nn.Linear(2, 3))
    >>> layer.weight is layer.weight
    False
    >>> with parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    global _kept
    outer = _kept
    _kept = {} if outer is None else outer
    try:
        yield
    finally:
        _kept = outer


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, one after the other, with what they compute it from.

    Parameters
    ----------
    modules : sequence of Module
    original : Tensor
        The tensor that becomes parametrized: a parameter or a buffer.
    unsafe : bool, default False
        See `register_parametrization`.

    Attributes
    ----------
    original : Parameter or Tensor
        What the first of them takes; ``original0``, ``original1``, ... where it takes several.
    """

    def __init__(self, modules, original, unsafe=False):
        super().__init__(modules)
        self.unsafe, value = unsafe, original
        with no_grad():
            for parametrization in reversed(list(self)):
                if hasattr(type(parametrization), "right_inverse"):
                    value = parametrization.right_inverse(value)
        self.is_tensor = isinstance(value, Tensor)
        if self.is_tensor:
            _check_same("right_inverse", "a tensor", value, original, shape=unsafe)
            _replace_values(original, value)
            self._hold("original", original, original)
            return
        values = tuple(value)
        self.ntensors = len(values)
        for i, part in enumerate(values):
            if not isinstance(part, Tensor):
                raise ValueError(
                    f"register_parametrization: right_inverse gives a {type(part).__name__} among its results. "
                    "It gives a Tensor, or a tuple of Tensors."
                )
            self._hold(f"original{i}", part.detach().clone(), original)

    def _hold(self, name, tensor, like):
        """Register `tensor` as a parameter or as a buffer, whichever `like` is."""
        if isinstance(like, Parameter):
            held = tensor if isinstance(tensor, Parameter) else Parameter(tensor, like.requires_grad)
            self.register_parameter(name, held)
        else:
            self.register_buffer(name, tensor)

    def _originals(self):
        names = ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]
        return [getattr(self, name) for name in names]

    def right_inverse(self, value):
        """Set the originals so that the parametrized tensor becomes `value`, as nearly as it can."""
        with no_grad():
            for parametrization in reversed(list(self)):
                if not hasattr(type(parametrization), "right_inverse"):
                    raise RuntimeError(
                        f"{type(parametrization).__name__} has no right_inverse, so a value cannot be assigned to what "
                        "it computes. Define right_inverse(self, value), or assign to the original."
                    )
                value = parametrization.right_inverse(value)
            values = (value,) if self.is_tensor else tuple(value)
            originals = self._originals()
            if len(values) != len(originals):
                raise ValueError(f"right_inverse gives {len(values)} tensors, and there are {len(originals)} originals")
            for original, new in zip(originals, values, strict=True):
                _check_same("right_inverse", "an original", new, original, shape=False)
                _replace_values(original, new)

    def forward(self):
        """The tensor that they compute."""
        first, *rest = self
        value = first(*self._originals())
        for parametrization in rest:
            value = parametrization(value)
        return value


def _check_same(what, of, value, original, shape):
    """Complain unless `value` is a tensor of the dtype and shape of `original`; of any `shape` where that is free."""
    if not isinstance(value, Tensor):
        raise ValueError(f"parametrization: {what} must give a Tensor, not a {type(value).__name__}")
    if value.dtype != original.dtype:
        raise ValueError(f"parametrization: {what} gives {value.dtype}, for {of} of {original.dtype}")
    if not shape and value.shape != original.shape:
        raise ShapeError(
            f"parametrization: {what} gives shape {value.shape}, for {of} of shape {original.shape}. Where that is "
            "meant, register_parametrization(..., unsafe=True)."
        )


def _replace_values(tensor, value):
    """Put `value` into `tensor`, which stays the same object, as optimizers know it."""
    if value.shape == tensor.shape:
        if value is not tensor:
            np.copyto(tensor._array, value._array)
            record_change(tensor._array, "parametrize", user_line())
    else:
        tensor.data = value.detach().clone()


@functools.cache
def _parametrized_class(base, names):
    """See Note [Parametrized classes]."""

    def __setattr__(self, name, value):
        if name in names:
            object.__setattr__(self, name, value)  # the property, also for a Parameter
        else:
            base.__setattr__(self, name, value)

    own = {name: _property(name) for name in names}
    return type(f"Parametrized{base.__name__}", (base,), {**own, "__setattr__": __setattr__, "_before": base})


def _property(name):
    def get(self):
        if _kept is None:
            return self.parametrizations[name]()
        key = id(self), name
        if key not in _kept:
            _kept[key] = self.parametrizations[name]()
        return _kept[key]

    def set(self, value):
        self.parametrizations[name].right_inverse(value)

    return property(get, set, doc=f"Tensor: what the parametrizations of {name} compute.")


def _set_names(module, names):
    base = type_before_parametrizations(module)
    module.__class__ = _parametrized_class(base, frozenset(names)) if names else base


def register_parametrization(module, tensor_name, parametrization, *, unsafe=False):
    """Have a parameter or buffer of a module computed by another module each time it is read.

    Parameters
    ----------
    tensor_name : str
        The name of one of its own parameters or buffers. A second parametrization of the same is applied after the
        first.
    parametrization : Module
        Its ``forward`` computes the tensor from the original. Where it has a ``right_inverse``, the original is set so
        that the tensor keeps its value, and values can be assigned to it.
    unsafe : bool, default False
        Whether shape and dtype may change.

    Returns
    -------
    Module
        `module`, of a subclass of its class: its repr begins with "Parametrized".

    Raises
    ------
    ValueError
        If there is no such tensor, or dtypes change.
    ShapeError
        If shapes change.

    Notes
    -----
    The original is the same Parameter as before, now under ``parametrizations.NAME.original``: optimizers go on.

    Examples
    --------
    >>> from microtorch.nn.utils.parametrize import register_parametrization
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all())
    True
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'parametrizations.weight.original']
    """
    for name, value, kind in (("module", module, Module), ("parametrization", parametrization, Module)):
        if not isinstance(value, kind):
            raise TypeError(f"register_parametrization: {name} is a {type(value).__name__}, not a Module")
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        held, before = module.parametrizations[tensor_name], getattr(module, tensor_name)
        if not unsafe:
            _check_same("the new parametrization", "the tensor", parametrization(before), before, shape=False)
        with no_grad():
            value = getattr(module, tensor_name)
            held.append(parametrization)
            if all(hasattr(type(p), "right_inverse") for p in held):
                held.right_inverse(value)
        held.unsafe |= unsafe
        return module
    if module._kinds.get(tensor_name) not in (PARAMETER, BUFFER) or getattr(module, tensor_name) is None:
        have = ", ".join(n for n, k in module._kinds.items() if k in (PARAMETER, BUFFER)) or "none"
        raise ValueError(
            f"register_parametrization: {type(module).__name__} has no parameter or buffer {tensor_name!r} of its own. "
            f"It has {have}."
        )
    original = getattr(module, tensor_name)
    like = original.detach().clone()
    held = ParametrizationList([parametrization], original, unsafe)
    with no_grad():
        found = held()
    if not unsafe:
        try:
            _check_same("the parametrization", "the tensor", found, like, shape=False)
        except (ValueError, ShapeError):
            _replace_values(original, like)
            raise
    delattr(module, tensor_name)
    if not is_parametrized(module):
        module.parametrizations = ModuleDict()
    module.parametrizations[tensor_name] = held
    _set_names(module, module.parametrizations.keys())
    return module


def is_parametrized(module, tensor_name=None):
    """Whether a tensor of a module is computed by parametrizations.

    Parameters
    ----------
    tensor_name : str, optional
        Which; default any.
    """
    held = module.__dict__.get("parametrizations")
    if not isinstance(held, ModuleDict) or not hasattr(type(module), "_before"):
        return False
    return len(held) > 0 if tensor_name is None else tensor_name in held


def type_before_parametrizations(module):
    """The class of a `module` without its parametrizations."""
    return getattr(type(module), "_before", type(module))


def remove_parametrizations(module, tensor_name, leave_parametrized=True):
    """Make a parametrized tensor a plain parameter or buffer again.

    Parameters
    ----------
    tensor_name : str
    leave_parametrized : bool, default True
        Whether it keeps the value that was computed, else it gets that of the original.

    Returns
    -------
    Module
        `module`.

    Raises
    ------
    ValueError
        If the tensor is not parametrized, or the original to come back to is several tensors.

    Examples
    --------
    >>> from microtorch.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(nn.Linear(2, 3))
    >>> parametrize.remove_parametrizations(layer, "weight")
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"remove_parametrizations: {tensor_name!r} of {type(module).__name__} is not parametrized.")
    held = module.parametrizations[tensor_name]
    original = held._originals()[0]
    if leave_parametrized:
        with no_grad():
            value = getattr(module, tensor_name).detach()
        if held.is_tensor:
            _replace_values(original, value)
        else:
            value = value.clone()
            original = Parameter(value, original.requires_grad) if isinstance(original, Parameter) else value
    elif not held.is_tensor:
        raise ValueError(
            f"remove_parametrizations: {tensor_name!r} is computed from {held.ntensors} tensors, so there is no "
            "original to come back to. Use leave_parametrized=True."
        )
    del module.parametrizations[tensor_name]
    _set_names(module, module.parametrizations.keys())
    if not module.parametrizations:
        del module.parametrizations
    if isinstance(original, Parameter):
        module.register_parameter(tensor_name, original)
    else:
        module.register_buffer(tensor_name, original)
    return module
