"""Products of matrices, contractions, diagonals.

Parameters
----------
offset : int, default 0
    Which diagonal: above the main one if positive, below if negative.
beta, alpha : number, default 1
vec2 : Tensor, shape (m,)
"""
