"""Random tensors, drawn from the default generator or the one that is given."""

import numpy as np

from ..autograd.inplace import in_place
from ..random import default_generator
from ..tensor import Tensor, as_dtype, as_tensor, attach, float32, int64, wrap
from .creation import leaf, shape_of

__all__ = ["bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randn", "randn_like", "randperm"]


def rand(*size, generator=None, dtype=None, device=None, requires_grad=False):
    """Numbers drawn evenly from [0, 1)."""
    g = (generator or default_generator).numpy
    return leaf(np.asarray(g.random(shape_of(size), as_dtype(dtype or float32))), requires_grad)


def randn(*size, generator=None, dtype=None, device=None, requires_grad=False):
    """Numbers drawn from the standard normal distribution."""
    g = (generator or default_generator).numpy
    return leaf(np.asarray(g.standard_normal(shape_of(size), as_dtype(dtype or float32))), requires_grad)


def randint(low, high, size=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """Integers drawn evenly from `low` to before `high`."""
    if size is None:
        low, high, size = 0, low, high
    g = (generator or default_generator).numpy
    return leaf(np.asarray(g.integers(low, high, shape_of((size,)))).astype(as_dtype(dtype or int64)), requires_grad)


def randperm(n, *, generator=None, dtype=int64, device=None, requires_grad=False):
    """The integers below `n` in random order."""
    return leaf((generator or default_generator).numpy.permutation(n).astype(as_dtype(dtype)), requires_grad)


def rand_like(input, *, generator=None, dtype=None, device=None, requires_grad=False):
    """As `rand`, in the shape and dtype of `input`."""
    return rand(input.shape, generator=generator, dtype=dtype or input.dtype, requires_grad=requires_grad)


def randn_like(input, *, generator=None, dtype=None, device=None, requires_grad=False):
    """As `randn`, in the shape and dtype of `input`."""
    return randn(input.shape, generator=generator, dtype=dtype or input.dtype, requires_grad=requires_grad)


def normal(mean=0.0, std=1.0, size=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """Numbers drawn from normal distributions."""
    tensors = [x for x in (mean, std) if isinstance(x, Tensor)]
    shape = np.broadcast_shapes(*[t.shape for t in tensors]) if size is None else shape_of((size,))
    z = randn(shape, generator=generator, dtype=dtype or (tensors[0].dtype if tensors else None))
    mean, std = (getattr(x, "_array", x) for x in (mean, std))
    return leaf(np.asarray(z._array * std + mean), requires_grad)


@attach("bernoulli")
def bernoulli(input, *, generator=None):
    """1 with the probability that each element gives, else 0."""
    g = (generator or default_generator).numpy
    return wrap(np.asarray((g.random(input.shape) < input._array).astype(input.dtype)))


@attach("multinomial")
def multinomial(input, num_samples, replacement=False, *, generator=None):
    """Indices drawn with the probabilities that each row's weights give."""
    g = (generator or default_generator).numpy
    weights = np.asarray(input._array, np.float64)
    rows = np.atleast_2d(weights)
    drawn = np.stack([g.choice(row.size, num_samples, replacement, row / row.sum()) for row in rows])
    return wrap(drawn.reshape(*weights.shape[:-1], num_samples).astype(np.int64))


@attach("normal_")
def normal_(self, mean=0.0, std=1.0, *, generator=None):
    """In place: drawn from a normal distribution."""
    return in_place(self, "normal_", lambda t: normal(mean, std, t.shape, generator=generator, dtype=t.dtype))


@attach("uniform_")
def uniform_(self, a=0.0, b=1.0, *, generator=None):
    """In place: drawn evenly from [a, b)."""
    def draw(t):
        return wrap(rand(t.shape, generator=generator, dtype=t.dtype)._array * (b - a) + a)

    return in_place(self, "uniform_", draw)
