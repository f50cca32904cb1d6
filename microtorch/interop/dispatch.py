"""numpy's functions on tensors: each public function says, where it is attached, which of them it stands for."""

import numpy as np

NUMPY = {}  # numpy function -> the public function that takes its place when an argument is a Tensor


class Dispatched:
    """A class that takes part in numpy's dispatch."""

    __slots__ = ()

    __array_priority__ = 1000

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

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        function = NUMPY.get(ufunc)
        if function is None or method != "__call__" or kwargs:
            detail = f".{method}" if method != "__call__" else f" with {', '.join(kwargs)}" if kwargs else ""
            raise TypeError(
                f"np.{ufunc.__name__}{detail} has no differentiable form here. "
                f"Use microtorch's functions, or {ufunc.__name__}(t.detach().numpy()) for values alone."
            )
        return function(*inputs)

    def __array_function__(self, function, types, args, kwargs):
        ours = NUMPY.get(function)
        if ours is None:
            raise TypeError(
                f"np.{function.__name__} has no differentiable form here. "
                f"Use microtorch's functions, or np.{function.__name__}(t.detach().numpy()) for values alone."
            )
        return ours(*args, **kwargs)
