"""Devices, of which there is one: the CPU. The others have their names, so that scripts can ask whether they are there.

A script written for PyTorch runs as on a machine without an accelerator: it asks `cuda.is_available()`, hears no, and
takes the CPU. What asks for another device all the same is told so.
"""

import functools

__all__ = ["device"]

_TYPES = ("cpu", "cuda", "mps", "xpu", "hip", "xla", "meta", "privateuseone", "mtia", "hpu")


class device:
    """The name of a place for tensors: a type, and a number where there are several.

    Parameters
    ----------
    type : str or int or device
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``; a number alone is that of an accelerator.
    index : int, optional
        Which one.

    Attributes
    ----------
    type : str
        The word before the colon.
    index : int or None
        The number after it.

    Raises
    ------
    ValueError
        If it is not written like that. To make one of a device that is not here is no error; to put a tensor there is.

    Notes
    -----
    As a context or a decorator it says where new tensors are made, which is here, on the CPU, in any case.

    Examples
    --------
    >>> device = microtorch.device("cuda" if microtorch.cuda.is_available() else "cpu")
    >>> device
    device(type='cpu')
    >>> microtorch.zeros(2, device=device).device == device
    True
    """

    __slots__ = ("index", "type")

    def __init__(self, type, index=None):
        if isinstance(type, device):
            type, index = type.type, type.index
        elif isinstance(type, int) and not isinstance(type, bool):
            type, index = "cuda", type
        kind, colon, number = str(type).partition(":")
        if colon:
            if not number.isdecimal() or index is not None:
                raise ValueError(f"device: {type!r} is not a type and a number, as 'cpu' or 'cuda:0'.")
            index = int(number)
        if kind not in _TYPES:
            raise ValueError(f"device: {type!r} names none of {', '.join(_TYPES)}. Here all is on 'cpu'.")
        self.type, self.index = kind, index

    def __eq__(self, other):
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self):
        return hash((self.type, self.index))

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self):
        return f"device(type={self.type!r}{'' if self.index is None else f', index={self.index}'})"

    def __reduce__(self):
        return device, (self.type, self.index)

    def __enter__(self):
        check_device(self)
        return self

    def __exit__(self, *error):
        pass

    def __call__(self, function):
        check_device(self)

        @functools.wraps(function)
        def call(*args, **kwargs):
            return function(*args, **kwargs)

        return call


CPU = device("cpu")


def check_device(wanted):
    """Raise ValueError for another device than the CPU; None asks for none."""
    if wanted is None or wanted == "cpu" or wanted is CPU:
        return
    if (wanted if isinstance(wanted, device) else device(wanted)).type != "cpu":
        raise not_here(f"device {str(wanted)!r}")


def not_here(asked):
    """The ValueError for `asked`, which needs another device."""
    return ValueError(
        f"{asked}: microtorch runs on the CPU only. Use 'cpu', or leave it out; scripts for both ask "
        "torch.cuda.is_available() first."
    )
