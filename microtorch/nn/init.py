"""Initial values. Each function fills a tensor in place, unrecorded, and returns it.

For a weight (M, D), as Linear has it, fan_in is D and fan_out is M; dimensions beyond the second multiply both.

Parameters
----------
generator : Generator, default microtorch's own
    What the values are drawn from.
tensor : Tensor of floating dtype
    Any shape.

Returns
-------
Tensor
    `tensor`.
"""

import functools
import math
import warnings

import numpy as np

from ..autograd.inplace.changes import record_change
from ..dtypes import as_number
from ..errors import ShapeError, refuse_read_only, user_line
from ..random import default_generator

__all__ = [
    "calculate_gain",
    "constant_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {
    **dict.fromkeys(("linear", "sigmoid", "conv1d", "conv2d", "conv3d"), 1.0),
    "tanh": 5 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3 / 4,
}


def calculate_gain(nonlinearity, param=None):
    """The factor for standard deviations that keeps the size of signals through a nonlinearity.

    Parameters
    ----------
    nonlinearity : str
        ``linear``, ``sigmoid``, ``tanh`` (5/3), ``relu`` (√2), ``leaky_relu`` (√(2 / (1 + slope²))) or ``selu`` (3/4).
    param : float, default 0.01
        The negative slope of ``leaky_relu``.

    Returns
    -------
    float

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", 2015, section 2.2.

    Examples
    --------
    >>> nn.init.calculate_gain("relu")
    1.4142135
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"calculate_gain: the negative slope is a number, not {param!r}")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        known = ", ".join([*_GAINS, "leaky_relu"])
        raise ValueError(f"calculate_gain: {nonlinearity!r} is none of {known}")
    return _GAINS[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor):
    """How many inputs each output of a weight has, and how many outputs each input."""
    if tensor.dim() < 2:
        raise ShapeError(f"fan_in and fan_out need two dimensions or more; this tensor has shape {tensor.shape}")
    receptive = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive, tensor.shape[0] * receptive


def _fan(tensor, mode):
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "average": (fan_in + fan_out) / 2}
    if mode not in fans:
        raise ValueError(f"mode {mode!r} is none of {', '.join(fans)}")
    return fans[mode]


def _fill(tensor, values):
    """Put `values` into `tensor`, in its dtype."""
    refuse_read_only("an initialiser", tensor._array, tensor.name)
    np.copyto(tensor._array, values, casting="same_kind")
    record_change(tensor._array, "an initialiser", user_line())
    return tensor


def _draw(generator):
    return (generator or default_generator).numpy


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Fill with values uniform in [a, b).

    Parameters
    ----------
    a, b : float, default 0 and 1
        The bounds.

    Examples
    --------
    >>> w = nn.init.uniform_(microtorch.empty(1000), -1, 1)
    >>> bool(w.min() >= -1), bool(w.max() < 1)
    (True, True)
    """
    draws = _draw(generator).random(tensor.shape, tensor.dtype)
    return _fill(tensor, a + (b - a) * draws)


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Fill with values from the normal distribution.

    Parameters
    ----------
    mean, std : float, default 0 and 1
        Mean and standard deviation.

    Examples
    --------
    >>> w = nn.init.normal_(microtorch.empty(100_000), std=0.01)
    >>> round(float(w.detach().numpy().std()), 3)
    0.01
    """
    if std < 0:
        raise ValueError(f"normal_: the standard deviation {std} is negative")
    return _fill(tensor, mean + std * _draw(generator).standard_normal(tensor.shape, tensor.dtype))


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Fill with values from the normal distribution, limited to [a, b].

    Parameters
    ----------
    mean, std : float, default 0 and 1
        Mean and standard deviation before the limit.
    a, b : float, default -2 and 2
        The bounds: values, not multiples of `std`.

    Notes
    -----
    By rejection: exact also where [a, b] lies far out in a tail.

    References
    ----------
    C. P. Robert, "Simulation of truncated normal variables", 1995, section 2.

    Examples
    --------
    >>> w = nn.init.trunc_normal_(microtorch.empty(1000), std=0.02, a=-0.04, b=0.04)
    >>> bool((abs(w) <= 0.04).all())
    True
    """
    if not (a < b and std > 0):
        raise ValueError(f"trunc_normal_: std {std} must be positive and the bounds {a} < {b} in order")
    draws = mean + std * _truncated(_draw(generator), (a - mean) / std, (b - mean) / std, tensor.numel())
    return _fill(tensor, np.clip(draws, a, b).reshape(tensor.shape))


def _truncated(rng, low, high, count):
    """`count` draws from the standard normal distribution limited to [low, high]."""
    if high < 0:
        return -_truncated(rng, -high, -low, count)
    drawn, found = [], 0
    while found < count:
        n = 2 * (count - found) + 16
        if low < 0.5 and high - low > 2.5:  # most of the distribution lies inside
            z = rng.standard_normal(n)
            z = z[(low <= z) & (z <= high)]
        else:
            # From the density that falls as exp(-rate z) between the bounds; uniform where the peak is between them.
            rate, u = max(low, 0.0), rng.random(n)
            if rate > 0:
                z = low - np.log1p(u * np.expm1(-rate * (high - low))) / rate
            else:
                z = low + u * (high - low)
            z = z[rng.random(n) <= np.exp(-0.5 * (z - rate) ** 2)]
        drawn.append(z)
        found += len(z)
    return np.concatenate(drawn or [np.empty(0)])[:count]


