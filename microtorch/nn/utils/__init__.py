"""Functions on gradients and parameters of whole models, and to the parameters of a layer: as torch.nn.utils.

Parameters
----------
module : Module
"""

from .clip_grad import clip_grad_norm, clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from .convert_parameters import parameters_to_vector, vector_to_parameters

_HOOKED = ("remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm")


def __getattr__(name):
    # Loaded when asked for: most models need none of them.
    from importlib import import_module

    if name in ("parametrizations", "parametrize", "prune", "stateless"):
        return import_module(f".{name}", __name__)
    if name in _HOOKED:
        return getattr(import_module(".hooked", __name__), name)
    from ...pytorch.absent import refuse

    raise refuse("nn.utils", name, globals())


__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "vector_to_parameters",
    *_HOOKED,
]
