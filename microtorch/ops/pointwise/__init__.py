"""Functions of each element.

Parameters
----------
input : Tensor
    Integers and bools are taken as floats of the default dtype.
input, other : Tensor or number
    Of shapes that broadcast together.

Returns
-------
Tensor
    Of the shape of `input` or that of both operands, broadcast, in their common dtype.
"""
