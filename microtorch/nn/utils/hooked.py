"""PyTorch's older forms of weight and spectral normalisation, with a hook before each forward.

Parameters
----------
name : str, default "weight"

Returns
-------
Module
    `module`.
"""

import warnings

from ...autograd.mode import no_grad
from ...ops import dot, mv
from ...random import default_generator
from ...tensor import wrap
from ..functional import normalize
from ..parameter import Parameter
from .parametrizations import norm_except_dim

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]


class BeforeForward:
    """A hook that computes the tensor called `name` of its module anew before each forward."""

    def __init__(self, name):
        self.name = name

    def __call__(self, module, inputs):
        setattr(module, self.name, self.compute(module))

    @classmethod
    def of(cls, module, name):
        """(hook, its place among the hooks) of this kind for `name`, or None."""
        for entry in module._hooks.before if module._hooks is not None else ():
            if isinstance(entry[0], cls) and entry[0].name == name:
                return entry
        return None

    @classmethod
    def taken_off(cls, caller, module, name):
        """Take the hook off its module and return it."""
        entry = cls.of(module, name)
        if entry is None:
            raise ValueError(f"{caller}: there is none on {name!r} of {type(module).__name__}.")
        module._hooks.before.remove(entry)
        return entry[0]


class _WeightNorm(BeforeForward):
    def __init__(self, name, dim):
        super().__init__(name)
        self.dim = dim

    def compute(self, module):
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        return v * (g / norm_except_dim(v, self.dim))


def weight_norm(module, name="weight", dim=0):
    """Train the length and the direction of a weight apart; as `parametrizations.weight_norm`, in its older form.

    Parameters
    ----------
    dim : int or None, default 0
        As in `parametrizations.weight_norm`.

    Returns
    -------
    Module
        `module`, with parameters NAME_g and NAME_v in the place of NAME.

    Warns
    -----
    FutureWarning
        As PyTorch: the newer form is `parametrizations.weight_norm`.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(action="ignore"):
    ...     layer = nn.utils.weight_norm(nn.Linear(20, 40))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    warnings.warn(
        "nn.utils.weight_norm is an older form. Use nn.utils.parametrizations.weight_norm.", FutureWarning, stacklevel=2
    )
    if _WeightNorm.of(module, name) is not None:
        raise RuntimeError(f"weight_norm: {name!r} of {type(module).__name__} has one already.")
    weight = getattr(module, name)
    hook = _WeightNorm(name, dim)
    delattr(module, name)
    with no_grad():
        module.register_parameter(f"{name}_g", Parameter(norm_except_dim(weight.detach(), dim), weight.requires_grad))
    module.register_parameter(f"{name}_v", Parameter(weight.detach(), weight.requires_grad))
    setattr(module, name, hook.compute(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module, name="weight"):
    """Make a weight with `weight_norm` a plain parameter again."""
    hook = _WeightNorm.taken_off("remove_weight_norm", module, name)
    wanted = getattr(module, f"{name}_v").requires_grad
    with no_grad():
        weight = hook.compute(module).detach()
    for gone in (name, f"{name}_g", f"{name}_v"):
        delattr(module, gone)
    module.register_parameter(name, Parameter(weight, wanted))
    return module


class _SpectralNorm(BeforeForward):
    def __init__(self, name, iterations, dim, eps):
        super().__init__(name)
        self.iterations, self.dim, self.eps = iterations, dim, eps

    def matrix(self, weight):
        rest = [i for i in range(weight.ndim) if i != self.dim]
        return weight.permute((self.dim, *rest)).reshape(weight.shape[self.dim], -1)

    def compute(self, module, iterate=None):
        weight = getattr(module, f"{self.name}_orig")
        matrix = self.matrix(weight)
        if module.training if iterate is None else iterate:
            with no_grad():
                for _ in range(self.iterations):
                    v = normalize(mv(matrix.T, getattr(module, f"{self.name}_u")), dim=0, eps=self.eps)
                    setattr(module, f"{self.name}_v", v)
                    setattr(module, f"{self.name}_u", normalize(mv(matrix, v), dim=0, eps=self.eps))
        u, v = (getattr(module, f"{self.name}_{letter}") for letter in "uv")
        return weight / dot(u, mv(matrix, v))


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Divide a weight by its largest singular value; as `parametrizations.spectral_norm`, in its older form.

    Parameters
    ----------
    n_power_iterations : int, default 1
    eps : float, default 1e-12
    dim : int, default 0
        As in `parametrizations.spectral_norm`.

    Returns
    -------
    Module
        `module`, with the parameter NAME_orig and the buffers NAME_u and NAME_v; NAME is computed before each forward.

    Examples
    --------
    >>> layer = nn.utils.spectral_norm(nn.Linear(20, 40))
    >>> layer.weight_u.shape, [name for name, _ in layer.named_parameters()]
    ((40,), ['bias', 'weight_orig'])
    """
    if n_power_iterations < 1:
        raise ValueError(f"spectral_norm: n_power_iterations is {n_power_iterations}. Pass a positive number.")
    if _SpectralNorm.of(module, name) is not None:
        raise RuntimeError(f"spectral_norm: {name!r} of {type(module).__name__} has one already.")
    weight = getattr(module, name)
    hook = _SpectralNorm(name, n_power_iterations, 0 if dim is None else dim, eps)
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    matrix = hook.matrix(weight.detach())
    for letter, count in zip("uv", matrix.shape, strict=True):
        drawn = default_generator.numpy.standard_normal(count).astype(weight.dtype)
        module.register_buffer(f"{name}_{letter}", normalize(wrap(drawn), dim=0, eps=eps))
    setattr(module, name, weight.detach())
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module, name="weight"):
    """Make a weight with `spectral_norm` a plain parameter again."""
    hook = _SpectralNorm.taken_off("remove_spectral_norm", module, name)
    wanted = getattr(module, f"{name}_orig").requires_grad
    with no_grad():
        weight = hook.compute(module, iterate=False).detach()
    for gone in (name, f"{name}_u", f"{name}_v", f"{name}_orig"):
        delattr(module, gone)
    module.register_parameter(name, Parameter(weight, wanted))
    return module
