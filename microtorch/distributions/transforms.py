"""Invertible maps with the logarithm of how much they stretch, for `TransformedDistribution`.

Parameters
----------
cache_size : int, default 0
    See `Transform`.
"""

import math

from ..from_data import as_tensor
from ..nn.functional import logsigmoid, softplus
from ..ops import sigmoid, tanh
from ..tensor import Tensor
from . import constraints

__all__ = [
    "AffineTransform",
    "ComposeTransform",
    "ExpTransform",
    "PowerTransform",
    "SigmoidTransform",
    "SoftplusTransform",
    "TanhTransform",
    "Transform",
    "identity_transform",
]


class Transform:
    """A map y = f(x) of tensors; subclasses define ``_call``, ``_inverse`` and ``log_abs_det_jacobian``.

    Parameters
    ----------
    cache_size : int, default 0
        With 1 the last x is remembered with its y, so that the inverse of a result is exactly what it was made of.

    Attributes
    ----------
    domain, codomain : Constraint
        Where x and y lie; their ``event_dim`` is how many dimensions are mapped together.
    bijective : bool
        Whether there is an inverse.
    inv : Transform
        The inverse map.

    Examples
    --------
    >>> from microtorch.distributions.transforms import Transform
    >>> class Double(Transform):
    ...     bijective, sign = True, 1
    ...     def _call(self, x):
    ...         return 2 * x
    ...     def _inverse(self, y):
    ...         return y / 2
    ...     def log_abs_det_jacobian(self, x, y):
    ...         return microtorch.full_like(x, 0.6931)
    >>> Double()(microtorch.tensor([1.0, 2.0])), Double().inv(microtorch.tensor([4.0]))
    (tensor([2., 4.]), tensor([2.]))
    """

    bijective = False
    domain = codomain = constraints.real

    def __init__(self, cache_size=0):
        if cache_size not in (0, 1):
            raise ValueError(f"{type(self).__name__}: cache_size is {cache_size!r}. It is 0 or 1.")
        self._cache_size, self._last = cache_size, (None, None)

    @property
    def inv(self):
        """Transform: the inverse map."""
        if not self.bijective:
            raise NotImplementedError(f"{type(self).__name__} has no inverse: it is not bijective.")
        return _Inverse(self)

    @property
    def sign(self):
        """int: 1 where y grows with x, -1 where it falls."""
        raise NotImplementedError(f"{type(self).__name__} does not say whether it grows or falls.")

    def _call(self, x):
        raise NotImplementedError(f"{type(self).__name__} does not say what it computes: define _call(x).")

    def _inverse(self, y):
        raise NotImplementedError(f"{type(self).__name__} does not say its inverse: define _inverse(y).")

    def log_abs_det_jacobian(self, x, y):
        """log |dy/dx| at `x`, which is mapped to `y`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it stretches: define log_abs_det_jacobian.")

    def __call__(self, x):
        if self.__dict__.get("_cache_size", 0) == 0:
            return self._call(x)
        if self._last[0] is not x:
            self._last = x, self._call(x)
        return self._last[1]

    def _inv_call(self, y):
        if self.__dict__.get("_cache_size", 0) == 0:
            return self._inverse(y)
        if self._last[1] is not y:
            self._last = self._inverse(y), y
        return self._last[0]

    def forward_shape(self, shape):
        """The shape of y for an x of this `shape`."""
        return shape

    def inverse_shape(self, shape):
        """The shape of x for a y of this `shape`."""
        return shape

    def __repr__(self):
        return f"{type(self).__name__}()"


class _Inverse(Transform):
    bijective = True

    def __init__(self, transform):
        super().__init__()
        self._inv = transform

    domain = property(lambda self: self._inv.codomain)
    codomain = property(lambda self: self._inv.domain)
    sign = property(lambda self: self._inv.sign)
    inv = property(lambda self: self._inv)

    def __call__(self, x):
        return self._inv._inv_call(x)

    def _inv_call(self, y):
        return self._inv(y)

    def log_abs_det_jacobian(self, x, y):
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape):
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape):
        return self._inv.forward_shape(shape)

    def __repr__(self):
        return f"{self._inv!r}.inv"


class ComposeTransform(Transform):
    """Several transforms, one after the other.

    Parameters
    ----------
    parts : sequence of Transform

    Examples
    --------
    >>> from microtorch.distributions.transforms import AffineTransform, ComposeTransform, ExpTransform
    >>> ComposeTransform([AffineTransform(1.0, 2.0), ExpTransform()])(microtorch.tensor(-0.5))
    tensor(1.)
    """

    def __init__(self, parts, cache_size=0):
        super().__init__(cache_size)
        self.parts = list(parts)

    @property
    def bijective(self):
        """bool: whether all parts are."""
        return all(part.bijective for part in self.parts)

    @property
    def sign(self):
        """int: the product of the parts' signs."""
        return math.prod(part.sign for part in self.parts)

    @property
    def domain(self):
        """Constraint: of the first part, with as many dimensions as any part needs."""
        return self._end(0, "domain")

    @property
    def codomain(self):
        """Constraint: of the last part, with as many dimensions as any part needs."""
        return self._end(-1, "codomain")

    def _end(self, which, name):
        if not self.parts:
            return constraints.real
        own = getattr(self.parts[which], name)
        most = max(max(part.domain.event_dim, part.codomain.event_dim) for part in self.parts)
        return own if most == own.event_dim else constraints.independent(own, most - own.event_dim)

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return x

    def _inv_call(self, y):
        for part in reversed(self.parts):
            y = part._inv_call(y)
        return y

    def log_abs_det_jacobian(self, x, y):
        """The sum over the parts."""
        if not self.parts:
            return x * 0
        event_dim, total = self.domain.event_dim, 0
        for part in self.parts:
            after = part(x)
            stretch = part.log_abs_det_jacobian(x, after)
            total, x = total + sum_rightmost(stretch, event_dim - part.domain.event_dim), after
        return total

    def forward_shape(self, shape):
        """The shape of y for an x of this `shape`."""
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape):
        """The shape of x for a y of this `shape`."""
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __repr__(self):
        return f"ComposeTransform([{', '.join(map(repr, self.parts))}])"


