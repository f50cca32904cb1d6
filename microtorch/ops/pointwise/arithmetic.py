"""Addition, subtraction, multiplication, negation and mixtures, with broadcasting.

The engine sums gradients over the dimensions along which an operand was broadcast, so no operation here writes it.

Parameters
----------
alpha : number, default 1
    A factor for `other`.
"""

from math import isfinite

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place
from ...dtypes import as_number, float64
from ...errors import DTypeError
from ...from_data import as_tensor
from ...tensor import Tensor, attach
from .._promotion import Binary, in_dtype, operand, pair, same_dtype

__all__ = ["add", "addcmul", "lerp", "mul", "multiply", "neg", "negative", "rsub", "sub", "subtract"]


# Note [Zero absorbs]: where the incoming gradient is 0, the outgoing one is 0, whatever the local derivative: a branch
# that `where` or a mask has switched off never leaks the NaN of 0 · inf. Operations whose derivative can be infinite
# or NaN (mul, div, pow, log, sqrt, ...) write their backward with `absorb`.


class Absorb(ArrayFunction):
    """y = 0 where a = 0, else a · factor        da = dy · factor,  dfactor = dy · a

    Why: A product in which 0 wins, so that what a mask has switched off stays off even beside an infinity.
    Derivation: As for a product: ∂y/∂a = factor, ∂y/∂factor = a.
    """

    @staticmethod
    def forward(ctx, a, factor):
        ctx.save_factors(a, factor)
        y = _absorbed(a, factor)
        ctx.off = None if np.isfinite(factor).all() else (a == 0) & ~np.isfinite(factor)  # where it absorbed
        return y

    @staticmethod
    def backward(ctx, dy):
        a, factor = ctx.saved_tensors
        if factor is not None and ctx.off is not None:  # where it absorbed it is 0 all around
            factor = np.where(ctx.off, 0.0, factor)
        return None if factor is None else absorb(dy, factor), None if a is None else absorb(dy, a)


def absorb(dy, factor):
    """dy · factor, and 0 where dy is 0 even if the factor is infinite or NaN; Note [Zero absorbs]."""
    if isinstance(dy, Tensor) or isinstance(factor, Tensor):
        return Absorb.apply(dy, factor)
    return _absorbed(dy, factor)


def _absorbed(a, factor):
    y = a * factor
    flat = y.ravel()
    # The sum of squares is finite only if each value is; it takes a tenth of the time that `where` takes.
    if not isfinite(flat.dot(flat)):
        y = np.where(a == 0, y.dtype.type(0), y)
    return y


class Add(Binary):
    """y = a + b        da = dy,  db = dy

    Why: A small change of either one changes the sum by just as much, so both get the gradient as it is.
    Derivation: ∂(a + b)/∂a = 1 and ∂(a + b)/∂b = 1.
    """

    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, dy):
        return dy, dy


class Sub(Binary):
    """y = a − b        da = dy,  db = −dy

    Why: The result moves with a and against b, so b gets the gradient with the other sign.
    Derivation: ∂(a − b)/∂a = 1 and ∂(a − b)/∂b = −1.
    """

    @staticmethod
    def forward(ctx, a, b):
        return a - b

    @staticmethod
    def backward(ctx, dy):
        return dy, -dy

    @staticmethod
    def explain(a, b):
        if all(x.dtype.kind == "b" if isinstance(x, np.ndarray) else isinstance(x, bool | np.bool_) for x in (a, b)):
            return "sub: not for bool tensors. Use logical_xor (^), or convert, e.g. with .int()."
        return None


class Mul(Binary):
    """y = a · b        da = dy · b,  db = dy · a

    Why: A change of one factor counts as many times as the other factor says, so each gets the gradient times the
    other.
    Derivation: (a + h) · b − a · b = h · b, so ∂y/∂a = b, and likewise ∂y/∂b = a.
    """

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_factors(a, b)
        return a * b

    @staticmethod
    def backward(ctx, dy):
        a, b = ctx.saved_tensors
        return None if b is None else absorb(dy, b), None if a is None else absorb(dy, a)

    @staticmethod
    def backward_kernel(ctx, dy):
        a, b = ctx.saved_tensors
        if a is not None and b is not None and type(dy) is np.ndarray:
            da, db = dy * b, dy * a
            if isfinite(da.ravel().dot(db.ravel())):  # one look for both
                return da, db
        return Mul.backward(ctx, dy)


