"""Distribution: what all distributions share: shapes, checks, moments from one another, and expansion."""

import math
from functools import cached_property

import numpy as np

from ..autograd.mode import enable_grad, no_grad, state
from ..autograd.observe import tell
from ..dtypes import get_default_dtype
from ..errors import ShapeError, describe
from ..from_data import as_tensor
from ..tensor import Tensor, wrap
from . import constraints

__all__ = ["Distribution"]


class Distribution:
    """A probability distribution, or a batch of them; the base of all.

    A subclass defines ``rsample`` (or ``sample``, where samples have no gradient), ``log_prob`` and, where there are
    formulas, ``mean``, ``variance``, ``mode``, ``entropy``, ``cdf`` and ``icdf``.

    Parameters
    ----------
    batch_shape : tuple of int, default ()
        The shape of the batch of distributions.
    event_shape : tuple of int, default ()
        The shape of one sample of one of them.
    validate_args : bool, optional
        Whether parameters and values are checked against their constraints; default as
        `set_default_validate_args` says, which is on.

    Attributes
    ----------
    arg_constraints : dict of str to Constraint
        Where the parameters lie.
    support : Constraint
        Where the samples lie.
    has_rsample : bool
        Whether gradients flow through samples to parameters.

    Raises
    ------
    ValueError
        If a parameter does not lie in its constraint.

    Examples
    --------
    >>> from microtorch.distributions import Normal
    >>> d = Normal(microtorch.zeros(3), 1.0)
    >>> d.batch_shape, d.sample((2,)).shape
    ((3,), (2, 3))
    """

    arg_constraints = {}
    support = constraints.dependent
    has_rsample = False
    has_enumerate_support = False
    _validate_args = True

    def __init__(self, batch_shape=(), event_shape=(), validate_args=None):
        self._batch_shape, self._event_shape = tuple(batch_shape), tuple(event_shape)
        if validate_args is not None:
            self._validate_args = bool(validate_args)
        if self._validate_args:
            for name, constraint in self.arg_constraints.items():
                if name in self.__dict__ and constraint is not constraints.dependent:
                    self._check(name, getattr(self, name), constraint)

    @staticmethod
    def set_default_validate_args(value):
        """Check parameters and values from now on, or not: `value` is a bool."""
        if not isinstance(value, bool):
            raise ValueError(f"set_default_validate_args: {value!r} is not True or False")
        Distribution._validate_args = value

    def _check(self, name, value, constraint):
        if state.observers:
            tell("left", f"{type(self).__name__} reads its arguments to check them; validate_args=False does not")
        array = value._array
        good = np.asarray(constraint.holds(array))
        if not good.all():
            where = np.argwhere(~good)[0]
            wrong = array[tuple(where)] if where.size else array
            at = f" at {tuple(where.tolist())}" if where.size else ""
            raise ValueError(
                f"{type(self).__name__}: {name} of shape {value.shape} must be {constraint}, and is "
                f"{np.array2string(wrong, precision=4)}{at}. validate_args=False does not check."
            )

    @property
    def batch_shape(self):
        """tuple of int: the shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self):
        """tuple of int: the shape of one sample of one distribution."""
        return self._event_shape

    # -- to be defined -------------------------------------------------------------------------------------------------

    def _no(self, what):
        return NotImplementedError(f"{type(self).__name__} has no {what}.")

    def rsample(self, sample_shape=()):
        """Samples through which gradients flow to the parameters.

        Parameters
        ----------
        sample_shape : tuple of int, default ()
            How many, in front of the shapes of batch and event.
        """
        hint = " Use sample(), and log_prob() for a gradient of the score." if not self.has_rsample else ""
        raise NotImplementedError(f"{type(self).__name__} has no rsample: its samples have no gradient.{hint}")

    def sample(self, sample_shape=()):
        """Samples, outside any graph; `sample_shape` is how many, in front of the shapes of batch and event."""
        with no_grad():
            return self.rsample(sample_shape)

    def sample_n(self, n):
        """`n` samples; PyTorch's old spelling of ``sample((n,))``."""
        return self.sample((n,))

    def log_prob(self, value):
        """The logarithm of the density, or of the probability, at each `value`."""
        raise self._no("log_prob")

    def cdf(self, value):
        """The probability of at most `value`."""
        raise self._no("cdf")

    def icdf(self, value):
        """The value that a share of `value` lies below: the inverse of `cdf`."""
        raise self._no("icdf")

    def entropy(self):
        """The expected −log_prob, of the shape of the batch."""
        raise self._no("entropy in closed form")

    def enumerate_support(self, expand=True):
        """All values, along a new first dimension, over the batch if `expand`; for finite discrete distributions."""
        raise self._no("enumerate_support")

    @property
    def mean(self):
        """Tensor: the expected value."""
        raise self._no("mean")

    @property
    def mode(self):
        """Tensor: the most probable value."""
        raise self._no("mode")

    @property
    def variance(self):
        """Tensor: the expected squared distance from the mean."""
        raise self._no("variance")

    # -- from these ------------------------------------------------------------------------------------------------

    @property
    def stddev(self):
        """Tensor: the square root of the variance."""
        return self.variance.sqrt()

    def perplexity(self):
        """e to the power of the entropy."""
        return self.entropy().exp()

    def expand(self, batch_shape, _instance=None):
        """The same distributions in a larger batch, without copies.

        Parameters
        ----------
        batch_shape : tuple of int
            What the shape of the batch broadcasts to.
        """
        new = type(self).__new__(type(self)) if _instance is None else _instance
        batch_shape = tuple(batch_shape)
        for name, constraint in self.arg_constraints.items():
            if name in self.__dict__:
                value = getattr(self, name)
                own = value.shape[value.ndim - constraint.event_dim :]
                new.__dict__[name] = value.expand(batch_shape + own)
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _extended_shape(self, sample_shape=()):
        sample_shape = (sample_shape,) if isinstance(sample_shape, int) else tuple(sample_shape)
        return sample_shape + self._batch_shape + self._event_shape

    def _validate_sample(self, value):
        """Complain of a value that is no Tensor, does not broadcast with the batch, or lies outside the support."""
        if not isinstance(value, Tensor):
            raise ValueError(
                f"{type(self).__name__}: a value must be a Tensor, not {describe(value)}. "
                "Write microtorch.tensor(value)."
            )
        shape, own = value.shape, self._batch_shape + self._event_shape
        event = len(self._event_shape)
        try:
            if shape[len(shape) - event :] != self._event_shape and event:
                raise ValueError
            np.broadcast_shapes(shape, own)
        except ValueError:
            raise ShapeError(
                f"{type(self).__name__}: a value of shape {shape} does not fit batch {self._batch_shape} and event "
                f"{self._event_shape}."
            ) from None
        if self._validate_args and self.support is not constraints.dependent:
            self._check("value", value, self.support)

    def __repr__(self):
        shown = []
        for name in self.arg_constraints:
            if name in self.__dict__:
                value = self.__dict__[name]
                shown.append(f"{name}: {value.item():.4g}" if value.ndim == 0 else f"{name}: {value.shape}")
        return f"{type(self).__name__}({', '.join(shown)})"


