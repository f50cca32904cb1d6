"""Parameter: a tensor that a module trains."""

import numpy as np

from ..dtypes import get_default_dtype
from ..ops.creation import factory_dtype
from ..tensor import Tensor

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor that becomes a parameter of the module it is assigned to.

    Parameters
    ----------
    data : Tensor or ndarray
        The initial value, of a floating dtype if `requires_grad`. Its memory is shared.
    requires_grad : bool, default True
        Whether it is trained.

    Notes
    -----
    ``name`` is the attribute it was first assigned to; `Module.named_parameters` gives the path from a root.

    Examples
    --------
    >>> import microtorch
    >>> from microtorch import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(microtorch.ones(2))
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> scale = Scale()
    >>> scale(microtorch.tensor([3.0, 4.0])).sum().backward()
    >>> scale.factor.grad
    tensor([3., 4.])
    """

    __slots__ = ()

    def __init__(self, data=None, requires_grad=True):
        if data is None:
            data = np.empty(0, get_default_dtype())
        super().__init__(data._array if isinstance(data, Tensor) else data, requires_grad)

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()


def empty(shape, device=None, dtype=None):
    """A parameter for an initialiser to fill."""
    return Parameter(np.empty(shape, factory_dtype(device, dtype)))
