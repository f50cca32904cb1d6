"""Generators: where all randomness comes from, so that a seed repeats a run bit for bit."""

import contextlib
import os

import numpy as np

from .autograd.mode import state
from .autograd.observe import tell
from .devices import CPU, check_device

__all__ = [
    "Generator",
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]

_MASK = (1 << 64) - 1
# The numbers in a state, and of how many bits they are.
_STATE = {
    "seed": 64,
    "keys": 64,
    "numpy.state.state": 128,
    "numpy.state.inc": 128,
    "numpy.has_uint32": 1,
    "numpy.uinteger": 32,
}


class Generator:
    """A source of random numbers with a state of its own.

    Parameters
    ----------
    device : str, default "cpu"
        Accepted for compatibility; there is only the CPU.

    Notes
    -----
    Two streams come from one seed: numbers are drawn from ``numpy`` (PCG64), and masks of dropout are computed from
    keys, so that they can be computed again in the backward pass instead of being stored.

    Examples
    --------
    >>> g = microtorch.Generator().manual_seed(0)
    >>> a = microtorch.rand(3, generator=g)
    >>> b = microtorch.rand(3, generator=g.manual_seed(0))
    >>> bool((a == b).all())
    True
    """

    def __init__(self, device="cpu"):
        check_device(device)
        self.device = CPU
        # The seed, and how many keys of masks were drawn: memory, in which kernels count.
        self.words = np.zeros(2, np.uint64)
        self.manual_seed(67280421310721)  # PyTorch's default seed

    def manual_seed(self, seed):
        """Start again from `seed`, an int; return the generator."""
        seed = int(seed)
        if not -(1 << 63) <= seed <= _MASK:
            raise ValueError(f"manual_seed: {seed} does not fit 64 bits")
        self.words[:], self._numpy = (seed & _MASK, 0), None
        return self

    def seed(self):
        """Start again from a seed of the operating system's; return it."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self.initial_seed()

    def initial_seed(self):
        """The seed it started from."""
        return int(self.words[0])

    @property
    def numpy(self):
        """numpy.random.Generator: to draw numbers from."""
        if state.observers:
            tell("left", "random numbers are drawn outside an operation")
        if self._numpy is None:
            self._numpy = np.random.Generator(np.random.PCG64(self.initial_seed()))
        return self._numpy

    def get_state(self):
        """The state as a dict that JSON can hold, for `set_state`."""
        seed, keys = map(int, self.words)
        return {"seed": seed, "keys": keys, "numpy": self.numpy.bit_generator.state}

    def set_state(self, state):
        """Go on from a state that `get_state` gave; a ValueError names what in another one is wrong."""
        fresh = np.random.Generator(np.random.PCG64(0))
        try:
            for path, bits in _STATE.items():
                value = state
                for name in path.split("."):
                    value = value[name]
                if type(value) is not int or not 0 <= value < 1 << bits:
                    raise ValueError(f"{path} is {value!r}")
            if state["numpy"]["bit_generator"] != "PCG64":
                raise ValueError(f"numpy.bit_generator is {state['numpy']['bit_generator']!r}")
            fresh.bit_generator.state = state["numpy"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"set_state: not a state of a microtorch Generator ({what})") from None
        self.words[:], self._numpy = (state["seed"], state["keys"]), fresh

    def jump(self, count):
        """Go on so far ahead, `count` times, that what comes never meets what would have come; return itself.

        For streams of several processes from one seed.
        """
        if count:
            self.words[1] += np.uint64(count << 40)
            ahead = self.numpy.bit_generator.jumped(count)
            self._numpy = np.random.Generator(ahead)
        return self

    def clone_state(self):
        """A new generator that goes on from the same state."""
        other = Generator()
        other.set_state(self.get_state())
        return other

    def __reduce__(self):  # pickle and deepcopy: by what the state is made of
        return Generator, (), self.get_state()

    def __setstate__(self, state):
        self.set_state(state)

    def __repr__(self):
        return f"Generator(seed={self.initial_seed()})"


default_generator = Generator()


def manual_seed(seed):
    """Seed the default generator.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Generator
        The default generator.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    """
    return default_generator.manual_seed(seed)


def seed():
    """Seed the default generator from the operating system; return the seed."""
    return default_generator.seed()


def initial_seed():
    """The seed the default generator started from."""
    return default_generator.initial_seed()


def get_rng_state():
    """The state of the default generator, a dict that JSON can hold."""
    return default_generator.get_state()


def set_rng_state(state):
    """Put the default generator into the `state` that `get_rng_state` gave."""
    default_generator.set_state(state)


@contextlib.contextmanager
def fork_rng(devices=None, enabled=True):
    """A context after which the default generator goes on as if nothing had been drawn inside.

    Parameters
    ----------
    devices : optional
        Accepted, without effect: there is only the CPU.
    enabled : bool, default True
        If not, the context does nothing.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> with microtorch.random.fork_rng():
    ...     a = microtorch.rand(3)
    >>> bool((a == microtorch.rand(3)).all())
    True
    """
    before = default_generator.get_state()
    try:
        yield
    finally:
        if enabled:
            default_generator.set_state(before)


def __getattr__(name):
    from .pytorch.absent import refuse

    raise refuse("random", name, globals())
