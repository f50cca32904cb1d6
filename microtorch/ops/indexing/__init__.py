"""Elements read and written by position, index and mask.

Parameters
----------
index : Tensor of int64 or int32
    As many dimensions as `input` and `src`, nowhere longer than `src`.
source : Tensor
    Of the shape of `input` but for length n along `dim`.
"""
