"""The memory behind tensors, as one row of numbers: where several views of it meet."""

import numpy as np

from ..autograd.inplace.changes import record_change
from ..autograd.inplace.views import owner
from ..errors import user_line

__all__ = ["Storage"]


class Storage:
    """The whole memory that a tensor is a view of, as a row of numbers.

    Parameters
    ----------
    tensor : Tensor
        One of the tensors over it.

    Examples
    --------
    >>> x = microtorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x[1].storage().tolist(), x[1].storage_offset(), x.t().stride()
    ([1.0, 2.0, 3.0, 4.0], 2, (1, 2))
    """

    def __init__(self, tensor):
        self._array = numbers_behind(tensor._array)
        self.dtype = tensor.dtype

    def __len__(self):
        return len(self._array)

    size = __len__

    def __getitem__(self, index):
        found = self._array[index]
        return found.item() if np.ndim(found) == 0 else found.tolist()

    def __setitem__(self, index, value):
        self._array[index] = value
        record_change(self._array, "an assignment to the storage", user_line())

    def __iter__(self):
        return iter(self._array.tolist())

    def tolist(self):
        """The numbers as a list."""
        return self._array.tolist()

    def data_ptr(self):
        """The address of the first one."""
        return self._array.__array_interface__["data"][0]

    def nbytes(self):
        """The bytes of all."""
        return self._array.nbytes

    def __repr__(self):
        numbers = "\n".join(f" {x}" for x in self._array.tolist())
        return f"{numbers}\n[microtorch.Storage of {self.dtype}, {len(self)} numbers]"


def numbers_behind(array):
    """The memory that `array` is a view of, as a flat array of its dtype that shares it."""
    whole = owner(array)
    if not isinstance(whole, np.ndarray) or whole.dtype != array.dtype or not whole.flags.forc:
        whole = array if array.flags.forc else np.ascontiguousarray(array)
    return whole.reshape(-1, order="A")
