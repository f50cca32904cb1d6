"""Random integers, orders and choices, drawn from the default generator or from one that is given.

Parameters
----------
high : int
    One above the highest.
dtype : numpy.dtype, default int64
    Of the elements.
"""

from operator import index

import numpy as np

from ...autograd.observe import one_call
from ...devices import check_device
from ...dtypes import as_dtype, as_number, cannot_hold, int64
from ...errors import DTypeError, ShapeError
from ...from_data import as_tensor
from ...tensor import attach, wrap
from .constant import leaf, of_numbers, shape_of
from .copy import overwrite
from .random import draws

__all__ = ["bernoulli", "multinomial", "randint", "randint_like", "randperm"]


@one_call
@attach()
def randint(low, high=None, size=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """Integers drawn evenly from `low` (included) to `high` (excluded).

    Parameters
    ----------
    low : int, default 0
        The lowest; ``randint(high, size)`` starts at 0.
    size : sequence of int
        The shape.

    Raises
    ------
    ValueError
        If `low` is not below `high`.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> microtorch.randint(10, (5,))
    tensor([8, 6, 5, 2, 3])
    """
    if size is None:
        high, size = None, high
    if high is None:
        low, high = 0, low
    check_device(device)
    low, high = (_integer("randint", n) for n in (low, high))
    if low >= high:
        raise ValueError(f"randint: from low={low} to before high={high} there is no integer")
    dtype = as_dtype(dtype or int64)
    for n in (low, high - 1) if dtype.kind != "f" else ():
        if as_number("randint", n, dtype) != n:
            raise cannot_hold("randint", n, dtype)
    drawn = draws(generator).integers(low, high, shape_of("randint", (size,)))
    return leaf(np.asarray(drawn).astype(dtype), requires_grad)


@one_call
@attach()
def randint_like(input, low, high=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """As `randint`, in the shape and dtype of `input`.

    Parameters
    ----------
    low : int, default 0
        The lowest; ``randint_like(input, high)`` starts at 0.
    dtype : numpy.dtype, default that of `input`
        Of the elements.

    Examples
    --------
    >>> microtorch.randint_like(microtorch.zeros(2, 3), 10).shape
    (2, 3)
    """
    if high is None:
        low, high = 0, low
    dtype = dtype or input.dtype
    return randint(low, high, input.shape, generator=generator, dtype=dtype, device=device, requires_grad=requires_grad)


@one_call
@attach()
def randperm(n, *, generator=None, dtype=int64, device=None, requires_grad=False):
    """The integers from 0 to before `n` in random order.

    Parameters
    ----------
    n : int
        How many.

    Returns
    -------
    Tensor
        Of shape (n,).

    Raises
    ------
    ShapeError
        If `n` is negative.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> microtorch.randperm(5)
    tensor([2, 4, 3, 0, 1])
    """
    check_device(device)
    (n,) = shape_of("randperm", (n,))
    dtype = of_numbers("randperm", as_dtype(dtype))
    if n:
        as_number("randperm", n - 1, dtype)
    return leaf(draws(generator).permutation(n).astype(dtype), requires_grad)


def _integer(operation, n):
    try:
        return index(n)
    except TypeError:
        raise TypeError(f"{operation}: low and high must be ints, not {type(n).__name__} {n!r}") from None


@attach("bernoulli")
@one_call
def bernoulli(input, p=None, *, generator=None):
    """1 with the probability that each element is, else 0.

    Parameters
    ----------
    input : Tensor
        Probabilities, from 0 to 1.
    p : float, optional
        One probability in place of all elements.

    Returns
    -------
    Tensor
        Of the same shape and dtype. No gradient flows to `input`.

    Raises
    ------
    ValueError
        If a probability is below 0 or above 1.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> microtorch.bernoulli(microtorch.tensor([0.0, 0.5, 1.0]))
    tensor([0., 1., 1.])
    """
    input = as_tensor(input)
    probability = input._array if p is None else np.asarray(p)
    if not np.all((probability >= 0) & (probability <= 1)):
        raise ValueError(
            f"bernoulli: probabilities lie from 0 to 1, got {np.min(probability)} to {np.max(probability)}"
        )
    return wrap(np.asarray(draws(generator).random(input.shape) < probability).astype(input.dtype))


@attach("multinomial")
@one_call
def multinomial(input, num_samples, replacement=False, *, generator=None):
    """Indices drawn from each row with probabilities in proportion to its elements.

    Parameters
    ----------
    input : Tensor
        Weights of shape (C,) or (N, C), floating, not negative, not all 0 in a row. They need not sum to 1.
    num_samples : int
        How many indices for each row, at least 1.
    replacement : bool, default False
        Whether an index may be drawn again.

    Returns
    -------
    Tensor
        Of shape (num_samples,) or (N, num_samples), dtype int64, values from 0 to C − 1.

    Raises
    ------
    ShapeError
        If `input` has other than 1 or 2 dimensions.
    DTypeError
        If `input` is not floating.
    ValueError
        If a weight is negative or not finite, a row sums to 0, or more different indices are asked for than there are.

    Notes
    -----
    With replacement by inverting the cumulative sum; without, by an exponential race: the smallest num_samples of
    eᵢ / wᵢ, with eᵢ drawn from the exponential distribution.

    References
    ----------
    P. Efraimidis, P. Spirakis: Weighted random sampling with a reservoir, Information Processing Letters 97, 2006.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> microtorch.multinomial(microtorch.tensor([0.0, 1.0, 3.0]), 2)
    tensor([2, 1])
    """
    weights = as_tensor(input)._array
    if weights.dtype.kind != "f":
        raise DTypeError(f"multinomial: weights are floating, not {weights.dtype}. Convert them with .float().")
    if weights.ndim not in (1, 2):
        raise ShapeError(f"multinomial: weights have shape (C,) or (N, C), not {weights.shape}")
    categories = weights.shape[-1]
    if num_samples < 1:
        raise ValueError(f"multinomial: num_samples must be at least 1, got {num_samples}")
    if not replacement and num_samples > categories:
        raise ValueError(f"multinomial: {num_samples} different indices of {categories}. Set replacement=True.")
    if not np.all(np.isfinite(weights) & (weights >= 0)):
        raise ValueError("multinomial: a weight is negative, inf or NaN. Weights are finite and at least 0.")
    weights = weights.astype(np.float64)
    total = weights.cumsum(axis=-1)
    if not np.all(total[..., -1] > 0):
        raise ValueError("multinomial: the weights of a row sum to 0. At least one must be positive.")
    source = draws(generator)
    if replacement:
        points = source.random((*weights.shape[:-1], num_samples)) * total[..., -1:]
        rows = zip(np.atleast_2d(total), np.atleast_2d(points), strict=True)
        drawn = np.stack([np.searchsorted(row, x, side="right") for row, x in rows]).reshape(points.shape)
        return wrap(np.minimum(drawn, _last_positive(weights)).astype(np.int64))
    if np.any(np.count_nonzero(weights, axis=-1) < num_samples):
        raise ValueError(f"multinomial: a row has fewer than {num_samples} positive weights. Set replacement=True.")
    race = source.exponential(size=weights.shape) / weights
    return wrap(np.argsort(race, axis=-1)[..., :num_samples].astype(np.int64))


def _last_positive(weights):
    """The last index of each row with a positive weight: what rounding may carry a point beyond."""
    return weights.shape[-1] - 1 - np.argmax(weights[..., ::-1] > 0, axis=-1, keepdims=True)


@attach("bernoulli_")
def bernoulli_(self, p=0.5, *, generator=None):
    """In place: every element becomes 1 with probability `p`, else 0."""
    return overwrite(self, "bernoulli_", bernoulli(self.detach(), p, generator=generator))


@attach("geometric_")
def geometric_(self, p, *, generator=None):
    """In place: every element is how many trials of probability `p` it took until one succeeded; at least 1."""
    if not 0 < p < 1:
        raise ValueError(f"geometric_: p = {p} is not between 0 and 1.")
    return overwrite(self, "geometric_", _counted(self, lambda source: source.geometric(p, self.shape), generator))


@attach("random_")
def random_(self, *limits, generator=None):
    """In place: every element is a whole number, drawn evenly: ``random_(to)`` below `to`, ``random_(from, to)``."""
    if len(limits) > 2:
        raise TypeError(f"random_: takes at most two limits, from and to, not {len(limits)}.")
    low, high = (0, *limits) if len(limits) == 1 else limits or (0, None)
    if high is None:  # as far as the dtype holds every whole number
        high = 2 ** np.finfo(self.dtype).nmant + 1 if self.dtype.kind == "f" else 2 if self.dtype.kind == "b" else None
        high = int(np.iinfo(self.dtype).max) if high is None else high
    if low >= high:
        raise ValueError(f"random_: there is no whole number from {low} up to, but not including, {high}.")
    for n in (low, high - 1):
        as_number("random_", n, self.dtype)
    return overwrite(self, "random_", _counted(self, lambda source: source.integers(low, high, self.shape), generator))


@one_call
def _counted(self, draw, generator):
    return wrap(np.asarray(draw(draws(generator))).astype(self.dtype))
