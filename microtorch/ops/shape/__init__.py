"""The same elements in another arrangement.

Parameters
----------
*tensors : Tensor or one sequence of Tensor
dims : tuple of int, optional
    The same by name.
"""