def sum_rightmost(value, dims):
    """`value` summed over its last `dims` dimensions."""
    return value.sum(tuple(range(-dims, 0))) if dims > 0 else value


identity_transform = ComposeTransform([])


class ExpTransform(Transform):
    """y = eˣ

    Examples
    --------
    >>> from microtorch.distributions.transforms import ExpTransform
    >>> ExpTransform().inv(microtorch.tensor(1.0))
    tensor(0.)
    """

    bijective, sign, codomain = True, 1, constraints.positive

    def _call(self, x):
        return x.exp()

    def _inverse(self, y):
        return y.log()

    def log_abs_det_jacobian(self, x, y):
        """x"""
        return x


class SigmoidTransform(Transform):
    """y = 1 / (1 + e⁻ˣ)

    Examples
    --------
    >>> from microtorch.distributions.transforms import SigmoidTransform
    >>> SigmoidTransform()(microtorch.tensor(0.0))
    tensor(0.5)
    """

    bijective, sign, codomain = True, 1, constraints.unit_interval

    def _call(self, x):
        return sigmoid(x)

    def _inverse(self, y):
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x, y):
        """log σ(x) + log σ(−x)"""
        return logsigmoid(x) + logsigmoid(-x)


class TanhTransform(Transform):
    """y = tanh x

    Notes
    -----
    The stretch is computed from x as 2 (log 2 − x − softplus(−2x)), which holds where 1 − y² is 0 by rounding. A value
    that does not come from a sample has to be inverted: keep it away from ±1, or keep samples with ``cache_size=1``.

    Examples
    --------
    >>> from microtorch.distributions.transforms import TanhTransform
    >>> TanhTransform().log_abs_det_jacobian(microtorch.tensor(50.0), None)
    tensor(-98.6137)
    """

    bijective, sign, codomain = True, 1, constraints.interval(-1.0, 1.0)

    def _call(self, x):
        return tanh(x)

    def _inverse(self, y):
        return 0.5 * (y.log1p() - (-y).log1p())

    def log_abs_det_jacobian(self, x, y):
        """2 (log 2 − x − softplus(−2x))"""
        return 2 * (math.log(2) - x - softplus(-2 * x))


class SoftplusTransform(Transform):
    """y = log(1 + eˣ)

    Examples
    --------
    >>> from microtorch.distributions.transforms import SoftplusTransform
    >>> SoftplusTransform()(microtorch.tensor(0.0))
    tensor(0.6931)
    """

    bijective, sign, codomain = True, 1, constraints.positive

    def _call(self, x):
        return softplus(x)

    def _inverse(self, y):
        return (-(-y).expm1()).log() + y

    def log_abs_det_jacobian(self, x, y):
        """log σ(x)"""
        return logsigmoid(x)


class AffineTransform(Transform):
    """y = loc + scale · x

    Parameters
    ----------
    loc, scale : Tensor or float
    event_dim : int, default 0
        How many dimensions from the right one value has: 1 for vectors.

    Examples
    --------
    >>> from microtorch.distributions.transforms import AffineTransform
    >>> AffineTransform(1.0, 2.0)(microtorch.tensor([0.0, 1.0]))
    tensor([1., 3.])
    """

    bijective = True

    def __init__(self, loc, scale, event_dim=0, cache_size=0):
        super().__init__(cache_size)
        self.loc, self.scale, self.event_dim = loc, scale, event_dim

    @property
    def domain(self):
        """Constraint: any numbers, `event_dim` dimensions together."""
        return constraints.independent(constraints.real, self.event_dim) if self.event_dim else constraints.real

    codomain = domain

    @property
    def sign(self):
        """int or Tensor: the sign of `scale`."""
        if isinstance(self.scale, Tensor):
            return self.scale.sign()
        return 1 if self.scale > 0 else -1 if self.scale < 0 else 0

    def _call(self, x):
        return self.loc + self.scale * x

    def _inverse(self, y):
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x, y):
        """log |scale|, for each value"""
        scale = self.scale if isinstance(self.scale, Tensor) else as_tensor(self.scale, x.dtype)
        return sum_rightmost(scale.abs().log().expand(x.shape), self.event_dim)

    def __repr__(self):
        return f"AffineTransform(loc={self.loc!r}, scale={self.scale!r})"


class PowerTransform(Transform):
    """y = x to the power of `exponent`, for positive x.

    Parameters
    ----------
    exponent : Tensor or float
        Not 0.

    Examples
    --------
    >>> from microtorch.distributions.transforms import PowerTransform
    >>> PowerTransform(2.0)(microtorch.tensor(3.0))
    tensor(9.)
    """

    bijective = True
    domain = codomain = constraints.positive

    def __init__(self, exponent, cache_size=0):
        super().__init__(cache_size)
        self.exponent = exponent if isinstance(exponent, Tensor) else as_tensor(float(exponent))

    @property
    def sign(self):
        """Tensor: the sign of `exponent`."""
        return self.exponent.sign()

    def _call(self, x):
        return x**self.exponent

    def _inverse(self, y):
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x, y):
        """log |exponent · y / x|"""
        return (self.exponent * y / x).abs().log()
