"""Parameter: a tensor that a module trains."""

import copy
import operator

import numpy as np

from ..dtypes import get_default_dtype
from ..ops.creation.constant import factory_dtype
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

    __slots__ = ("__dict__",)  # a place for marks of the user's own: p.tag = 1

    def __init__(self, data=None, requires_grad=True):
        if data is None:
            data = np.empty(0, get_default_dtype())
        super().__init__(data._array if isinstance(data, Tensor) else data, requires_grad)

    def __deepcopy__(self, memo):
        copied = super().__deepcopy__(memo)
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied

    def __reduce__(self):
        make, arguments, (_, slots) = super().__reduce__()
        return make, arguments, (self.__dict__ or None, slots)

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()


def sizes(layer, least=0, **given):
    """Sizes of a layer, by the names of its arguments, as ints; complains of what is none, or less than `least`."""
    found = []
    for name, value in given.items():
        try:
            if isinstance(value, bool):
                raise TypeError
            size = operator.index(value)
        except TypeError:
            hint = f" Did you mean {int(value)}?" if isinstance(value, float) and value.is_integer() else ""
            hint = " Use // rather than / to divide sizes." if isinstance(value, float) and not hint else hint
            raise TypeError(f"{layer}: {name} is {value!r}. It is a size, an int.{hint}") from None
        if size < least:
            rule = "must be positive" if least == 1 else f"must be {least} or more"
            raise ValueError(f"{layer}: {name} is {size}. It is a size and {rule}.")
        found.append(size)
    return found


def empty(shape, device=None, dtype=None):
    """A parameter for an initialiser to fill."""
    return Parameter(np.empty(shape, factory_dtype(device, dtype)))
