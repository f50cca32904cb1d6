"""The losses.

Parameters
----------
size_average, reduce : bool, optional
    PyTorch's old words for `reduction`.
reduction : {"mean", "sum", "none"}, default "mean"
weight : Tensor of shape (C,), optional
    A weight for each class.
"""
