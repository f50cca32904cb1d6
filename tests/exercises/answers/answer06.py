"""Answers to lesson 6."""

import numpy as np

from microtorch.autograd import ArrayFunction


def log_softmax(x):
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


class LogSumExp(ArrayFunction):
    @staticmethod
    def forward(ctx, x):
        m = x.max(axis=-1, keepdims=True)
        y = (m + np.log(np.exp(x - m).sum(axis=-1, keepdims=True)))[..., 0]
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, y = ctx.saved_tensors
        return dy[..., None] * np.exp(x - y[..., None])


def cross_entropy_gradient(scores, labels):
    p = np.exp(log_softmax(scores))
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)
