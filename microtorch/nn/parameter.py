"""Parameter: a tensor that a module trains."""

import operator

import numpy as np

from ..dtypes import as_dtype, get_default_dtype
from ..ops.creation.constant import factory_dtype
from ..tensor import LEAF, Tensor

__all__ = ["Parameter", "UninitializedBuffer", "UninitializedParameter"]


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

    def __init__(self, data=None, requires_grad=True):
        if data is None:
            data = np.empty(0, get_default_dtype())
        array = np.asarray(data._array if isinstance(data, Tensor) else data)
        as_dtype(array.dtype)
        self._array = array.view()
        self._edge = None
        self.requires_grad_(requires_grad)

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()


_ARRAY = vars(Tensor)["_array"]  # the slot itself, below the property that hides it


class _Uninitialized:
    """A tensor with a dtype and no values: it gets them, and its shape, by `materialize`, and stays the same object."""

    __slots__ = ()

    def __init__(self, requires_grad, device=None, dtype=None):
        self._edge = LEAF if requires_grad else None
        _ARRAY.__set__(self, np.empty(0, factory_dtype(device, dtype)))

    @property
    def _array(self):  # everything that computes with a tensor reads it
        raise ValueError(
            f"{self.name or 'this tensor'} is not initialised yet: its shape is known when the lazy layer that it "
            "belongs to has seen an input. Run the model once, on a batch, first."
        )

    @property
    def dtype(self):
        """numpy.dtype: the type that the elements will have."""
        return _ARRAY.__get__(self).dtype

    def is_floating_point(self):
        """Whether the dtype is float32 or float64."""
        return self.dtype.kind == "f"

    def detach(self):
        """Itself: there is nothing to share."""
        return self

    def convert(self, dtype):
        """Have elements of another floating `dtype`."""
        _ARRAY.__set__(self, np.empty(0, dtype))

    def materialize(self, shape, device=None, dtype=None):
        """Become a tensor of this shape; its values are for an initialiser to set.

        Parameters
        ----------
        shape : tuple of int
        device : str, optional
            ``"cpu"``: there is no other.
        dtype : numpy.dtype, optional
            Default: the one it was made with.
        """
        array = np.empty(shape, factory_dtype(device, self.dtype if dtype is None else dtype))
        self.__class__ = type(self).__mro__[2]  # beside _Uninitialized, what it becomes
        self._array = array

    def __deepcopy__(self, memo):
        return type(self)(self.requires_grad, dtype=self.dtype)

    def __reduce__(self):
        return type(self), (self.requires_grad, None, self.dtype)

    def __repr__(self):
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter of a lazy layer, whose shape is not known yet. To compute with it is a ValueError.

    Parameters
    ----------
    requires_grad : bool, default True
    dtype : numpy.dtype, default float32

    Examples
    --------
    >>> w = nn.UninitializedParameter()
    >>> w.materialize((2, 3))
    >>> type(w).__name__, w.shape
    ('Parameter', (2, 3))
    """

    __slots__ = ()

    def __init__(self, requires_grad=True, device=None, dtype=None):
        super().__init__(requires_grad, device, dtype)


class UninitializedBuffer(_Uninitialized, Tensor):
    """A buffer of a lazy layer, whose shape is not known yet. To compute with it is a ValueError.

    Parameters
    ----------
    requires_grad : bool, default False
    dtype : numpy.dtype, default float32
    """

    __slots__ = ()

    def __init__(self, requires_grad=False, device=None, dtype=None):
        super().__init__(requires_grad, device, dtype)


def is_lazy(tensor):
    """Whether a tensor is not initialised yet."""
    return isinstance(tensor, _Uninitialized)


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
