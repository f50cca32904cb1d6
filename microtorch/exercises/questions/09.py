"""Lesson 9: initialisation and gradient flow."""


def std_for_relu(fan_in):
    """The standard deviation of the weights that keeps the mean square of the values through layers of ReLU."""
    raise NotImplementedError


def initialise(weight, generator):
    """Fill `weight` (out, in), a leaf tensor, in place with normal numbers of that standard deviation."""
    raise NotImplementedError


def dead_share(values):
    """The share of units, columns of the tensor `values` (N, D) after a ReLU, that are 0 for every sample: a float."""
    raise NotImplementedError
