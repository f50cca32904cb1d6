"""Random numbers with fractions, drawn from the default generator or from one that is given.

Raises
------
DTypeError
    If `dtype` is not floating.
"""

import numpy as np

from ...autograd.observe import one_call
from ...dtypes import as_number
from ...errors import DTypeError, ShapeError
from ...random import default_generator
from ...tensor import Tensor, attach, wrap
from .constant import factory_dtype, leaf, shape_of
from .copy import overwrite

__all__ = ["normal", "rand", "rand_like", "randn", "randn_like"]


def _floating(operation, device, dtype):
    dtype = factory_dtype(device, dtype)
    if dtype.kind != "f":
        raise DTypeError(f"{operation}: numbers with fractions cannot be {dtype}. Use randint for integers.")
    return dtype


def draws(generator):
    """numpy's generator inside `generator`, or inside the default one."""
    return (default_generator if generator is None else generator).numpy


@one_call
@attach()
def rand(*shape, size=None, generator=None, dtype=None, device=None, requires_grad=False):
    """Numbers drawn evenly from 0 (included) to 1 (excluded).

    Parameters
    ----------
    *shape : int or sequence of int
        As ``rand(2, 3)`` or ``rand((2, 3))``.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> microtorch.rand(2, 3)
    tensor([[0.8506, 0.637 , 0.5111],
            [0.2698, 0.3078, 0.041 ]])
    """
    dtype, shape = _floating("rand", device, dtype), shape_of("rand", shape, size)
    return leaf(np.asarray(draws(generator).random(shape, dtype)), requires_grad)


@one_call
@attach()
def rand_like(input, *, generator=None, dtype=None, device=None, requires_grad=False):
    """As `rand`, in the shape and dtype of `input`.

    Parameters
    ----------
    dtype : numpy.dtype, default that of `input`
        Of the elements.

    Examples
    --------
    >>> microtorch.rand_like(microtorch.zeros(2, 3)).shape
    (2, 3)
    """
    return rand(
        input.shape, generator=generator, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad
    )


@one_call
@attach()
def randn(*shape, size=None, generator=None, dtype=None, device=None, requires_grad=False):
    """Numbers drawn from the normal distribution with mean 0 and standard deviation 1.

    Parameters
    ----------
    *shape : int or sequence of int
        As ``randn(2, 3)`` or ``randn((2, 3))``.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> microtorch.randn(2, 3)
    tensor([[ 1.1176, -1.3871, -0.4266],
            [-0.8036,  0.6014, -0.075 ]])
    """
    dtype, shape = _floating("randn", device, dtype), shape_of("randn", shape, size)
    return leaf(np.asarray(draws(generator).standard_normal(shape, dtype)), requires_grad)


@one_call
@attach()
def randn_like(input, *, generator=None, dtype=None, device=None, requires_grad=False):
    """As `randn`, in the shape and dtype of `input`.

    Parameters
    ----------
    dtype : numpy.dtype, default that of `input`
        Of the elements.

    Examples
    --------
    >>> microtorch.randn_like(microtorch.zeros(2, 3)).shape
    (2, 3)
    """
    return randn(
        input.shape, generator=generator, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad
    )


