"""Lesson 3: writing an operation.

forward gets arrays. backward gets the gradient of the result and returns one gradient for each argument of forward.
Save inputs or the output only; then the second derivative comes by itself.
"""

import numpy as np  # noqa: F401

from microtorch.autograd import ArrayFunction


class Square(ArrayFunction):
    """y = x²        dx = ?"""

    @staticmethod
    def forward(ctx, x):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, dy):
        raise NotImplementedError


class Quotient(ArrayFunction):
    """y = a / b        da = ?,  db = ?"""

    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a / b

    @staticmethod
    def backward(ctx, dy):
        raise NotImplementedError


class Softplus(ArrayFunction):
    """y = log(1 + eˣ)        dx = ?

    Write forward so that x = 1000 gives 1000, not infinity: log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|).
    """

    @staticmethod
    def forward(ctx, x):
        raise NotImplementedError

    @staticmethod
    def backward(ctx, dy):
        raise NotImplementedError
