"""Lesson 10: dropout and batch norm."""

from microtorch.autograd import ArrayFunction


class Dropout(ArrayFunction):
    """y = x · mask / (1 − p)        dx = ?

    mask has the shape of x, with 1 where a value is kept; it is no input to differentiate.
    """

    @staticmethod
    def forward(ctx, x, mask, p):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, dy):
        raise NotImplementedError


class Normalise(ArrayFunction):
    """y = (x − mean x) / √(var x + eps), for each column of x (N, D), var with 1/N        dx = ?

    The mean and the variance depend on x. Save x, not the mean: compute it again in backward.
    """

    @staticmethod
    def forward(ctx, x, eps):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, dy):
        raise NotImplementedError


def updated(running, batch, momentum):
    """The running average after a batch with this average, with PyTorch's meaning of momentum (0.1: little is new)."""
    raise NotImplementedError
