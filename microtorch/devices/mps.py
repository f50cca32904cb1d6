"""The names that scripts ask of Apple's GPU, answered as on a machine without one."""

from .cuda import empty_cache, manual_seed, synchronize

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "seed", "synchronize"]


def is_available():
    """Whether there is such a GPU that can be used: False."""
    return False


def device_count():
    """How many there are: 0."""
    return 0


def seed():
    """Nothing: no such device draws numbers."""
