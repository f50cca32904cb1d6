"""The losses as modules, under the stems of `ops/loss`.

Parameters
----------
reduction : {"mean", "sum", "none"}, default "mean"
    How the losses of elements or samples are combined.
weight : Tensor of shape (C,), optional
    A factor for each class.
"""
