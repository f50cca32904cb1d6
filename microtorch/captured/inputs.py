"""Array arguments while a step is recorded."""

import numpy as np

from ..autograd.inplace.views import owner
from ..autograd.observe import tell
from ..tensor import Tensor


class Input(np.ndarray):
    """An array argument of a step that is being recorded: what numpy made of it would be a constant."""

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        _refuse_numpy(ufunc.__name__)
        return getattr(ufunc, method)(*plain_arrays(inputs), **plain_arrays(kwargs))

    def __array_function__(self, function, types, args, kwargs):
        if any(issubclass(t, Tensor) for t in types):
            return NotImplemented
        _refuse_numpy(function.__name__)
        return function(*plain_arrays(args), **plain_arrays(kwargs))

    def __getitem__(self, index):
        part = super().__getitem__(index)
        # What positions and masks choose is a copy, though numpy gives it a base, too.
        if not isinstance(part, np.ndarray) or owner(part) is not owner(self):
            _refuse_numpy("array[index]")
        return part

    @property
    def flat(self):
        _refuse_numpy("flat")
        return self.view(np.ndarray).flat

    @property
    def data(self):
        _refuse_numpy("data")
        return self.view(np.ndarray).data


def _refuse_numpy(name):
    tell("left", f"{name} of an array is a constant afterwards", "Use from_numpy(array), and its operations.")


def plain_arrays(value):
    """`value` with plain arrays in place of inputs."""
    if isinstance(value, Input):
        return value.view(np.ndarray)
    if isinstance(value, tuple | list):
        return type(value)(map(plain_arrays, value))
    return {k: plain_arrays(v) for k, v in value.items()} if isinstance(value, dict) else value


def _reads_array(name):
    def method(self, *args, **kwargs):
        _refuse_numpy(name.strip("_"))
        return getattr(self.view(np.ndarray), name)(*args, **kwargs)

    return method


for _name in (
    *("item", "tolist", "astype", "copy", "tobytes"),
    *("__iter__", "__bool__", "__float__", "__index__", "__int__", "__contains__", "__complex__"),
    *("__setitem__", "fill", "sort", "partition", "put", "itemset", "setfield", "byteswap", "resize", "dump", "dumps"),
    *("argsort", "argpartition", "nonzero", "searchsorted", "dot", "take", "choose", "compress", "repeat", "tofile"),
    *("argmax", "argmin", "flatten", "round"),
):
    if hasattr(np.ndarray, _name):
        setattr(Input, _name, _reads_array(_name))
