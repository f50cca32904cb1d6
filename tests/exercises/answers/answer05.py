"""Answers to lesson 5."""


def unbroadcast(dx, shape):
    lead = dx.ndim - len(shape)
    axes = tuple(i for i in range(dx.ndim) if i < lead or (shape[i - lead] == 1 and dx.shape[i] != 1))
    return dx.sum(axis=axes, keepdims=True).reshape(shape)


def broadcast_gradients(a, b, dy):
    return unbroadcast(dy * b, a.shape), unbroadcast(dy * a, b.shape)


def column_means_gradient(x, dy):
    return dy - dy.sum(axis=0) / len(x)
