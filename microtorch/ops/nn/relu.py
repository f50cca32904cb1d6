"""The ReLU family: activations of two straight pieces.

At a kink they take the derivative that PyTorch takes, 0 wherever there is a choice: relu'(0) = 0.
"""

import numpy as np

from ...autograd.function import ArrayFunction
from ...autograd.inplace.changes import attach_in_place, in_place
from ...dtypes import as_number, float64
from ...errors import DTypeError, ShapeError
from ...kernels.nn import relu as kernels
from ...tensor import Tensor, attach
from .._promotion import only_tensors, pair
from ..creation.random import rand_like
from ..indexing.where import where

__all__ = ["leaky_relu", "prelu", "relu", "rrelu", "threshold"]


def one_pass(ctx, kernel, arrays, *scalars):
    """An array that `kernel` fills in one pass over flat `arrays` of one shape."""
    first = arrays[0]
    if first.dtype.kind != "f":
        name = kernel.__name__
        raise DTypeError(f"{name}: takes float32 or float64, not {first.dtype}. Convert first, with .float().")
    y = ctx.empty(first.shape, first.dtype)
    ctx.call(kernel, *[a.ravel() for a in arrays], *scalars, y.ravel())
    return y


class Relu(ArrayFunction):
    """y = max(x, 0)        dx = dy where y > 0, else 0

    Why: A unit that is on passes its gradient unchanged; one that is off could move a little without any effect, so
    it gets 0.
    Derivation: max(x, 0) is x with slope 1 for x > 0 and 0 with slope 0 for x < 0; at 0, a kink, 0 is taken.
    """

    @staticmethod
    def forward(ctx, x):
        y = ctx.empty(x.shape, x.dtype)
        if x.dtype.kind == "f":
            ctx.call(kernels.relu, x.ravel(), y.ravel())
        else:
            np.maximum(x, 0, out=y)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, dy):
        (y,) = ctx.saved_tensors
        return np.where(y <= 0, 0, dy)

    @staticmethod
    def backward_kernel(ctx, dy):
        (y,) = ctx.saved_tensors
        dx = ctx.empty(y.shape, y.dtype)
        ctx.call(kernels.relu_backward, dy.ravel(), y.ravel(), dx.ravel())
        return dx


@attach("relu")
def relu(input, inplace=False):
    """The rectified linear unit: `input` where it is positive, else 0.

    Parameters
    ----------
    input : Tensor

    Notes
    -----
    y = max(x, 0); dx = dy where y > 0, else 0: the derivative at 0 is 0. The output is saved, so that the input can
    be released.

    References
    ----------
    V. Nair, G. Hinton: Rectified Linear Units Improve Restricted Boltzmann Machines, ICML 2010.

    Examples
    --------
    >>> x = microtorch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> microtorch.relu(x).sum().backward()
    >>> x.grad
    tensor([0., 0., 1.])
    """
    if type(input) is not Tensor:
        only_tensors("relu", input=input)
    return in_place(input, "relu_", relu) if inplace else Relu.apply(input)


class LeakyRelu(ArrayFunction):
    """y = x where x > 0, else slope · x        dx = dy where x > 0, else slope · dy

    Why: A unit that is on passes its gradient unchanged, one that is off a little of it, so that it can come back.
    Derivation: The slope is 1 for x > 0 and `slope` for x < 0; at 0, a kink, `slope` is taken.
    """

    @staticmethod
    def forward(ctx, x, slope):
        ctx.save_for_backward(x)
        ctx.slope = slope
        return one_pass(ctx, kernels.leaky_relu, (x,), slope)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return np.where(x <= 0, dy * ctx.slope, dy)

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.leaky_relu_backward, (dy, *ctx.saved_tensors), ctx.slope)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """`input` where it is positive, else `negative_slope` times it.

    Parameters
    ----------
    negative_slope : float, default 0.01

    Notes
    -----
    y = x where x > 0, else s·x; dx = dy where x > 0, else s·dy (also at 0). The input is saved.

    References
    ----------
    A. Maas, A. Hannun, A. Ng: Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML 2013.

    Examples
    --------
    >>> x = microtorch.tensor([-1.0, 2.0], requires_grad=True)
    >>> F.leaky_relu(x, 0.1).sum().backward()
    >>> x.grad
    tensor([0.1, 1. ])
    """
    if type(input) is not Tensor:
        only_tensors("leaky_relu", input=input)
    if inplace:
        return in_place(input, "leaky_relu_", lambda t: leaky_relu(t, negative_slope))
    return LeakyRelu.apply(input, as_number("leaky_relu: negative_slope", negative_slope, float64).item())


