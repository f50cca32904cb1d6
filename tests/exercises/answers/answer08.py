"""Answers to lesson 8."""


def largest_rate(curvature):
    return 2 / curvature


def largest_rate_with_momentum(curvature, momentum):
    return 2 * (1 + momentum) / curvature


def momentum_step(w, v, g, lr, momentum):
    v = momentum * v + g
    return w - lr * v, v


def adam_step(w, m, v, g, t, lr, beta1, beta2, eps):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    return w - lr * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)) ** 0.5 + eps), m, v
