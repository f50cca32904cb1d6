"""The names that scripts ask of accelerators in general, answered as on a machine without one."""

from . import not_here
from .cuda import empty_cache, synchronize

__all__ = [
    "current_accelerator",
    "current_device_index",
    "device_count",
    "empty_cache",
    "is_available",
    "set_device_index",
    "synchronize",
]


def is_available():
    """Whether there is an accelerator: False."""
    return False


def device_count():
    """How many there are: 0."""
    return 0


def current_accelerator(check_available=False):
    """The device of the accelerator: None, with and without `check_available`."""
    return None


def current_device_index():
    """Raise ValueError: there is no accelerator to have a number."""
    raise not_here("accelerator.current_device_index")


def set_device_index(device):
    """Raise ValueError: there is no accelerator to choose, `device` or another."""
    raise not_here(f"accelerator.set_device_index({device!r})")