class Neg(ArrayFunction):
    """y = −x        dx = −dy

    Why: The result moves against x, so the gradient changes its sign.
    Derivation: ∂(−x)/∂x = −1.
    """

    @staticmethod
    def forward(ctx, x):
        return -x

    @staticmethod
    def backward(ctx, dy):
        return -dy

    @staticmethod
    def explain(x):
        return (
            "neg: not for bool tensors. Use logical_not (~), or convert, e.g. with .int()."
            if x.dtype.kind == "b"
            else None
        )


def _scaled(operation, input, other, alpha):
    """`input` and alpha · `other` in the common dtype of both."""
    a, b = pair(input, other)
    if isinstance(alpha, Tensor):
        alpha = alpha.item()
    dtype = (a if isinstance(a, Tensor) else b)._array.dtype
    if dtype.kind != "f" and isinstance(alpha, float):
        raise DTypeError(
            f"{operation}: alpha={alpha} is a float, and the result is {dtype}. Convert the tensors first."
        )
    if dtype.kind != "b" and isinstance(alpha, bool):
        raise DTypeError(f"{operation}: alpha={alpha} is a bool, and the result is {dtype}. Give a number.")
    if dtype.kind != "f":
        alpha = as_number(operation, alpha, dtype).item()
    return a, Mul.apply(b, alpha) if isinstance(b, Tensor) else in_dtype(b * alpha, dtype)


@attach("add", "__add__", "__radd__", numpy=np.add)
def add(input, other, *, alpha=1):
    """The sum of two tensors, by element: ``input + alpha * other``; bools are added as logical or.

    Raises
    ------
    DTypeError
        If `alpha` is a float and the result is not.

    Notes
    -----
    y = a + α·b; da = dy, db = α·dy, each summed over the dimensions along which it was broadcast. Nothing is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> y = x + 1
    >>> y
    tensor([2., 3.], grad_fn=<Add>)
    >>> y.sum().backward()
    >>> x.grad
    tensor([1., 1.])
    """
    if alpha != 1:
        input, other = _scaled("add", input, other, alpha)
    return Add.apply(input, other)


@attach("sub", "subtract", "__sub__", reflected="__rsub__", numpy=np.subtract)
def sub(input, other, *, alpha=1):
    """The difference of two tensors, by element: ``input - alpha * other``.

    Raises
    ------
    DTypeError
        For bool tensors, and if `alpha` is a float and the result is not.

    Notes
    -----
    y = a − α·b; da = dy, db = −α·dy. Nothing is saved.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> (10 - x).sum().backward()
    >>> x.grad
    tensor([-1., -1.])
    """
    if alpha != 1:
        input, other = _scaled("sub", input, other, alpha)
    return Sub.apply(input, other)


def rsub(input, other, *, alpha=1):
    """The difference the other way round: ``other - alpha * input``.

    Parameters
    ----------
    alpha : number, default 1
        A factor for `input`.

    Returns
    -------
    Tensor
        As `sub`.

    Examples
    --------
    >>> microtorch.rsub(microtorch.tensor([1.0, 2.0]), 10)
    tensor([9., 8.])
    """
    return sub(other, input, alpha=alpha)


@attach("mul", "multiply", "__mul__", "__rmul__", numpy=np.multiply)
def mul(input, other):
    """The product of two tensors, by element; bools are multiplied as logical and.

    Notes
    -----
    y = a · b; da = dy · b, db = dy · a, and 0 where dy is 0 even if the factor is infinite or NaN. Both inputs are
    saved.

    Examples
    --------
    >>> a = microtorch.tensor([1.0, 2.0], requires_grad=True)
    >>> b = microtorch.tensor([3.0, 4.0], requires_grad=True)
    >>> (a * b).sum().backward()
    >>> a.grad, b.grad
    (tensor([3., 4.]), tensor([1., 2.]))
    """
    return Mul.apply(input, other)


