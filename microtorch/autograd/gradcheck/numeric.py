"""Derivatives from function values alone, with an estimate of their own error.

Note [Numeric error]: a central difference D(h) is off by c·h² + d·h⁴ + …, so three of them (h, h/2, h/4) combine to
one that is off by the sixth power of h only (Richardson), and how far the combinations disagree tells the error
(Ridders). Rounding adds about eps·|f|/h. With steps of 1/128 the two meet near 1e-12, far below what a small single
step gives, and a verdict can say "within so many times the numeric error" where others ask for a tolerance.

Returns
-------
ndarray
    Of the shape of `x`.
"""

from typing import NamedTuple

import numpy as np

from ...errors import DTypeError, GradientError
from ...tensor import Tensor, wrap

__all__ = ["eval_numerical_gradient", "eval_numerical_gradient_array", "numerical_gradient", "relative_error"]

EPS = np.finfo(np.float64).eps
FIRST_STEP = 2.0**-7  # of the size of what moves
REFINEMENTS = 9  # steps of a closer look, each a quarter of the one before: down to 1e-7


class Estimate(NamedTuple):
    """A derivative of several outputs along one line, as arrays over the outputs."""

    value: np.ndarray
    error: np.ndarray  # how far off `value` may be
    low: np.ndarray  # the one-sided derivatives, the smaller
    high: np.ndarray  # and the larger; at a kink the truth is anything between
    kink: np.ndarray  # bool: do they really differ?
    rounding: np.ndarray  # the part of `error` that no better step would take away


def step_for(x):
    """The first step for a coordinate with the value `x`: in proportion, and not too small at zero."""
    return FIRST_STEP * max(abs(float(x)), 0.125)


def estimate(along, f0, h):
    """The derivative of ``along(t)`` at 0 from six values.

    Parameters
    ----------
    along : callable
        From a number to an array of outputs.
    f0 : ndarray
        ``along(0)``.
    h : float
        The first step; it is made smaller where a value is not finite.
    """
    for _ in range(4):
        ups, downs = (np.array([along(sign * h / k) for k in (1, 2, 4)]) for sign in (1, -1))
        if np.isfinite(ups).all() and np.isfinite(downs).all():
            break
        h /= 16  # perhaps it left the domain, as that of log
    steps = h / np.array([1, 2, 4])[:, None]
    d = (ups - downs) / (2 * steps)
    e = (4 * d[1:] - d[:-1]) / 3
    value = (16 * e[1] - e[0]) / 15
    error = np.maximum(np.abs(value - e[1]), np.abs(value - e[0])) + _rounding(f0, steps[-1])
    right, left = (ups - f0) / steps, (f0 - downs) / steps
    kink = _is_kink(right, left, f0, steps)
    return Estimate(value, error, *_sides(right[-1], left[-1]), kink, np.full(value.shape, _rounding(f0, steps[-1])))


def refine(along, f0, h):
    """As `estimate`, from many steps: per output the best of them. For kinks and sharp bends near the point."""
    steps = h * 0.25 ** np.arange(REFINEMENTS)[:, None]
    ups, downs = (np.array([along(sign * float(s)) for s in steps[:, 0]]) for sign in (1, -1))
    d = (ups - downs) / (2 * steps)
    values = (16 * d[1:] - d[:-1]) / 15
    rounding = np.broadcast_to(_rounding(f0, steps[1:]), values.shape)
    errors = np.abs(values - d[1:]) + rounding
    best_step = np.where(np.isfinite(errors), errors, np.inf).argmin(axis=0)[None]
    value, error = (np.take_along_axis(a, best_step, 0)[0] for a in (values, errors))
    right, left = ((ups - f0) / steps)[-3:], ((f0 - downs) / steps)[-3:]
    kink = _is_kink(right, left, f0, steps[-3:])
    return Estimate(value, error, *_sides(right[-1], left[-1]), kink, np.take_along_axis(rounding, best_step, 0)[0])


def best(along, f0, h, is_good):
    """An estimate, refined where it is not good enough."""
    first = estimate(along, f0, h)
    poor = ~is_good(first)
    if not poor.any():
        return first
    second = refine(along, f0, h)
    # A closer look may lose digits to rounding; then the first estimate, if it was near a kink of its own, is worse.
    better = poor & ((second.error < first.error) | first.kink | second.kink | ~np.isfinite(first.value))
    return Estimate(*(np.where(better, b, a) for a, b in zip(first, second, strict=True)))


def _rounding(f0, h):
    return 8 * EPS * np.max(np.abs(f0), initial=0.0) / h


def _sides(right, left):
    return np.minimum(right, left), np.maximum(right, left)


def _is_kink(right, left, f0, steps):
    """Whether the one-sided derivatives differ, and no less so at the smaller steps (a bend: in proportion to it)."""
    jumps = np.abs(right - left)
    return (jumps[-1] > 0.9 * jumps[0]) & (jumps[-1] > 100 * _rounding(f0, steps[-1])) & (jumps[-1] > 1e-6)


def _values(result):
    """The floating values of a result as one flat float64 array."""
    results = result if isinstance(result, list | tuple) else [result]
    arrays = [r._array if isinstance(r, Tensor) else np.asarray(r) for r in results]
    return np.concatenate([np.ravel(a).astype(np.float64) for a in arrays] or [np.zeros(0)])


