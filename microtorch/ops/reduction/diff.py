"""Differences of neighbours, slopes and areas: functions given by their values at points."""

import numpy as np

from ...errors import ShapeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .. import _dimensions as dimensions
from .._promotion import only_tensors
from ..pointwise.logic import logical_xor
from ..shape.cat import cat
from ..shape.expand import expand
from ..shape.split import narrow
from .cumulative import cumsum

__all__ = ["cumulative_trapezoid", "diff", "gradient", "trapezoid", "trapz"]


def _neighbours(t, dim):
    """The elements along `dim` but for the first, and but for the last."""
    n = t.shape[dim]
    return narrow(t, dim, 1, n - 1), narrow(t, dim, 0, n - 1)


@attach("diff")
def diff(input, n=1, dim=-1, prepend=None, append=None):
    """The differences of neighbours along a dimension, `n` times.

    Parameters
    ----------
    input : Tensor
        Of bools: where neighbours differ.
    n : int, default 1
    dim : int, default -1
    prepend, append : Tensor, optional
        Put before and behind first; they may have length 1 in other dimensions.

    Returns
    -------
    Tensor
        Shorter by `n` along `dim`.

    Raises
    ------
    ShapeError
        If it has no dimensions, or the shapes do not fit.
    ValueError
        If `n` is negative.

    Notes
    -----
    yᵢ = xᵢ₊₁ − xᵢ; dxᵢ = dyᵢ₋₁ − dyᵢ.

    Examples
    --------
    >>> microtorch.diff(microtorch.tensor([1, 3, 2]))
    tensor([ 2, -1])
    """
    only_tensors("diff", input=input)
    if not input.ndim:
        raise ShapeError("diff: a tensor of shape () has no neighbours. Reshape it first.")
    if n < 0:
        raise ValueError(f"diff: n = {n} must not be negative.")
    dim = dimensions.one("diff", dim, input.ndim)
    if n == 0:
        return input.clone()
    for name, t in (("prepend", prepend), ("append", append)):
        if t is not None and t.ndim != input.ndim:
            raise ShapeError(f"diff: {name} {t.shape} and input {input.shape} must have as many dimensions.")
    parts = [
        t if t is input else expand(t, (*input.shape[:dim], t.shape[dim], *input.shape[dim + 1 :]))
        for t in (prepend, input, append)
        if t is not None
    ]
    y = cat(parts, dim) if len(parts) > 1 else input
    for _ in range(min(n, y.shape[dim])):
        after, before = _neighbours(y, dim)
        y = logical_xor(after, before) if y.dtype.kind == "b" else after - before
    return y


@attach(numpy=np.diff)
def _numpy_diff(a, n=1, axis=-1, prepend=None, append=None):
    return diff(a, n, axis, prepend, append)


def _areas(operation, y, x, dx, dim):
    """The area under each piece between two neighbours."""
    only_tensors(operation, y=y)
    if not y.ndim:
        raise ShapeError(f"{operation}: a tensor of shape () has no neighbours. Reshape it first.")
    dim = dimensions.one(operation, dim, y.ndim)
    if not y.shape[dim]:
        return y, dim
    if x is None:
        width = as_tensor(dx) if isinstance(dx, Tensor) else dx
    else:
        x = as_tensor(x)
        if x.ndim == 1:
            x = x.reshape([-1 if d == dim else 1 for d in range(y.ndim)])
        at = dim - y.ndim + x.ndim
        if at < 0 or x.shape[at] != y.shape[dim]:
            raise ShapeError(f"{operation}: x {x.shape} does not give a place to each of y {y.shape} along dim {dim}.")
        width = diff(x, dim=at)
    after, before = _neighbours(y, dim)
    return (after + before) * width / 2, dim


