"""Mixed precision, answered as on a machine without CUDA: it is off, which is said once, and all stays float32."""

import contextlib

from ..devices import device
from ..dtypes import as_dtype, float32
from ..errors import warn_at_user_line

__all__ = ["GradScaler", "autocast", "is_autocast_available"]


def is_autocast_available(device_type):
    """Whether operations on a `device_type` can be computed in 16 bits: False."""
    return False


class autocast(contextlib.ContextDecorator):
    """A context or decorator in which PyTorch computes in 16 bits, and microtorch in float32 as everywhere.

    Parameters
    ----------
    device_type : str
        ``"cuda"``, which is not here: a warning says that it is off. ``"cpu"`` can't be obeyed.
    dtype : dtype, optional
        float32 asks for what is done anyway.
    enabled : bool, default True
        Whether it is asked for at all.
    cache_enabled : bool, optional
        Accepted, without effect.

    Raises
    ------
    ValueError
        For 16 bits on the CPU: PyTorch would compute in bfloat16, with other numbers.

    Examples
    --------
    >>> with microtorch.autocast("cpu", enabled=False):
    ...     print((microtorch.ones(2) + 1).dtype)
    float32
    """

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        kind = device(device_type).type
        if enabled and kind != "cpu":
            warn_at_user_line(f"autocast: {kind} is not here, so it is off: all is computed in float32.")
        elif enabled and (dtype is None or as_dtype(dtype) != float32):
            raise ValueError(
                "autocast: on the CPU it computes in bfloat16, which is not here: numpy has no such dtype. Say "
                "enabled=False, or leave it out; all is computed in float32."
            )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None


class GradScaler:
    """The scale that keeps small gradients of 16 bits above 0: off, as on a machine without CUDA, where PyTorch's is.

    Parameters
    ----------
    device : str, default "cuda"
        Not here.
    init_scale, growth_factor, backoff_factor, growth_interval
        Accepted, without effect.
    enabled : bool, default True
        If so, a warning says once that it is off.

    Examples
    --------
    >>> w = microtorch.ones(1, requires_grad=True)
    >>> scaler, sgd = microtorch.amp.GradScaler(enabled=False), microtorch.optim.SGD([w], lr=0.5)
    >>> scaler.scale(w.sum()).backward()
    >>> scaler.step(sgd)
    >>> scaler.update()
    >>> w.detach()
    tensor([0.5])
    """

    def __init__(
        self,
        device="cuda",
        init_scale=65536.0,
        growth_factor=2.0,
        backoff_factor=0.5,
        growth_interval=2000,
        enabled=True,
    ):
        if enabled:
            warn_at_user_line("GradScaler: CUDA is not here, so it is off: gradients of float32 need no scale.")

    def scale(self, outputs):
        """The `outputs` themselves."""
        return outputs

    def unscale_(self, optimizer):
        """Nothing: the gradients of the parameters of `optimizer` are not scaled."""

    def step(self, optimizer, *args, **kwargs):
        """Do ``optimizer.step(*args, **kwargs)``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale=None):
        """Nothing: there is no scale, and `new_scale` would not be used."""

    def get_scale(self):
        """The scale: 1."""
        return 1.0

    def is_enabled(self):
        """Whether gradients are scaled: False."""
        return False

    def state_dict(self):
        """The state: none."""
        return {}

    def load_state_dict(self, state_dict):
        """Nothing: a `state_dict` of scales has no use here."""
