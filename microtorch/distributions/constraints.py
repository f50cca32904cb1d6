"""Sets of values: where the parameters and the samples of distributions lie, under the names of PyTorch's constraints.

A constraint's `check` works on arrays and says for each value whether it lies in the set; `event_dim` dimensions from
the right make one value.
"""

import numpy as np

from ..from_data import as_tensor
from ..tensor import wrap

__all__ = [
    "Constraint",
    "boolean",
    "dependent",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "less_than",
    "lower_cholesky",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "real",
    "real_vector",
    "simplex",
    "unit_interval",
]


class Constraint:
    """A set of values.

    Parameters
    ----------
    name : str
        Said in messages.
    holds : callable
        From an ndarray to an ndarray of bool, one for each value.
    event_dim : int, default 0
        How many dimensions from the right one value has.
    is_discrete : bool, default False
        Whether the values can be counted.

    Examples
    --------
    >>> from microtorch.distributions import constraints
    >>> constraints.positive.check(microtorch.tensor([1.0, -1.0]))
    tensor([ True, False])
    """

    def __init__(self, name, holds, event_dim=0, is_discrete=False):
        self.name, self.holds, self.event_dim, self.is_discrete = name, holds, event_dim, is_discrete

    def check(self, value):
        """For each value of a Tensor whether it lies in the set, a bool Tensor."""
        return wrap(np.asarray(self.holds(as_tensor(value)._array)))

    def __repr__(self):
        return self.name


def _array(bound):
    return as_tensor(bound)._array


def interval(lower_bound, upper_bound):
    """The numbers from `lower_bound` to `upper_bound`, both included."""
    low, high = _array(lower_bound), _array(upper_bound)
    return Constraint(f"from {_words(low)} to {_words(high)}", lambda x: (x >= low) & (x <= high))


def half_open_interval(lower_bound, upper_bound):
    """The numbers from `lower_bound`, included, to `upper_bound`, excluded."""
    low, high = _array(lower_bound), _array(upper_bound)
    return Constraint(f"from {_words(low)} to below {_words(high)}", lambda x: (x >= low) & (x < high))


def integer_interval(lower_bound, upper_bound):
    """The whole numbers from `lower_bound` to `upper_bound`, both included."""
    low, high = _array(lower_bound), _array(upper_bound)
    name = f"a whole number from {_words(low)} to {_words(high)}"
    return Constraint(name, lambda x: (x % 1 == 0) & (x >= low) & (x <= high), is_discrete=True)


def greater_than(lower_bound):
    """The numbers above `lower_bound`."""
    low = _array(lower_bound)
    return Constraint(f"above {_words(low)}", lambda x: x > low)


def greater_than_eq(lower_bound):
    """The numbers from `lower_bound`, included."""
    low = _array(lower_bound)
    return Constraint(f"{_words(low)} or more", lambda x: x >= low)


def less_than(upper_bound):
    """The numbers below `upper_bound`."""
    high = _array(upper_bound)
    return Constraint(f"below {_words(high)}", lambda x: x < high)


def _words(bound):
    return str(bound) if bound.ndim == 0 else "its bound"


def independent(base_constraint, reinterpreted_batch_ndims):
    """`base_constraint` for all values along `reinterpreted_batch_ndims` more dimensions, which are one value then."""
    axes = tuple(range(-reinterpreted_batch_ndims, 0))

    def holds(x):
        inner = base_constraint.holds(x)
        return inner.all(axis=axes) if axes else inner

    event_dim = base_constraint.event_dim + reinterpreted_batch_ndims
    return Constraint(base_constraint.name, holds, event_dim, base_constraint.is_discrete)


def _on_simplex(x):
    return (x >= 0).all(-1) & (np.abs(x.sum(-1) - 1) < 1e-6 * max(1, x.shape[-1] ** 0.5))


def _positive_definite(x):
    symmetric = np.isclose(x, x.mT, atol=1e-6).all((-2, -1))
    if not np.isfinite(x).all():
        return symmetric & np.isfinite(x).all((-2, -1))
    return symmetric & (np.linalg.eigvalsh(x)[..., 0] > 0)


def _lower_cholesky(x):
    return (np.tril(x) == x).all((-2, -1)) & (np.diagonal(x, axis1=-2, axis2=-1) > 0).all(-1)


real = Constraint("a number and not NaN", lambda x: x == x)
real_vector = independent(real, 1)
positive = Constraint("positive", lambda x: x > 0)
nonnegative = Constraint("0 or more", lambda x: x >= 0)
unit_interval = Constraint("from 0 to 1", lambda x: (x >= 0) & (x <= 1))
boolean = Constraint("0 or 1", lambda x: (x == 0) | (x == 1), is_discrete=True)
nonnegative_integer = Constraint("a whole number, 0 or more", lambda x: (x % 1 == 0) & (x >= 0), is_discrete=True)
positive_integer = Constraint("a whole number, 1 or more", lambda x: (x % 1 == 0) & (x >= 1), is_discrete=True)
simplex = Constraint("from 0 to 1 with the sum 1", _on_simplex, event_dim=1)
one_hot = Constraint(
    "one 1 among 0s", lambda x: ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1), event_dim=1, is_discrete=True
)
positive_definite = Constraint("symmetric and positive definite", _positive_definite, event_dim=2)
lower_cholesky = Constraint("lower triangular with a positive diagonal", _lower_cholesky, event_dim=2)
# Of a support that depends on parameters, on the class; an instance knows its own.
dependent = Constraint("what its parameters say", lambda x: np.ones(x.shape, bool))
