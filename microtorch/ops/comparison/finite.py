"""Where elements are finite, infinite or NaN: these functions have no derivative and are no part of the graph.

Returns
-------
Tensor
    Of the same shape and dtype bool.
"""

import numpy as np

from ...from_data import as_tensor
from ...tensor import attach
from .equal_and_less import by_element

__all__ = ["isfinite", "isinf", "isnan", "isneginf", "isposinf"]


@attach("isnan", numpy=np.isnan)
def isnan(input):
    """Where elements are NaN.

    Examples
    --------
    >>> microtorch.isnan(microtorch.tensor([1.0, float("nan"), float("inf")]))
    tensor([False,  True, False])
    """
    return by_element("isnan", np.isnan, as_tensor(input))


@attach("isinf", numpy=np.isinf)
def isinf(input):
    """Where elements are inf or -inf.

    Examples
    --------
    >>> microtorch.isinf(microtorch.tensor([1.0, float("nan"), float("inf")]))
    tensor([False, False,  True])
    """
    return by_element("isinf", np.isinf, as_tensor(input))


@attach("isposinf", numpy=np.isposinf)
def isposinf(input):
    """Where elements are inf.

    Examples
    --------
    >>> microtorch.isposinf(microtorch.tensor([float("inf"), float("-inf"), 1.0]))
    tensor([ True, False, False])
    """
    return by_element("isposinf", lambda x: x == np.inf, as_tensor(input))


@attach("isneginf", numpy=np.isneginf)
def isneginf(input):
    """Where elements are -inf.

    Examples
    --------
    >>> microtorch.isneginf(microtorch.tensor([float("inf"), float("-inf"), 1.0]))
    tensor([False,  True, False])
    """
    return by_element("isneginf", lambda x: x == -np.inf, as_tensor(input))


@attach("isfinite", numpy=np.isfinite)
def isfinite(input):
    """Where elements are neither NaN nor infinite.

    Examples
    --------
    >>> microtorch.isfinite(microtorch.tensor([1.0, float("nan"), float("inf")]))
    tensor([ True, False, False])
    """
    return by_element("isfinite", np.isfinite, as_tensor(input))