def numerical_gradient(func, x, grad_output=None, *, method="richardson", eps=None):
    """The gradient of a function from its values alone.

    Parameters
    ----------
    func : callable
        From a Tensor (or ndarray, if `x` is one) to a Tensor, ndarray or number.
    x : Tensor or ndarray
        Where. Computed in float64 whatever its dtype; `x` itself is not changed.
    grad_output : Tensor or ndarray, optional
        The gradient of the output, of its shape; default ones, that is, the sum of the output is differentiated.
    method : {"richardson", "central", "complex"}, default "richardson"
        Three central differences extrapolated; one central difference; or the imaginary part of f(x + i·eps), exact
        to rounding, for functions of ndarrays that can compute with complex numbers.
    eps : float, optional
        The (first) step; default chosen per element, 1e-6 for "central", 1e-20 for "complex".

    Returns
    -------
    Tensor or ndarray
        As `x`, of its shape, float64.

    Notes
    -----
    See Note [Numeric error] in the source. It costs 6, 2 or 1 evaluations an element.

    References
    ----------
    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in Engineering Software 4 (1982).
    W. Squire, G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM Review 40 (1998).

    Examples
    --------
    >>> from microtorch.autograd import numerical_gradient
    >>> numerical_gradient(lambda x: x * x * x, microtorch.tensor([1.0, 2.0]))
    tensor([ 3., 12.], dtype=float64)
    """
    if method not in ("richardson", "central", "complex"):
        raise ValueError(f'numerical_gradient: method {method!r} is none of "richardson", "central", "complex"')
    is_tensor = isinstance(x, Tensor)
    point = np.array(x._array if is_tensor else x, np.complex128 if method == "complex" else np.float64)
    dy = grad_output._array if isinstance(grad_output, Tensor) else grad_output
    if method == "complex" and is_tensor:
        raise ValueError('numerical_gradient: method="complex" needs an ndarray: tensors have no complex dtype')

    def values(argument):
        result = func(wrap(argument) if is_tensor else argument)
        return np.ravel(result) if method == "complex" else _values(result)

    f0 = values(point.copy())
    weights = np.ones(f0.size) if dy is None else np.ravel(dy)
    gradient = np.empty(point.shape)
    for index in np.ndindex(point.shape):
        here = point[index]

        def along(t, index=index, here=here):
            moved = point.copy()
            moved[index] = here + t
            return values(moved)

        if method == "complex":
            h = 1e-20 if eps is None else eps
            change = _imaginary(along(1j * h)) / h
        elif method == "central":
            h = 1e-6 if eps is None else eps
            change = (along(h) - along(-h)) / (2 * h)
        else:
            h = step_for(here) if eps is None else eps
            change = best(along, f0, h, _is_fine).value
        gradient[index] = weights @ change  # differences first: the sum of all outputs would drown them
    return wrap(gradient) if is_tensor else gradient


def _is_fine(e):
    """Whether an estimate is about as good as double precision allows; see Note [Numeric error]."""
    return ~e.kink & (e.error <= 1e-10 * np.max(np.abs(e.value), initial=0.0) + 4 * e.rounding)


def _imaginary(value):
    if not np.iscomplexobj(value):
        raise GradientError(
            'numerical_gradient: method="complex" needs a function that keeps complex numbers; this one returned '
            'real ones (abs, comparisons and .real lose them). Use method="richardson".'
        )
    return value.imag


def relative_error(x, y):
    """The largest relative error between two arrays: max |x − y| / max(1e-8, |x| + |y|).

    Parameters
    ----------
    x, y : Tensor or ndarray or number
        Of the same shape (or shapes that broadcast).

    Returns
    -------
    float
        0 for empty arrays, NaN where one of the values is.

    References
    ----------
    As in the course notebooks of CS231n (Stanford).

    Examples
    --------
    >>> from microtorch.autograd import relative_error
    >>> relative_error([1.0, 2.0], [1.0, 2.0 + 4e-7])
    1e-07
    """
    x, y = (np.asarray(a._array if isinstance(a, Tensor) else a, dtype=np.float64) for a in (x, y))
    return float(np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)), initial=0.0))


def eval_numerical_gradient(f, x, verbose=True, h=0.00001):
    """The gradient of a scalar function by central differences, in the form that courses use.

    Parameters
    ----------
    f : callable
        From `x` to a number (or tensor of one element).
    x : ndarray or Tensor
        Changed in place element by element, and put back; so `f` may also be a closure over it.
    verbose : bool, default True
        Print each element's index and derivative.
    h : float, default 1e-5
        The step.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.autograd import eval_numerical_gradient
    >>> eval_numerical_gradient(lambda x: np.sum(x**2), np.array([1.0, 2.0]), verbose=False)
    array([2., 4.])
    """
    return _central(f, x, lambda up, down: float(up[0] - down[0]), h, verbose)


def eval_numerical_gradient_array(f, x, df, h=1e-5):
    """The gradient of ``sum(f(x) * df)`` by central differences, in the form that courses use.

    Parameters
    ----------
    f : callable
        From `x` to an array or tensor.
    x : ndarray or Tensor
        Changed in place element by element, and put back.
    df : ndarray or Tensor
        The gradient of the output, of its shape.
    h : float, default 1e-5
        The step.

    Examples
    --------
    >>> import numpy as np
    >>> from microtorch.autograd import eval_numerical_gradient_array
    >>> eval_numerical_gradient_array(lambda x: x**2, np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([ 2., 40.])
    """
    df = np.ravel(df._array if isinstance(df, Tensor) else df)
    return _central(f, x, lambda up, down: np.sum((up - down) * df), h, verbose=False)


def _central(f, x, change, h, verbose):
    array = x._array if isinstance(x, Tensor) else x
    if array.dtype.kind != "f":
        raise DTypeError(f"a {array.dtype} array cannot be moved by {h}. Convert it first, e.g. x.astype(float).")
    gradient = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        here = array[index]
        try:
            array[index] = here + h
            up = _values(f(x))
            array[index] = here - h
            down = _values(f(x))
        finally:
            array[index] = here
        gradient[index] = change(up, down) / (2 * h)
        if verbose:
            print(index, gradient[index])
    return gradient
