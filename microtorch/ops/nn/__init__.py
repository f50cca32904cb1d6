"""The functions of layers.

Parameters
----------
input : Tensor of float32 or float64
inplace : bool, default False
    Keep the result in `input`.
eps : float, default 1e-5
    Added to the variance.
weight, bias : Tensor of shape (C,), optional
    The learned scale and shift.
"""
