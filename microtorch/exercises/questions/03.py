"""Lesson 3: writing an operation.

forward gets arrays. backward gets the gradient of the result and returns one gradient for each argument of forward.
Save inputs or the output only; then the second derivative comes by itself.
"""

import numpy as np  # noqa: F401

from microtorch.autograd import Function


class Square(Function):
    """y = x²        dx = dy · 2x

    Why: The square of a number is the steeper the larger the number.
    Derivation: (x + h)² − x² = 2xh + h², so the slope is 2x.
    """

    @staticmethod
    def forward(ctx, x):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, dy):
        raise NotImplementedError


class Quotient(Function):
    """y = a / b        da = ?,  db = ?"""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a / b

    @staticmethod
    def backward(ctx, dy):
        raise NotImplementedError


class Softplus(Function):
    """y = x where beta · x > threshold, else log(1 + e^(beta · x)) / beta
    dx = dy where beta · x > threshold, else dy · σ(beta · x)

    Why: A ReLU with a round corner: its slope goes smoothly from 0 to 1, as a sigmoid does.
    Derivation: d log(1 + e^(βx)) / dx = β e^(βx) / (1 + e^(βx)) = β · σ(βx); divided by β.
    """

    @staticmethod
    def forward(ctx, x):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, dy):
        raise NotImplementedError