class Prelu(ArrayFunction):
    """y = x where x > 0, else w · x        dx = dy where x > 0, else w · dy;  dw = 0 where x > 0, else x · dy

    Why: As in a leaky ReLU; the slope w is learned, and has influence only where x is not positive.
    Derivation: For x ≤ 0, y = w · x: ∂y/∂x = w and ∂y/∂w = x. For x > 0, y = x. A w that serves many elements gets
    their sum.
    """

    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return np.where(x > 0, x, w * x)

    @staticmethod
    def notation(ctx, x, w):
        return {"views": {"w": (1, len(w)) + (1,) * (x.ndim - 2)} if x.ndim > 1 and len(w) > 1 else {}}

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        need_x, need_w = ctx.needs_input_grad
        dx = np.where(x > 0, dy, w * dy) if need_x else None
        return dx, np.where(x > 0, 0, x * dy) if need_w else None


@attach("prelu")
def prelu(input, weight):
    """`input` where it is positive, else a learned `weight` times it.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)
    weight : Tensor of shape (C,), (1,) or ()
        One slope for each channel, or one for all.

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Raises
    ------
    ShapeError
        If there are several weights but not one for each channel.

    Notes
    -----
    y = x where x > 0, else w·x; dx = dy where x > 0, else w·dy; dw = Σ x·dy over the elements with x <= 0.

    References
    ----------
    K. He et al.: Delving Deep into Rectifiers, ICCV 2015.

    Examples
    --------
    >>> w = microtorch.tensor([0.25], requires_grad=True)
    >>> microtorch.prelu(microtorch.tensor([[-2.0, 3.0]]), w).sum().backward()
    >>> w.grad
    tensor([-2.])
    """
    only_tensors("prelu", input=input, weight=weight)
    if weight.ndim > 1:
        raise ShapeError(f"prelu: the weight has shape {weight.shape}. It must be one slope, or one for each channel.")
    if input.dtype != weight.dtype:
        raise DTypeError(f"prelu: the input is {input.dtype}, the weight {weight.dtype}. Convert one of them.")
    if weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.numel() != channels:
            raise ShapeError(
                f"prelu: {weight.numel()} weights for an input of shape {input.shape}, which has {channels} channels "
                "(dimension 1). Use one weight, or one for each channel."
            )
        weight = weight.reshape((channels,) + (1,) * (input.ndim - 2))
    elif input.ndim == 0:
        weight = weight.reshape(())
    return Prelu.apply(*pair(input, weight))


class Threshold(ArrayFunction):
    """y = x where x > limit, else value        dx = dy where x > limit, else 0

    Why: Above the limit the result moves with x; below it is a constant.
    Derivation: y = x with slope 1 above, a constant with slope 0 below.
    """

    @staticmethod
    def forward(ctx, x, limit, value):
        ctx.save_for_backward(x)
        ctx.limit = limit
        if x.dtype.kind != "f":
            limit, value = (as_number("threshold", n, x.dtype) for n in (limit, value))
            return np.where(x <= limit, value, x)
        return one_pass(ctx, kernels.threshold, (x,), limit, value)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        return np.where(x <= ctx.limit, 0, dy)

    @staticmethod
    def backward_kernel(ctx, dy):
        return one_pass(ctx, kernels.threshold_backward, (dy, *ctx.saved_tensors), ctx.limit)


def threshold(input, threshold, value, inplace=False):
    """`input` where it is above `threshold`, else `value`.

    Parameters
    ----------
    input : Tensor
    threshold, value : float

    Notes
    -----
    y = x where x > t, else v; dx = dy where x > t, else 0. The input is saved.

    Examples
    --------
    >>> x = microtorch.tensor([0.5, 2.0], requires_grad=True)
    >>> F.threshold(x, 1.0, -7.0)
    tensor([-7.,  2.], grad_fn=<Threshold>)
    """

    if type(input) is not Tensor:
        only_tensors("threshold", input=input)

    def compute(t):
        return Threshold.apply(t, *(as_number("threshold", n, float64).item() for n in (threshold, value)))

    return in_place(input, "threshold_", compute) if inplace else compute(input)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """`leaky_relu` with a slope drawn for each element in training, and their mean otherwise.

    Parameters
    ----------
    lower, upper : float, default 1/8 and 1/3
        The slopes below 0 are drawn evenly between them.
    training : bool, default False

    Raises
    ------
    ValueError
        If `lower` is above `upper`.

    Notes
    -----
    y = x where x > 0, else a · x; dx = dy there, else a · dy.

    References
    ----------
    B. Xu et al.: Empirical Evaluation of Rectified Activations in Convolutional Network, 2015.

    Examples
    --------
    >>> F.rrelu(microtorch.tensor([-48.0, 1.0]))
    tensor([-11.,   1.])
    """
    only_tensors("rrelu", input=input)
    if lower > upper:
        raise ValueError(f"rrelu: lower = {lower} is above upper = {upper}. Swap them.")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)

    def compute(t):
        return where(t > 0, t, t * (rand_like(t) * (upper - lower) + lower))

    return in_place(input, "rrelu_", compute) if inplace else compute(input)


attach_in_place(relu, "relu_")
