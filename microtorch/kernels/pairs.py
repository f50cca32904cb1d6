"""Two kernels that follow one another in a list of calls, in one pass over their memory."""

from functools import partial

from ._jit import ready
from .nn import linear, relu


def joined(calls):
    """`calls`, partials among them, with pairs that one kernel can do replaced by it; and how the pairs are called."""
    result, found = [], []
    for call in calls:
        one, name = _together(result[-1], call) if result else (None, None)
        if one is not None:
            result.pop()
            found.append(name)
        result.append(call if one is None else one)
    return result, found


def _together(first, second):
    """One call for both with a name, or None. That the second reads what the first writes is a matter of memory."""
    if not (isinstance(first, partial) and isinstance(second, partial)):
        return None, None
    if first.func is ready(linear.add_bias) and second.func is ready(relu.relu):
        (y, b), (x, z) = first.args, second.args
        if _same(x, y):
            return partial(ready(linear.add_bias_and_relu), y, b, z), "bias and relu"
    if first.func is ready(relu.relu_backward) and second.func is ready(linear.sum_of_rows):
        (dz, z, dx), (dy, db) = first.args, second.args
        if _same(dx, dy):
            return partial(ready(linear.relu_backward_and_sum), dz, z, dy, db), "gradients of relu and bias"
    return None, None


def _same(a, b):
    """Whether two contiguous arrays have the same memory."""
    return a.ctypes.data == b.ctypes.data and a.nbytes == b.nbytes
