"""Questions about tensors and types, and PyTorch's switches: what each changes here, if anything."""

import numpy as np

from ..devices import CPU, check_device
from ..dtypes import as_dtype
from ..errors import warn_at_user_line
from ..ops import result_type
from ..ops._promotion import only_tensors
from ..tensor import Tensor, wrap

__all__ = [
    "Size",
    "are_deterministic_algorithms_enabled",
    "can_cast",
    "channels_last",
    "compile",
    "contiguous_format",
    "detach",
    "get_default_device",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "is_complex",
    "is_floating_point",
    "is_nonzero",
    "is_same_size",
    "is_tensor",
    "numel",
    "preserve_format",
    "promote_types",
    "set_default_device",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_num_interop_threads",
    "strided",
    "typename",
    "use_deterministic_algorithms",
]


# Layouts and orders of memory, by their names: there is one of each, row by row.
strided, contiguous_format, preserve_format, channels_last = (
    "strided",
    "contiguous_format",
    "preserve_format",
    "channels_last",
)


class _SizeMeta(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, tuple)


class Size(tuple, metaclass=_SizeMeta):
    """A shape. Those of tensors are plain tuples, which count as Sizes: ``isinstance(t.shape, Size)``.

    Examples
    --------
    >>> microtorch.Size([2, 3]) == microtorch.zeros(2, 3).shape
    True
    >>> microtorch.Size([2, 3]).numel()
    6
    """

    __slots__ = ()

    def numel(self):
        """The number of elements of a tensor of this shape."""
        return int(np.prod(self, dtype=np.int64))


def is_tensor(obj):
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input):
    """Whether the dtype of the Tensor `input` is float32 or float64."""
    return input.is_floating_point()


def is_complex(input):
    """Whether the Tensor `input` holds complex numbers: never."""
    return False


def is_nonzero(input):
    """Whether the one element of the Tensor `input` is not 0."""
    return bool(input != 0)


def is_same_size(input, other):
    """Whether the Tensors `input` and `other` have the same shape."""
    only_tensors("is_same_size", input=input, other=other)
    return input.shape == other.shape


def numel(input):
    """The number of elements of the Tensor `input`."""
    return input.numel()


def detach(input):
    """The Tensor `input` outside the graph, over the same memory; see `Tensor.detach`."""
    return input.detach()


def typename(obj):
    """The name of a tensor's type, as ``"torch.FloatTensor"``, or of the class of any other `obj`."""
    return obj.type() if isinstance(obj, Tensor) else f"{type(obj).__module__}.{type(obj).__qualname__}"


def promote_types(type1, type2):
    """The dtype that tensors of the dtypes `type1` and `type2` have together; see `result_type`."""
    return result_type(*(wrap(np.zeros(1, as_dtype(t))) for t in (type1, type2)))


def can_cast(from_, to):
    """Whether a value of the dtype `from_` may be put into one of the dtype `to` in place: not from a higher kind."""
    ranks = {"b": 0, "u": 1, "i": 1, "f": 2}
    return ranks[as_dtype(from_).kind] <= ranks[as_dtype(to).kind]


def set_default_device(device):
    """Set where new tensors are made, which is here: `device` is the CPU, or a ValueError."""
    check_device(device)


def get_default_device():
    """The device that new tensors are made on: the CPU."""
    return CPU


def compile(model=None, **options):
    """The `model`, a Module or function, as it is, which is said once; as a decorator, too, with any `options`.

    PyTorch's result is the same with less overhead. Here `microtorch.capture` records a whole training step.
    """
    warn_at_user_line("compile: the model runs as it is. microtorch.capture(step) makes a whole training step faster.")
    return model if model is not None else lambda model: model


def set_num_interop_threads(count):
    """Accepted, without effect: operations run one after the other, however large `count` is."""


def get_num_interop_threads():
    """How many operations run at once: 1."""
    return 1


def set_float32_matmul_precision(precision):
    """Accepted, without effect: products of float32 are of full `precision` here ("highest")."""


def get_float32_matmul_precision():
    """How exact products of float32 are: always ``"highest"``."""
    return "highest"


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Accepted, without effect: a seed repeats a run bit for bit in any case, whatever `mode` and `warn_only`."""


def are_deterministic_algorithms_enabled():
    """Whether a run can be repeated bit for bit: True."""
    return True


def set_flush_denormal(mode):
    """Whether tiny numbers could be flushed to 0 by `mode`: False, they are kept."""
    return False
