"""Answers to lesson 15."""

from math import log

import numpy as np


def first_loss(loss, classes):
    guess = log(classes)
    return "too sure" if loss > 1.5 * guess else "all alike" if abs(loss - guess) < 1e-6 else "healthy"


def update_ratio(before, after):
    return np.linalg.norm(after - before) / np.linalg.norm(before)


def rate_for(weight, gradient, momentum=0.0):
    return 0.001 * weight / gradient * (1 - momentum)


def stops_at(norms):
    last = norms[-1][1]
    return next((layer for layer, norm in reversed(norms) if norm < 1e-4 * last), None)


def diagnosis(page):
    return {
        "A": "rate too high",
        "B": "vanishing gradients",
        "C": "weights all zero",
        "D": "labels shuffled",
        "E": "zero_grad missing",
        "F": "weights too large",
        "G": "rate too low",
    }[page]
