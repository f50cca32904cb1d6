"""New tensors: constants and ranges.

Raises
------
ValueError
    If `steps` is negative.
"""

from math import ceil, isfinite
from operator import index

import numpy as np

from ...autograd.mode import state
from ...autograd.observe import tell
from ...devices import check_device
from ...dtypes import as_dtype, as_number, float64, get_default_dtype, int64
from ...errors import DTypeError, ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach, wrap

__all__ = ["arange", "empty", "eye", "full", "linspace", "logspace", "ones", "range", "scalar_tensor", "zeros"]


def shape_of(operation, size, named=None):
    """The shape that ``operation(2, 3)`` or ``operation((2, 3))`` asks for, or by its name ``size=(2, 3)``."""
    if named is not None:
        if size:
            raise TypeError(f"{operation}: takes one shape, and got {size} and size={named!r}.")
        size = (named,)
    if len(size) == 1 and isinstance(size[0], list | tuple):
        size = size[0]
    try:
        shape = tuple(index(n) for n in size)
    except TypeError:
        raise TypeError(f"{operation}: a size is made of ints, not {size!r}") from None
    if any(n < 0 for n in shape):
        raise ShapeError(f"{operation}: size {shape} has a negative dimension")
    if any(n >= 2**63 for n in shape):
        raise ShapeError(f"{operation}: a size of {len(shape)} dimensions with one of 2**63 or more does not exist")
    return shape


def factory_dtype(device, dtype):
    """The dtype that the arguments ``device=`` and ``dtype=`` of something new ask for."""
    check_device(device)
    return get_default_dtype() if dtype is None else as_dtype(dtype)


def of_numbers(operation, dtype):
    """`dtype`, which must not be bool: there is no range of truth values."""
    if dtype.kind == "b":
        raise DTypeError(f"{operation}: dtype=bool has no numbers between two others. Compare a range: arange(n) > 0.")
    return dtype


def leaf(array, requires_grad):
    """A new tensor over `array`, which is nobody else's."""
    if state.observers:
        tell("made", array, None)
    made = wrap(array)
    return made.requires_grad_() if requires_grad else made


