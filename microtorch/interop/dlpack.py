"""Memory shared with other libraries by DLPack, the protocol that numpy, PyTorch, JAX and others speak."""

import numpy as np

from ..autograd.mode import state
from ..autograd.observe import tell
from ..tensor import attach, over

__all__ = ["from_dlpack"]


def from_dlpack(ext_tensor, *, device=None, copy=None):
    """A tensor over the memory of another library's: what changes one changes the other.

    Parameters
    ----------
    ext_tensor : object
        A tensor or array with ``__dlpack__`` in the memory of this computer, as those of numpy, PyTorch and JAX.
    device : str, optional
        ``"cpu"``; there is no other.
    copy : bool, optional
        True: in memory of its own. Default and False: without a copy.

    Returns
    -------
    Tensor
        JAX's arrays must not be changed: the tensor over one refuses changes in place, as over any read-only memory.

    Raises
    ------
    TypeError
        If it has no ``__dlpack__``.
    DTypeError
        If its dtype is none of those that tensors have.
    BufferError
        If the other library does not hand it out: it requires a gradient, or lies on a GPU.

    Examples
    --------
    >>> import numpy as np
    >>> array = np.zeros(2)
    >>> t = microtorch.from_dlpack(array)
    >>> t += 1
    >>> array
    array([1., 1.])
    """
    if device is not None and str(device) != "cpu":
        raise ValueError(f"from_dlpack: device {device!r}: microtorch runs on the CPU only")
    if not hasattr(ext_tensor, "__dlpack__"):
        hint = "Pass the array itself: " if type(ext_tensor).__name__ == "PyCapsule" else ""
        raise TypeError(
            f"from_dlpack: a {type(ext_tensor).__name__} has no __dlpack__. {hint}numpy's, PyTorch's and JAX's arrays "
            "have; of other data make a copy with microtorch.tensor(data)."
        )
    try:
        array = np.from_dlpack(ext_tensor)
    except (BufferError, RuntimeError) as error:
        raise BufferError(
            f"from_dlpack: {type(ext_tensor).__name__} of dtype {getattr(ext_tensor, 'dtype', 'unknown')} was not "
            f"handed out: {error} It must be a plain tensor of numbers on the CPU, without a gradient."
        ) from error
    array = array.copy() if copy else array
    if state.observers:
        tell("made", array, ext_tensor)
    return over(array)


@attach("__dlpack__")
def dlpack(self, *, stream=None, max_version=None, dl_device=None, copy=None):
    """The values for another library: what DLPack's consumers, as ``torch.from_dlpack(t)``, call.

    Parameters
    ----------
    stream, max_version, dl_device, copy
        As the protocol has them; ``copy=True`` hands out memory of its own.

    Returns
    -------
    PyCapsule

    Raises
    ------
    BufferError
        If the tensor requires a gradient, or lies in read-only memory that the other library could write to.
    """
    self._read("__dlpack__")
    who = self.name or f"this tensor of shape {self.shape}"
    if self.requires_grad:
        raise BufferError(
            f"dlpack: {who} requires a gradient, and what another library does with it would not be recorded. Hand "
            "out t.detach()."
        )
    array = self._array.copy() if copy else self._array
    if not array.flags.writeable:
        raise BufferError(
            f"dlpack: {who} is expanded or lies in read-only memory, and another library could write to it. Hand out "
            "a copy: t.clone()."
        )
    if dl_device not in (None, (1, 0)):
        raise BufferError(f"dlpack: device {dl_device} is not the CPU, (1, 0), and microtorch has no other.")
    return array.__dlpack__(stream=stream, max_version=max_version)


@attach("__dlpack_device__")
def dlpack_device(self):
    """Where the memory is, as DLPack numbers it: (1, 0), the CPU."""
    return (1, 0)
