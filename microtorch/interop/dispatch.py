"""numpy's functions on tensors: each public function says, where it is attached, which of them it stands for."""

NUMPY = {}  # numpy function -> the public function that takes its place when an argument is a Tensor


class Dispatched:
    """A class that takes part in numpy's dispatch."""

    __slots__ = ()

    __array_priority__ = 1000

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