def constant_(tensor, val):
    """Fill `tensor` with one value, `val`.

    Examples
    --------
    >>> nn.init.constant_(microtorch.empty(2), 0.3)
    tensor([0.3, 0.3])
    """
    return _fill(tensor, as_number("constant_", val, tensor.dtype))


def ones_(tensor):
    """Fill `tensor` with ones."""
    return _fill(tensor, 1)


def zeros_(tensor):
    """Fill `tensor` with zeros.

    Notes
    -----
    For biases. Weights that all begin at zero get equal gradients and stay equal.
    """
    return _fill(tensor, 0)


def eye_(tensor):
    """Fill the matrix `tensor` with the identity: ones on the diagonal, zeros elsewhere.

    Examples
    --------
    >>> nn.init.eye_(microtorch.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.dim() != 2:
        raise ShapeError(f"eye_: a matrix has two dimensions; this tensor has shape {tensor.shape}")
    return _fill(tensor, np.eye(*tensor.shape, dtype=tensor.dtype))


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Fill with values uniform in ±gain · √(6 / (fan_in + fan_out)): Glorot's initialisation.

    Parameters
    ----------
    tensor : Tensor of two dimensions or more
        A weight.
    gain : float, default 1
        A factor for the bound; see `calculate_gain`.

    References
    ----------
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, eq. 16.

    Examples
    --------
    >>> w = nn.init.xavier_uniform_(microtorch.empty(100, 500))
    >>> bool(abs(w).max() <= 0.1)
    True
    """
    bound = gain * math.sqrt(3.0 / _fan(tensor, "average"))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Fill with normal values of standard deviation gain · √(2 / (fan_in + fan_out)).

    Parameters, result and source are those of `xavier_uniform_`.

    Examples
    --------
    >>> w = nn.init.xavier_normal_(microtorch.empty(300, 500))
    >>> round(float(w.detach().numpy().std()), 2)
    0.05
    """
    return normal_(tensor, 0.0, gain / math.sqrt(_fan(tensor, "average")), generator)


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fill with values uniform in ±gain · √(3 / fan): He's initialisation.

    Parameters
    ----------
    tensor : Tensor of two dimensions or more
        A weight.
    a : float, default 0
        The negative slope of ``leaky_relu``.
    mode : {"fan_in", "fan_out", "average"}, default "fan_in"
        Whether the size of activations is kept, that of gradients, or the mean of both fans is taken.
    nonlinearity : str, default "leaky_relu"
        What follows the weight; see `calculate_gain`.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", 2015, eq. 10 and 14.

    Examples
    --------
    >>> w = nn.init.kaiming_uniform_(microtorch.empty(10, 600), nonlinearity="relu")
    >>> bool(abs(w).max() <= 0.1)
    True
    """
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / _fan(tensor, mode)) if tensor.numel() else 0.0
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fill with normal values of standard deviation gain / √fan.

    Parameters, result and source are those of `kaiming_uniform_`.

    Examples
    --------
    >>> w = nn.init.kaiming_normal_(microtorch.empty(800, 200), nonlinearity="relu")
    >>> round(float(w.detach().numpy().std()), 2)
    0.1
    """
    std = calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode)) if tensor.numel() else 0.0
    return normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor, gain=1, generator=None):
    """Fill with a (semi-)orthogonal matrix: rows, or columns where there are fewer, of length `gain` at right angles.

    Parameters
    ----------
    tensor : Tensor of two dimensions or more
        Dimensions beyond the first are taken as one.
    gain : float, default 1
        A factor.

    References
    ----------
    A. M. Saxe, J. L. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", 2013.

    Examples
    --------
    >>> w = nn.init.orthogonal_(microtorch.empty(2, 5))
    >>> (w @ w.T).detach().numpy().round(3) + 0.0
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    if tensor.dim() < 2:
        raise ShapeError(f"orthogonal_: two dimensions or more are needed; this tensor has shape {tensor.shape}")
    if tensor.numel() == 0:
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    draws = _draw(generator).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(draws)
    q *= np.sign(np.diag(r))  # so that every orthogonal matrix is equally likely
    return _fill(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Fill a matrix with normal values, but a fraction of each column with zeros.

    Parameters
    ----------
    tensor : Tensor of shape (M, D)
    sparsity : float in [0, 1]
        The fraction of zeros in each column, rounded up to whole elements.
    std : float, default 0.01
        The standard deviation of the others.

    References
    ----------
    J. Martens, "Deep learning via Hessian-free optimization", 2010, section 5.

    Examples
    --------
    >>> w = nn.init.sparse_(microtorch.empty(10, 3), sparsity=0.25)
    >>> (w.detach().numpy() == 0).sum(axis=0).tolist()
    [3, 3, 3]
    """
    if tensor.dim() != 2:
        raise ShapeError(f"sparse_: a matrix has two dimensions; this tensor has shape {tensor.shape}")
    rows, columns = tensor.shape
    values = std * _draw(generator).standard_normal(tensor.shape, tensor.dtype)
    order = _draw(generator).permuted(np.tile(np.arange(rows)[:, None], (1, columns)), axis=0)
    values[order < math.ceil(sparsity * rows)] = 0
    return _fill(tensor, values)


def __getattr__(name):
    if f"{name}_" in __all__:  # as PyTorch called them before 0.4
        return functools.partial(_old_spelling, name)
    from ..pytorch.absent import refuse

    raise refuse("nn.init", name, __all__)


def _old_spelling(name, *args, **kwargs):
    warnings.warn(
        f"nn.init.{name} is the old spelling of nn.init.{name}_, as in PyTorch. Write it with the _.",
        FutureWarning,
        stacklevel=2,
    )
    return globals()[f"{name}_"](*args, **kwargs)
