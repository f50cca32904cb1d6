"""Models as functions of their parameters."""

from contextlib import contextmanager

from ..errors import ShapeError
from ..ops import stack
from ..tensor import Tensor

__all__ = ["functional_call", "stack_module_state"]


def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Call a module with other parameters and buffers than its own, which stay as they are.

    Parameters
    ----------
    module : Module
    parameter_and_buffer_dicts : dict of str to Tensor, or tuple of such dicts
        Tensors by dotted path, as ``dict(model.named_parameters())``. What is not named is the module's own.
    args : object or tuple, optional
        The positional arguments; one that is no tuple is the only argument.
    kwargs : dict, optional
    tie_weights : bool, default True
        Whether a tensor for a shared parameter goes to all its places.
    strict : bool, default False
        Whether every parameter and buffer must be named.

    Returns
    -------
    object
        What the module returns. Gradients flow to the given tensors.

    Raises
    ------
    ValueError
        If a path is given twice, or with `tie_weights` two tensors for one shared parameter.
    RuntimeError
        With `strict`, if names are missing or unexpected.

    Examples
    --------
    >>> from microtorch.func import functional_call
    >>> layer = nn.Linear(2, 1)
    >>> weights = {"weight": microtorch.tensor([[1.0, 2.0]]), "bias": microtorch.tensor([0.5])}
    >>> functional_call(layer, weights, microtorch.tensor([[1.0, 1.0]]))
    tensor([[3.5]])
    """
    given = _one_dict(parameter_and_buffer_dicts)
    places = _places(module, given, tie_weights, strict)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _in_place(places):
        return module(*args, **(kwargs or {}))


def _one_dict(dicts):
    if isinstance(dicts, dict):
        return dicts
    given = {}
    for part in dicts:
        for name, value in part.items():
            if name in given:
                raise ValueError(f"functional_call: {name!r} is given twice")
            given[name] = value
    return given


def _places(module, given, tie_weights, strict):
    """[(owner, name, tensor)] for all places where a given tensor is to be."""
    own = {}  # path: (owner, name, tensor)
    for path, m in module.named_modules(remove_duplicate=False):
        for name, t in (m._parameters | m._buffers).items():
            own[f"{path}.{name}" if path else name] = m, name, t
    unexpected = [name for name in given if name not in own]
    missing = [name for name, (_, _, t) in own.items() if name not in given and t is not None]
    if strict and (unexpected or missing):
        raise RuntimeError(f"functional_call: missing {missing or 'nothing'}, unexpected {unexpected or 'nothing'}")
    if unexpected:
        raise KeyError(f"functional_call: {type(module).__name__} has no {', '.join(map(repr, unexpected))}")
    for name, value in given.items():
        if not isinstance(value, Tensor):
            raise TypeError(f"functional_call: {name!r} is a {type(value).__name__}, not a Tensor")
    tied = {}
    for name, value in given.items():
        tensor = own[name][2]
        if tie_weights and tensor is not None and tied.setdefault(id(tensor), value) is not value:
            raise ValueError(f"functional_call: {name!r} is shared, and its places are given different tensors")
    found = []
    for name, (m, key, tensor) in own.items():
        if name in given:
            found.append((m, key, given[name]))
        elif tie_weights and tensor is not None and id(tensor) in tied:
            found.append((m, key, tied[id(tensor)]))
    return found


@contextmanager
def _in_place(places):
    """The given tensors in their places, and what was there before at the end."""
    before = [(m, name, m.__dict__[name]) for m, name, _ in places]
    try:
        for m, name, tensor in places:
            m.__dict__[name] = tensor
        yield
    finally:
        for m, name, tensor in before:
            m.__dict__[name] = tensor


def stack_module_state(models):
    """The parameters and the buffers of several models of one kind, stacked, for an ensemble with `vmap`.

    Parameters
    ----------
    models : sequence of Module
        Of one class and mode, with parameters of the same shapes.

    Returns
    -------
    parameters, buffers : dict of str to Tensor
        Each with a new first dimension, the models. Parameters are leaves that require a gradient.

    Raises
    ------
    RuntimeError, ValueError
        If there are none, or they differ in class, mode or shapes.

    Examples
    --------
    >>> from microtorch.func import functional_call, stack_module_state, vmap
    >>> models = [nn.Linear(3, 2) for _ in range(4)]
    >>> parameters, buffers = stack_module_state(models)
    >>> vmap(lambda p, x: functional_call(models[0], p, x), (0, None))(parameters, microtorch.ones(5, 3)).shape
    (4, 5, 2)
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: no models. Pass at least one.")
    if len({type(m) for m in models}) > 1:
        kinds = ", ".join(sorted({type(m).__name__ for m in models}))
        raise RuntimeError(f"stack_module_state: models of one class can be stacked, not of {kinds}")
    if len({m.training for m in models}) > 1:
        raise RuntimeError("stack_module_state: some models are in training and some are not. Call train() or eval().")

    def stacked(dicts):
        found = {}
        for name, first in dicts[0].items():
            parts = [d[name].detach() if name in d else None for d in dicts]
            shapes = {p.shape if p is not None else None for p in parts}
            if len(shapes) > 1:
                raise ShapeError(f"stack_module_state: {name} has different shapes in the models: {shapes}")
            found[name] = stack(parts).requires_grad_(first.requires_grad)
        return found

    parameters = stacked([dict(m.named_parameters()) for m in models])
    return parameters, stacked([dict(m.named_buffers()) for m in models])
