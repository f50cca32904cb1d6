"""Many numbers to fewer: sums, extremes, moments, norms, order.

Parameters
----------
keepdim : bool, default False
    Keep the reduced dimensions, with length 1.
keepdims
    numpy's name for `keepdim`.
dtype : numpy.dtype, optional
    Convert to it first.
dim : int or tuple of int, optional
    The dimensions to reduce over; default all.
"""