@attach("neg", "negative", "__neg__", numpy=np.negative)
def neg(input):
    """The elements with the opposite sign.

    Parameters
    ----------
    input : Tensor

    Raises
    ------
    DTypeError
        For a bool tensor.

    Notes
    -----
    y = −x; dx = −dy.

    Examples
    --------
    >>> x = microtorch.tensor([1.0, -2.0], requires_grad=True)
    >>> (-x).sum().backward()
    >>> x.grad
    tensor([-1., -1.])
    """
    return Neg.apply(as_tensor(input))


@attach("addcmul")
def addcmul(input, tensor1, tensor2, *, value=1):
    """``input + value * tensor1 * tensor2``, by element.

    Parameters
    ----------
    input, tensor1, tensor2 : Tensor
        Of shapes that broadcast together.
    value : number, default 1

    Notes
    -----
    y = x + α·a·b; dx = dy, da = α·dy·b, db = α·dy·a.

    Examples
    --------
    >>> x, a, b = microtorch.ones(2), microtorch.tensor([2.0, 3.0]), microtorch.tensor([4.0, 5.0])
    >>> microtorch.addcmul(x, a, b, value=0.5)
    tensor([5. , 8.5])
    """
    return add(input, mul(tensor1, tensor2), alpha=value)


class Lerp(ArrayFunction):
    """y = a + w · (b − a)        da = dy · (1 − w),  db = dy · w,  dw = dy · (b − a)

    Why: The ends share the gradient as they share the result, and w moves it by the way from a to b.
    Derivation: y = (1 − w) · a + w · b.
    """

    @staticmethod
    def forward(ctx, a, b, w):
        ctx.save_for_backward(a, b, w)
        # From the nearer end, so that w = 0 gives a and w = 1 gives b exactly.
        return np.where(np.abs(w) < 0.5, a + w * (b - a), b - (b - a) * (1 - w))

    @staticmethod
    def backward(ctx, dy):
        a, b, w = ctx.saved_tensors
        _, _, need_w = ctx.needs_input_grad
        return absorb(dy, 1 - w), absorb(dy, w), absorb(dy, b - a) if need_w else None


@attach("lerp")
def lerp(input, end, weight):
    """The points between `input` and `end`, by element: `input` at weight 0, `end` at weight 1.

    Parameters
    ----------
    input, end : Tensor
        Of one floating dtype and shapes that broadcast together.
    weight : Tensor or float
        Of the same dtype; also beyond 0 and 1.

    Returns
    -------
    Tensor
        Of the broadcast shape and the same dtype.

    Raises
    ------
    DTypeError
        If the dtypes differ or are not floating.

    Notes
    -----
    y = a + w · (b − a); da = dy · (1 − w), db = dy · w, dw = dy · (b − a). The inputs are saved.

    Examples
    --------
    >>> a = microtorch.tensor([0.0, 10.0], requires_grad=True)
    >>> y = microtorch.lerp(a, microtorch.tensor([1.0, 20.0]), 0.25)
    >>> y
    tensor([ 0.25, 12.5 ], grad_fn=<Lerp>)
    >>> y.sum().backward()
    >>> a.grad
    tensor([0.75, 0.75])
    """
    input, end, weight = as_tensor(input), as_tensor(end), operand(weight)
    same_dtype("lerp", input=input, end=end, **({"weight": weight} if isinstance(weight, Tensor) else {}))
    if not isinstance(weight, Tensor):
        weight = as_number("lerp: weight", weight, float64).item()
    if input._array.dtype.kind != "f":
        raise DTypeError(f"lerp: takes float32 or float64, not {input.dtype}. Convert first, with .float().")
    return Lerp.apply(input, end, weight)


multiply, subtract, negative = mul, sub, neg

attach_in_place(add, "add_", "__iadd__")
attach_in_place(sub, "sub_", "subtract_", "__isub__")
attach_in_place(mul, "mul_", "multiply_", "__imul__")
attach_in_place(neg, "neg_", "negative_")
attach_in_place(addcmul, "addcmul_")
attach_in_place(lerp, "lerp_")
