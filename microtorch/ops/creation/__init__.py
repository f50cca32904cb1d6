"""Tensors from nothing, from others, at random, in other dtypes.

Parameters
----------
requires_grad : bool, default False
    Whether operations on it are recorded.
dtype : numpy.dtype, default that of `get_default_dtype`
    Of the elements.
size : sequence of int, optional
    The same by name.

Returns
-------
Tensor
"""