def trapezoid(y, x=None, *, dx=1.0, dim=-1):
    """The area under the straight lines through points, along a dimension.

    Parameters
    ----------
    y : Tensor
        The values.
    x : Tensor, optional
        Their places, in order; of one dimension or of a shape that broadcasts with `y`.
    dx : float, default 1
        The distance of neighbours, where there is no `x`.
    dim : int, default -1

    Returns
    -------
    Tensor
        Without `dim`.

    Notes
    -----
    Σ (xᵢ₊₁ − xᵢ) · (yᵢ + yᵢ₊₁) / 2, with the gradients of its products and sums.

    Examples
    --------
    >>> microtorch.trapezoid(microtorch.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    areas, dim = _areas("trapezoid", y, x, dx, dim)
    return areas.sum(dim)


@attach(numpy=np.trapezoid)
def _numpy_trapezoid(y, x=None, dx=1.0, axis=-1):
    return trapezoid(y, x, dx=dx, dim=axis)


trapz = trapezoid


def cumulative_trapezoid(y, x=None, *, dx=1.0, dim=-1):
    """As `trapezoid`, up to each point but the first.

    Parameters
    ----------
    y : Tensor
    x : Tensor, optional
    dx : float, default 1
    dim : int, default -1

    Returns
    -------
    Tensor
        Shorter by 1 along `dim`.

    Raises
    ------
    ShapeError, IndexError
        As `trapezoid`.

    Examples
    --------
    >>> microtorch.cumulative_trapezoid(microtorch.tensor([1.0, 5.0, 10.0]))
    tensor([ 3. , 10.5])
    """
    areas, dim = _areas("cumulative_trapezoid", y, x, dx, dim)
    return cumsum(areas, dim)


def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """The slopes of a function given by its values on a grid, along each of some dimensions.

    Parameters
    ----------
    input : Tensor
        The values.
    spacing : number, sequence of number or sequence of Tensor, default 1
        The distance of neighbours, one for all dimensions or one for each; or the coordinates along each.
    dim : int or sequence of int, optional
        Default all.
    edge_order : {1, 2}, default 1
        At the edges slopes of straight lines, or of parabolas.

    Returns
    -------
    tuple of Tensor
        One for each dimension, of the shape of `input`.

    Raises
    ------
    ShapeError
        If a dimension has not at least ``edge_order + 1`` points, or the spacings do not fit.
    ValueError
        If `edge_order` is another number.

    Notes
    -----
    Inside, the slope of the parabola through a point and its neighbours at distances h and k:
    (h²·f(x + k) + (k² − h²)·f(x) − k²·f(x − h)) / (h·k·(h + k)).

    Examples
    --------
    >>> microtorch.gradient(microtorch.tensor([1.0, 4.0, 9.0]))
    (tensor([3., 4., 5.]),)
    """
    only_tensors("gradient", input=input)
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order = {edge_order} is neither 1 nor 2.")
    dims = range(input.ndim) if dim is None else dim if isinstance(dim, tuple | list) else (dim,)
    dims = [dimensions.one("gradient", d, input.ndim) for d in dims]
    spacing = 1 if spacing is None else spacing
    spacings = spacing if isinstance(spacing, tuple | list) else [spacing] * len(dims)
    if len(spacings) != len(dims) or len(set(dims)) < len(dims):
        raise ShapeError(f"gradient: {len(spacings)} spacings for dimensions {tuple(dims)}: give one for each, once.")
    return tuple([_slopes(input, d, space, edge_order) for d, space in zip(dims, spacings, strict=True)])


def _slopes(f, dim, spacing, edge_order):
    n = f.shape[dim]
    if n <= edge_order:
        raise ShapeError(f"gradient: dimension {dim} has {n} points, edge_order = {edge_order} needs {edge_order + 1}.")
    dtype = f.dtype if f.dtype.kind == "f" else np.dtype(np.float32)
    f = f.to(dtype)
    if isinstance(spacing, Tensor) and spacing.ndim:
        if spacing.shape != (n,):
            raise ShapeError(
                f"gradient: coordinates {spacing.shape} for dimension {dim} of {n} points. Give one for each."
            )
        gaps = diff(spacing.to(dtype))
    else:
        gaps = expand(as_tensor(spacing, dtype).reshape(1), (n - 1,))
    gaps = gaps.reshape([-1 if d == dim else 1 for d in range(f.ndim)])

    def at(t, start, length):
        return narrow(t, dim, start, length)

    def parabola(place, point):  # the slope at one of the three points from `place` on
        h, k = at(gaps, place, 1), at(gaps, place + 1, 1)
        a, b, c = (at(f, place + i, 1) for i in range(3))
        return (b - a) / h + ((c - b) / k - (b - a) / h) / (h + k) * (-h if point == 0 else h + 2 * k)

    if edge_order == 1:
        steps = diff(f, dim=dim) / gaps
        first, last = at(steps, 0, 1), at(steps, n - 2, 1)
    else:
        first, last = parabola(0, 0), parabola(n - 3, 2)
    if n == 2:
        return cat([first, last], dim)
    h, k = at(gaps, 0, n - 2), at(gaps, 1, n - 2)
    before, here, after = (at(f, i, n - 2) for i in range(3))
    inside = (h * h * after + (k * k - h * h) * here - k * k * before) / (h * k * (h + k))
    return cat([first, inside, last], dim)
