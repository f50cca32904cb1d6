"""Values out of a tensor: to Python's numbers and lists, and to numpy."""

import numpy as np

from ..autograd.mode import state
from ..autograd.observe import tell
from ..errors import GraphError, ShapeError


class Readable:
    """The part of `Tensor` that hands out its values; who looks on hears that they leave the graph."""

    __slots__ = ()

    def _read(self, what):
        if state.observers:
            tell("left", f"{what} reads a value into Python")

    def item(self):
        """The value of a tensor of one element as a Python number."""
        self._read("item")
        if self._array.size != 1:
            raise ShapeError(f"item: a tensor of shape {self.shape} has {self.numel()} elements, not 1. Use .tolist().")
        return self._array.item()

    def tolist(self):
        """The elements as nested lists of Python numbers."""
        self._read("tolist")
        return self._array.tolist()

    def numpy(self, *, force=False):
        """The values as an ndarray that shares memory.

        Parameters
        ----------
        force : bool, default False
            Also for tensors that require a gradient; same as ``.detach().numpy()``.

        Raises
        ------
        GraphError
            If the tensor requires a gradient and `force` is not set: what is done to the array is not recorded.
        """
        self._read("numpy")
        if self.requires_grad and not force:
            raise GraphError(
                f"numpy: {self.name or 'this tensor'} requires a gradient, and work on its array would not be "
                "recorded. Use .detach().numpy() for the values, or microtorch's functions (np.exp(t) too is recorded)."
            )
        return self._array.view()

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if copy is False and dtype is not None and array.dtype != dtype:
            raise ValueError(f"a {array.dtype} tensor cannot be a {np.dtype(dtype)} array without a copy")
        return array.astype(dtype, copy=bool(copy)) if dtype is not None else array.copy() if copy else array

    @property
    def __array_interface__(self):
        # numpy asks for it and then takes `__array__`; Pillow's fromarray takes nothing else, and bytes that a tensor
        # does not have.
        raise AttributeError(
            "a Tensor has no __array_interface__: hand out its array, t.numpy(). For Image.fromarray that is uint8 of "
            "shape (H, W) or (H, W, 3): (t * 255).byte().permute(1, 2, 0).numpy() of an image (3, H, W) in [0, 1]."
        )

    def __float__(self):
        self._read("float")
        return float(self.item())

    def __int__(self):
        self._read("int")
        return int(self.item())

    def __trunc__(self):
        return int(self)

    def __index__(self):
        self._read("index")
        if self._array.dtype.kind not in "iub" or self._array.size != 1:
            raise TypeError(f"only an integer tensor of one element is an index, not {self.dtype} {self.shape}")
        return int(self._array.item())

    def __bool__(self):
        self._read("bool")
        if self._array.size != 1:
            raise ValueError(
                f"the truth of a tensor of shape {self.shape} is ambiguous. Use .any() or .all(), "
                "or microtorch.where(condition, a, b) to choose by element."
            )
        return bool(self._array.item())

    def __contains__(self, value):
        self._read("in")
        return value in self._array

    def __format__(self, spec):
        self._read("format")
        return format(self._array.item(), spec) if self._array.ndim == 0 else format(str(self), spec)
