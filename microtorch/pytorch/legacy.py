"""PyTorch's oldest spellings: ``FloatTensor([1, 2])``, ``Variable(x)``, types of tensors by their names."""

import warnings

import numpy as np

from ..dtypes import as_dtype, bool_, float32, float64, get_default_dtype, int32, int64, set_default_dtype, uint8
from ..errors import DTypeError, not_a_tensor
from ..from_data import as_array
from ..tensor import Tensor, out_of_graph, over, wrap

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "DoubleTensor",
    "FloatTensor",
    "IntTensor",
    "LongTensor",
    "Variable",
    "set_default_tensor_type",
]


def as_new_tensor(name, dtype, data):
    """The tensor that ``name(*data)`` means: sizes, or one sequence, array or Tensor; `dtype` None is the default."""
    wanted = get_default_dtype() if dtype is None else dtype
    if len(data) != 1 or (_is_integer(data[0])):
        from ..ops.creation.constant import shape_of

        return wrap(np.zeros(shape_of(name, data or (0,)), wanted))
    (only,) = data
    if isinstance(only, Tensor):
        if dtype is not None and only.dtype != dtype:
            raise DTypeError(f"{name}: the tensor has dtype {only.dtype}. Convert it: t.to({wanted}), or t.{wanted}().")
        return only.view(only.shape)
    if isinstance(only, str) or not hasattr(only, "__getitem__") or np.ndim(only) == 0:
        raise TypeError(
            f"{name}: takes sizes, as {name}(2, 3), or a sequence of numbers, not {type(only).__name__} {only!r:.60}. "
            f"Of one number, microtorch.tensor({only!r:.20}) makes a tensor."
        )
    return over(as_array(only, wanted))


def _is_integer(x):
    return isinstance(x, int | np.integer) and not isinstance(x, bool)


class _Typed(type):
    """The class of `FloatTensor` and its like: called, they make a Tensor; asked, they tell one of their dtype."""

    def __call__(cls, *data, device=None):
        from ..devices import check_device

        check_device(device)
        return as_new_tensor(cls.__name__, cls.dtype, data)

    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor) and instance.dtype == cls.dtype


def _typed(name, dtype):
    return _Typed(
        name,
        (),
        {
            "__doc__": f"A Tensor of {dtype}: ``{name}(2, 3)`` of this shape, ``{name}([1, 2])`` of these values.",
            "__module__": __name__,
            "dtype": dtype,
        },
    )


FloatTensor, DoubleTensor = _typed("FloatTensor", float32), _typed("DoubleTensor", float64)
LongTensor, IntTensor = _typed("LongTensor", int64), _typed("IntTensor", int32)
ByteTensor, BoolTensor = _typed("ByteTensor", uint8), _typed("BoolTensor", bool_)

TYPES = {f"torch.{t.__name__}": t for t in (FloatTensor, DoubleTensor, LongTensor, IntTensor, ByteTensor, BoolTensor)}


def type_name(dtype):
    """PyTorch's name for the type of a tensor of this dtype: ``"torch.FloatTensor"``."""
    return next(name for name, t in TYPES.items() if t.dtype == dtype)


def dtype_of_type(type):
    """The dtype that ``t.type(type)`` asks for: a dtype, one of the classes here, or the name of one."""
    if isinstance(type, str) and type.startswith("torch."):
        found = TYPES.get(type)
        if found is None:
            raise DTypeError(f"type: {type!r} is none of {', '.join(TYPES)}.")
        return found.dtype
    return type.dtype if isinstance(type, _Typed) else as_dtype(get_default_dtype() if type is Tensor else type)


def set_default_tensor_type(type):
    """Set the dtype of tensors made from Python floats; the spelling before `set_default_dtype`.

    Parameters
    ----------
    type : type or str
        ``FloatTensor`` or ``DoubleTensor``, or the name of one, as ``"torch.DoubleTensor"``.

    Examples
    --------
    >>> microtorch.set_default_tensor_type(microtorch.FloatTensor)
    """
    set_default_dtype(dtype_of_type(type))


class _VariableMeta(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor)

    def __call__(cls, data=None, requires_grad=False, volatile=None):
        if volatile:
            warnings.warn(
                "Variable: volatile has no effect, as in PyTorch. Use `with torch.no_grad():` instead.", stacklevel=2
            )
        if not isinstance(data, Tensor):
            raise TypeError(not_a_tensor("Variable", "data", data))
        made = out_of_graph(over(data._array), data, "made a Variable")
        return made.requires_grad_() if requires_grad else made


class Variable(metaclass=_VariableMeta):
    """A Tensor over the memory of `data`, outside its graph: what was needed around tensors before PyTorch 0.4.

    Parameters
    ----------
    data : Tensor
        Where the values are.
    requires_grad : bool, default False
        Whether operations on it are recorded.
    volatile : bool, optional
        Without effect, as in PyTorch; `no_grad` has taken its place.

    Examples
    --------
    >>> from microtorch.autograd import Variable
    >>> x = Variable(microtorch.ones(2), requires_grad=True)
    >>> isinstance(x, Variable), type(x) is microtorch.Tensor
    (True, True)
    """
