"""Names that scripts ask of CUDA, answered as on a machine without it: none is there, and tidying up does nothing."""

from . import not_here

__path__ = []  # scripts import torch.cuda.amp as a module in this one


def is_available():
    """Whether there is a CUDA device: False."""
    return False


def device_count():
    """How many CUDA devices there are: 0."""
    return 0


def is_initialized():
    """Whether CUDA is in use: False."""
    return False


def is_bf16_supported():
    """Whether a CUDA device computes in bfloat16: False."""
    return False


def manual_seed(seed):
    """Nothing: no CUDA device draws numbers. `seed` is for them; `microtorch.manual_seed` seeds what is drawn here."""


manual_seed_all = manual_seed


def empty_cache():
    """Nothing: there is no cache of device memory."""


def ipc_collect():
    """Nothing: there is no device memory that processes share."""


def reset_peak_memory_stats(device=None):
    """Nothing: no memory of a `device` is counted."""


def synchronize(device=None):
    """Nothing: operations are done when they return, on the one `device` there is."""


def memory_allocated(device=None):
    """The bytes that tensors occupy on a CUDA `device`: 0."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated


def _refuse(name):
    def function(*args, **kwargs):
        raise not_here(f"cuda.{name}")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Raise ValueError: there is no CUDA device to speak of."
    return function


current_device = _refuse("current_device")
set_device = _refuse("set_device")
get_device_name = _refuse("get_device_name")
get_device_properties = _refuse("get_device_properties")
get_device_capability = _refuse("get_device_capability")


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    if name == "amp":
        from ..pytorch import cuda_amp

        return cuda_amp
    raise AttributeError(f"cuda.{name} is for CUDA devices, and microtorch runs on the CPU only.", name=name)
