"""The normal distribution of vectors."""

import numpy as np

from ..errors import ShapeError
from ..ops import cholesky, inverse, matmul, randn
from ..ops.linalg.solve import solve_triangular
from ..tensor import Tensor, over
from . import constraints
from .distribution import LOG_2PI, Distribution, kept

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """The normal distribution of vectors.

    Parameters
    ----------
    loc : Tensor, shape (..., n)
        The mean.
    covariance_matrix : Tensor, shape (..., n, n), optional
        Symmetric and positive definite.
    precision_matrix : Tensor, shape (..., n, n), optional
        Its inverse.
    scale_tril : Tensor, shape (..., n, n), optional
        Its lower Cholesky factor L. Pass one of the three; this one costs least.

    Notes
    -----
    log p(x) = −½ |L⁻¹(x − loc)|² − log det L − ½ n log 2π. A sample is loc + L ε.

    Examples
    --------
    >>> from microtorch.distributions import MultivariateNormal
    >>> d = MultivariateNormal(microtorch.zeros(2), microtorch.eye(2))
    >>> d.log_prob(microtorch.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        given = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) != 1:
            raise ValueError(
                "MultivariateNormal: pass exactly one of covariance_matrix, precision_matrix and scale_tril."
            )
        ((name, matrix),) = given.items()
        if not isinstance(loc, Tensor) or loc.ndim < 1:
            raise ShapeError("MultivariateNormal: loc is a Tensor of one dimension or more; the last is the vector.")
        if not isinstance(matrix, Tensor) or matrix.ndim < 2 or matrix.shape[-2:] != (loc.shape[-1],) * 2:
            raise ShapeError(
                f"MultivariateNormal: {name} of shape {getattr(matrix, 'shape', None)} does not fit loc {loc.shape}: "
                f"it takes (..., {loc.shape[-1]}, {loc.shape[-1]})."
            )
        try:
            batch = np.broadcast_shapes(loc.shape[:-1], matrix.shape[:-2])
        except ValueError:
            raise ShapeError(
                f"MultivariateNormal: loc {loc.shape} and {name} {matrix.shape} do not broadcast in their batch."
            ) from None
        self.loc = loc.expand(batch + loc.shape[-1:])
        self.__dict__[name] = matrix.expand(batch + matrix.shape[-2:])
        super().__init__(batch, loc.shape[-1:], validate_args=validate_args)
        # of one matrix for the whole batch one factor is enough
        self._factor = _factor(name, matrix)

    def expand(self, batch_shape, _instance=None):
        """The same distributions in a larger batch of shape `batch_shape`."""
        new = super().expand(batch_shape, _instance)
        new._factor = self._factor
        return new

    @kept
    def scale_tril(self):
        """Tensor: the lower Cholesky factor of the covariance."""
        return self._factor.expand(self.batch_shape + self._factor.shape[-2:])

    @kept
    def covariance_matrix(self):
        """Tensor: L Lᵀ."""
        return (self._factor @ self._factor.mT).expand(self.batch_shape + self._factor.shape[-2:])

    @kept
    def precision_matrix(self):
        """Tensor: the inverse of the covariance."""
        return inverse(self._factor @ self._factor.mT).expand(self.batch_shape + self._factor.shape[-2:])

    @property
    def mean(self):
        """Tensor: `loc`."""
        return self.loc

    @property
    def mode(self):
        """Tensor: `loc`."""
        return self.loc

    @property
    def variance(self):
        """Tensor: the diagonal of the covariance."""
        return self._factor.square().sum(-1).expand(self.batch_shape + self.event_shape)

    def rsample(self, sample_shape=()):
        """Samples loc + L ε with standard normal ε."""
        drawn = randn(self._extended_shape(sample_shape), dtype=self.loc.dtype)
        return self.loc + matmul(self._factor, drawn.unsqueeze(-1)).squeeze(-1)

    def _log_det(self):
        return self._factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)

    def log_prob(self, value):
        """The logarithm of the density at `value`."""
        self._validate_sample(value)
        squares = whitened(self._factor, value - self.loc).square().sum(-1)
        return -0.5 * (squares + self.event_shape[0] * LOG_2PI) - self._log_det()

    def entropy(self):
        """½ n (1 + log 2π) + log det L"""
        entropy = 0.5 * self.event_shape[0] * (1 + LOG_2PI) + self._log_det()
        return entropy.expand(self.batch_shape)


def _factor(name, matrix):
    """The lower Cholesky factor of the covariance, from whichever matrix is given."""
    if name == "scale_tril":
        return matrix
    if name == "covariance_matrix":
        return cholesky(matrix)
    # with P = U Uᵀ, U upper, the inverse of U is the transposed factor: flipped, a Cholesky factor of P is upper
    upper = cholesky(matrix.flip((-2, -1))).flip((-2, -1))
    identity = over(np.broadcast_to(np.eye(matrix.shape[-1], dtype=matrix.dtype), matrix.shape))
    return solve_triangular(upper.mT, identity, upper=False)


def whitened(factor, apart):
    """L⁻¹ · `apart` for vectors along the last dimension; with one factor for all, one system with many sides."""
    if factor.ndim == 2:
        rows = apart.reshape(-1, apart.shape[-1])
        return solve_triangular(factor, rows.mT, upper=False).mT.reshape(apart.shape)
    return solve_triangular(factor, apart.unsqueeze(-1), upper=False).squeeze(-1)
