"""PyTorch's older place of `functional_call`."""

import warnings

__all__ = ["functional_call"]


def functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """As `microtorch.func.functional_call`, which is its newer place.

    Parameters
    ----------
    module, parameters_and_buffers, args, kwargs, tie_weights, strict
        As there.
    """
    from ...func import functional_call

    warnings.warn(
        "nn.utils.stateless.functional_call is an older place. Use func.functional_call.", FutureWarning, stacklevel=2
    )
    return functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)