@attach()
def zeros(*shape, size=None, dtype=None, device=None, requires_grad=False):
    """A tensor of zeros.

    Parameters
    ----------
    *shape : int or sequence of int
        As ``zeros(2, 3)`` or ``zeros((2, 3))``.

    Examples
    --------
    >>> microtorch.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return leaf(np.zeros(shape_of("zeros", shape, size), factory_dtype(device, dtype)), requires_grad)


@attach()
def ones(*shape, size=None, dtype=None, device=None, requires_grad=False):
    """A tensor of ones.

    Parameters
    ----------
    *shape : int or sequence of int
        As ``ones(2, 3)`` or ``ones((2, 3))``.

    Examples
    --------
    >>> microtorch.ones(2, 3)
    tensor([[1., 1., 1.],
            [1., 1., 1.]])
    """
    return leaf(np.ones(shape_of("ones", shape, size), factory_dtype(device, dtype)), requires_grad)


@attach()
def empty(*shape, size=None, dtype=None, device=None, requires_grad=False):
    """A tensor that holds whatever the memory held before: for what will be filled at once.

    Parameters
    ----------
    *shape : int or sequence of int
        As ``empty(2, 3)`` or ``empty((2, 3))``.

    Examples
    --------
    >>> microtorch.empty(2, 3).shape
    (2, 3)
    """
    return leaf(np.empty(shape_of("empty", shape, size), factory_dtype(device, dtype)), requires_grad)


@attach()
def full(size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """A tensor filled with one value.

    Parameters
    ----------
    size : int or sequence of int
        The shape.
    fill_value : number
    dtype : numpy.dtype, default that of `tensor(fill_value)`
        Of the elements.

    Examples
    --------
    >>> microtorch.full((2, 2), 7)
    tensor([[7, 7],
            [7, 7]])
    """
    dtype = factory_dtype(device, as_tensor(fill_value).dtype if dtype is None else dtype)
    return leaf(np.full(shape_of("full", (size,)), as_number("full", fill_value, dtype)), requires_grad)


@attach()
def arange(start, end=None, step=1, *, dtype=None, device=None, requires_grad=False):
    """The numbers ``start``, ``start + step``, ``start + 2 * step``, ... before `end`, as 1-D tensor.

    Parameters
    ----------
    start : number, default 0
        The first; ``arange(end)`` starts at 0.
    end : number
        Not reached.
    step : number, default 1
        Not 0; negative to count down.
    dtype : numpy.dtype, default int64 if all are ints, else the default dtype
        Of the elements.

    Returns
    -------
    Tensor
        Of shape (⌈(end − start) / step⌉,).

    Raises
    ------
    ValueError
        If `step` is 0 or leads away from `end`, or a number is not finite.

    Examples
    --------
    >>> microtorch.arange(3)
    tensor([0, 1, 2])
    >>> microtorch.arange(1, 2.5, 0.5)
    tensor([1. , 1.5, 2. ])
    """
    if end is None:
        start, end = 0, start
    start, end, step = (x.item() if isinstance(x, Tensor | np.generic) else x for x in (start, end, step))
    if dtype is None and all(isinstance(x, int) for x in (start, end, step)):
        dtype = int64
    dtype = of_numbers("arange", factory_dtype(device, dtype))
    if not (isfinite(start) and isfinite(end) and isfinite(step)):
        raise ValueError(f"arange: start={start}, end={end}, step={step} must be finite")
    if step == 0 or (dtype.kind != "f" and int(step) == 0):
        raise ValueError(f"arange: step must not be 0, as {step} is in {dtype}")
    if (end - start) * step < 0:
        raise ValueError(f"arange: from start={start}, step={step} leads away from end={end}. Turn the sign of step.")
    length = (int(end) - int(start)) / int(step) if dtype == int64 else (end - start) / step
    length = ceil(length)
    if dtype.kind != "f":
        start, step = int(start), int(step)
        for n in (start, start + step * (length - 1)) if length else ():
            as_number("arange", n, dtype)
    return leaf((start + step * np.arange(length)).astype(dtype), requires_grad)


@attach()
def range(start=0, end=None, step=1, *, dtype=None, device=None, requires_grad=False):
    """As `arange`, but with `end`, and of the default dtype: PyTorch's old spelling.

    Parameters
    ----------
    start, end : number
        The first, and what is not passed.
    step : number, default 1
        Not 0.

    Raises
    ------
    ValueError
        If `step` is 0 or leads away from `end`.
    """
    if end is None:
        raise TypeError("range: takes start and end, both included. Use arange(end) to count from 0.")
    if step == 0 or (end - start) * step < 0:
        raise ValueError(f"range: from {start}, step={step} does not lead to {end}.")
    dtype = factory_dtype(device, dtype)
    return arange(
        start, start + (int((end - start) / step) + 0.5) * step, step, dtype=dtype, requires_grad=requires_grad
    )


@attach()
def linspace(start, end, steps, *, dtype=None, device=None, requires_grad=False):
    """So many numbers at equal distances, the first `start` and the last `end`.

    Parameters
    ----------
    start, end : number or Tensor
        Of 0 dimensions, if tensors.
    steps : int
        How many, not negative; 1 gives `start` alone.

    Returns
    -------
    Tensor
        Of shape (steps,).

    Examples
    --------
    >>> microtorch.linspace(0, 1, 5)
    tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    start, end = (x.item() if isinstance(x, Tensor) else x for x in (start, end))
    dtype, steps = of_numbers("linspace", factory_dtype(device, dtype)), index(steps)
    if steps < 0:
        raise ValueError(f"linspace: number of steps must not be negative, got {steps}")
    ends = [as_number("linspace", x, dtype) for x in (start, end)]
    if dtype.kind != "f":
        start, end = (x.item() for x in ends)
    gap = (end - start) / max(steps - 1, 1)
    i = np.arange(steps)
    # From the nearer end, so that both are met exactly.
    y = np.where(i < steps // 2 + steps % 2, start + gap * i, end - gap * (steps - 1 - i)).astype(dtype)
    if dtype.kind != "f" and steps:  # beyond 2⁵³ the gaps do not meet them
        y[-1], y[0] = end, start
    return leaf(y, requires_grad)


@attach()
def logspace(start, end, steps, base=10.0, *, dtype=None, device=None, requires_grad=False):
    """So many numbers whose logarithms have equal distances, from ``base**start`` to ``base**end``.

    Parameters
    ----------
    start, end : number
        The exponents.
    steps : int
        How many, not negative; 1 gives ``base**start`` alone.
    base : float, default 10

    Returns
    -------
    Tensor
        Of shape (steps,).

    Examples
    --------
    >>> microtorch.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    dtype = of_numbers("logspace", factory_dtype(device, dtype))
    if dtype.kind != "f":
        start, end = int(start), int(end)
    exponents = linspace(start, end, steps, dtype=float64)._array
    return leaf((float(base) ** exponents).astype(dtype), requires_grad)


@attach()
def scalar_tensor(s, *, dtype=None, device=None, requires_grad=False):
    """A tensor of no dimensions with this value, of the default dtype.

    Parameters
    ----------
    s : number
    dtype : numpy.dtype, default that of `get_default_dtype`

    Returns
    -------
    Tensor, shape ()

    Examples
    --------
    >>> microtorch.scalar_tensor(5)
    tensor(5.)
    """
    return full((), s, dtype=factory_dtype(device, dtype), requires_grad=requires_grad)


@attach()
def eye(n, m=None, *, dtype=None, device=None, requires_grad=False):
    """A matrix with ones on the diagonal and zeros elsewhere.

    Parameters
    ----------
    n : int
        How many rows.
    m : int, optional
        How many columns; default as many.

    Returns
    -------
    Tensor
        Of shape (n, m).

    Examples
    --------
    >>> microtorch.eye(2, 3)
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    n, m = shape_of("eye", (n, n if m is None else m))
    return leaf(np.eye(n, m, dtype=factory_dtype(device, dtype)), requires_grad)
