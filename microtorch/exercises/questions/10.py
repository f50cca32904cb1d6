"""Lesson 10: dropout and batch norm."""

from microtorch.autograd import Function


class Dropout(Function):
    """y = x / (1 − p) where kept, else 0        dx = dy / (1 − p) where kept, else 0

    Letters: kept says which elements were kept by chance.
    Why: What was dropped had no influence and gets 0; what was kept counts a little more, as in the forward.
    Derivation: y = m · x with a mask m of 0 and 1 / (1 − p), constant once drawn.
    """

    @staticmethod
    def forward(ctx, x, mask, p):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, dy):
        raise NotImplementedError


class Normalise(Function):
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