@one_call
@attach()
def normal(mean=0.0, std=1.0, size=None, *, generator=None, dtype=None, device=None, requires_grad=False):
    """Numbers drawn from normal distributions.

    Parameters
    ----------
    mean : Tensor or float, default 0
        The mean of each.
    std : Tensor or float, default 1
        The standard deviation of each, not negative.
    size : sequence of int, optional
        The shape; needed, and allowed, only where neither `mean` nor `std` is a tensor.
    dtype : numpy.dtype, default that of `mean` or `std`, else the default dtype
        Of the elements.

    Returns
    -------
    Tensor
        Of shape `size`, or that of `mean` and `std` broadcast together. No gradient flows to them.

    Raises
    ------
    ValueError
        If `std` is negative.
    ShapeError
        If `mean` and `std` do not broadcast together, or `size` is missing.

    Examples
    --------
    >>> _ = microtorch.manual_seed(0)
    >>> microtorch.normal(10.0, 0.1, (3,))
    tensor([10.1118,  9.8613,  9.9573])
    """
    tensors = [x for x in (mean, std) if isinstance(x, Tensor)]
    if (size is None) != bool(tensors):
        raise ShapeError("normal: takes a size if mean and std are both numbers, and none if one is a tensor")
    mean, std = (x._array if isinstance(x, Tensor) else float(x) for x in (mean, std))
    if np.any(np.less(std, 0)):
        raise ValueError(f"normal: std must not be negative, got {np.min(std)}")
    shape = np.broadcast_shapes(np.shape(mean), np.shape(std)) if tensors else shape_of("normal", (size,))
    dtype = _floating("normal", device, dtype or (tensors[0].dtype if tensors else None))
    drawn = np.asarray(draws(generator).standard_normal(shape, dtype))
    return leaf(np.asarray(drawn * std + mean).astype(dtype, copy=False), requires_grad)


@attach("normal_")
def normal_(self, mean=0.0, std=1.0, *, generator=None):
    """In place: every element is drawn from the normal distribution with this mean and standard deviation."""
    return overwrite(self, "normal_", normal(mean, std, self.shape, generator=generator, dtype=self.dtype))


@attach("uniform_")
def uniform_(self, a=0.0, b=1.0, *, generator=None):
    """In place: every element is drawn evenly from `a` (included) to `b` (excluded)."""
    for n in (a, b, b - a):
        as_number("uniform_", n, self.dtype)
    if a > b:
        raise ValueError(f"uniform_: from a={a} to b={b}: a must not be above b")
    drawn = rand(self.shape, generator=generator, dtype=self.dtype)._array
    return overwrite(self, "uniform_", wrap(np.asarray(drawn * float(b - a) + float(a))))


@attach("exponential_")
def exponential_(self, lambd=1.0, *, generator=None):
    """In place: every element is drawn from the exponential distribution with the rate `lambd`; above 0."""
    if lambd <= 0:
        raise ValueError(f"exponential_: lambd = {lambd} must be positive.")
    dtype = _of_floats(self, "exponential_")
    drawn = _drawn(dtype, lambda source: source.standard_exponential(self.shape, dtype) / lambd, generator)
    return overwrite(self, "exponential_", drawn.clamp(min=float(np.finfo(self.dtype).tiny)))


@attach("log_normal_")
def log_normal_(self, mean=1.0, std=2.0, *, generator=None):
    """In place: every element is e to the power of a number drawn from this normal distribution."""
    if std <= 0:
        raise ValueError(f"log_normal_: std = {std} must be positive.")
    drawn = normal(mean, std, self.shape, generator=generator, dtype=_of_floats(self, "log_normal_"))
    return overwrite(self, "log_normal_", drawn.exp())


@attach("cauchy_")
def cauchy_(self, median=0.0, sigma=1.0, *, generator=None):
    """In place: every element is drawn from Cauchy's distribution with this median and half width."""
    if sigma <= 0:
        raise ValueError(f"cauchy_: sigma = {sigma} must be positive.")
    dtype = _of_floats(self, "cauchy_")
    drawn = _drawn(dtype, lambda source: source.standard_cauchy(self.shape) * sigma + median, generator)
    return overwrite(self, "cauchy_", drawn)


def _of_floats(self, operation):
    if self.dtype.kind != "f":
        raise DTypeError(
            f"{operation}: a tensor of {self.dtype} cannot hold numbers with fractions. Convert with .float()."
        )
    return self.dtype


@one_call
def _drawn(dtype, draw, generator):
    return wrap(np.asarray(draw(draws(generator))).astype(dtype, copy=False))