def broadcast_all(*values):
    """Numbers and tensors as tensors of one shape; numbers in the dtype of the first floating tensor."""
    found = next((v.dtype for v in values if isinstance(v, Tensor) and v.dtype.kind == "f"), get_default_dtype())
    for value in values:
        if not isinstance(value, Tensor | int | float | np.number | np.ndarray):
            raise ValueError(f"a parameter of a distribution is a Tensor or a number, not {describe(value)}")
    tensors = [v if isinstance(v, Tensor) else as_tensor(v, found) for v in values]
    try:
        shape = np.broadcast_shapes(*(t.shape for t in tensors))
    except ValueError:
        shapes = " and ".join(str(t.shape) for t in tensors)
        raise ShapeError(f"parameters of shapes {shapes} do not broadcast together") from None
    return [t if t.shape == shape else t.expand(shape) for t in tensors]


def kept(method):
    """A property that is computed once, within the graph whatever the mode: samples are drawn under no_grad."""

    def compute(self):
        with enable_grad():
            return method(self)

    compute.__doc__ = method.__doc__
    return cached_property(compute)


def lies_between_0_and_1(probs):
    """`probs` by a rounding error away from 0 and 1, so that their logarithms are finite."""
    eps = float(np.finfo(probs.dtype).eps)
    return probs.clamp(eps, 1 - eps)


def noise(draw, shape, dtype):
    """A tensor of what ``draw(shape)`` gives, an array of numpy's."""
    return wrap(np.asarray(draw(shape)).astype(dtype, copy=False))


LOG_2 = math.log(2)
LOG_2PI = math.log(2 * math.pi)
EULER = 0.5772156649015329
