"""Answers to lesson 10."""

import numpy as np

from microtorch.autograd import ArrayFunction


class Dropout(ArrayFunction):
    @staticmethod
    def forward(ctx, x, mask, p):
        ctx.factor = mask / (1 - p)
        return x * ctx.factor

    @staticmethod
    def backward(ctx, dy):
        return dy * ctx.factor


class Normalise(ArrayFunction):
    @staticmethod
    def forward(ctx, x, eps):
        ctx.save_for_backward(x)
        ctx.eps = eps
        return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)

    @staticmethod
    def backward(ctx, dy):
        (x,) = ctx.saved_tensors
        centred = x - x.mean(axis=0, keepdims=True)
        rstd = 1 / np.sqrt((centred * centred).mean(axis=0, keepdims=True) + ctx.eps)
        y = centred * rstd
        return rstd * (dy - dy.mean(axis=0, keepdims=True) - y * (dy * y).mean(axis=0, keepdims=True))


def updated(running, batch, momentum):
    return (1 - momentum) * running + momentum * batch
