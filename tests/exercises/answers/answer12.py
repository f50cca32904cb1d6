"""Answers to lesson 12."""

import re

import microtorch
from microtorch.autograd import detect_anomaly
from microtorch.nn.functional import softplus


def loss_from_scores(z, y):
    return (softplus(z) - y * z).mean()


def first_bad(f, x):
    try:
        with detect_anomaly():
            f(x).backward()
    except microtorch.GradientError as error:
        return re.search(r"\b[A-Z]\w+", str(error)).group()
    return None


def dead_units(layer, x):
    values = microtorch.relu(layer(x))
    return [i for i, dead in enumerate((values == 0).all(dim=0).tolist()) if dead]
